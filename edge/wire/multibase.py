"""Bytes as text: a letter that names the alphabet, then digits of it.

Digits worth a number of bits are cut from the front of the bytes, zeros filling the last one;
base36 and base58 write one big number. Variants of letter case and padding are read, the
lower-case form without padding is written. Specs: multiformats/multibase, RFC 4648.
"""

from edge.errors import RemoteError, printable
from edge.wire import base58

BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"  # and two more

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASES = {"f": _BASE36[:16], "b": BASE32, "m": BASE64 + "+/", "u": BASE64 + "-_"}
_READ_AS = {"F": "f", "B": "b", "c": "b", "C": "b", "M": "m", "U": "u"}
_GROUPS = {"c": 8, "C": 8, "M": 4, "U": 4}  # characters, where padding fills the last group
_BITS = {16: 4, 32: 5, 64: 6}  # of a digit, by the size of its alphabet

base58_encode = base58.encode
base58_decode = base58.decode


def encode(code: str, data: bytes) -> str:
    """``data`` in the alphabet that the letter ``code`` names, which comes first."""
    if code == "z":
        return "z" + base58.encode(data)
    if code == "k":
        return "k" + base58.encode(data, _BASE36)
    assert code in _BASES, "a base that is written"
    return code + bits_encode(data, _BASES[code])


def decode(text: str) -> bytes:
    """The cost grows with the square of the length: bound a peer's text before."""
    code, digits = text[:1], text[1:]
    if code == "z":
        return base58.decode(digits)
    if digits and max(digits) > "~":  # some of which have ASCII letters as their lower case
        raise RemoteError("not ASCII: " + printable(text))
    if code == "k" or code == "K":
        return base58.decode(digits.lower(), _BASE36)
    alphabet = _BASES.get(_READ_AS.get(code, code))
    if not alphabet:
        raise RemoteError("unknown multibase: " + printable(text))
    if code in _GROUPS:
        digits = without_padding(digits, _GROUPS[code])
    return bits_decode(digits if len(alphabet) == 64 else digits.lower(), alphabet)


def without_padding(digits: str, group: int) -> str:
    """``digits`` without the "=" that fill the last ``group``."""
    bare = digits.rstrip("=")
    if len(digits) % group or len(digits) - len(bare) >= group:
        raise RemoteError("wrong padding: " + printable(digits))
    return bare


def bits_encode(data: bytes, alphabet: str) -> str:
    bits = _BITS[len(alphabet)]
    count = (len(data) * 8 + bits - 1) // bits
    value = int.from_bytes(data, "big") << (count * bits - len(data) * 8)
    text = ""
    for _ in range(count):
        text = alphabet[value & (len(alphabet) - 1)] + text
        value >>= bits
    return text


def bits_decode(digits: str, alphabet: str) -> bytes:
    bits = _BITS[len(alphabet)]
    value = 0
    for character in digits:
        digit = alphabet.find(character)
        if digit < 0:
            raise RemoteError("bad digit in " + printable(digits))
        value = value << bits | digit
    spare = len(digits) * bits % 8
    if spare >= bits or value & ((1 << spare) - 1):
        raise RemoteError("bits left over in " + printable(digits))
    return (value >> spare).to_bytes(len(digits) * bits // 8, "big")
