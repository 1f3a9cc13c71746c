"""The table of validators, and the public keys under /pk."""

import sys

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS, not_before
from edge.records.validators import MODULES, name_in, open_validators, pk
from tests import kit
from tests.edge.identity import vectors

NOW_MS = EARLIEST_UNIX_MS
KEYS = (vectors.ED25519_PUBLIC, vectors.SECP256K1_PUBLIC, vectors.ECDSA_PUBLIC, vectors.RSA_PUBLIC)


def id_of(encoded: bytes) -> PeerId:
    from edge.identity.keys import decode_public_key

    return PeerId.from_public_key(decode_public_key(encoded))


def test_a_validator_is_loaded_when_it_is_used():
    sys.modules.pop(MODULES["ipns"], None)
    table = open_validators()
    assert sorted(table) == ["edge", "ipns", "pk"]
    assert MODULES["ipns"] not in sys.modules
    kit.raises(RemoteError, table["ipns"].validate, b"/ipns/x", b"", 0)
    assert MODULES["ipns"] in sys.modules
    table["pk"].validate(pk.key_of(id_of(KEYS[3])), KEYS[3], NOW_MS)
    assert table["pk"].select(b"", [b"", b""]) == 0


def test_names_in_keys():
    assert name_in(b"/pk/abc", "pk") == b"abc"
    assert name_in(b"/pk/a/c", "pk") == b"a/c"
    for key in (b"", b"/pk/", b"/pk", b"pk/abc", b"/p/abc", b"/pkk/abc", b"//pk/abc"):
        kit.raises(RemoteError, name_in, key, "pk")


def test_keys_of_every_kind():
    for encoded in KEYS:
        pk.validate(pk.key_of(id_of(encoded)), encoded, NOW_MS)


def test_the_key_of_another():
    for encoded in KEYS:
        for other in KEYS:
            if other != encoded:
                kit.raises(RemoteError, pk.validate, pk.key_of(id_of(encoded)), other, NOW_MS)


def test_keys_in_another_form():
    for encoded in KEYS:
        key = pk.key_of(id_of(encoded))
        for value in (b"", encoded[:-1], encoded + b"\0", encoded[2:] + encoded[:2], bytes(2000)):
            kit.raises(RemoteError, pk.validate, key, value, NOW_MS)
        for at in range(0, len(encoded), 7):
            flipped = encoded[:at] + bytes([encoded[at] ^ 1]) + encoded[at + 1 :]
            kit.raises(RemoteError, pk.validate, key, flipped, NOW_MS)


def test_names_that_are_no_peer_ids():
    encoded = PrivateKey.from_seed(bytes(32)).public.encode()
    good = id_of(encoded).to_bytes()
    for name in (
        b"x",
        good[:-1],
        good + b"\0",
        b"\x12\x20" + bytes(31),
        str(id_of(encoded)).encode(),
    ):
        kit.raises(RemoteError, pk.validate, b"/pk/" + name, encoded, NOW_MS)
    kit.raises(RemoteError, pk.validate, b"/ipns/" + good, encoded, NOW_MS)
    kit.raises(RemoteError, pk.validate, b"/pk/", encoded, NOW_MS)


def test_it_is_at_least_so_late():
    assert not_before(0) == not_before(EARLIEST_UNIX_MS) == EARLIEST_UNIX_MS
    assert not_before(EARLIEST_UNIX_MS + 1) == EARLIEST_UNIX_MS + 1


if __name__ == "__main__":
    kit.run(globals())
