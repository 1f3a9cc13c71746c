"""ChaCha20-Poly1305 (RFC 8439) with big integers as vectors, where machine code cannot be emitted.

Several blocks are computed at once.  A row of all their states is one integer: a word in a lane of
64 bits, so that carries have room, four lanes a block, one block after the other:

    [ word 0 | word 1 | word 2 | word 3 ][ word 0 | word 1 | ...
"""

from edge.system import MICROPYTHON, const

_BLOCKS = 4 if MICROPYTHON else 32  # at once: more are faster and take more memory
_BLOCK = (1 << 256) - 1
_LANES = 1 | 1 << 64 | 1 << 128 | 1 << 192
_PRIME = (1 << 130) - 5
_CLAMP = const(0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF)


class Cipher:
    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a key has 32 bytes")
        self._key = bytes(key)

    def seal_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
        size = len(data)
        if len(out) != size + 16:
            raise ValueError("out must have 16 bytes more")
        stream = self._stream(nonce, size)
        view = memoryview(out)
        view[:size] = _xor(data, stream)
        view[size:] = _tag(stream, aad, view[:size])

    def open_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
        size = len(data) - 16
        if size < 0 or len(out) != size:
            raise ValueError("out must have 16 bytes less")
        stream = self._stream(nonce, size)
        view = memoryview(data)
        if _tag(stream, aad, view[:size]) != bytes(view[size:]):
            raise ValueError("bad tag")
        memoryview(out)[:] = _xor(view[:size], stream)

    def _stream(self, nonce: int, size: int) -> bytes:
        """Block 0, which begins with the key of the tag, and blocks for ``size`` bytes."""
        rows = [_row(b"expand 32-byte k"), _row(self._key[:16]), _row(self._key[16:]), 0]
        total = 1 + (size + 63) // 64
        parts = []
        for first in range(0, total, _BLOCKS):
            rows[3] = _row((first | nonce << 64).to_bytes(16, "little"))
            parts.append(_blocks(rows, min(_BLOCKS, total - first)))
        return b"".join(parts)


def _row(data: bytes) -> int:
    """Four words, each in its lane."""
    row = 0
    for i in (12, 8, 4, 0):
        row = row << 64 | int.from_bytes(data[i : i + 4], "little")
    return row


def _blocks(rows: "list[int]", count: int) -> bytes:
    """``count`` blocks of key stream, counted up from the state in ``rows``."""
    every = (1 << 256 * count) - 1
    ones = every // _BLOCK  # 1 in every block
    words = ones * (_LANES * 0xFFFFFFFF)
    lanes = (ones * ((1 << 64) - 1), ones * ((1 << 128) - 1), ones * ((1 << 192) - 1), every)
    start = [row * ones for row in rows]
    start[3] += (ones * ones & every) - ones  # 0, 1, 2, ... are the block counters
    a, b, c, d = start
    for _ in range(10):
        a, b, c, d = _quarter_rounds(a, b, c, d, words)
        b = b >> 64 & lanes[2] | b << 192 & (every ^ lanes[2])
        c = c >> 128 & lanes[1] | c << 128 & (every ^ lanes[1])
        d = d >> 192 & lanes[0] | d << 64 & (every ^ lanes[0])
        a, b, c, d = _quarter_rounds(a, b, c, d, words)
        b = b >> 192 & lanes[0] | b << 64 & (every ^ lanes[0])
        c = c >> 128 & lanes[1] | c << 128 & (every ^ lanes[1])
        d = d >> 64 & lanes[2] | d << 192 & (every ^ lanes[2])
    mixed = [a, b, c, d]
    dense = []
    for i in range(4):
        row = (mixed[i] + start[i]) & words
        row = (row | row >> 32) & (lanes[0] | lanes[0] << 128)
        dense.append((row | row >> 64) & lanes[1])
    upper = (dense[0] | dense[1] << 128).to_bytes(32 * count, "little")
    lower = (dense[2] | dense[3] << 128).to_bytes(32 * count, "little")
    return b"".join([upper[i : i + 32] + lower[i : i + 32] for i in range(0, 32 * count, 32)])


def _quarter_rounds(a: int, b: int, c: int, d: int, words: int) -> "tuple[int, int, int, int]":
    for one, two in ((16, 12), (8, 7)):
        a = (a + b) & words
        d ^= a
        d = (d << one | d >> 32 - one) & words
        c = (c + d) & words
        b ^= c
        b = (b << two | b >> 32 - two) & words
    return a, b, c, d


def _xor(data: bytes, stream: bytes) -> bytes:
    size = len(data)
    number = int.from_bytes(data, "little")
    return (number ^ int.from_bytes(stream[64 : 64 + size], "little")).to_bytes(size, "little")


def _tag(stream: bytes, aad: bytes, data: bytes) -> bytes:
    """Poly1305: the blocks are the coefficients of a polynomial, computed at r modulo a prime."""
    r = int.from_bytes(stream[:16], "little") & _CLAMP
    total = 0
    for part in (aad, data, len(aad).to_bytes(8, "little") + len(data).to_bytes(8, "little")):
        part = memoryview(part)
        for at in range(0, len(part), 16):
            block = int.from_bytes(part[at : at + 16], "little") | 1 << 128
            total = (total + block) * r % _PRIME
    total += int.from_bytes(stream[16:32], "little")
    return (total & ((1 << 128) - 1)).to_bytes(16, "little")
