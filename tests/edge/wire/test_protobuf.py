"""Vectors of the Protocol Buffers encoding guide, and what a peer must not do."""

from edge.errors import RemoteError
from edge.wire import protobuf
from tests import kit


def fields(text: str) -> list:
    return list(protobuf.fields(bytes.fromhex(text)))


def test_vectors_of_the_encoding_guide():
    assert fields("089601") == [(1, 150)]
    assert fields("120774657374696e67") == [(2, b"testing")]
    assert fields("1a03089601") == [(3, b"\x08\x96\x01")]
    assert protobuf.encode_uint(1, 150) == bytes.fromhex("089601")
    assert protobuf.encode_bytes(2, b"testing") == bytes.fromhex("120774657374696e67")
    assert fields("") == []


def test_every_wire_type():
    assert fields("08ffffffffffffffffff01") == [(1, (1 << 64) - 1)]
    assert fields("090102030405060708") == [(1, bytes(range(1, 9)))]
    assert fields("0d01020304") == [(1, b"\1\2\3\4")]
    assert fields("0a00") == [(1, b"")]
    assert fields("088100") == [(1, 1)]  # not minimal: protobuf permits it
    assert fields("8a0001ff") == [(1, b"\xff")]
    assert fields("f8ffffff0f01") == [((1 << 29) - 1, 1)]


def test_views_are_cut_from_views():
    (found,) = protobuf.fields(memoryview(b"\x0a\x03abc"))
    assert bytes(found[1]) == b"abc" and isinstance(found[1], memoryview)


def test_bad_messages():
    for text in (
        "08",  # no value
        "0896",  # varint cut off
        "0a",
        "0a05616263",  # longer than the message
        "0affffffffffffffffff01",  # length of 2**64 - 1
        "0affffffffffffffffff7f",
        "0901020304050607",
        "0d010203",
        "0001",  # field 0
        "0200",
        "0b0c",  # a group
        "0c",
        "0e01",  # wire types 6 and 7
        "0f01",
        "08ffffffffffffffffff02",  # more than 64 bits
        "0880808080808080808080" + "01",  # 11 bytes
        "80808080100100",  # field number of 2**29
        "ffffffffffffffffff01",
    ):
        kit.raises(RemoteError, fields, text)


def test_parse_by_schema():
    data = b"".join(
        [
            protobuf.encode_bytes(1, b"key"),
            protobuf.encode_bytes(2, b"one"),
            protobuf.encode_bytes(3, "ä".encode()),
            protobuf.encode_uint(4, 7),
            protobuf.encode_bytes(2, b"two"),
            protobuf.encode_uint(6, 1),
            protobuf.encode_uint(6, 2),
            protobuf.encode_bytes(3, b""),
        ]
    )
    key, all_two, names, number, absent, numbers = protobuf.parse(data, "bBSuuU")
    assert (key, all_two, names) == (b"key", [b"one", b"two"], ["ä", ""])
    assert (number, absent, numbers) == (7, None, [1, 2])
    assert protobuf.parse(b"", "bBsSuU") == [None, [], None, [], None, []]


def test_the_last_of_several_counts():
    assert protobuf.parse(b"\x08\x01\x08\x02", "u") == [2]


def test_unknown_fields_are_skipped():
    data = protobuf.encode_uint(1, 5) + protobuf.encode_bytes(2, b"x") + b"\x2d1234"
    assert protobuf.parse(data, "u") == [5]
    assert protobuf.parse(data, "u---") == [5, None, None, None]


def test_a_known_field_of_another_wire_type():
    for data, schema in (
        (b"\x08\x01", "b"),
        (b"\x0a\x01a", "u"),
        (b"\x0d1234", "b"),
        (b"\x0912345678", "S"),
        (b"\x0912345678", "u"),
    ):
        kit.raises(RemoteError, protobuf.parse, data, schema)


def test_text_is_utf8():
    kit.raises(RemoteError, protobuf.parse, b"\x0a\x01\xff", "s")
    kit.raises(RemoteError, protobuf.parse, b"\x0a\x02\xc3\x28", "S")
    assert protobuf.parse(memoryview(b"\x0a\x01a"), "s") == ["a"]


def test_a_message_in_a_message_may_not_run_past_it():
    inner = b"\x0a\x05ab"
    outer = protobuf.encode_bytes(1, inner) + b"cdefgh"[:0]
    (found,) = protobuf.parse(outer, "b")
    kit.raises(RemoteError, protobuf.parse, found, "b")


if __name__ == "__main__":
    kit.run(globals())
