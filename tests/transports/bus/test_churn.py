"""Everything at once, by a seed: nodes that go and come, babblers, bit errors, streams; in the end
all find each other, and no stream ever carried anything else than what was given to it."""

from edge.errors import LimitError
from edge.system import MICROPYTHON
from tests import kit
from tests.transports.bus.medium import Bus
from transports.bus.station import Station

SEEDS = 1 if MICROPYTHON else 6
NODES = 3 if MICROPYTHON else 6
SPAN_MS = 20000
PATTERN = kit.Rng(11).bytes(1000)


class Churn:
    def __init__(self, seed: int) -> None:
        self.rng = kit.Rng(seed)
        self.bus = Bus(NODES, 11520, seed)
        self.bus.has_echo = seed % 2 == 1
        self.bus.latency_ms = seed % 3 * 2
        self.carried = 0

    def happen(self) -> None:
        bus, rng = self.bus, self.rng
        stop = bus.stops[rng.below(NODES)]
        what = rng.below(8)
        if what == 0:
            stop.is_on = not stop.is_on
        elif what == 1:  # it starts again, and forgets
            self.forget(stop)
        elif what == 2:
            bus.babblers = rng.below(4) // 3
        elif what == 3:
            bus.flip_every_bytes = (0, 0, 5000, 500)[rng.below(4)]
        elif what == 4 and stop.is_on:
            stop.core.line_lost(bus.now)
            stop.core.line_restored(bus.now)
        else:
            self.call(stop, bus.stops[rng.below(NODES)])

    def forget(self, stop) -> None:
        self.check(stop)
        seed = 1 + self.rng.below(30000)
        stop.core = Station(stop.core.name, seed, self.bus.pace, self.bus.now)
        stop.core.accepts = True
        stop.streams, stop.out = [], []

    def call(self, one, other) -> None:
        if one is not other and not one.core.has_session(other.core.name):
            try:
                self.bus.call(one, other, PATTERN)
            except LimitError:
                pass

    def check(self, stop) -> None:
        for stream in stop.streams:
            assert bytes(stream.got) == PATTERN[: len(stream.got)], stop.core.name
            self.carried += len(stream.got)

    def settle(self) -> None:
        bus = self.bus
        bus.babblers = bus.flip_every_bytes = 0
        for stop in bus.stops:
            stop.is_on = True
        bus.formed(15000)
        assert len({stop.core.address for stop in bus.stops}) == NODES
        for stop in bus.stops:
            self.check(stop)
            self.forget(stop)
        bus.formed(15000)
        one, other = bus.members[0], bus.members[1]
        self.call(one, other)
        assert bus.arrives(other, len(PATTERN), 5000)


def test_churn():
    for seed in range(1, SEEDS + 1):
        churn = Churn(seed)
        while churn.bus.now < SPAN_MS:
            churn.happen()
            churn.bus.pause(50 + churn.rng.below(500))
        churn.settle()
        print("seed {}: {} bytes came through".format(seed, churn.carried))
        assert churn.carried > 0


if __name__ == "__main__":
    kit.run(globals())
