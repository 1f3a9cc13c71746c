"""Addresses that name their protocols: /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo..

    text      /ip4 /192.0.2.1   /tcp /4001      /p2p-circuit
    bytes     04   c0000201     06   0fa1       a202
              code value        code value      code, no value

Fixed values stand as they are, others behind their length. Only bytes are kept and compared; text
is made on demand. Spec: multiformats/multiaddr; where go, js and rust differ: edge/wire/README.md.
"""

from edge.errors import LocalError, RemoteError, printable
from edge.system import const
from edge.wire import ip, multibase, peer_ids, varint

SIZE_MAX = 1024  # bytes of an address
TEXT_MAX = 4096  # characters of an address
COMPONENTS_MAX = 32

_P2P = b"\xa5\x03"
_PRIVATE_FIRST = const(0x300000)  # the range of multicodec that is never assigned
_PRIVATE_LAST = const(0x3FFFFF)

# Name, code, kind: the bytes of a fixed value, or a letter: p peer id, the others as
# multiaddr_values has them, where the rarer protocols are, too.
_TABLE = """
ip4 4 4
tcp 6 2
udp 273 2
ip6 41 16
ip6zone 42 t
dns 53 t
dns4 54 t
dns6 55 t
dnsaddr 56 t
webrtc-direct 280 0
webrtc 281 0
p2p-circuit 290 0
p2p 421 p
tls 448 0
noise 454 0
quic 460 0
quic-v1 461 0
webtransport 465 0
certhash 466 c
ws 477 0
wss 478 0
memory 777 8
serial 3145729 %
ble 3145730 %
"""

_rows = {}  # those met so far, by name and by code


def _row(key: "str | int") -> "tuple[str, int, str | int]":
    """``(name, code, kind)`` of the protocol with this name or code."""
    row = _rows.get(key)
    if not row:
        row = _search(_TABLE, key) or _search(_values().TABLE, key)
        if not row:
            raise RemoteError("unknown protocol " + printable(key))
        _rows[key] = row
    return row


def _search(table: str, key: "str | int") -> "tuple[str, int, str | int] | None":
    words = table.split()
    for index in range(0, len(words), 3):
        name, code, kind = words[index : index + 3]
        if name == key or int(code) == key:
            return name, int(code), int(kind) if kind.isdigit() else kind
    return None


def _values():
    from edge.wire import multiaddr_values

    return multiaddr_values


def _walk(data: bytes):
    """``(row, offset, value)`` of every component; the values are not looked into."""
    offset = 0
    while offset < len(data):
        begin = offset
        code, offset = _varint(data, offset)
        row = _row(code)
        length = row[2]
        if isinstance(length, str):
            length, offset = _varint(data, offset)
        begin_value, offset = offset, offset + length
        if offset > len(data) or row[2] == "u" and offset < len(data):
            raise RemoteError("value of {} does not end with the address".format(row[0]))
        yield row, begin, data[begin_value:offset]


def _varint(data: bytes, offset: int) -> "tuple[int, int]":
    found = varint.decode(data, offset)
    if not found:
        raise RemoteError("address cut off")
    return found


def _check(kind: "str | int", value: bytes) -> None:
    if kind == "p":
        peer_ids.check(value)
    elif isinstance(kind, str) or kind > 16:
        _text(kind, value)  # what can be printed is right


def _text(kind: "str | int", value: bytes) -> "str | None":
    if kind == 0:
        return None
    if kind == 4 or kind == 16:
        return ip.text(value)
    if kind == "p":
        return multibase.base58_encode(value)
    if isinstance(kind, int) and kind < 9:
        return str(int.from_bytes(value, "big"))
    return _values().to_text(kind, value)


def _value(kind: "str | int", text: str) -> bytes:
    if kind == 4:
        return ip.parse4(text)
    if kind == 16:
        return ip.parse6(text)
    if kind == "p":
        return peer_ids.parse(text)
    if isinstance(kind, int) and kind < 9:
        return ip.number(text, (1 << 8 * kind) - 1).to_bytes(kind, "big")
    return _values().from_text(kind, text)


def _parse_bytes(data: bytes) -> bytes:
    """``data``, if it is an address."""
    if not 0 < len(data) <= SIZE_MAX:
        raise RemoteError("address of {} bytes".format(len(data)))
    count = 0
    for row, _, value in _walk(data):
        count += 1
        if count > COMPONENTS_MAX:
            raise RemoteError("address of too many components")
        _check(row[2], value)
    return data


def _parse_text(text: str) -> bytes:
    """The bytes of an address; a trailing slash is forgiven."""
    words = text.rstrip("/").split("/") if len(text) <= TEXT_MAX else ()
    if len(words) < 2 or words[0]:
        raise RemoteError("no address")
    data = b""
    index = 1
    while index < len(words):
        name, code, kind = _row("p2p" if words[index] == "ipfs" else words[index])
        data += varint.encode(code)
        index += 1
        if kind == 0:
            continue
        if index == len(words):
            raise RemoteError("no value for " + name)
        if kind == "u":
            words[index:] = ["/" + "/".join(words[index:])]
        value = _value(kind, words[index])
        data += varint.frame(value) if isinstance(kind, str) else value
        index += 1
    return _parse_bytes(data)


def _ours(parse, given) -> bytes:
    """``parse(given)`` of something that no peer sent: what is wrong with it is our own fault."""
    try:
        return parse(given)
    except RemoteError as error:
        raise LocalError("{}: {}".format(printable(given), error))


class Multiaddr:
    """An address; immutable, and equal to another of the same bytes."""

    __slots__ = ("_data",)

    def __init__(self, text: str, _data: bytes = b"") -> None:
        self._data = _data or _ours(_parse_text, text)

    @staticmethod
    def from_bytes(data: bytes) -> "Multiaddr":
        """The address a peer sent as bytes."""
        return Multiaddr("", bytes(_parse_bytes(data)))

    @staticmethod
    def from_peer_text(text: str) -> "Multiaddr":
        """The address a peer sent as text: RemoteError where the constructor has LocalError."""
        return Multiaddr("", _parse_text(text))

    def to_bytes(self) -> bytes:
        return self._data

    def __str__(self) -> str:
        text = ""
        for name, value in self.components:
            text += "/" + name
            if value:
                text += value if value[0] == "/" else "/" + value
        return text

    def __repr__(self) -> str:
        return "Multiaddr({})".format(str(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multiaddr) and self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)

    @property
    def components(self) -> "tuple[tuple[str, str | None], ...]":
        """``(name, value as text)`` of each, None for a value where there is none."""
        return tuple([(row[0], _text(row[2], value)) for row, _, value in _walk(self._data)])

    def value(self, name: str) -> "str | None":
        """The text of the first ``name``, None if it has no value or is not there."""
        for row, _, value in _walk(self._data):
            if row[0] == name:
                return _text(row[2], value)
        return None

    def raw(self, name: str) -> "bytes | None":
        """The bytes of the first ``name``, empty if it has no value, None if it is not there."""
        for row, _, value in _walk(self._data):
            if row[0] == name:
                return value
        return None

    @property
    def peer_id(self) -> "bytes | None":
        """Whom this address leads to: the last /p2p, unless a relay's circuit leads on from it."""
        found = None
        for row, _, value in _walk(self._data):
            if row[2] == "p":
                found = value
            elif row[0] == "p2p-circuit":
                found = None
        return found

    @property
    def is_standard(self) -> bool:
        """Whether every code is registered."""
        return not [
            row for row, _, _ in _walk(self._data) if _PRIVATE_FIRST <= row[1] <= _PRIVATE_LAST
        ]

    @property
    def is_shareable(self) -> bool:
        """Whether a foreign peer may be told: standard, and meaningful on other machines."""
        local = ("memory", "unix", "ip6zone")
        return self.is_standard and not [1 for row, _, _ in _walk(self._data) if row[0] in local]

    def encapsulate(self, other: "Multiaddr") -> "Multiaddr":
        """This address, and ``other`` through it."""
        return Multiaddr("", _ours(_parse_bytes, self._data + other._data))

    def decapsulate(self, name: str) -> "Multiaddr | None":
        """What stands before the last ``name``; all if it is not there, None if nothing is left."""
        end = len(self._data)
        for row, begin, _ in _walk(self._data):
            if row[0] == name:
                end = begin
        return Multiaddr("", self._data[:end]) if end else None

    def with_peer_id(self, peer_id: bytes) -> "Multiaddr":
        """This address ending in /p2p; LocalError if it leads to someone else already."""
        known = self.peer_id
        if known == peer_id:
            return self
        if known:
            raise LocalError("{} is not the address of this peer".format(self))
        return Multiaddr("", _ours(_parse_bytes, self._data + _P2P + varint.frame(peer_id)))
