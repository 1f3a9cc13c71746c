"""SHA-512 (FIPS 180-4) on Python's integers, where neither C nor machine code offers it."""

_MASK = (1 << 64) - 1


def _roots(count: int, power: int) -> "list[int]":
    """The constants: first 64 bits of the fractions of the roots of the first primes."""
    primes = []
    number = 2
    while len(primes) < count:
        if all([number % prime for prime in primes]):
            primes.append(number)
        number += 1
    return [_root(prime << 64 * power, power) & _MASK for prime in primes]


def _root(number: int, power: int) -> int:
    root = 0
    step = 1 << 69
    while step:
        if (root + step) ** power <= number:
            root += step
        step >>= 1
    return root


_K = _roots(80, 3)
_START = _roots(8, 2)


def sha512(data: bytes) -> bytes:
    size = len(data)
    data = bytes(data) + b"\x80" + bytes((111 - size) % 128) + (8 * size).to_bytes(16, "big")
    total = _START
    for at in range(0, len(data), 128):
        mixed = _rounds(total, _schedule(data, at))
        total = [(total[i] + mixed[i]) & _MASK for i in range(8)]
    return b"".join([number.to_bytes(8, "big") for number in total])


def _schedule(data: bytes, at: int) -> "list[int]":
    w = [int.from_bytes(data[i : i + 8], "big") for i in range(at, at + 128, 8)]
    for i in range(16, 80):
        x = w[i - 15]
        y = w[i - 2]
        xx = x << 64 | x  # two copies side by side: to shift them is to rotate one
        yy = y << 64 | y
        x = xx >> 1 ^ xx >> 8 ^ x >> 7
        y = yy >> 19 ^ yy >> 61 ^ y >> 6
        w.append((w[i - 16] + w[i - 7] + (x & _MASK) + (y & _MASK)) & _MASK)
    return w


def _rounds(start: "list[int]", w: "list[int]") -> "tuple[int, ...]":
    a, b, c, d, e, f, g, h = start
    for i in range(80):
        x = e << 64 | e
        h += ((x >> 14 ^ x >> 18 ^ x >> 41) & _MASK) + (g ^ e & (f ^ g)) + _K[i] + w[i]
        x = a << 64 | a
        x = ((x >> 28 ^ x >> 34 ^ x >> 39) & _MASK) + (a & b | c & (a | b))
        a, b, c, d, e, f, g, h = (h + x) & _MASK, a, b, c, (d + h) & _MASK, e, f, g
    return a, b, c, d, e, f, g, h
