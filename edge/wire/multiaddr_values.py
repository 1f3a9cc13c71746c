"""The rarer protocols and values of multiaddr, loaded by edge.wire.multiaddr when one is met.

Spec: multiformats/multiaddr protocols.csv, and go-multiaddr where that says nothing.
"""

from edge.errors import RemoteError, printable
from edge.wire import ip, multibase, multihash

# As in edge.wire.multiaddr, with more kinds of values that stand behind their length:
# t text, u path to the end of the address, % escaped text, c multihash, g I2P base32, G base64.
TABLE = """dccp 33 2
ip6zone 42 t
ipcidr 43 1
dns 53 t
dns4 54 t
dns6 55 t
dnsaddr 56 t
sctp 132 2
p2p-webrtc-star 275 0
p2p-webrtc-direct 276 0
p2p-stardust 277 0
webrtc 281 0
udt 301 0
utp 302 0
unix 400 u
https 443 0
onion 444 12
onion3 445 37
garlic64 446 G
garlic32 447 g
sni 449 t
noise 454 0
quic 460 0
certhash 466 c
wss 478 0
p2p-websocket-star 479 0
http 480 0
http-path 481 %
plaintextv2 7367777 0
serial 3145729 %
ble 3145730 %"""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_I2P64 = multibase.BASE64 + "-~"


def to_text(kind: "str | int", value: bytes) -> str:
    """``value`` as an address shows it; RemoteError if it cannot be a value of this kind."""
    size = len(value)
    if kind == "t" and b"/" not in value:
        return _plain(value)
    if kind == "u" and size > 1 and value[0] == 0x2F and value[-1] != 0x2F:
        return _plain(value)
    if kind == "%" and size:
        return _escape(value)
    if kind == "c":
        multihash.decode(value)
        return multibase.encode("u", value)
    if kind == "g" and (size == 32 or size >= 35):
        return multibase.bits_encode(value, multibase.BASE32)
    if kind == "G" and size >= 386:
        text = multibase.bits_encode(value, _I2P64)
        return text + "=" * (-len(text) % 4)
    if kind in (12, 37) and (value[-2] or value[-1]):
        host = multibase.bits_encode(value[:-2], multibase.BASE32)
        return "{}:{}".format(host, value[-2] << 8 | value[-1])
    raise RemoteError("address with a bad value of kind {}".format(kind))


def from_text(kind: "str | int", text: str) -> bytes:
    """The value that ``text`` means, which to_text may still refuse."""
    if kind == "t" or kind == "u":
        return _utf8(text)
    if kind == "%":
        return _unescape(text)
    if kind == "c":
        return multibase.decode(text)
    if kind == "g":
        return multibase.bits_decode(text, multibase.BASE32)
    if kind == "G":
        return multibase.bits_decode(multibase.without_padding(text, 4), _I2P64)
    host, _, port = text.partition(":")
    data = multibase.bits_decode(host.lower(), multibase.BASE32)
    if len(data) + 2 != kind:
        raise RemoteError("not an onion address: " + printable(text))
    return data + ip.number(port, 65535).to_bytes(2, "big")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeError:  # half of a surrogate pair
        raise RemoteError("no UTF-8 for " + printable(text))


def _plain(value: bytes) -> str:
    """``value`` as text without spaces and control characters, and not empty."""
    try:
        text = str(value, "utf-8")
    except UnicodeError:
        text = ""
    if not text or min(text) <= " " or "\x7f" in text:
        raise RemoteError("address with a bad name: " + printable(text))
    return text


def _escape(value: bytes) -> str:
    """Percent-encoded as one segment of a path (RFC 3986)."""
    return "".join([chr(byte) if byte in _UNRESERVED else "%{:02X}".format(byte) for byte in value])


def _unescape(text: str) -> bytes:
    """The bytes that percent-encoded ``text`` means; a plus sign is a plus sign."""
    parts = text.split("%")
    out = _utf8(parts[0])
    for part in parts[1:]:
        byte = ip.exact(part[:2].lower(), 16, "%02x")
        if byte < 0:
            raise RemoteError("bad percent-encoding: " + printable(text))
        out += bytes((byte,)) + _utf8(part[2:])
    return out
