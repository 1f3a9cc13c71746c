"""Keys: Ed25519 to sign with, all four kinds of libp2p to verify with.

    PublicKey     08 type 12 length data
    PrivateKey    08 01 12 40 seed, public key

A peer id is made of the encoding, so there is only one: anything else that a protobuf parser would
take for the same key is refused. RSA and both ECDSA kinds are looked into when they verify: a key
with a wrong modulus or point decodes, and verifies nothing. Spec: libp2p peer-ids.
"""

from edge.errors import LocalError, RemoteError
from edge.system import const, entropy, primitives
from edge.wire import varint

RSA = 0
ED25519 = 1
SECP256K1 = 2
ECDSA = 3

_SEED_SIZE = const(32)
# Least and most bytes of a public key of each type: RSA from 2048 to 8192 bits, named curves.
_SIZES = (280, 1100, 32, 32, 33, 33, 60, 200)
_ENCODED_MAX = const(1105)


class PublicKey:
    """A key of one of four types, as it came; what it signs tells whether it is good."""

    def __init__(self, kind: int, data: bytes) -> None:
        self.type = kind
        self.data = data

    def encode(self) -> bytes:
        return _encode(self.type, self.data)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made ``signature``; never, if a firmware leaves its kind out."""
        try:
            if self.type == ED25519:
                check = primitives.ed25519_verify
            elif self.type == RSA:
                check = primitives.rsa_verify
            elif self.type == ECDSA:
                check = primitives.ecdsa_verify
            else:
                check = primitives.secp256k1_verify
        except ImportError:
            return False
        return check(self.data, message, signature)


class PrivateKey:
    """An Ed25519 key, which is its 32 bytes of seed."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED_SIZE:
            raise LocalError("a seed has 32 bytes")
        self.seed = bytes(seed)
        self.public = PublicKey(ED25519, primitives.ed25519_public(self.seed))

    @staticmethod
    def from_seed(seed: bytes) -> "PrivateKey":
        return PrivateKey(seed)

    @staticmethod
    def generate() -> "PrivateKey":
        return PrivateKey(entropy.random_bytes(_SEED_SIZE))

    def sign(self, message: bytes) -> bytes:
        return primitives.ed25519_sign(self.seed, message)

    def encode(self) -> bytes:
        """The form go, js and rust keep in their files too."""
        return _encode(ED25519, self.seed + self.public.data)


def decode_public_key(data: bytes) -> PublicKey:
    """The key a peer sent; RemoteError unless it is in the one right encoding."""
    found = len(data) <= _ENCODED_MAX and _parse(data)
    if found:
        kind, body = found
        fits = _SIZES[2 * kind] <= len(body) <= _SIZES[2 * kind + 1]
        if fits and (kind != SECP256K1 or body[0] in (2, 3)):
            return PublicKey(kind, body)
    raise RemoteError("not a canonical public key")


def decode_private_key(data: bytes) -> PrivateKey:
    """The key of a file; the public half may be there once or, as of old, twice."""
    found = _parse(data)
    if not found:
        raise LocalError("not a libp2p private key")
    kind, body = found
    if kind != ED25519:
        raise LocalError("private key is not Ed25519")
    key = PrivateKey(body[:_SEED_SIZE])
    public = key.public.data
    if body[_SEED_SIZE:] not in (public, public + public):
        raise LocalError("private key with a wrong public half")
    return key


def _encode(kind: int, data: bytes) -> bytes:
    return bytes((8, kind, 0x12)) + varint.frame(data)


def _parse(data: bytes) -> "tuple[int, bytes] | None":
    """``(type, data)`` of what encodes to exactly these bytes; lengths have one or two bytes."""
    for start in (4, 5):
        if len(data) >= start and data[1] <= ECDSA:
            body = bytes(data[start:])
            if _encode(data[1], body) == data:
                return data[1], body
    return None
