"""A bus of three stations, and anything on the line at any time."""

from transports.bus import message, station
from transports.bus.master import FORWARDS_MAX, INVITES_MAX
from transports.bus.pace import Pace
from transports.bus.station import Station

RATE = 11520
STEPS_MAX = 8000  # until they have found each other again


def bus_message(data: bytes) -> None:
    """What is decoded is encoded."""
    for chunk in data.split(b"\0"):
        frame = message.decode(chunk)
        if frame:
            assert message.decode(message.encode(frame)[:-1]) == frame
        for entry in message.decode_entries(chunk):
            assert message.decode_entries(message.encode_entry(entry)) == [entry]


class Line:
    """Three stations; what one says the others hear in the next millisecond."""

    def __init__(self) -> None:
        self.now = 0
        names = (b"one", b"two", b"three")
        self.cores = [Station(name, 7 * number, Pace(RATE), 0) for number, name in enumerate(names)]
        for core in self.cores:
            core.accepts = True

    def step(self, millis: int, deafness: int = 0) -> None:
        """``deafness``: bits of stations that hear nothing."""
        self.now += millis
        out = []
        for core in self.cores:
            if self.now >= core.deadline():
                core.handle_deadline(self.now)
            while core.next_event():
                pass
            out.append(core.data_to_send())
        noise = sum(map(bool, out)) > 1
        for number, core in enumerate(self.cores):
            for other, data in enumerate(out):
                if data and number != other and not deafness >> number & 1:
                    core.receive_data(data[len(data) // 2 :] if noise else data, self.now)
        self.check()

    def check(self) -> None:
        for core in self.cores:
            assert len(core.roster) <= message.NODES_MAX
            assert len(core._pairs) <= station.PAIRS_MAX
            assert len(core._refusals) <= station.REFUSALS_MAX
            assert len(core.events) <= station.EVENTS_MAX + message.NODES_MAX
            if core.is_master:
                assert len(core.role._tree) <= INVITES_MAX + 1
                assert len(core.role._assigned) <= message.NODES_MAX
                assert len(core.role._queue) <= 3 * message.NODES_MAX
            for node in core.roster.nodes.values():
                assert len(node.forwards) <= FORWARDS_MAX

    def is_formed(self) -> bool:
        """Whether there is one master, and each knows the others and has an address of its own."""
        masters = [core for core in self.cores if core.is_master]
        if len(masters) != 1 or len({core.address for core in self.cores} - {0}) != 3:
            return False
        return all(
            core.roster.named(other.name) and core.roster.named(other.name).address == other.address
            for core in self.cores
            for other in self.cores
        )


def _body(data: bytes) -> bytes:
    """A frame whose sum is right, with fields of any value."""
    from binascii import crc32

    from transports.link import frames

    body = bytes([7 + data[0] % 9]) + data[1:]
    if len(body) > 2:
        body = body[:1] + bytes([body[1] % 8, body[2] % 8]) + body[3:]
    return frames.encode(body + crc32(body).to_bytes(4, "big"))


def bus_station(data: bytes) -> None:
    """Noise, forged frames, deaf stations, and lapses of time; when it is over, the three find
    each other and can talk."""
    line = Line()
    for _ in range(data[0] * 8 if data else 0):
        line.step(1)
    while len(data) > 1:
        action, size = data[0] % 8, 1 + data[1] % 64
        piece, data = data[2 : 2 + size], data[2 + size :]
        core = line.cores[size % 3]
        if action < 2:
            core.receive_data(piece, line.now)
        elif action < 5 and piece:
            for one in line.cores[action - 3 :]:
                one.receive_data(b"\0" + _body(piece), line.now)
        elif action == 5:
            line.step(size * 16, size % 8)  # everybody slept, some are deaf
        elif action == 6:
            _dial(line, core, size)
        for _ in range(size):
            line.step(1, action if action == 7 else 0)
    _goes_on(line)


def _dial(line: Line, core: Station, size: int) -> None:
    other = line.cores[(size + 1) % 3]
    is_new = not any(pair.name == other.name for pair in core._pairs)
    if is_new and len(core._pairs) < station.PAIRS_MAX:
        core.dial(other.name, line.now).session.send(b"to be heard")


def _goes_on(line: Line) -> None:
    for _ in range(STEPS_MAX):
        if line.is_formed():
            return
        line.step(1)
    told = [(core.name, core.address, core.roster.addresses()) for core in line.cores]
    raise AssertionError("not formed again: {}".format(told))


TARGETS = {"bus_message": bus_message, "bus_station": bus_station}
