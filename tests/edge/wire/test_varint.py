"""multiformats/unsigned-varint: vectors of its README, and what it forbids."""

from edge.errors import RemoteError
from edge.wire import varint
from tests import kit

VECTORS = (
    (0, "00"),
    (1, "01"),
    (127, "7f"),
    (128, "8001"),
    (255, "ff01"),
    (300, "ac02"),
    (16384, "808001"),
    ((1 << 63) - 1, "ffffffffffffffff7f"),
)


def test_vectors():
    for value, text in VECTORS:
        data = bytes.fromhex(text)
        assert varint.encode(value) == data
        assert varint.decode(data) == (value, len(data))
        assert varint.read(memoryview(data), 0) == (value, len(data))


def test_decode_starts_at_the_offset_and_leaves_the_rest():
    assert varint.decode(b"\xff\xac\x02\x05", 1) == (300, 3)
    assert varint.decode(b"\x05", 1) is None


def test_incomplete_is_none_for_a_stream_and_wrong_for_a_message():
    for _, text in VECTORS:
        data = bytes.fromhex(text)
        for size in range(len(data)):
            assert varint.decode(data[:size]) is None
            kit.raises(RemoteError, varint.read, data[:size], 0)


def test_what_the_spec_forbids():
    for text in ("8100", "808000", "ffffffffffffffffff01", "8080808080808080808000", "80" * 9):
        kit.raises(RemoteError, varint.decode, bytes.fromhex(text))
    assert varint.decode(b"\x80" * 8) is None


def test_protobuf_is_laxer():
    assert varint.decode(b"\x81\x00", 0, True) == (1, 2)
    assert varint.decode(b"\xff" * 9 + b"\x01", 0, True) == ((1 << 64) - 1, 10)
    assert varint.decode(b"\x80" * 9, 0, True) is None
    kit.raises(RemoteError, varint.decode, b"\x80" * 10, 0, True)


def test_round_trips():
    for bit in range(63):
        for value in ((1 << bit) - 1, 1 << bit, (1 << bit) + 1):
            data = varint.encode(value)
            assert varint.decode(data) == (value, len(data))


def test_frame():
    assert varint.frame(b"") == b"\0"
    assert varint.frame(b"abc") == b"\x03abc"
    assert varint.frame(bytes(300))[:3] == b"\xac\x02\x00"


if __name__ == "__main__":
    kit.run(globals())
