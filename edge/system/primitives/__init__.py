"""One door to cryptography; who stands behind it depends on the Python.

    openssl  CPython with `cryptography`
    pure     any other Python; its viper_ files are machine code, for chips of 32 bits

The first use of a name opens files until one has it, and keeps it here, so that later uses cost
nothing.  All arguments are bytes-like; a wrong size is a ValueError, a bad signature False.
"""

import sys

from edge.system import MICROPYTHON, const

TYPE_CHECKING = const(0)  # a constant: chips do not even carry what follows
if TYPE_CHECKING:

    def sha256(data: bytes) -> bytes: ...
    def sha512(data: bytes) -> bytes: ...
    def hmac_sha256(key: bytes, data: bytes) -> bytes: ...

    def hkdf2(chaining_key: bytes, material: bytes) -> "tuple[bytes, bytes]":
        """Two keys of 32 bytes, as Noise derives them (RFC 5869, no info)."""

    def x25519_generate() -> "tuple[object, bytes]":
        """A new private key, in whatever form x25519 likes best, and its public key."""

    def x25519_public(private: object) -> bytes:
        """The public key of a private one: 32 bytes or what x25519_generate made."""

    def x25519(private: object, public: bytes) -> bytes:
        """The shared secret; ValueError if it is zero, as a point of small order makes it."""

    def ed25519_public(seed: bytes) -> bytes: ...
    def ed25519_sign(seed: bytes, message: bytes) -> bytes: ...

    def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether [S]B = R + [h]A, in the same cases for every inhabitant.

        A must be canonically encoded and not of small order, S below the group's order, and R,
        byte for byte, the canonical encoding of [S]B - [h]A.
        """

    def rsa_verify(public: bytes, message: bytes, signature: bytes) -> bool:
        """PKCS#1 v1.5 with SHA-256 by a SubjectPublicKeyInfo of 2048 to 8192 bits."""

    def ecdsa_verify(public: bytes, message: bytes, signature: bytes) -> bool:
        """ECDSA with SHA-256 by a SubjectPublicKeyInfo: P-256; with openssl P-384 and P-521."""

    def secp256k1_verify(public: bytes, message: bytes, signature: bytes) -> bool:
        """ECDSA with SHA-256 by a compressed point; S must be in the lower half (BIP 62)."""

    class Cipher:
        """ChaCha20-Poly1305 with one key, and a counter for a nonce, as in Noise.

        ``out`` may be the memory of ``data`` from its first byte on, or not touch it at all.
        """

        def __init__(self, key: bytes) -> None: ...

        def seal_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
            """Fill ``out``, which has 16 bytes more than ``data``."""

        def open_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
            """Fill ``out``, 16 bytes less; if not genuine, ValueError and ``out`` is rubbish."""


chosen = "pure" if MICROPYTHON else "openssl"
_kept = []


def use(name: str) -> None:
    """Let ``name``, openssl or pure, answer from now on."""
    global chosen
    chosen = name
    while _kept:
        del globals()[_kept.pop()]


def __getattr__(name: str):
    if name[0] != "_":
        for file in _files().split():
            found = getattr(_open(file), name, None)
            if found:
                _kept.append(name)
                globals()[name] = found
                return found
    raise AttributeError(name)


def _files() -> str:
    if chosen != "pure":
        try:
            _open("openssl")
            return "openssl signatures"
        except ImportError:
            use("pure")
    return "pure_hashes pure_curve25519 viper_sha512 viper_chacha20poly1305 signatures"


def _open(file: str):
    try:
        if file[0] == "v" and sys.maxsize >> 31:
            raise ImportError
        return __import__("edge.system.primitives." + file, None, None, file)
    except (ImportError, SyntaxError, ValueError):  # ValueError: .mpy of another processor
        if file[0] != "v":
            raise
        return _open("pure" + file[5:])
