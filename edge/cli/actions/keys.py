"""Keys as people write them: a CID, a multihash, or any words, whose hash is the key.

    bafkreid7..  QmYwAPJz..       a CID: its multihash, whatever its codec
    12202f0a7..  QmYwAPJz..       a multihash in hex or base58btc
    temperature  name:temperature the SHA2-256 of the UTF-8 of "temperature", as go-libp2p's routing
                                  discovery has it

What looks like a CID and is none is an error, not a name: a digit lost in copying must not be
answered with "nobody has it".
"""

import re
from collections import namedtuple

from edge.errors import EdgeError, LocalError, RemoteError, printable
from edge.routing import KEY_BYTES_MAX, closeness
from edge.system import primitives
from edge.wire import base58, cid, multicodec, multihash

NAME = "name:"
NAME_BYTES_MAX = 1024  # of UTF-8
DISTANCE_BITS = 256

_DIGEST_BYTES_LEAST = 16  # of a multihash without a CID around it; fewer are words by accident
_BASE58_LEAST, _BASE58_MAX = 22, 120  # characters
_HASHES = frozenset((0x00, *range(0x11, 0x1F), 0x56, *range(0xB201, 0xB261)))  # that are in use
_LIKE_A_CID = re.compile(r"(baf[ykz]|k51|k2k|Qm|z[bd]|12D3Koo|f01|1220)[0-9A-Za-z]{32,}$")

# ``multihash``: the key; ``text``: as it is shown; ``meaning``: "cid", "multihash" or "name"
Key = namedtuple("Key", ("multihash", "cid", "text", "meaning"))


def parse(text: str) -> Key:
    """The key that somebody means by ``text``; LocalError if that cannot be told."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise LocalError(f"{printable(text)} is not UTF-8") from None
    if size > NAME_BYTES_MAX:
        raise LocalError(f"a key of more than {NAME_BYTES_MAX} bytes")
    if text.startswith(NAME):
        return _of_name(text[len(NAME) :])
    return _of_cid(text) or _of_multihash(text) or _of_name(_no_cid(text))


def describe(key: Key) -> dict:
    """``key`` for people and programs; the letters of its text are whose language they are."""
    text = "".join([letter if letter.isprintable() else "?" for letter in key.text])
    return {"key": key.multihash.hex(), "cid": key.cid, "text": text, "meaning": key.meaning}


def of_bytes(data: bytes) -> Key:
    """The key ``data``, of which nobody knows any more how it was written."""
    return Key(data, cid.encode_text(multicodec.RAW, data), data.hex(), "multihash")


def shared_bits(key: bytes, peer_id: bytes) -> int:
    """How many leading bits of their places a key and a peer share: the more, the closer."""
    return DISTANCE_BITS - closeness.distance(key, peer_id).bit_length()


def _of_cid(text: str) -> Key | None:
    try:
        digest = cid.decode_text(text)[2]
        code, value = multihash.decode(digest)
    except EdgeError:
        return None
    if code != multihash.IDENTITY and len(value) < _DIGEST_BYTES_LEAST:
        return None
    if len(digest) > KEY_BYTES_MAX:
        raise LocalError(
            f"{printable(text)} holds {len(digest)} bytes\na key has at most {KEY_BYTES_MAX}"
        )
    return Key(digest, text, text, "cid")


def _of_multihash(text: str) -> Key | None:
    for decode in (bytes.fromhex, _base58):
        try:
            data = decode(text)
            code, digest = multihash.decode(data)
        except (ValueError, RemoteError):
            continue
        if code in _HASHES and _DIGEST_BYTES_LEAST <= len(digest) <= KEY_BYTES_MAX - 2:
            return Key(data, cid.encode_text(multicodec.RAW, data), text, "multihash")
    return None


def _base58(text: str) -> bytes:
    if not _BASE58_LEAST <= len(text) <= _BASE58_MAX:
        raise RemoteError("not base58")
    return base58.decode(text)


def _of_name(name: str) -> Key:
    if not name.strip():
        raise LocalError("a key without a letter\ngive a CID, a multihash, or words of your own")
    digest = multihash.encode(multihash.SHA2_256, primitives.sha256(name.encode()))
    return Key(digest, cid.encode_text(multicodec.RAW, digest), name, "name")


def _no_cid(text: str) -> str:
    """``text``, unless it was to be a CID or a multihash."""
    if _LIKE_A_CID.match(text):
        raise LocalError(
            f"{printable(text)} looks like a CID, but it is not a whole one\n"
            f"copy it again; or, if it is a name: {NAME}{printable(text)}"
        )
    return text
