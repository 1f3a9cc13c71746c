"""Content identifiers: a multihash that also says what its content is.

    version 0    the multihash alone, SHA-256 of dag-pb; text base58btc, always "Qm..."
    version 1    varint 1, varint codec, multihash; text multibase

Spec: multiformats/cid.
"""

from edge.errors import RemoteError, printable
from edge.wire import multibase, multicodec, multihash, varint

TEXT_MAX = 512  # characters


def encode(codec: int, digest: bytes) -> bytes:
    """The bytes of a version 1 CID of the multihash ``digest``."""
    return b"\x01" + varint.encode(codec) + digest


def encode_text(codec: int, digest: bytes, base: str = "b") -> str:
    return multibase.encode(base, encode(codec, digest))


def decode(data: bytes) -> "tuple[int, int, bytes]":
    """``(version, codec, multihash)``."""
    if len(data) == 34 and data[:2] == b"\x12\x20":
        return 0, multicodec.DAG_PB, data
    version = varint.decode(data)
    codec = version and varint.decode(data, version[1])
    if not codec or version[0] != 1:
        raise RemoteError("not a CID")
    digest = data[codec[1] :]
    multihash.decode(digest)
    return 1, codec[0], digest


def decode_text(text: str) -> "tuple[int, int, bytes]":
    """``(version, codec, multihash)``; text in base58btc without its letter is version 0 only."""
    if len(text) > TEXT_MAX:
        raise RemoteError("CID longer than {} characters".format(TEXT_MAX))
    bare = len(text) == 46 and text.startswith("Qm")
    found = decode(multibase.base58_decode(text) if bare else multibase.decode(text))
    if (found[0] == 0) != bare:
        raise RemoteError("not a CID: " + printable(text))
    return found
