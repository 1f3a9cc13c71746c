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
    code = varint.decode(data)
    length = code and varint.decode(data, code[1])
    if not length or len(data) != length[0] + length[1]:
        raise RemoteError("not a multihash")
    return code[0], data[length[1] :]
