"""Peer ids as /p2p carries them: multihashes of public keys, of two kinds only.

    00 length key     a key of up to 42 bytes itself, text "12D3Koo.." or "16Uiu.."
    12 20 digest      the SHA-256 of a longer one, text "Qm.."

Spec: libp2p peer-ids. The class for them is edge.identity.peer_id.PeerId.
"""

from edge.errors import RemoteError, printable
from edge.wire import multibase

TEXT_MAX = 128  # characters; a CID in base16 has 97 at most


def check(data: bytes) -> bytes:
    """``data``, if it can be a peer id."""
    size = len(data)
    if 2 < size <= 44 and data[1] == size - 2 and (data[0] == 0 or data[0] == 0x12 and size == 34):
        return data
    raise RemoteError("not a peer id: {} bytes".format(size))


def parse(text: str) -> bytes:
    """The bytes of a peer id in either of its text forms, base58btc or CID."""
    if len(text) > TEXT_MAX:
        raise RemoteError("not a peer id: " + printable(text))
    if text.startswith("1") or text.startswith("Qm"):
        return check(multibase.base58_decode(text))
    from edge.wire import cid, multicodec

    version, codec, multihash = cid.decode_text(text)
    if version != 1 or codec != multicodec.LIBP2P_KEY:
        raise RemoteError("not a peer id: CID of codec {}".format(codec))
    return check(multihash)
