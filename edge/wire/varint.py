"""Unsigned LEB128 as multiformats restrict it: minimal, and at most 9 bytes (63 bits).

Protobuf's own varints are laxer and have their decoder in edge.wire.protobuf.
Spec: multiformats/unsigned-varint.
"""

from edge.errors import RemoteError


def encode(value: int) -> bytes:
    assert value >= 0
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data: bytes, offset: int = 0) -> "tuple[int, int] | None":
    """``(value, offset behind it)`` of the varint at ``offset``; None while it is incomplete."""
    value = shift = 0
    size = len(data)
    while offset < size:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if not byte and shift:
                raise RemoteError("varint not minimal")
            return value, offset
        shift += 7
        if shift == 63:
            raise RemoteError("varint longer than 9 bytes")
    return None


def frame(payload: bytes) -> bytes:
    """``payload`` behind its length, the way libp2p delimits messages."""
    return encode(len(payload)) + payload
