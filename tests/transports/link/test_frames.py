"""Frames: COBS, resynchronisation, console text, bounds."""

from tests import kit
from transports.link import frames


def test_round_trip():
    rng = kit.Rng(3)
    samples = [b"", b"\0", b"\0\0", b"a", b"\1", b"\xff" * 600, b"\0" * 300]
    samples += [b"x" * size for size in (253, 254, 255, 507, 508, 509)]
    samples += [b"\0" + b"x" * size + b"\0" for size in (253, 254, 255)]
    samples += [rng.bytes(rng.below(700)) for _ in range(20)]
    for data in samples:
        wire = frames.encode(data)
        assert wire.find(b"\0") == len(wire) - 1
        assert len(wire) <= len(data) + 2 + len(data) // 254
        assert frames.decode(wire[:-1]) == data


def test_what_is_no_cobs():
    for chunk in (b"\0", b"\2", b"\xff", b"\3a", b"\2a\0", b"\5abc"):
        assert frames.decode(chunk) is None


def test_any_chunking_gives_the_same_chunks():
    data = b"boot\0" + frames.encode(b"one\0two") + b"\0\0" + frames.encode(b"") + b"rest"
    whole = frames.Reader().receive_data(data)
    for size in (1, 2, 3, 7):
        reader, found = frames.Reader(), []
        for start in range(0, len(data), size):
            found += reader.receive_data(data[start : start + size])
        assert found == whole and reader.pending == b"rest"


def test_what_no_zero_ends_is_bounded():
    reader, given = frames.Reader(), 0
    for _ in range(100):
        given += sum([len(chunk) for chunk in reader.receive_data(b"x" * 300)])
        assert len(reader.pending) <= frames.CHUNK_BYTES_MAX
    assert given + len(reader.pending) == 30000 and reader.overlong > 20


def test_text():
    for text in (b"ets Jul 29 2019\r\n", b"\x1b[0;32mI (29) boot\x1b[0m", "21 °C".encode()):
        assert frames.is_text(text)
    for noise in (b"\x01abc", b"abc\x7f", b"\xff\xfe", b"\x02\xc3"):
        assert not frames.is_text(noise)


if __name__ == "__main__":
    kit.run(globals())
