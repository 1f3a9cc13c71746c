"""Addresses that name their protocols: /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo..

    text      /ip4 /192.0.2.1   /tcp /4001      /p2p-circuit
    bytes     04   c0000201     06   0fa1       a202
              code value        code value      code, no value

Fixed values stand as they are, others behind their length. Only bytes are kept and compared; text
is made on demand. Spec: multiformats/multiaddr. Where implementations differ:

- a trailing slash is forgiven, /ipfs is read as /p2p, peer ids are written in base58 only;
- memory has 8 bytes (as go and rust; not js), unix takes the rest of the text (as go);
- http-path is percent-encoded as in URLs, so that + is itself (go reads a space);
- ::ffff:192.0.2.1 is written like that; no address at all, as text or bytes, is an error.
"""

from edge.errors import LocalError, RemoteError, printable
from edge.system import const
from edge.wire import base58, ip, peer_ids, varint

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Kind = str | int
    Row = tuple[str, int, Kind]
    Component = tuple[str, Kind, bytes, int]

SIZE_MAX = 1024  # bytes of an address
TEXT_MAX = 4096  # characters of an address
COMPONENTS_MAX = 32

# Name, code, kind: the bytes of a fixed value, or p for a peer id. The protocols that strangers
# seldom use, and those with other values, are in multiaddr_values.
_TABLE = """ip4 4 4
tcp 6 2
udp 273 2
ip6 41 16
webrtc-direct 280 0
p2p-circuit 290 0
p2p 421 p
tls 448 0
quic-v1 461 0
webtransport 465 0
ws 477 0
memory 777 8"""

_PRIVATE = ("serial", "ble")  # of the range that is never assigned
_LOCAL = ("memory", "unix", "ip6zone")  # mean something on one machine only

_SIMPLE = (0, 1, 2, 4, 8, 16)  # kinds whose every value is right: nothing, numbers, ip

_rows: dict = {}  # those met so far, by name and by code


def _row(key: "str | int") -> "Row":
    """``(name, code, kind)`` of the protocol with this name or code."""
    row = _rows.get(key)
    if not row:
        row = _search(_TABLE, key) or _search(_values().TABLE, key)
        if not row:
            raise RemoteError("unknown protocol " + printable(key))
        _rows[key] = row
    return row


def _search(table: str, key: "str | int") -> "Row | None":
    for line in table.split("\n"):
        name, code, kind = line.split()
        if name == key or int(code) == key:
            return name, int(code), int(kind) if kind.isdigit() else kind
    return None


def _values() -> "ModuleType":
    from edge.wire import multiaddr_values

    return multiaddr_values


def _walk(data: bytes) -> "Iterator[Component]":
    """``(name, kind, value, offset)`` of every component; the values are not looked into."""
    offset = 0
    while offset < len(data):
        start = offset
        code, offset = varint.read(data, offset)
        name, _, kind = _row(code)
        if isinstance(kind, str):
            size, offset = varint.read(data, offset)
        else:
            size = kind
        end = offset + size
        if end > len(data) or kind == "u" and end < len(data):
            raise RemoteError("bad end of " + name)
        yield name, kind, data[offset:end], start
        offset = end


def _to_text(kind: "Kind", value: bytes) -> "str | None":
    if kind == "p":
        return base58.encode(value)
    if kind not in _SIMPLE:
        return _values().to_text(kind, value)
    if kind == 4 or kind == 16:
        return ip.text(value)
    return str(int.from_bytes(value, "big")) if kind else None


def _from_text(kind: "Kind", text: str) -> bytes:
    if kind == "p":
        return peer_ids.parse(text)
    if kind not in _SIMPLE:
        return _values().from_text(kind, text)
    if kind == 4:
        return ip.parse4(text)
    if kind == 16:
        return ip.parse6(text)
    return ip.number(text, (1 << 8 * kind) - 1).to_bytes(kind, "big")


def _check(data: bytes) -> bytes:
    """``data``, if it is an address."""
    if not 0 < len(data) <= SIZE_MAX:
        raise RemoteError("address of {} bytes".format(len(data)))
    left = COMPONENTS_MAX
    for _, kind, value, _ in _walk(data):
        left -= 1
        if left < 0:
            raise RemoteError("too many components")
        if kind == "p":
            peer_ids.check(value)
        elif kind not in _SIMPLE:
            _to_text(kind, value)  # what can be printed is right
    return data


def _parse(text: str) -> bytes:
    """The bytes of an address; a trailing slash is forgiven."""
    # Four characters a byte are enough for everything: what is cut here would be refused anyway.
    words = text[:TEXT_MAX].rstrip("/").split("/")
    if words.pop(0) or not words:
        raise RemoteError("not an address")
    data = b""
    while words:
        name = words.pop(0)
        name, code, kind = _row("p2p" if name == "ipfs" else name)
        data += varint.encode(code)
        if kind:
            if not words:
                raise RemoteError("no value for " + name)
            if kind == "u":
                words = ["/" + "/".join(words)]
            value = _from_text(kind, words.pop(0))
            data += varint.frame(value) if isinstance(kind, str) else value
    return _check(data)


class Multiaddr:
    """An address; immutable, and equal to another of the same bytes."""

    __slots__ = ("_data",)

    def __init__(self, given: "str | bytes", _read: "Callable" = _parse) -> None:
        """The address that we or our user wrote: LocalError if it is wrong."""
        try:
            self._data = _read(given)
        except RemoteError as error:
            raise LocalError("{}: {}".format(printable(given), error))

    @staticmethod
    def from_bytes(data: bytes) -> "Multiaddr":
        """The address a peer sent as bytes: RemoteError if it is wrong."""
        return Multiaddr(_check(bytes(data)), bytes)

    @staticmethod
    def from_peer_text(text: str) -> "Multiaddr":
        """The address a peer sent as text: RemoteError if it is wrong."""
        return Multiaddr(_parse(text), bytes)

    def to_bytes(self) -> bytes:
        return self._data

    def __str__(self) -> str:
        text = ""
        for name, value in self.components:
            text += "/" + name
            if value:
                text += value if value[0] == "/" else "/" + value
        return text

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multiaddr) and self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)

    @property
    def components(self) -> "tuple[tuple[str, str | None], ...]":
        """``(name, value as text)`` of each, None for a value where there is none."""
        return tuple([(name, _to_text(kind, value)) for name, kind, value, _ in _walk(self._data)])

    def _find(self, wanted: "tuple[str, ...]") -> "Component | None":
        for found in _walk(self._data):
            if found[0] in wanted:
                return found
        return None

    def value(self, name: str) -> "str | None":
        """The text of the first ``name``; None if it has no value or is not there."""
        found = self._find((name,))
        return found and _to_text(found[1], found[2])

    def raw(self, name: str) -> "bytes | None":
        """The bytes of the first ``name``; empty if it has no value, None if it is not there."""
        found = self._find((name,))
        return found and found[2]

    @property
    def peer_id(self) -> "bytes | None":
        """Whom this address leads to: the last /p2p, unless a relay's circuit leads on from it."""
        found = None
        for name, _, value, _ in _walk(self._data):
            if name in ("p2p", "p2p-circuit"):
                found = value or None
        return found

    @property
    def is_standard(self) -> bool:
        """Whether every code is registered."""
        return not self._find(_PRIVATE)

    @property
    def is_shareable(self) -> bool:
        """Whether a foreign peer may be told: standard, and with a meaning on other machines."""
        return not self._find(_PRIVATE + _LOCAL)

    def encapsulate(self, other: "Multiaddr") -> "Multiaddr":
        """This address, and ``other`` through it."""
        return Multiaddr(self._data + other._data, _check)

    def decapsulate(self, name: str) -> "Multiaddr | None":
        """What stands before the last ``name``; all if it is not there, None if nothing is left."""
        end = len(self._data)
        for found in _walk(self._data):
            if found[0] == name:
                end = found[3]
        return Multiaddr(self._data[:end], bytes) if end else None

    def with_peer_id(self, peer_id: bytes) -> "Multiaddr":
        """This address with /p2p behind it, unless it leads to a peer already."""
        end = b"" if self.peer_id else b"\xa5\x03" + varint.frame(peer_id)
        return Multiaddr(self._data + end, _check)
