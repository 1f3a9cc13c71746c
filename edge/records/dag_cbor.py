"""Trees of values as bytes, each in one form only: DAG-CBOR, read strictly and within bounds.

    head    3 bits kind, 5 bits argument, or 24..27: the argument is in the next 1, 2, 4, 8 bytes
    kinds   0 int, 1 negative int, 2 bytes, 3 text, 4 list, 5 map, 6 link, 7 the rest

What is accepted encodes to the same bytes again: shortest heads, known lengths, keys of maps are
texts without repeats, short before long and then by their bytes.  Spec: IPLD DAG-CBOR, RFC 8949.
"""

from collections import namedtuple

from edge.errors import LocalError, RemoteError
from edge.system import const

SIZE_MAX = 10240  # bytes of a tree: as much as an IPNS record may have
DEPTH_MAX = 8  # of trees within trees
ITEMS_MAX = 256  # values and keys of one tree, all levels together

Link = namedtuple("Link", ("cid",))  # to another tree; the bytes of a CID, not looked into
Float = namedtuple("Float", ("data",))  # 8 bytes IEEE 754: a chip's own floats are shorter

_UINT = const(0)
_NEGATIVE = const(1)
_BYTES = const(2)
_TEXT = const(3)
_LIST = const(4)
_MAP = const(5)
_TAG = const(6)
_SIMPLE = const(7)
_LINK_TAG = const(42)
_FLOAT_64 = const(27)
_SIMPLES = (False, True, None)  # arguments 20, 21, 22
_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)  # that does not fit a shorter head


def decode(data: bytes):
    """The tree that ``data`` is; RemoteError unless it is exactly one, in its one right form."""
    if len(data) > SIZE_MAX:
        raise RemoteError("CBOR of {} bytes".format(len(data)))
    reader = _Reader(bytes(data))
    value = reader.value(DEPTH_MAX)
    if reader.offset != len(data):
        raise RemoteError("CBOR with something behind it")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = ITEMS_MAX
        self.offset = 0

    def value(self, depth: int):
        """The value that begins here."""
        self._left -= 1
        if self._left < 0 or not depth:
            raise RemoteError("CBOR of too many values or levels")
        kind, argument = self._head()
        if kind == _UINT:
            return argument
        if kind == _NEGATIVE:
            return -1 - argument
        if kind == _BYTES:
            return self._take(argument)
        if kind == _TEXT:
            return _text(self._take(argument))
        if kind == _LIST:
            self._room_for(argument)
            return [self.value(depth - 1) for _ in range(argument)]
        if kind == _MAP:
            self._room_for(2 * argument)
            return self._map(argument, depth - 1)
        if kind == _TAG:
            return self._link(argument, depth - 1)
        return argument  # a simple value

    def _head(self) -> tuple:
        """``(kind, argument)``; of a simple value the value."""
        first = self._take(1)[0]
        kind = first >> 5
        short = first & 31
        if kind == _SIMPLE:
            return kind, self._simple(short)
        if short < 24:
            return kind, short
        if short > 27:
            raise RemoteError("CBOR of unknown length")
        argument = int.from_bytes(self._take(1 << short - 24), "big")
        if argument < _LEAST[short - 24]:
            raise RemoteError("CBOR with a number in a longer form than needed")
        return kind, argument

    def _simple(self, short: int):
        if short == _FLOAT_64:
            data = self._take(8)
            if data[0] & 0x7F == 0x7F and data[1] >= 0xF0:
                raise RemoteError("CBOR with a float that is no number")
            return Float(data)
        if not 20 <= short <= 22:
            raise RemoteError("CBOR with a value that DAG-CBOR has not")
        return _SIMPLES[short - 20]

    def _take(self, size: int) -> bytes:
        start = self.offset
        self.offset += size
        if self.offset > len(self._data):
            raise RemoteError("CBOR cut off")
        return self._data[start : self.offset]

    def _room_for(self, count: int) -> None:
        if count > self._left:
            raise RemoteError("CBOR of too many values or levels")

    def _map(self, count: int, depth: int) -> dict:
        found = {}
        before = (-1, b"")
        for _ in range(count):
            kind, size = self._head()
            if kind != _TEXT:
                raise RemoteError("CBOR with a key that is no text")
            key = self._take(size)
            if (size, key) <= before:
                raise RemoteError("CBOR with keys out of order")
            before = (size, key)
            self._left -= 1
            found[_text(key)] = self.value(depth)
        return found

    def _link(self, tag: int, depth: int) -> Link:
        data = self.value(depth) if tag == _LINK_TAG else None
        if not isinstance(data, bytes) or data[:1] != b"\0" or len(data) < 2:
            raise RemoteError("CBOR with a bad link")
        return Link(data[1:])


def _text(data: bytes) -> str:
    try:
        text = str(data, "utf-8")
        if _is_exact(text, len(data)):
            return text
    except UnicodeError:
        pass
    raise RemoteError("CBOR with a text that is not UTF-8")


def _is_exact(text: str, size: int) -> bool:
    """Whether ``text`` has only what UTF-8 may carry, in its shortest form of ``size`` bytes.

    MicroPython reads halves of pairs and longer forms, too.
    """
    for letter in text:
        code = ord(letter)
        size -= 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
        if 0xD800 <= code < 0xE000 or code > 0x10FFFF:
            return False
    return size == 0


def encode(value) -> bytes:
    """The one form of ``value``: int, bytes, str, list, dict, bool, None, Link or Float."""
    if value is None or value is True or value is False:
        return bytes([0xF4 + _SIMPLES.index(value)])
    if isinstance(value, Link):
        return _head_of(_TAG, _LINK_TAG) + encode(b"\0" + value.cid)
    if isinstance(value, Float):
        return b"\xfb" + value.data
    if isinstance(value, int):
        return _head_of(_UINT, value) if value >= 0 else _head_of(_NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head_of(_BYTES, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head_of(_TEXT, len(data)) + data
    if isinstance(value, dict):
        keys = sorted([(len(key.encode()), key.encode(), key) for key in value])
        pairs = [encode(key) + encode(value[key]) for _, _, key in keys]
        return _head_of(_MAP, len(keys)) + b"".join(pairs)
    return _head_of(_LIST, len(value)) + b"".join([encode(one) for one in value])


def _head_of(kind: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([kind << 5 | argument])
    for power in range(4):
        if argument >> (8 << power) == 0:
            head = bytes([kind << 5 | 24 + power])
            return head + argument.to_bytes(1 << power, "big")
    raise LocalError("a number of more than 64 bits")
