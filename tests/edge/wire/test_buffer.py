"""Bytes wait in a Buffer until they are understood, however they were cut."""

from edge.errors import RemoteError
from edge.wire import varint
from edge.wire.buffer import Buffer
from tests import kit


def test_append_peek_take():
    buffer = Buffer()
    assert len(buffer) == 0 and buffer.take(0) == b""
    buffer.append(b"abc")
    buffer.append(memoryview(b"def"))
    assert bytes(buffer.peek()) == b"abcdef"
    assert buffer.take(4) == b"abcd" and len(buffer) == 2
    assert buffer.take(2) == b"ef" and len(buffer) == 0


def test_what_was_taken_stays():
    buffer = Buffer()
    buffer.append(b"abcdef")
    taken = buffer.take(3)
    buffer.append(b"x" * 1000)
    assert taken == b"abc" and isinstance(taken, bytes)


def test_any_chunking_gives_the_same_frames():
    messages = [b"", b"a", bytes(127), b"z" * 128, b"end"]
    data = b"".join([varint.frame(message) for message in messages])
    for step in (1, 2, 3, 7, len(data)):
        buffer = Buffer()
        found = []
        for start in range(0, len(data), step):
            buffer.append(data[start : start + step])
            frame = buffer.take_frame(128)
            while frame is not None:
                found.append(frame)
                frame = buffer.take_frame(128)
        assert found == messages and len(buffer) == 0


def test_a_frame_beyond_the_limit_is_refused_before_it_arrives():
    buffer = Buffer()
    buffer.append(varint.encode(129))
    kit.raises(RemoteError, buffer.take_frame, 128)
    buffer = Buffer()
    buffer.append(b"\xff" * 8 + b"\x7f")
    kit.raises(RemoteError, buffer.take_frame, 1 << 20)


def test_a_bad_length_is_refused():
    for data in (b"\x81\x00", b"\xff" * 9):
        buffer = Buffer()
        buffer.append(data)
        kit.raises(RemoteError, buffer.take_frame, 128)


def test_length_then_nothing():
    buffer = Buffer()
    buffer.append(b"\x05ab")
    assert buffer.take_frame(128) is None
    assert len(buffer) == 3


if __name__ == "__main__":
    kit.run(globals())
