"""A half-duplex bus in simulated time: who talk at once garble each other; by a seed.

Time goes in milliseconds.  What a station says goes out from then on at the rate of the bus, after
``latency_ms``, and the others hear it as it goes.
"""

from tests import kit
from transports.bus.pace import Pace
from transports.bus.station import Called, Station
from transports.link import session as link


class Stop:
    """A station, what it wants to say on the bus, and what happened to it."""

    def __init__(self, bus, number: int) -> None:
        name = b"node " + bytes([48 + number // 10, 48 + number % 10])
        self.core = Station(name, bus.rng.below(32768) * 32768 + number, bus.pace, bus.now)
        self.core.accepts = True
        self.is_on = True
        self.out: list = []  # (time, bytes)
        self.events: list = []
        self.streams: list = []  # Stream

    def step(self, now: int) -> None:
        core = self.core
        if now >= core.deadline():
            core.handle_deadline(now)
        event = core.next_event()
        while event:
            self.events.append(event)
            if isinstance(event, Called):
                self.streams.append(Stream(event.pair))
            event = core.next_event()
        for stream in self.streams:
            stream.step()
        data = core.data_to_send()
        if data:
            self.out.append(data)

    def saw(self, kind) -> list:
        return [event for event in self.events if isinstance(event, kind)]


class Stream:
    """What goes over a session."""

    def __init__(self, pair, data: bytes = b"") -> None:
        self.pair = pair
        self.to_send = data
        self._sent = 0
        self.got = bytearray()

    def step(self) -> None:
        core = self.pair.session
        if self._sent < len(self.to_send) and core.state != link.CLOSED:
            self._sent += core.send(self.to_send[self._sent : self._sent + 1024])
        self.got += core.read(65536)


class Bus:
    def __init__(self, count: int, bytes_per_s: int = 11520, seed: int = 1) -> None:
        self.now = 0
        self.rng = kit.Rng(seed)
        self.pace = Pace(bytes_per_s)
        self.flip_every_bytes = 0  # a bit of about one byte in so many
        self.has_echo = False
        self.babblers = 0  # who talk all the time
        self.latency_ms = 0
        self.carried = self.collisions = 0
        self.stops = [Stop(self, number) for number in range(count)]
        self.taps: list = []  # called with (stop, data) for all that is said
        self._share = 0
        self._late: list = []  # (time, sender, data)

    def add(self) -> Stop:
        self.stops.append(Stop(self, len(self.stops)))
        return self.stops[-1]

    @property
    def alive(self) -> list:
        return [stop for stop in self.stops if stop.is_on]

    @property
    def masters(self) -> list:
        return [stop for stop in self.alive if stop.core.is_master]

    @property
    def members(self) -> list:
        return [stop for stop in self.alive if not stop.core.is_master]

    def turns(self, during_ms: int) -> dict:
        """How many turns each has, by name, in so many milliseconds."""
        before = {stop.core.name: stop.core.turns for stop in self.alive}
        self.pause(during_ms)
        return {stop.core.name: stop.core.turns - before[stop.core.name] for stop in self.alive}

    def step(self) -> None:
        self.now += 1
        self._share += self.pace.bytes_per_s
        size, self._share = self._share // 1000, self._share % 1000
        self._carry(size)
        while self._late and self._late[0][0] <= self.now:
            _, sender, data = self._late.pop(0)
            for stop in self.alive:
                if stop is not sender or self.has_echo:
                    stop.core.receive_data(data, self.now)
        for stop in self.alive:
            before = len(stop.out)
            stop.step(self.now)
            for tap in self.taps if len(stop.out) > before else ():
                tap(stop, stop.out[-1])

    def _carry(self, size: int) -> None:
        """The bytes of one millisecond."""
        pieces = []
        for stop in self.stops:
            if stop.out and stop.is_on:
                pieces.append((stop, stop.out[0][:size]))
                rest = stop.out[0][size:]
                stop.out[:1] = [rest] if rest else []
        for _ in range(self.babblers):
            pieces.append((None, self.rng.bytes(size)))
        self.carried += sum([len(data) for _, data in pieces])
        if len(pieces) > 1:
            self.collisions += 1
        for sender, data in pieces:
            if len(pieces) > 1:
                data = self.rng.bytes(len(data))
            self._late.append((self.now + self.latency_ms, sender, self._damaged(data)))

    def _damaged(self, data: bytes) -> bytes:
        every = self.flip_every_bytes
        if not every:
            return data
        out = bytearray(data)
        for at in range(len(out)):
            if not self.rng.below(every):
                out[at] ^= 1 << self.rng.below(8)
        return bytes(out)

    def run(self, until, limit_ms: int) -> bool:
        """Whether ``until()`` came true in time."""
        end = self.now + limit_ms
        while self.now < end:
            if until():
                return True
            self.step()
        return until()

    def arrives(self, stop: Stop, size: int, limit_ms: int) -> bool:
        """Whether ``size`` bytes of its newest session come to ``stop`` in time."""
        return self.run(lambda: stop.streams and len(stop.streams[-1].got) >= size, limit_ms)

    def pause(self, duration_ms: int) -> None:
        self.run(lambda: False, duration_ms)

    def is_formed(self) -> bool:
        """Whether there is one master, and all know all."""
        alive = self.alive
        if len(self.masters) != 1:
            return False
        for stop in alive:
            if not stop.core.address or len(stop.core.roster) != len(alive):
                return False
        return True

    def formed(self, limit_ms: int = 10000) -> "Bus":
        assert self.run(self.is_formed, limit_ms), self.told()
        return self

    def told(self) -> list:
        """For a failed test: the state of all."""
        return [
            (stop.core.name, stop.core.address, stop.core.is_master, stop.core.roster.addresses())
            for stop in self.alive
        ]

    def call(self, one: Stop, other: Stop, data: bytes) -> Stream:
        """A session from ``one`` to ``other`` over which ``data`` goes."""
        stream = Stream(one.core.dial(other.core.name, self.now), data)
        one.streams.append(stream)
        return stream
