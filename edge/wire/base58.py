"""base58btc, in which peer ids are written: one big number, and a "1" for every leading zero byte.

The other alphabets are in edge.wire.multibase.
"""

from edge.errors import RemoteError, printable

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def encode(data: bytes, alphabet: str = _ALPHABET) -> str:
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


def decode(text: str, alphabet: str = _ALPHABET) -> bytes:
    """The cost grows with the square of the length: bound a peer's text before."""
    value = 0
    for character in text:
        digit = alphabet.find(character)
        if digit < 0:
            raise RemoteError("bad digit in " + printable(text))
        value = value * len(alphabet) + digit
    size = len(text)
    body = value.to_bytes(size, "big").lstrip(b"\0")
    return bytes(size - len(text.lstrip(alphabet[0]))) + body
