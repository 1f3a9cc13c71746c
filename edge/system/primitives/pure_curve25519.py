"""Curve25519 in both its forms, X25519 (RFC 7748) and Ed25519 (RFC 8032), on big integers.

Not constant-time.  A point of the Edwards form is (x, y, z, t): the affine point x/z, y/z, and
t = xy/z.  An addend has been made ready as (y - x, y + x, 2dt, 2z) times 121666, because
d = -121665/121666 and a common factor changes no point.
"""

from edge.system import const, primitives
from edge.system.entropy import random_bytes

_P = const((1 << 255) - 19)
_L = const((1 << 252) + 27742317777372353535851937790883648493)

# Affine x and y of eight multiples of the base point B: 2**192 B +- 2**128 B +- 2**64 B +- B,
# where bits 2, 1, 0 of an entry's number are 1 for + and 0 for -.
_COMB = (
    b"\xbf\x33\x75\x24\x5a\xfd\xe6\x33\x49\x7d\xf4\xbb\xef\x93\x29\x8e\xbf\xaf\x93\xaa\x64\x37"
    b"\x09\xcf\x5c\x17\xd2\xc1\x4b\x6e\xe4\x45\x7f\x04\xfe\xff\x6d\xa5\xc9\x17\x0b\xcb\xa5\x17"
    b"\x2d\x45\x6a\xfd\x91\xdb\xb1\xff\x89\x8b\x7a\x95\xca\x50\x36\x86\xfa\x25\xea\x05\x12\x9a"
    b"\x66\x08\x72\xf1\x79\x96\x57\x51\xe6\x01\x70\x56\x04\xc4\xbc\xe1\xda\x49\xb2\x5c\x66\xad"
    b"\xdf\x84\x1b\xf3\x1f\xe4\xac\x2e\xd5\xce\xd7\xa5\xe7\xc3\x58\x80\x65\x5b\x61\x56\x03\x0c"
    b"\xc1\xab\xb8\x26\x4e\x4c\xa2\xc2\x22\x0c\x87\x05\xd8\x7c\xaf\x19\xfc\x14\xdc\x38\xfb\x28"
    b"\x50\x91\xf0\xbc\x3f\x2d\x76\x7e\x22\x4f\x16\xa5\x4f\x22\x51\xfb\x92\x7d\xae\x82\xfd\x28"
    b"\xc5\xe8\x46\x94\x26\x05\xa5\x0e\x09\x83\xb5\xac\x23\xdc\x12\x59\xfc\x47\x84\xae\x6a\xb0"
    b"\x82\x9a\xc4\x10\x46\x07\x46\xbc\x59\xfd\x08\x60\xd7\x07\x77\x18\x9c\x18\x1e\x33\xb9\xc3"
    b"\xc6\xcd\x91\x05\x36\xd5\x76\x04\xad\x51\x35\x03\x86\xa1\x4f\xd4\x73\x48\xbb\x5a\xd3\xcb"
    b"\xb5\x5b\x86\x7f\xed\x73\x41\xf2\xb0\x0a\x09\xe0\x5c\x83\x0e\xf4\xca\x72\x2b\x3a\xc8\x58"
    b"\xbe\x62\x84\xc0\xc6\xc0\xce\xb9\x15\x31\x3e\xb6\x9e\x7b\x30\x61\x15\x2a\xc7\xc5\x92\xba"
    b"\x62\xbf\xc4\x03\x6f\xbc\xfe\xa8\xa2\x9a\x86\x3e\xad\x66\xc1\xc7\x4d\xb7\x7c\x55\xd8\xd4"
    b"\x5e\x2e\x5d\xab\xa9\xae\x58\x55\xf6\x3c\x67\xef\x46\x9b\x1c\x6b\x53\x0a\x91\x47\x47\x6e"
    b"\x8c\xb0\x64\x40\x0e\x11\x5d\x9d\x7c\xb2\x09\x40\xc4\xb3\x31\x24\x52\x3e\x6d\x34\x04\xcc"
    b"\x39\xd9\xa6\xee\xb5\x9e\xd1\x53\x37\x88\x0e\xbc\xed\x4b\x56\xc8\xbd\xa7\x51\xb5\x38\x0d"
    b"\x6f\x25\xcc\x53\x16\xbf\x65\x98\x3e\xd2\x3b\x6a\x57\x80\xc1\xe3\xa2\x6f\x60\x5c\x91\x38"
    b"\xd7\x92\xc4\xc3\x66\xa0\x05\xb4\x0b\x51\xf9\x20\x23\xf7\x0b\x5d\x7e\x7e\xf3\xb8\xf7\xf3"
    b"\xff\xe9\xf5\xd2\xa2\xbc\xf2\xd7\xc1\x84\x18\x7a\x51\x94\xff\x05\x03\x7b\x68\x1e\xa9\x32"
    b"\x3d\x1e\xbc\xd1\xfc\x86\x35\xd8\x05\xff\x26\xca\xb6\x3a\x32\x21\x1e\xe5\x5e\x08\xf5\x68"
    b"\xdd\x1e\x9c\x01\x9a\x1b\x4f\x09\xf0\x5f\xbe\xb5\x0d\x10\x6b\x38\x32\xac\x76\x80\xbd\xca"
    b"\x94\x71\x7a\xf2\xc9\x35\x2a\xde\x9f\x42\x49\x18\x01\xab\xbc\xef\x7c\x64\x3f\x58\x3d\x92"
    b"\x59\xdb\x13\xdb\x58\x6e\x0a\xe0\xb7\x91\x4a\x08\x20\xd6\x2e\x3c\x45\xc9\x8b\x17\x79\xe7"
    b"\xc7\x90\x99\x3a\x18\x25"
)


def x25519_generate() -> "tuple[bytes, bytes]":
    private = random_bytes(32)
    return private, x25519_public(private)


def x25519_public(private: bytes) -> bytes:
    """The base point times ``private`` by way of the Edwards form, 2.5 times faster."""
    _, y, z, _ = _multiply(_clamped(private))
    return _quotient(z + y, z - y).to_bytes(32, "little")


def x25519(private: bytes, public: bytes) -> bytes:
    p = _P
    k = _clamped(private)
    u = _number(public)
    u -= u >> 255 << 255
    a, b, c, d = 1, 0, u, 1  # x/z of a multiple of u, and of the next multiple
    i = 254
    while i >= 0:
        bit = k >> i & 1
        if bit:
            a, b, c, d = c, d, a, b
        e = a + b
        a -= b
        b = (c - d) * e % p
        c = (c + d) * a % p
        e = e * e % p
        a = a * a % p
        d = b - c
        c += b
        c = c * c % p
        d = d * d % p * u % p
        b = e - a
        a, b = e * a % p, (e + 121665 * b) * b % p
        if bit:
            a, b, c, d = c, d, a, b
        i -= 1
    a = _quotient(a, b)
    if not a:
        raise ValueError("a point of small order")
    return a.to_bytes(32, "little")


def ed25519_public(seed: bytes) -> bytes:
    return _encode(_multiply(_clamped(_expanded(seed)[:32])))


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    digest = _expanded(seed)
    a = _clamped(digest[:32])
    r = _hash(digest[32:], b"", message)
    start = _encode(_multiply(r))
    r += _hash(start, _encode(_multiply(a)), message) * a
    return start + (r % _L).to_bytes(32, "little")


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:
        return False
    start = bytes(signature[:32])
    s = _number(signature[32:])
    point = _decode(public)
    if s >= _L or not point:
        return False
    return _encode(_multiply(s, _hash(start, public, message), point)) == start


def _multiply(k: int, n: int = 0, point: tuple = ()) -> tuple:
    """k times the base point minus n times ``point``, along one chain of doublings."""
    if not k & 1:
        k += _L  # an odd k is 2**255 +- 2**254 .. +- 1; bits of k >> 1 tell the signs
    signs = (k >> 1).to_bytes(32, "little")
    comb = []
    for i in range(0, 512, 64):
        x = _number(_COMB[i : i + 32])
        y = _number(_COMB[i + 32 : i + 64])
        comb.append(_ready((x, y, 1, x * y)))
    total = 0, 1, 1, 0
    i = 63
    if point:
        # n is the sum of 2**i times (bit i of plus - bit i of minus), the form with most zeros
        point = _ready(point)
        plus = (3 * n >> 1).to_bytes(32, "little")
        minus = (n >> 1).to_bytes(32, "little")
        i = 254
    while i >= 0:
        total = _double(total)
        at = i >> 3
        bit = i & 7
        if point:
            digit = (plus[at] >> bit & 1) - (minus[at] >> bit & 1)
            if digit:
                total = _add(total, point, digit > 0)
        if i < 64:
            digit = signs[at + 16] >> bit & 1
            digit = digit << 1 | signs[at + 8] >> bit & 1
            digit = digit << 1 | signs[at] >> bit & 1
            negative = i < 63 and not signs[at + 24] >> bit & 1
            total = _add(total, comb[7 - digit if negative else digit], negative)
        i -= 1
    return total


def _ready(p: tuple) -> tuple:
    x, y, z, t = p
    return 121666 * (y - x), 121666 * (y + x), -243330 * t % _P, 243332 * z


def _add(p: tuple, q: tuple, negative: bool) -> tuple:
    x, y, z, t = p
    a, b, c, d = q
    if negative:
        a, b, c = b, a, -c
    a = (y - x) * a % _P
    b = (y + x) * b % _P
    c = c * t % _P
    d = d * z % _P
    return _finish(b - a, d - c, d + c, b + a)


def _double(p: tuple) -> tuple:
    x, y, z, _ = p
    a = x * x % _P
    b = y * y % _P
    c = x + y
    return _finish(a + b - c * c % _P, 2 * z * z % _P + a - b, a - b, a + b)


def _finish(e: int, f: int, g: int, h: int) -> tuple:
    return e * f % _P, g * h % _P, f * g % _P, e * h  # t is seldom used: not reduced


def _encode(p: tuple) -> bytes:
    x, y, z, _ = p
    z = _quotient(1, z)
    return (y * z % _P | (x * z % _P & 1) << 255).to_bytes(32, "little")


def _decode(public: bytes) -> "tuple | None":
    """The point; None if there is none, its order is small, or this is not how to write it."""
    p = _P
    y = _number(public)
    sign = y >> 255
    y -= sign << 255
    u = 121666 * (y * y - 1)
    v = 121666 - 121665 * y * y
    x = u * pow(v, 3, p) % p
    x = x * pow(x * pow(v, 4, p), p >> 3, p) % p  # a root of u/v or of -u/v
    if (v * x * x - u) % p:
        x = x * pow(2, p >> 2, p) % p
    if x & 1 != sign:
        x = p - x
    point = x, y, 1, x * y
    if y >= p or (v * x * x - u) % p or not _double(_double(_double(point)))[0]:
        return None
    return point


def _clamped(private: bytes) -> int:
    """Bits 0 to 2 cleared, bit 254 set, bit 255 cleared."""
    k = _number(private) >> 3 << 3
    return k - ((k >> 254) - 1 << 254)


def _number(data: bytes) -> int:
    if len(data) != 32:
        raise ValueError("32 bytes expected")
    return int.from_bytes(data, "little")


def _quotient(a: int, b: int) -> int:
    p = _P
    return a * pow(b, p - 2, p) % p


def _expanded(seed: bytes) -> bytes:
    _number(seed)  # has 32 bytes
    return primitives.sha512(seed)


def _hash(start: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(primitives.sha512(start + bytes(public) + bytes(message)), "little") % _L
