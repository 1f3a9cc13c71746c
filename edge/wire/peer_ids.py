"""Peer ids as /p2p carries them: multihashes of public keys, of two kinds only.

    00 length key     a key of up to 42 bytes itself, text "12D3Koo.." or "16Uiu.."
    12 20 digest      the SHA-256 of a longer one, text "Qm.."

Spec: libp2p peer-ids. The class for them is edge.identity.peer_id.PeerId.
"""

from edge.errors import RemoteError
from edge.wire import base58

TEXT_MAX = 128  # characters; a CID in base16 has 97


def check(data: bytes) -> bytes:
    """``data``, if it can be a peer id."""
    size = len(data) - 2
    if 0 < size <= 42 and data[1] == size and (data[0] == 0 or data[0] == 0x12 and size == 32):
        return data
    raise RemoteError("not a peer id")


def parse(text: str) -> bytes:
    """The bytes of a peer id in either of its text forms, base58btc or CID."""
    if len(text) > TEXT_MAX:
        raise RemoteError("not a peer id")
    if text[:1] == "1" or text[:2] == "Qm":
        return check(base58.decode(text))
    from edge.wire import cid

    return check(cid.decode_key_text(text))
