"""Content identifiers: a multihash that also says what its content is.

    version 0    the multihash alone, SHA-256 of dag-pb; text base58btc, always "Qm.."
    version 1    varint 1, varint codec, multihash; text multibase

Spec: multiformats/cid.
"""

from edge.errors import RemoteError, printable
from edge.wire import base58, multibase, multicodec, multihash, varint

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
    version, offset = varint.read(data, 0)
    if version != 1:
        raise RemoteError("CID of version {}".format(version))
    codec, offset = varint.read(data, offset)
    digest = data[offset:]
    multihash.decode(digest)
    return 1, codec, digest


def decode_text(text: str) -> "tuple[int, int, bytes]":
    """``(version, codec, multihash)``; version 0 is base58btc without its letter, and only that."""
    if len(text) > TEXT_MAX:
        raise RemoteError("CID of more than {} characters".format(TEXT_MAX))
    bare = len(text) == 46 and text.startswith("Qm")
    found = decode(base58.decode(text) if bare else multibase.decode(text))
    if (found[0] == 0) != bare:
        raise RemoteError("not a CID: " + printable(text))
    return found


def decode_key_text(text: str) -> bytes:
    """The multihash in a CID of a libp2p public key, which a peer id may be written as."""
    _, codec, digest = decode_text(text)
    if codec != multicodec.LIBP2P_KEY:
        raise RemoteError("CID of codec {}, not of a peer".format(codec))
    return digest
