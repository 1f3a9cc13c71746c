"""The alphabets of multibase whose digits are a number of bits, loaded when one is met.

Variants of letter case and padding are read, the lower-case form without padding is written.
Specs: multiformats/multibase, RFC 4648.
"""

from edge.errors import RemoteError, printable

BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"  # and two more

_BASES = {"f": "0123456789abcdef", "b": BASE32, "m": BASE64 + "+/", "u": BASE64 + "-_"}
_READ_AS = {"F": "f", "B": "b", "c": "b", "C": "b", "M": "m", "U": "u"}
_GROUPS = {"c": 8, "C": 8, "M": 4, "U": 4}  # characters, where padding fills the last group
_BITS = {16: 4, 32: 5, 64: 6}  # of a digit, by the size of its alphabet


def encode(code: str, data: bytes) -> str:
    assert code in _BASES, "a base that is only read"
    return code + bits_encode(data, _BASES[code])


def decode(code: str, digits: str) -> bytes:
    alphabet = _BASES.get(_READ_AS.get(code, code))
    if not alphabet:
        raise RemoteError("unknown multibase: " + printable(code + digits))
    if code in _GROUPS:
        digits = without_padding(digits, _GROUPS[code])
    return bits_decode(digits if len(alphabet) == 64 else digits.lower(), alphabet)


def without_padding(digits: str, group: int) -> str:
    """``digits`` without the "=" that fill the last ``group``."""
    bare = digits.rstrip("=")
    if len(digits) % group or len(digits) - len(bare) >= group:
        raise RemoteError("multibase: wrong padding")
    return bare


def bits_encode(data: bytes, alphabet: str) -> str:
    """``data`` in digits of a few bits each, zeros filling the last."""
    bits = _BITS[len(alphabet)]
    count = (len(data) * 8 + bits - 1) // bits
    value = int.from_bytes(data, "big") << (count * bits - len(data) * 8)
    mask = len(alphabet) - 1
    return "".join([alphabet[value >> (index * bits) & mask] for index in range(count - 1, -1, -1)])


def bits_decode(digits: str, alphabet: str) -> bytes:
    bits = _BITS[len(alphabet)]
    value = 0
    for character in digits:
        digit = alphabet.find(character)
        if digit < 0:
            raise RemoteError("multibase: bad digit in " + printable(digits))
        value = value << bits | digit
    spare = len(digits) * bits % 8
    if spare >= bits or value & ((1 << spare) - 1):
        raise RemoteError("multibase: bits left over in " + printable(digits))
    return (value >> spare).to_bytes(len(digits) * bits // 8, "big")
