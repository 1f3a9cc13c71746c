"""/pk/<peer id bytes>: the public key whose hash the peer id is.  Spec: libp2p kad-dht."""

from edge.errors import RemoteError
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.records.validators import name_in


def key_of(peer_id: PeerId) -> bytes:
    return b"/pk/" + peer_id.to_bytes()


def validate(key: bytes, value: bytes, now_unix_ms: int) -> None:
    """RemoteError unless ``value`` is the key, in its one encoding.  It never ends."""
    if PeerId.from_public_key(decode_public_key(value)) != PeerId(name_in(key, "pk")):
        raise RemoteError("the public key of another peer")


def select(key: bytes, values: "list[bytes]") -> int:
    """The first: no two values of a key are valid."""
    return 0
