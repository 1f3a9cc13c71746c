"""The rarer protocols and values of multiaddr, loaded by edge.wire.multiaddr when one is met.

Spec: multiformats/multiaddr protocols.csv, and go-multiaddr where that says nothing.
"""

from edge.errors import RemoteError, printable
from edge.wire import ip, multibase, multibase_more, multihash

# As in edge.wire.multiaddr. t: text, u: path, %: escaped text, c: multihash, g and G: I2P.
TABLE = """
dccp 33 2
ipcidr 43 1
sctp 132 2
p2p-webrtc-star 275 0
p2p-webrtc-direct 276 0
p2p-stardust 277 0
udt 301 0
utp 302 0
unix 400 u
https 443 0
onion 444 12
onion3 445 37
garlic64 446 G
garlic32 447 g
sni 449 t
p2p-websocket-star 479 0
http 480 0
http-path 481 %
plaintextv2 7367777 0
"""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_I2P64 = multibase_more.BASE64 + "-~"


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
        return multibase_more.bits_encode(value, multibase_more.BASE32)
    if kind == "G" and size >= 386:
        text = multibase_more.bits_encode(value, _I2P64)
        return text + "=" * (-len(text) % 4)
    if kind in (12, 37) and (value[-2] or value[-1]):
        host = multibase_more.bits_encode(value[:-2], multibase_more.BASE32)
        return "{}:{}".format(host, value[-2] << 8 | value[-1])
    raise RemoteError("address with a bad value of kind {}".format(kind))


def from_text(kind: "str | int", text: str) -> bytes:
    """The value that ``text`` means, which to_text may still refuse."""
    if kind == "t" or kind == "u":
        return text.encode()
    if kind == "%":
        return _unescape(text)
    if kind == "c":
        return multibase.decode(text)
    if kind == "g":
        return multibase_more.bits_decode(text, multibase_more.BASE32)
    if kind == "G":
        return multibase_more.bits_decode(multibase_more.without_padding(text, 4), _I2P64)
    host, _, port = text.partition(":")
    data = multibase_more.bits_decode(host.lower(), multibase_more.BASE32)
    if len(data) + 2 != kind:
        raise RemoteError("not an onion address: " + printable(text))
    return data + ip.number(port, 65535).to_bytes(2, "big")


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
    out = parts[0].encode()
    for part in parts[1:]:
        try:
            byte = int(part[:2], 16)
        except ValueError:
            byte = -1
        if "%02x" % byte != part[:2].lower():
            raise RemoteError("bad percent-encoding: " + printable(text))
        out += bytes((byte,)) + part[2:].encode()
    return out
