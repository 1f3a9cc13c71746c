"""How a key that somebody typed is understood."""

import pytest

from edge.cli.actions import keys
from edge.errors import LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.system import primitives
from edge.wire import cid, multibase, multihash
from tests import kit

DIGEST = multihash.encode(multihash.SHA2_256, primitives.sha256(b"temperature"))
PEER = PeerId.from_public_key(PrivateKey.from_seed(bytes(32)).public)


@pytest.mark.parametrize("codec", [0x55, 0x70, 0x71, 0x72])
@pytest.mark.parametrize("base", ["b", "f", "k", "m", "u", "z"])
def test_a_cid_in_any_base_and_of_any_codec_is_its_multihash(base, codec) -> None:
    text = cid.encode_text(codec, DIGEST, base)
    assert keys.parse(text) == (DIGEST, text, text, "cid")


def test_a_cid_of_version_0() -> None:
    text = multibase.base58_encode(DIGEST)
    assert text.startswith("Qm")
    assert keys.parse(text) == (DIGEST, text, text, "cid")


def test_a_multihash_in_hex_and_base58() -> None:
    sha1 = multihash.encode(0x11, bytes(range(20)))
    for text in (sha1.hex(), sha1.hex().upper(), multibase.base58_encode(sha1)):
        key = keys.parse(text)
        assert (key.multihash, key.meaning) == (sha1, "multihash")
        assert cid.decode_text(key.cid) == (1, 0x55, sha1)
    key = keys.parse(str(PEER))
    assert (key.multihash, key.meaning) == (PEER.to_bytes(), "multihash")


def test_words_are_the_hash_of_their_utf8() -> None:
    key = keys.parse("temperature")
    assert key == (DIGEST, cid.encode_text(0x55, DIGEST), "temperature", "name")
    # as `ipfs add --raw-leaves` and go-libp2p's routing discovery have it
    assert key.cid == "bafkreiftcsxgbs3udzu7dterawwthmm6gt3arqosmwezlvsi6oc5pmd2yu"
    assert keys.parse("name:temperature") == key
    assert keys.parse("name:name:x").text == "name:x"
    assert keys.parse("küche 3").multihash[2:] == primitives.sha256("küche 3".encode())


def test_short_words_are_no_cids_by_accident() -> None:
    words = "bat fan monitor update k2 1220 0000 deadbeef baffled F m zoo Qm 2 base64 -"
    for word in words.split():
        assert keys.parse(word).meaning == "name"


def test_a_cid_that_lost_a_letter_is_no_name() -> None:
    for text in (cid.encode_text(0x55, DIGEST)[:-1], multibase.base58_encode(DIGEST)[:-1],
                 DIGEST.hex()[:-1], cid.encode_text(0x72, PEER.to_bytes(), "k")[:-2],
                 str(PEER)[:-1], cid.encode_text(0x71, DIGEST)[:-3] + "018"):  # fmt: skip
        assert "not a whole one" in str(kit.raises(LocalError, keys.parse, text))
        assert keys.parse("name:" + text).meaning == "name"


@pytest.mark.parametrize("text", ["", " ", "name:", "name: ", "x" * 1025, "ü" * 600, "\udcff"])
def test_what_can_be_no_key(text) -> None:
    kit.raises(LocalError, keys.parse, text)


def test_a_cid_that_holds_too_much() -> None:
    long = multihash.encode(multihash.IDENTITY, bytes(79))
    assert "at most 80" in str(kit.raises(LocalError, keys.parse, cid.encode_text(0x55, long)))
    most = multihash.encode(multihash.IDENTITY, bytes(78))
    assert keys.parse(cid.encode_text(0x55, most)).multihash == most


def test_a_text_is_shown_without_what_moves_a_terminal() -> None:
    shown = keys.describe(keys.parse("k\u00fcche\x1b[2J\u202e"))
    assert shown["text"] == "küche?[2J?"
    assert shown["key"].startswith("1220") and shown["meaning"] == "name"


def test_bits_that_agree() -> None:
    assert keys.shared_bits(PEER.to_bytes(), PEER.to_bytes()) == 256
    assert 0 <= keys.shared_bits(DIGEST, PEER.to_bytes()) < 32
