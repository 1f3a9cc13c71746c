"""Verification with the kinds of key that some peers have and we never: RSA, ECDSA, secp256k1.

Encodings and bounds are checked here, once; the arithmetic is OpenSSL's or our own.
"""

from edge.system import const, primitives
from edge.system.primitives.der import ec_key, ecdsa_signature, rsa_key

_RSA_BITS_MIN = const(2048)
_RSA_BITS_MAX = const(8192)
_EXPONENT_BITS_MAX = const(31)

_SECP256K1 = b"\x06\x05\x2b\x81\x04\x00\x0a"
_SECP256K1_HALF = const(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0)


def rsa_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        n, e = rsa_key(bytes(public))
    except ValueError:
        return False
    if not n >> (_RSA_BITS_MIN - 1) or n >> _RSA_BITS_MAX or e >> _EXPONENT_BITS_MAX:
        return False
    if e < 3 or not e & n & 1 or n >> 8 * len(signature) or not n >> 8 * (len(signature) - 1):
        return False
    return _arithmetic().rsa(n, e, message, bytes(signature))


def ecdsa_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        curve, point = ec_key(bytes(public))
        r, s = ecdsa_signature(bytes(signature))
    except ValueError:
        return False
    return _arithmetic().ecdsa(curve, point, message, r, s)


def secp256k1_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        r, s = ecdsa_signature(bytes(signature))
    except ValueError:
        return False
    if len(public) != 33 or public[0] not in (2, 3) or s > _SECP256K1_HALF:
        return False
    return _arithmetic().ecdsa(_SECP256K1, bytes(public), message, r, s)


def _arithmetic():
    name = "openssl_signatures" if primitives.chosen == "openssl" else "pure_signatures"
    return __import__("edge.system.primitives." + name, None, None, ("*",))
