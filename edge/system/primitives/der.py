"""The little of DER (X.690) that public keys and ECDSA signatures are made of, strictly.

    SubjectPublicKeyInfo  30 [30 algorithm] [03 00 key]     RSA key  30 [02 n] [02 e]
    ECDSA signature       30 [02 r] [02 s]                  EC key   04 x y

One right form of everything: shortest lengths and integers, nothing behind the end; ValueError
for the rest.
"""

from edge.system import const

_SIZE_MAX = const(1100)  # bytes: an RSA key of 8192 bits and what is around it

_INTEGER = const(0x02)
_BIT_STRING = const(0x03)
_SEQUENCE = const(0x30)

_RSA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"  # rsaEncryption, null
_EC = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"  # ecPublicKey, then the curve


def rsa_key(data: bytes) -> "tuple[int, int]":
    """``(n, e)`` of a SubjectPublicKeyInfo."""
    algorithm, key = _public_key(data)
    if algorithm != _RSA:
        raise ValueError("not an RSA key")
    return _two_integers(key)


def ec_key(data: bytes) -> "tuple[bytes, bytes]":
    """``(curve, point)`` of a SubjectPublicKeyInfo: an encoded object identifier, and 04 x y."""
    algorithm, point = _public_key(data)
    if not algorithm.startswith(_EC) or point[:1] != b"\x04":
        raise ValueError("not a key of a named curve with an uncompressed point")
    return algorithm[len(_EC) :], point


def ecdsa_signature(data: bytes) -> "tuple[int, int]":
    """``(r, s)`` of a signature."""
    return _two_integers(data)


def _public_key(data: bytes) -> "tuple[bytes, bytes]":
    algorithm, rest = _take(_whole(data, _SEQUENCE), _SEQUENCE)
    bits = _whole(rest, _BIT_STRING)
    if bits[:1] != b"\x00":
        raise ValueError("a key is whole bytes")
    return algorithm, bits[1:]


def _two_integers(data: bytes) -> "tuple[int, int]":
    first, rest = _take(_whole(data, _SEQUENCE), _INTEGER)
    return _unsigned(first), _unsigned(_whole(rest, _INTEGER))


def _unsigned(content: bytes) -> int:
    """A positive integer in its shortest form."""
    if not content or content[0] >= 0x80 or (content[0] == 0 and content[1:2] < b"\x80"):
        raise ValueError("not a positive integer in its shortest form")
    return int.from_bytes(content, "big")


def _whole(data: bytes, tag: int) -> bytes:
    content, rest = _take(data, tag)
    if rest:
        raise ValueError("bytes behind the end")
    return content


def _take(data: bytes, tag: int) -> "tuple[bytes, bytes]":
    """The content of the element ``data`` begins with, and what follows it."""
    if not 2 <= len(data) <= _SIZE_MAX or data[0] != tag:
        raise ValueError("another element expected")
    start = 2
    size = data[1]
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
        if not (start == 3 and size >= 0x80 or start == 4 and size >= 0x100):
            raise ValueError("not the shortest length")
    end = start + size
    if end > len(data):
        raise ValueError("cut short")
    return data[start:end], data[end:]
