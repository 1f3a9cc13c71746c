"""What is said on a bus, and the vectors of the specification: tests/vectors/bus.txt."""

from binascii import hexlify, unhexlify

from tests import kit
from transports.bus import message
from transports.bus.message import Entry, Frame
from transports.bus.pace import Pace
from transports.bus.station import Station
from transports.link import session as sessions

FILE = "tests/vectors/bus.txt"


def _lines(kind: str) -> list:
    with open(FILE) as file:
        rows = [line.split() for line in file if line[:1] != "#"]
    return [row[1:] for row in rows if row and row[0] == kind]


def _bytes(text: str) -> bytes:
    return b"" if text == "-" else unhexlify(text)


def _frame(kind: str, to: str, source: str, numbers: str, rest: str) -> Frame:
    told = () if numbers == "-" else tuple([int(number) for number in numbers.split(",")])
    return Frame(int(kind), int(to), int(source), told, _bytes(rest))


def test_frames():
    rows = _lines("frame")
    for *fields, wire in rows:
        frame = _frame(*fields)
        assert message.encode(frame) == _bytes(wire), fields
        assert message.decode(_bytes(wire)[:-1]) == frame
    assert len({row[0] for row in rows}) == 9  # every kind


def test_what_is_no_frame():
    rows = _lines("not")
    for (wire,) in rows:
        assert message.decode(_bytes(wire)) is None, wire
    assert rows


def test_no_damaged_frame_is_taken_for_a_frame():
    whole = message.encode(Frame(message.POLL, 3, 1, (7, 1, 600), b"a link frame"))[:-1]
    for at in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            assert message.decode(bytes(damaged)) is None
        assert message.decode(whole[:at]) is None


def test_entries():
    rows = _lines("entries")
    for told, data in rows:
        entries = []
        for one in told.split(";"):
            address, nonce, flags, name = one.split(",")
            entries.append(Entry(int(address), int(nonce), int(flags), _bytes(name)))
        assert b"".join([message.encode_entry(entry) for entry in entries]) == _bytes(data)
        assert message.decode_entries(_bytes(data)) == entries
        assert len(message.decode_entries(_bytes(data)[:-1])) == len(entries) - 1
    assert rows
    for wrong in (b"\0", bytes(7), b"\x21" + bytes(5) + b"\1a", b"\1" + bytes(5) + b"\0"):
        assert message.decode_entries(wrong) == []


def test_reigns_are_counted_round():
    for reign, other in ((1, 0), (0, 65535), (32767, 0), (5, 65000)):
        assert message.is_newer(reign, other) and not message.is_newer(other, reign)
    assert not message.is_newer(3, 3)
    assert not message.is_newer(32768, 0) and not message.is_newer(0, 32768)


def test_who_is_invited():
    assert message.starts_with(0x1234, 0, 0)
    assert message.starts_with(0x8000, 1, 1) and not message.starts_with(0x8000, 1, 0)
    assert message.starts_with(0x1234, 16, 0x1234) and not message.starts_with(0x1234, 17, 0)
    assert message.branches(1, 1) == [(2, 2), (2, 3)]


def test_draws():
    for seed, count, drawn in _lines("draw"):
        assert message.mixed(int(seed), int(count)) == int(drawn)


class Conversation:
    """Stations that hear each other at once; a millisecond is a step."""

    def __init__(self) -> None:
        self.names = [row[0] for row in _lines("station")]
        self.stations = {}
        self.said: list = []
        self.now = 0
        for name, seed in _lines("station"):
            self.stations[name] = Station(name.encode(), int(seed), Pace(11520), 0)
            self.stations[name].accepts = True

    def step(self) -> None:
        self.now += 1
        out = []
        for name in self.names:
            core = self.stations[name]
            if self.now >= core.deadline():
                core.handle_deadline(self.now)
            out.append((name, core.data_to_send()))
        for name, data in out:
            if data:
                self.said.append([name, str(self.now), hexlify(data).decode()])
                self._hear(name, data)

    def _hear(self, speaker: str, data: bytes) -> None:
        for name in self.names:
            if name != speaker:
                self.stations[name].receive_data(data, self.now)


def test_a_conversation():
    """Stations say what the file says, at the same times, and understand each other."""
    bus = Conversation()
    sessions.BUFFER_BYTES_MAX, had = 2048, sessions.BUFFER_BYTES_MAX  # as small as a chip's
    try:
        _converse(bus)
    finally:
        sessions.BUFFER_BYTES_MAX = had


def _converse(bus: Conversation) -> None:
    (who, time, name) = _lines("dial")[0]
    while bus.now < int(time):
        bus.step()
    pair = bus.stations[who].dial(name.encode(), bus.now)
    assert pair.session.send(b"over the bus") == 12
    (who, time, data) = _lines("hear")[0]
    while bus.now < int(time):
        bus.step()
    assert bus.said == _lines("say")
    assert bus.stations[who]._pairs[0].session.read(100) == _bytes(data)


if __name__ == "__main__":
    kit.run(globals())
