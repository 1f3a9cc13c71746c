"""Every primitive through `cryptography`, which is OpenSSL; CPython only.

Its compiled module is used directly: the documented ones in front of it load twenty more modules
that nothing here needs.  They are the way in when a version has moved things.
"""

from functools import lru_cache
from hashlib import sha256 as _sha256
from hashlib import sha512 as _sha512
from struct import Struct

from cryptography.exceptions import InvalidSignature, InvalidTag

try:
    from cryptography.hazmat.bindings._rust import openssl as _rust

    _Aead = _rust.aead.ChaCha20Poly1305
    _x25519_new = _rust.x25519.generate_key
    _x25519_private = _rust.x25519.from_private_bytes
    _x25519_public = _rust.x25519.from_public_bytes
    _ed25519_private = _rust.ed25519.from_private_bytes
    _ed25519_public = _rust.ed25519.from_public_bytes
except (ImportError, AttributeError):
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.asymmetric import x25519 as _curve
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305 as _Aead

    _x25519_new = _curve.X25519PrivateKey.generate
    _x25519_private = _curve.X25519PrivateKey.from_private_bytes
    _x25519_public = _curve.X25519PublicKey.from_public_bytes
    _ed25519_private = ed25519.Ed25519PrivateKey.from_private_bytes
    _ed25519_public = ed25519.Ed25519PublicKey.from_public_bytes

_nonce = Struct("<4xQ").pack

_INNER = bytes([byte ^ 0x36 for byte in range(256)])
_OUTER = bytes([byte ^ 0x5C for byte in range(256)])

_P = (1 << 255) - 19
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = (0, 1, _P - 1, _Y8, _P - _Y8)  # y of the points of order 4, 1, 2, 8, 8


def sha256(data):
    return _sha256(data).digest()


def sha512(data):
    return _sha512(data).digest()


def hmac_sha256(key, data):
    # half the time of hmac.digest(), which looks its algorithm up in OpenSSL at each call
    if len(key) > 64:
        key = sha256(key)
    key = bytes(key).ljust(64, b"\0")
    inner = _sha256(key.translate(_INNER))
    inner.update(data)
    return _sha256(key.translate(_OUTER) + inner.digest()).digest()


def hkdf2(chaining_key, material):
    key = hmac_sha256(chaining_key, material).ljust(64, b"\0")
    inner = key.translate(_INNER)
    outer = key.translate(_OUTER)
    first = _sha256(outer + _sha256(inner + b"\x01").digest()).digest()
    return first, _sha256(outer + _sha256(inner + first + b"\x02").digest()).digest()


def x25519_generate():
    private = _x25519_new()
    return private, private.public_key().public_bytes_raw()


def x25519_public(private):
    return _loaded(private).public_key().public_bytes_raw()


def x25519(private, public):
    return _loaded(private).exchange(_x25519_public(bytes(public)))


def _loaded(private):
    """To load a private key is to compute its public key: the loaded one is what we hand out."""
    if isinstance(private, (bytes, bytearray, memoryview)):
        return _x25519_private(bytes(private))
    return private


@lru_cache(maxsize=1)
def _signer(seed):
    return _ed25519_private(seed)


def ed25519_public(seed):
    return _signer(bytes(seed)).public_key().public_bytes_raw()


def ed25519_sign(seed, message):
    return _signer(bytes(seed)).sign(message)


def ed25519_verify(public, message, signature):
    public = bytes(public)
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _P or y in _SMALL_ORDER:  # OpenSSL would take them
        return False
    try:
        _ed25519_public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Cipher:
    __slots__ = ("_aead",)

    def __init__(self, key):
        self._aead = _Aead(key)

    def seal_into(self, nonce, data, aad, out):
        self._aead.encrypt_into(_nonce(nonce), data, aad, out)

    def open_into(self, nonce, data, aad, out):
        try:
            self._aead.decrypt_into(_nonce(nonce), data, aad, out)
        except InvalidTag:
            raise ValueError("bad tag")


class _CopyingCipher(Cipher):
    """For `cryptography` before 47, which writes into memory of its own only."""

    __slots__ = ()

    def seal_into(self, nonce, data, aad, out):
        memoryview(out)[:] = self._aead.encrypt(_nonce(nonce), data, aad)

    def open_into(self, nonce, data, aad, out):
        try:
            memoryview(out)[:] = self._aead.decrypt(_nonce(nonce), data, aad)
        except InvalidTag:
            raise ValueError("bad tag")


if not hasattr(_Aead, "encrypt_into"):
    Cipher = _CopyingCipher
