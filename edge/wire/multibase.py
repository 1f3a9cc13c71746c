"""Bytes as text: a letter that names the alphabet, then digits of it.

base58btc is at hand, since peer ids are written in it, without the letter; the other alphabets are
loaded when one is met. Spec: multiformats/multibase.
"""

from edge.errors import RemoteError, printable

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def number_encode(data: bytes, alphabet: str = _BASE58) -> str:
    """``data`` as one big number, a leading zero digit for every leading zero byte."""
    value = int.from_bytes(data, "big")
    base = len(alphabet)
    text = ""
    while value:
        text = alphabet[value % base] + text
        value //= base
    for byte in data:
        if byte:
            break
        text = alphabet[0] + text
    return text


def number_decode(text: str, alphabet: str = _BASE58) -> bytes:
    """The cost grows with the square of the length: bound a peer's text before."""
    value = 0
    base = len(alphabet)
    for character in text:
        digit = alphabet.find(character)
        if digit < 0:
            raise RemoteError("not base {}: {}".format(base, printable(text)))
        value = value * base + digit
    size = len(text)
    zeros = size - len(text.lstrip(alphabet[0]))
    return bytes(zeros) + value.to_bytes(size, "big").lstrip(b"\0")


base58_encode = number_encode
base58_decode = number_decode


def encode(code: str, data: bytes) -> str:
    """``data`` in the alphabet that the letter ``code`` names, which comes first."""
    if code == "z":
        return "z" + base58_encode(data)
    if code == "k":
        return "k" + number_encode(data, _BASE36)
    from edge.wire import multibase_more

    return multibase_more.encode(code, data)


def decode(text: str) -> bytes:
    """The bytes of ``text``; the cost grows with the square of its length, too."""
    code, digits = text[:1], text[1:]
    if code == "z":
        return base58_decode(digits)
    if code in ("k", "K"):
        return number_decode(digits.lower(), _BASE36)
    from edge.wire import multibase_more

    return multibase_more.decode(code, digits)
