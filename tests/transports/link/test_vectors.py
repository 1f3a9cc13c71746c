"""The vectors of the specification: tests/vectors/link.txt, which says what its lines are."""

from binascii import hexlify, unhexlify

from tests import kit
from transports.link import frames, message
from transports.link.message import Data, Hello, Report
from transports.link.session import Session

FILE = "tests/vectors/link.txt"


def _lines(kind: str) -> list:
    with open(FILE) as file:
        rows = [line.split() for line in file if line[:1] != "#"]
    return [row[1:] for row in rows if row and row[0] == kind]


def _bytes(text: str) -> bytes:
    return b"" if text == "-" else unhexlify(text)


def test_cobs():
    rows = _lines("cobs")
    for data, wire in rows:
        assert frames.encode(_bytes(data)) == _bytes(wire)
        assert frames.decode(_bytes(wire)[:-1]) == _bytes(data)
    assert len(rows) >= 8


def test_what_is_no_frame():
    for (wire,) in _lines("not"):
        body = frames.decode(_bytes(wire))
        assert body is None or message.decode(body, 0, 0, 0) is None


def test_hello():
    rows = _lines("hello")
    for kind, *numbers, options, wire in rows:
        hello = Hello(*[int(number) for number in numbers], _bytes(options))
        assert frames.encode(message.encode_hello(int(kind), hello)) == _bytes(wire)
        body = frames.decode(_bytes(wire)[:-1])
        assert body is not None and message.decode_hello(body) == hello
    assert rows


def test_frames_of_a_session():
    rows = _lines("frame")
    for sender, receiver, data, report, wire in rows:
        tag = message.tag(int(sender), int(receiver))
        told, piece, sequence, acknowledged = None, None, 0, 0
        if data != "-":
            ordinal, sequence, payload = data.split(",")
            sequence = int(sequence)
            piece = Data(int(ordinal), sequence, _bytes(payload))
        if report != "-":
            told = Report(*[int(number) for number in report.split(",")])
            acknowledged = told.acknowledged
        assert frames.encode(message.encode(piece, told, tag)) == _bytes(wire)
        body = frames.decode(_bytes(wire)[:-1])
        assert body is not None
        assert message.decode(body, tag, sequence, acknowledged) == (piece, told)
    assert len(rows) >= 5


def test_a_conversation():
    """Two sessions that say what the file says, at the same times, and understand each other."""
    ends = {"A": Session(0x0A0A0A0A, 11520, 0), "B": Session(0x0B0B0B0B, 11520, 0)}
    for end in ends.values():
        end.receiver._max = 2048  # as small as a chip's
        end._told = 2048
    rows = _lines("say")
    for who, time, wire in rows:
        now, speaker, hearer = int(time), ends[who], ends["B" if who == "A" else "A"]
        for name, given_at, data in _lines("give"):
            if name == who and given_at == time:
                assert speaker.send(_bytes(data)) == len(_bytes(data))
        speaker.handle_deadline(now)
        assert hexlify(speaker.data_to_send(now)) == wire.encode(), (who, time)
        hearer.receive_data(_bytes(wire), now)
    for who, data in _lines("hear"):
        assert ends[who].read(1000) == _bytes(data)
    assert rows


if __name__ == "__main__":
    kit.run(globals())
