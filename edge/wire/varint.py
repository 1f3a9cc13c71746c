"""Unsigned LEB128 as multiformats restrict it: minimal, and at most 9 bytes (63 bits).

Protobuf's own varints need not be minimal and have up to 10 bytes: lax is for them.
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


def decode(
    data: "bytes | bytearray | memoryview", offset: int = 0, lax: bool = False
) -> "tuple[int, int] | None":
    """``(value, offset behind it)`` of the varint at ``offset``; None while it is incomplete."""
    value = shift = 0
    size = len(data)
    while offset < size:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte or not shift or lax:
                return value, offset
            break
        shift += 7
        if shift == (70 if lax else 63):
            break
    else:
        return None
    raise RemoteError("bad varint")


def read(data: "bytes | memoryview", offset: int, lax: bool = False) -> "tuple[int, int]":
    """As decode, where no more bytes will come: RemoteError if it is incomplete."""
    found = decode(data, offset, lax)
    if not found:
        raise RemoteError("varint cut off")
    return found


def frame(payload: bytes) -> bytes:
    """``payload`` behind its length, the way libp2p delimits messages."""
    return encode(len(payload)) + payload
