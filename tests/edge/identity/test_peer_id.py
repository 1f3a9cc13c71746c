"""Peer ids: the specs' vectors, both text forms, and what is no peer id."""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey, decode_public_key
from edge.identity.peer_id import PeerId
from tests import kit
from tests.edge.identity import vectors

ED25519 = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
ED25519_CID = "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6"
# From the specs, "String representation": one peer in both forms.
SHA256 = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"
SHA256_CID = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"


def test_ids_of_the_specs_keys():
    for encoded, text in (
        (vectors.ED25519_PUBLIC, ED25519),
        (vectors.SECP256K1_PUBLIC, "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY"),
        (vectors.ECDSA_PUBLIC, "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"),
        (vectors.RSA_PUBLIC, "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG"),
    ):
        peer_id = PeerId.from_public_key(decode_public_key(encoded))
        assert str(peer_id) == text
        assert PeerId.parse(text) == peer_id
        assert PeerId(memoryview(peer_id.to_bytes())) == peer_id


def test_both_text_forms_are_read():
    for text, cid in ((ED25519, ED25519_CID), (SHA256, SHA256_CID)):
        assert PeerId.parse(cid) == PeerId.parse(text)
        assert str(PeerId.parse(cid)) == text
        assert PeerId.parse(cid.upper()) == PeerId.parse(text)  # the base32 of capitals


def test_a_short_key_is_in_the_id():
    for encoded in (vectors.ED25519_PUBLIC, vectors.SECP256K1_PUBLIC):
        peer_id = PeerId.from_public_key(decode_public_key(encoded))
        assert peer_id.public_key().encode() == encoded
    assert PeerId.parse(SHA256).public_key() is None


def test_an_id_of_inline_garbage_has_no_key():
    assert PeerId(b"\0\x03abc").public_key() is None
    assert PeerId(b"\0\x24" + b"\x08\x01\x12\xa0" + bytes(32)).public_key() is None


def test_equal_by_bytes_and_good_as_a_key():
    one, other = PeerId.parse(ED25519), PeerId.parse(ED25519_CID)
    assert one == other and hash(one) == hash(other) and {one: 1}[other] == 1
    assert one != PeerId.parse(SHA256)
    assert one != one.to_bytes() and one != None  # noqa: E711
    assert one.short == "o7R3pq" and ED25519 in repr(one)


def test_bytes_that_are_no_peer_id():
    key = PrivateKey.generate().public.encode()
    good = PeerId(b"\0\x24" + key).to_bytes()
    for bad in (
        b"",
        b"\0",
        b"\0\0",
        good[:-1],
        good + b"\0",
        b"\0\x2b" + bytes(43),  # longer than what is inlined
        b"\x12\x1f" + bytes(31),
        b"\x12\x21" + bytes(33),
        b"\x12\x20" + bytes(31),
        b"\x11\x14" + bytes(20),  # SHA-1
        b"\x13\x40" + bytes(64),  # SHA-512
        b"\x80\0\x24" + key,  # code not minimal
        b"\0\xa4\0" + key,
        b"\x01\x72\0\x24" + key,  # a CID
    ):
        kit.raises(RemoteError, PeerId, bad)


def test_text_that_is_no_peer_id():
    for bad in (
        "",
        "1",
        "Qm",
        "z" + ED25519,
        ED25519[:-1],
        ED25519 + "1",
        "1" + ED25519,
        SHA256 + "N",  # 47 characters
        SHA256[:-1],
        ED25519.replace("g", "0"),
        ED25519.replace("g", "O"),
        ED25519.replace("g", "I"),
        ED25519.replace("g", "l"),
        ED25519_CID.replace("a", "1"),
        ED25519_CID + "a",
        "k" + ED25519_CID[1:],  # another alphabet
        "?" + ED25519_CID[1:],
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",  # dag-pb
        "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy",  # raw
        "12D3KooW\n",
        "1" * 5000,
        "\u0661" * 46,
    ):
        kit.raises(LocalError, PeerId.parse, bad)


if __name__ == "__main__":
    kit.run(globals())
