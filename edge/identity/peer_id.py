"""The name of a peer: its public key if that is short, else the SHA-256 of it.

    00 24 08 01 12 20 ...    an Ed25519 key as it is, text 12D3KooW...
    12 20 ...                the hash of an RSA or ECDSA key, text Qm...

Spec: libp2p peer-ids.
"""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PublicKey, decode_public_key
from edge.system import const, primitives
from edge.wire import base58, peer_ids

_INLINE_MAX = const(42)  # bytes of a public key that is its own name


class PeerId:
    """Immutable; equal to another of the same bytes, whatever text they came in."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = peer_ids.check(bytes(data))

    @staticmethod
    def from_public_key(key: PublicKey) -> "PeerId":
        encoded = key.encode()
        if len(encoded) <= _INLINE_MAX:
            return PeerId(bytes((0, len(encoded))) + encoded)
        return PeerId(b"\x12\x20" + primitives.sha256(encoded))

    @staticmethod
    def parse(text: str) -> "PeerId":
        """The peer id a user wrote, in base58btc or as a CID."""
        try:
            return PeerId(peer_ids.parse(text))
        except RemoteError as error:
            raise LocalError(str(error))

    def to_bytes(self) -> bytes:
        return self._data

    def public_key(self) -> "PublicKey | None":
        """The key in the name; None where the name is a hash, or holds no key."""
        if self._data[0] == 0:
            try:
                return decode_public_key(self._data[2:])
            except RemoteError:
                pass
        return None

    @property
    def short(self) -> str:
        """Enough to tell peers apart in a log."""
        return str(self)[-6:]

    def __str__(self) -> str:
        return base58.encode(self._data)

    def __repr__(self) -> str:
        return f"PeerId({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PeerId) and self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)
