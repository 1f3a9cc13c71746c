"""SHA-256 of the machine, HMAC (RFC 2104) and Noise's two-output HKDF on top of it."""

import hashlib


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    if len(key) > 64:
        key = sha256(key)
    inner = hashlib.sha256(_masked(key, b"\x36"))
    inner.update(data)
    return sha256(_masked(key, b"\x5c") + inner.digest())


def hkdf2(chaining_key: bytes, material: bytes) -> "tuple[bytes, bytes]":
    key = hmac_sha256(chaining_key, material)
    first = hmac_sha256(key, b"\x01")
    return first, hmac_sha256(key, first + b"\x02")


def _masked(key: bytes, mask: bytes) -> bytes:
    """The key, filled up to 64 bytes, xor the mask; one big number is quicker than 64 small."""
    number = int.from_bytes(key, "little") ^ int.from_bytes(mask * 64, "little")
    return number.to_bytes(64, "little")
