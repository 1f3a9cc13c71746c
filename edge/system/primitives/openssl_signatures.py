"""The arithmetic of RSA and ECDSA through `cryptography`, which is OpenSSL; CPython only."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_CURVES = {
    b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07": ec.SECP256R1(),
    b"\x06\x05\x2b\x81\x04\x00\x22": ec.SECP384R1(),
    b"\x06\x05\x2b\x81\x04\x00\x23": ec.SECP521R1(),
    b"\x06\x05\x2b\x81\x04\x00\x0a": ec.SECP256K1(),
}


def rsa(n: int, e: int, message: bytes, signature: bytes) -> bool:
    try:
        key = RSAPublicNumbers(e, n).public_key()
        key.verify(signature, message, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def ecdsa(curve: bytes, point: bytes, message: bytes, r: int, s: int) -> bool:
    if curve not in _CURVES:
        return False
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
