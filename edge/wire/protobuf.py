"""Protocol buffers without generated code: the fields of a message, one after the other.

    schema     "bBSb"    one letter a field, in the order of their numbers
    message    1 ..  2 ..  2 ..  3 ..
    parse()    [bytes, [bytes, bytes], [text], None]

Varints here are protobuf's own: up to 10 bytes, not necessarily minimal.
Spec: Protocol Buffers encoding, proto2 and proto3; groups are refused.
"""

from edge.errors import RemoteError
from edge.wire import varint

# Schema letter: wire type. Capitals are repeated fields, any other letter skips a field.
_WIRE_TYPES = {"u": 0, "f": 1, "b": 2, "s": 2}


def _varint(data: bytes, offset: int) -> "tuple[int, int]":
    value = shift = 0
    size = len(data)
    while offset < size:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, offset
        shift += 7
        if shift == 70:
            break
    raise RemoteError("protobuf: bad varint")


def _walk(data: bytes):
    """``(number << 3 | wire type, value)`` of every field."""
    offset = 0
    size = len(data)
    while offset < size:
        key, offset = _varint(data, offset)
        wire_type = key & 7
        if not 8 <= key < 1 << 32:
            raise RemoteError("protobuf: bad field number")
        if wire_type == 0:
            value, offset = _varint(data, offset)
        else:
            if wire_type == 2:
                length, offset = _varint(data, offset)
            elif wire_type == 1:
                length = 8
            elif wire_type == 5:
                length = 4
            else:
                raise RemoteError("protobuf: wire type {}".format(wire_type))
            end = offset + length
            if end > size:
                raise RemoteError("protobuf: field longer than its message")
            value = data[offset:end]
            offset = end
        yield key, value


def fields(data: bytes):
    """``(number, value)`` of every field in turn, unknown ones too.

    A varint is an int; all else is a slice of ``data``: bytes of bytes, a view of a memoryview.
    """
    for key, value in _walk(data):
        yield key >> 3, value


def parse(data: bytes, schema: str) -> list:
    """The values of fields 1, 2, 3 .. of a message, as ``schema`` names their kinds.

    u: unsigned int, b: bytes, s: text, f: 64-bit little-endian int. A capital makes a list of all
    occurrences; otherwise the last one counts and an absent field is None. "-" skips a number.
    """
    found = [[] if kind in "UFBS" else None for kind in schema]
    for key, value in _walk(data):
        index = (key >> 3) - 1
        if index >= len(schema):
            continue
        letter = schema[index]
        kind = letter.lower()
        wire_type = _WIRE_TYPES.get(kind)
        if wire_type is None:
            continue
        if key & 7 != wire_type:
            raise RemoteError("protobuf: field {} of wire type {}".format(key >> 3, key & 7))
        if kind == "s":
            value = _text(value)
        elif kind == "f":
            value = int.from_bytes(value, "little")
        if letter == kind:
            found[index] = value
        else:
            found[index].append(value)
    return found


def _text(value: bytes) -> str:
    try:
        return str(value, "utf-8")
    except UnicodeError:
        raise RemoteError("protobuf: text is not UTF-8")


def encode_uint(number: int, value: int) -> bytes:
    assert 0 <= value < 1 << 64
    return varint.encode(number << 3) + varint.encode(value)


def encode_bytes(number: int, data: bytes) -> bytes:
    """A field of bytes, of text already encoded, or of a message within the message."""
    return varint.encode(number << 3 | 2) + varint.encode(len(data)) + data
