"""A digest that says which hash made it: varint code, varint length, digest.

Spec: multiformats/multihash.
"""

from edge.errors import RemoteError
from edge.wire import varint

IDENTITY = 0x00
SHA2_256 = 0x12


def encode(code: int, digest: bytes) -> bytes:
    return varint.encode(code) + varint.frame(digest)


def decode(data: bytes) -> "tuple[int, bytes]":
    """``(code, digest)``; the data must end with the digest."""
    code, offset = varint.read(data, 0)
    size, offset = varint.read(data, offset)
    if len(data) != offset + size:
        raise RemoteError("multihash of {} bytes, not {}".format(len(data), offset + size))
    return code, data[offset:]
