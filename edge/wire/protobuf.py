"""Protocol buffers without generated code: the fields of a message, one after the other.

    schema     "bBSu"       a letter a field, in the order of their numbers
    parse()    [bytes, [bytes, bytes], [text], None]

Spec: Protocol Buffers encoding, proto2 and proto3; groups are refused.
"""

from edge.errors import RemoteError
from edge.system import const
from edge.wire import varint

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_FIXED = {1: 8, 5: 4}  # bytes of a value, by wire type


def _walk(data: "bytes | memoryview") -> "Iterator[tuple[int, Any]]":
    """``(number << 3 | wire type, value)`` of every field."""
    offset = 0
    size = len(data)
    while offset < size:
        key, offset = varint.read(data, offset, True)
        wire_type = key & 7
        value = _FIXED.get(wire_type)
        if value is None:
            value, offset = varint.read(data, offset, True)
        start = offset
        if wire_type:
            offset += value
        if not 8 <= key < 1 << 32 or wire_type not in (0, 1, 2, 5) or offset > size or value >> 64:
            raise RemoteError("bad protobuf field")
        yield key, data[start:offset] if wire_type else value


def fields(data: "bytes | memoryview") -> "Iterator[tuple[int, Any]]":
    """``(number, value)`` of every field in turn, unknown ones too.

    A varint is an int; all else is a slice of ``data``: bytes of bytes, a view of a memoryview.
    """
    for key, value in _walk(data):
        yield key >> 3, value


def parse(data: "bytes | memoryview", schema: str) -> list:
    """The values of fields 1, 2, 3 .. of a message, as ``schema`` names their kinds.

    u: unsigned int, b: bytes, s: text. A capital makes a list of all occurrences; otherwise the
    last one counts and an absent field is None. "-" skips a number, as do those past the end.
    """
    found: list = [[] if kind in "UBS" else None for kind in schema]
    for key, value in _walk(data):
        index = (key >> 3) - 1
        letter = schema[index] if index < len(schema) else "-"
        if letter == "-":
            continue
        kind = letter.lower()
        if key & 7 != (0 if kind == "u" else 2):
            raise RemoteError("protobuf field {} has wire type {}".format(key >> 3, key & 7))
        if kind == "s":
            try:
                value = str(value, "utf-8")
            except UnicodeError:
                raise RemoteError("protobuf text is not UTF-8")
        if letter == kind:
            found[index] = value
        else:
            found[index].append(value)
    return found


def encode_uint(number: int, value: int) -> bytes:
    assert 0 <= value < 1 << 64
    return varint.encode(number << 3) + varint.encode(value)


def encode_bytes(number: int, data: bytes) -> bytes:
    """A field of bytes, of text already encoded, or of a message within the message."""
    return varint.encode(number << 3 | 2) + varint.frame(data)
