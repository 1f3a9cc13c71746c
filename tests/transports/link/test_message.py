"""What is in a frame: every field, every damage, and what was meant for another place."""

from tests import kit
from transports.link import message
from transports.link.message import Data, Hello, Report

HELLO = Hello(1, 1, 0xDEADBEEF, 0x01020304, 5, 1024, 255, b"option")
TAG = message.tag(1, 2)


def test_hello():
    body = message.encode_hello(message.WELCOME, HELLO)
    assert body[0] == message.WELCOME and message.decode_hello(body) == HELLO
    for size in range(len(body)):
        assert message.decode_hello(body[:size]) is None
    for epoch, payload_max in ((0, 1024), (7, 0)):
        wrong = Hello(1, 1, epoch, 0, 0, payload_max, 0, b"")
        assert message.decode_hello(message.encode_hello(message.HELLO, wrong)) is None


def _frames() -> list:
    data, report = Data(300, 70000, b"payload"), Report(131071, 256, 0xFFFFFFFF, 9)
    return [(data, None), (None, report), (data, report), (Data(1, 70000, b""), None), (None, None)]


def test_frames_of_a_session():
    for data, report in _frames():
        body = message.encode(data, report, TAG)
        found = message.decode(body, TAG, 70100, 131000)
        if data:
            assert found[0] == Data(data.ordinal & 255, data.sequence, data.payload)
        else:
            assert found[0] is None
        if report:
            assert found[1] == Report(131071, 0, 0xFFFFFFFF, 9)
        else:
            assert found[1] is None


def test_damage_is_seen():
    for data, report in _frames():
        body = message.encode(data, report, TAG)
        for position in range(len(body)):
            for bit in range(8):
                wrong = bytearray(body)
                wrong[position] ^= 1 << bit
                assert message.decode(bytes(wrong), TAG, 70000, 131071) is None
        for size in range(len(body)):
            assert message.decode(body[:size], TAG, 70000, 131071) is None


def test_another_session_and_another_place_are_damage():
    for data, report in _frames():
        body = message.encode(data, report, TAG)
        assert message.decode(body, message.tag(2, 1), 70000, 131071) is None
        if data or report:
            assert message.decode(body, TAG, 70000 + 65536, 131071 + 65536) is None


def test_before_the_beginning_is_nowhere():
    body = message.encode(Data(1, 65535, b"x"), None, TAG)
    assert message.decode(body, TAG, 0, 0) is None


if __name__ == "__main__":
    kit.run(globals())
