"""The records that the IPNS specification publishes: tests/vectors/ipns_records.txt."""

from edge.errors import RemoteError
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS
from edge.records.validators import ipns
from edge.system import MICROPYTHON, primitives
from edge.wire import cid, multicodec, multihash, protobuf
from tests import kit

# On MicroPython this module may be in ROM, and data is where the runner starts.
FILE = "" if MICROPYTHON else __file__[: __file__.rfind("tests/edge")]
FILE += "tests/vectors/ipns_records.txt"


def read() -> tuple:
    """``(CID of the folder, [[file name, value or "invalid", record], ..])``."""
    folder = ""
    found: list = []
    with open(FILE) as lines:
        for line in lines:
            words = line.split()
            if words[0] == "folder":
                folder = words[1]
            elif words[0] == "record":
                found.append([words[1], words[2], b""])
            elif words[0] != "#":
                found[-1][2] += bytes.fromhex(words[0])
    return folder, found


def test_they_are_the_published_ones():
    """The CID of the folder that holds them, made as ``ipfs add --cid-version 1`` does."""
    folder, records = read()
    assert len(records) == 6
    node = b""
    for name, _, record in records:
        node += protobuf.encode_bytes(
            2,
            protobuf.encode_bytes(1, cid.encode(multicodec.RAW, digest_of(record)))
            + protobuf.encode_bytes(2, name.encode())
            + protobuf.encode_uint(3, len(record)),
        )
    node += protobuf.encode_bytes(1, b"\x08\x01")  # UnixFS: a folder
    assert cid.encode_text(multicodec.DAG_PB, digest_of(node)) == folder


def digest_of(data: bytes) -> bytes:
    return multihash.encode(multihash.SHA2_256, primitives.sha256(data))


def test_what_must_come_of_them():
    for file, expected, record in read()[1]:
        key = ipns.key_of(PeerId.parse(file.split("_")[0]))
        if expected == "invalid":
            kit.raises(RemoteError, ipns.validate, key, record, EARLIEST_UNIX_MS)
        else:
            ipns.validate(key, record, EARLIEST_UNIX_MS)
            assert ipns.read(record).value == expected.encode()


def test_why():
    reasons = {}
    for file, _, record in read()[1]:
        key = ipns.key_of(PeerId.parse(file.split("_")[0]))
        try:
            ipns.validate(key, record, EARLIEST_UNIX_MS)
        except RemoteError as error:
            reasons[file.split("_", 1)[1]] = str(error)
    assert reasons == {
        "v1.ipns-record": "an IPNS record without what has to be signed",
        "v1-v2-broken-v1-value.ipns-record": "an IPNS record that contradicts itself",
        "v1-v2-broken-signature-v2.ipns-record": "an IPNS record with a wrong signature",
    }


def test_they_end():
    for file, expected, record in read()[1]:
        if expected != "invalid":
            key = ipns.key_of(PeerId.parse(file.split("_")[0]))
            end_ms = ipns.read(record).validity_ns // 1000000
            ipns.validate(key, record, end_ms)
            kit.raises(RemoteError, ipns.validate, key, record, end_ms + 1)


if __name__ == "__main__":
    kit.run(globals())
