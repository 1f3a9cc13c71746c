"""The arithmetic of RSA (RFC 8017) and ECDSA (FIPS 186) on big integers; P-256 and secp256k1.

A point is (x, y, z), the affine point x/z**2, y/z**3; z is 0 at infinity.  A curve is
(p, a, b, n, x, y): the field, y**2 = x**3 + ax + b, and the order and place of the base point.
"""

from edge.system import primitives

_DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

_CURVES = {
    b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07": (  # P-256
        (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1,
        -3,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    b"\x06\x05\x2b\x81\x04\x00\x0a": (  # secp256k1
        (1 << 256) - (1 << 32) - 977,
        0,
        7,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
}


def rsa(n: int, e: int, message: bytes, signature: bytes) -> bool:
    size = len(signature)
    number = int.from_bytes(signature, "big")
    digest = _DIGEST_INFO + primitives.sha256(message)
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return number < n and pow(number, e, n).to_bytes(size, "big") == padded


def ecdsa(curve: bytes, point: bytes, message: bytes, r: int, s: int) -> bool:
    if curve not in _CURVES:
        return False
    p, a, _, n, x, y = parameters = _CURVES[curve]
    key = _decode(parameters, point)
    if not key or not 0 < r < n or not 0 < s < n:
        return False
    inverse = pow(s, n - 2, n)
    one = int.from_bytes(primitives.sha256(message), "big") * inverse % n
    two = r * inverse % n
    # one * base + two * key, along one chain of doublings
    both = _affine(_add((x, y, 1), key, p, a), p)
    total = (1, 1, 0)
    i = 255
    while i >= 0:
        total = _double(total, p, a)
        addend = ((None, key), ((x, y), both))[one >> i & 1][two >> i & 1]
        if addend:
            total = _add(total, addend, p, a)
        i -= 1
    found = _affine(total, p)
    return bool(found) and found[0] % n == r


def _decode(parameters: tuple, point: bytes) -> "tuple | None":
    """The affine point of 04 x y, 02 x or 03 x; None if it is not on the curve."""
    p, a, b = parameters[:3]
    x = int.from_bytes(point[1:33], "big")
    square = x * x * x + a * x + b
    if point[0] == 4:
        y = int.from_bytes(point[33:], "big")
        right_size = len(point) == 65
    else:
        y = pow(square % p, (p + 1) // 4, p)
        if y & 1 != point[0] & 1:
            y = p - y
        right_size = len(point) == 33
    if not right_size or x >= p or y >= p or (y * y - square) % p:
        return None
    return x, y


def _double(point: tuple, p: int, a: int) -> tuple:
    x, y, z = point
    y2 = y * y % p
    s = 4 * x * y2 % p
    z2 = z * z % p
    m = (3 * x * x + a * z2 * z2) % p
    x = (m * m - 2 * s) % p
    return x, (m * (s - x) - 8 * y2 * y2) % p, 2 * y * z % p


def _add(point: tuple, other: tuple, p: int, a: int) -> tuple:
    """``point`` plus an affine one."""
    x, y, z = point
    if not z:
        return other[0], other[1], 1
    z2 = z * z % p
    h = (other[0] * z2 - x) % p
    r = (other[1] * z2 * z - y) % p
    if not h:
        return (1, 1, 0) if r else _double(point, p, a)
    h2 = h * h % p
    h3 = h * h2 % p
    v = x * h2 % p
    x = (r * r - h3 - 2 * v) % p
    return x, (r * (v - x) - y * h3) % p, z * h % p


def _affine(point: tuple, p: int) -> "tuple | None":
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, p - 2, p)
    square = inverse * inverse % p
    return x * square % p, y * square * inverse % p
