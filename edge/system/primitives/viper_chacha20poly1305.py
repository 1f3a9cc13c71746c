"""ChaCha20-Poly1305 (RFC 8439) in machine words, for chips whose MicroPython emits native code.

A number of 32 bits is a heap object to MicroPython and a register to viper: 75 times faster, and
nothing for the garbage collector.  What looks roundabout below is what comes out small.
"""

from array import array

import micropython

# Scratch for the functions at the end; all ciphers share it, since nothing interrupts them.
_limbs = array("I", bytes(160))
_words = bytearray(
    b"expand 32-byte k"
    + bytes(112)
    # the quarter rounds of a double round, four words each; how much each of their steps rotates
    + b"\x10\x14\x18\x1c\x11\x15\x19\x1d\x12\x16\x1a\x1e\x13\x17\x1b\x1f"
    b"\x10\x15\x1a\x1f\x11\x16\x1b\x1c\x12\x17\x18\x1d\x13\x14\x19\x1e"
    b"\x10\x0c\x08\x07"
)


class Cipher:
    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a key has 32 bytes")
        self._key = bytes(key)

    def seal_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
        size = len(data)
        view = memoryview(out)
        view[:size] = data
        once = self._start(nonce)
        _cipher(_words, out, size)
        view[size:] = _tag(once, aad, out, size)

    def open_into(self, nonce: int, data: bytes, aad: bytes, out: bytearray) -> None:
        size = len(data) - 16
        view = memoryview(data)
        if _tag(self._start(nonce), aad, data, size) != bytes(view[size:]):
            raise ValueError("bad tag")
        memoryview(out)[:] = view[:size]
        _cipher(_words, out, size)

    def _start(self, nonce: int) -> bytearray:
        """Go to the start of a key stream; its first block is the one-time key of the tag."""
        _words[16:64] = self._key + (nonce << 64).to_bytes(16, "little")
        once = bytearray(32)
        _cipher(_words, once, 32)
        return once


def _tag(once: bytearray, aad: bytes, data: bytes, size: int) -> bytes:
    limbs = _limbs
    r = int.from_bytes(once[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    for i in range(10):
        limbs[i] = 0
        limbs[10 + i] = 5 * (r & 0x1FFF)
        limbs[20 + i] = r & 0x1FFF
        r >>= 13
    _absorb(limbs, aad, len(aad))
    _absorb(limbs, data, size)
    _absorb(limbs, (len(aad) | size << 64).to_bytes(16, "little"), 16)
    for i in range(9, -1, -1):
        r = (r << 13) + limbs[i]
    r = r % ((1 << 130) - 5) + int.from_bytes(once[16:], "little")
    return (r & ((1 << 128) - 1)).to_bytes(16, "little")


@micropython.viper
def _cipher(x: ptr32, data: ptr8, size: int):
    """Xor the key stream into ``data``; words 0 to 15 are the state, 16 to 31 a block of it."""
    while size > 0:
        i = 16
        while i:
            i -= 1
            x[16 + i] = x[i]
        while i < 320:  # a += b, d = (d ^ a) <<< n; then c += d, b = (b ^ c) <<< n
            table = ptr8(int(x) + 128 + (i & 28))
            if i & 1:
                q = table[1]
                table = ptr8(int(table) + 2)
            else:
                q = table[3]
            p = table[0]
            v = uint(x[p]) + uint(x[table[1]])
            x[p] = int(v)
            v ^= uint(x[q])
            p = ptr8(int(x) + 160)[i & 3]
            x[q] = int(v << p | v >> (32 - p))
            i += 1
        i = 0
        while i < 16:
            v = uint(x[i]) + uint(x[16 + i])
            p = 4
            while p and size > 0:
                data[0] = data[0] ^ int(v)
                data = ptr8(int(data) + 1)
                v >>= 8
                size -= 1
                p -= 1
            i += 1
        x[12] = x[12] + 1


@micropython.viper
def _absorb(x: ptr32, data: ptr8, size: int):
    """Add each 16 bytes of ``data``, zeros filling the last, and multiply by the key.

    Limbs of 13 bits: 0 to 9 what is absorbed so far, 10 to 19 the key times 5, 20 to 29 the key,
    30 to 39 the sum with a block.  2**130 counts as 5; ten products stay below 2**32.
    """
    v = uint(0)
    while size > 0:
        bits = 0
        i = 0
        j = 17
        while j:
            j -= 1
            byte = uint(j == 0)  # after 16 bytes: 2**128
            if j and size > 0:
                byte = uint(data[0])
                data = ptr8(int(data) + 1)
                size -= 1
            v += byte << bits
            bits += 8
            if bits > 12:
                v += uint(x[i])
                x[30 + i] = int(v & 0x1FFF)
                v >>= 13
                bits -= 13
                i += 1
        x[30] = x[30] + int(v * 5)
        v = uint(0)
        i = 0
        while i < 10:
            j = 10
            while j:
                j -= 1
                v += uint(x[30 + j]) * uint(x[20 + i - j])
            x[i] = int(v & 0x1FFF)
            v >>= 13
            i += 1
        v *= 5
    x[0] = x[0] + int(v)
