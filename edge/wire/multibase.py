"""Bytes as text: a letter that names the alphabet, then digits of it.

base58btc is at hand, since peer ids are written in it, without the letter; the other alphabets are
loaded when one is met. Spec: multiformats/multibase.
"""

from edge.errors import RemoteError, printable

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58_encode(data: bytes) -> str:
    value = int.from_bytes(data, "big")
    text = ""
    while value:
        text = _BASE58[value % 58] + text
        value //= 58
    for byte in data:
        if byte:
            break
        text = "1" + text
    return text


def base58_decode(text: str) -> bytes:
    """The cost grows with the square of the length: bound a peer's text before."""
    value = 0
    for character in text:
        digit = _BASE58.find(character)
        if digit < 0:
            raise RemoteError("not base58: " + printable(text))
        value = value * 58 + digit
    size = len(text)
    zeros = size - len(text.lstrip("1"))
    return bytes(zeros) + value.to_bytes(size, "big").lstrip(b"\0")


def encode(code: str, data: bytes) -> str:
    """``data`` in the alphabet that the letter ``code`` names, which comes first."""
    if code == "z":
        return "z" + base58_encode(data)
    from edge.wire import multibase_more

    return multibase_more.encode(code, data)


def decode(text: str) -> bytes:
    if text.startswith("z"):
        return base58_decode(text[1:])
    from edge.wire import multibase_more

    return multibase_more.decode(text)
