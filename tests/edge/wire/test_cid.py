"""Multihashes, CIDs and the peer ids written as either."""

from edge.errors import RemoteError
from edge.wire import base58, cid, multibase, multicodec, multihash, peer_ids, varint
from tests import kit
from tests.vectors.multiaddr import ED25519, ED25519_BYTES, ED25519_CID

ID = bytes.fromhex(ED25519_BYTES)
DIGEST = b"\x12\x20" + bytes(range(32))


def test_multihash():
    assert multihash.encode(multihash.SHA2_256, bytes(range(32))) == DIGEST
    assert multihash.decode(DIGEST) == (multihash.SHA2_256, bytes(range(32)))
    assert multihash.decode(b"\0\0") == (multihash.IDENTITY, b"")
    assert multihash.decode(b"\xa0\xe4\x02\x01x") == (0xB220, b"x")


def test_multihash_refused():
    for data in (b"", b"\x12", b"\x12\x20", DIGEST[:-1], DIGEST + b"\0", b"\x92\0\0", b"\xff" * 12):
        kit.raises(RemoteError, multihash.decode, data)


def test_cid_version_1():
    data = cid.encode(multicodec.RAW, DIGEST)
    assert data == b"\x01\x55" + DIGEST
    assert cid.decode(data) == (1, multicodec.RAW, DIGEST)
    for base in "fbkzmu":
        text = cid.encode_text(multicodec.RAW, DIGEST, base)
        assert cid.decode_text(text) == (1, multicodec.RAW, DIGEST)


def test_cid_version_0():
    text = base58.encode(DIGEST)
    assert text.startswith("Qm") and len(text) == 46
    assert cid.decode_text(text) == (0, multicodec.DAG_PB, DIGEST)
    assert cid.decode(DIGEST) == (0, multicodec.DAG_PB, DIGEST)


def test_cid_refused():
    for data in (b"", b"\x01", b"\x01\x55", b"\x02\x55" + DIGEST, b"\x01\x55" + DIGEST[:-1]):
        kit.raises(RemoteError, cid.decode, data)
    for text in (
        "",
        "z" + base58.encode(DIGEST),  # version 0 takes no letter
        multibase.encode("b", DIGEST),
        base58.encode(b"\x01\x55" + DIGEST),  # version 1 needs one
        "Qm" + "1" * 45,
        "b" + "a" * 1000,
    ):
        kit.raises(RemoteError, cid.decode_text, text)


def test_peer_id_texts():
    assert peer_ids.parse(ED25519) == ID
    assert peer_ids.parse(ED25519_CID) == ID
    assert peer_ids.parse(base58.encode(DIGEST)) == DIGEST
    for base in "fbkzmu":
        text = cid.encode_text(multicodec.LIBP2P_KEY, ID, base)
        assert len(text) <= peer_ids.TEXT_MAX
        assert peer_ids.parse(text) == ID


def test_peer_id_bytes():
    for size in range(1, 43):
        data = b"\0" + varint.frame(bytes(size))
        assert peer_ids.check(data) == data
    assert peer_ids.check(DIGEST) == DIGEST


def test_peer_id_refused():
    for data in (
        b"",
        b"\0",
        b"\0\0",
        b"\0" + varint.frame(bytes(43)),
        ID[:-1],
        ID + b"\0",
        DIGEST[:-1],
        b"\x12\x1f" + bytes(31),
        b"\x12\x21" + bytes(33),
        b"\x11\x14" + bytes(20),
        b"\x13\x40" + bytes(64),
        b"\x80\x00\x01x",  # identity as a varint that is not minimal
    ):
        kit.raises(RemoteError, peer_ids.check, data)


def test_peer_id_texts_refused():
    qm = base58.encode(DIGEST)
    for text in (
        "",
        "1",
        "Qm",
        qm + "1",  # 47 characters
        qm[:-1],
        qm.replace("Q", "0"),
        ED25519.replace("2", "0"),
        ED25519.replace("2", "O"),
        ED25519.replace("2", "I"),
        ED25519.replace("2", "l"),
        " " + ED25519,
        "z" + ED25519,  # wrong multibase: not a CID
        "m" + ED25519_CID[1:],
        "x" + ED25519_CID[1:],
        cid.encode_text(multicodec.DAG_PB, DIGEST),
        cid.encode_text(multicodec.RAW, ID),
        cid.encode_text(multicodec.LIBP2P_KEY, b"\x11\x14" + bytes(20)),
        cid.encode_text(multicodec.LIBP2P_KEY, b"\x00" + varint.frame(bytes(43))),
        "1" * 129,
        "b" * 10000,
    ):
        kit.raises(RemoteError, peer_ids.parse, text)


def test_private_codes():
    assert multicodec.is_private(0x300000) and multicodec.is_private(0x3FFFFF)
    assert not multicodec.is_private(0x2FFFFF) and not multicodec.is_private(0x400000)


if __name__ == "__main__":
    kit.run(globals())
