"""The Edwards curve once more, slowly and by the book, to make what nobody should sign with."""

from edge.system import primitives

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
IDENTITY = (0, 1)


def add(one: tuple, two: tuple) -> tuple:
    product = D * one[0] * two[0] * one[1] * two[1] % P
    x = (one[0] * two[1] + one[1] * two[0]) * pow(1 + product, P - 2, P)
    y = (one[1] * two[1] + one[0] * two[0]) * pow(1 - product, P - 2, P)
    return x % P, y % P


def times(k: int, point: tuple) -> tuple:
    total = IDENTITY
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


def encode(point: tuple) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def torsion() -> "list[tuple]":
    """The eight points of order 1, 2, 4 and 8, as multiples of one of order 8."""
    y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return [times(i, (x, y)) for i in range(8)]


def secret(seed: bytes) -> int:
    """The secret scalar of a seed."""
    digest = bytearray(primitives.sha512(seed)[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    return int.from_bytes(digest, "little")


def challenge(start: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(primitives.sha512(start + public + message), "little") % L
