"""A cable that is pulled and put back: how soon it carries again, and that nothing is lost."""

import random

import pytest

from edge.system import aio, clock
from tests.sim.loop import Ground
from tests.transports.serial.nodes_cpython import ECHO
from tests.transports.serial.virtual.ends_cpython import Side, VirtualPair, VirtualWire, until

RESUME_MS_MAX = 300
PULLS = 8
BYTES_BETWEEN = 3000


class Exchange:
    """A stream that carries bulk both ways, checked."""

    def __init__(self, pair: VirtualPair, size: int) -> None:
        self.pair = pair
        self.data = random.Random(size).randbytes(size)
        self.back = bytearray()  # at the dialer
        self.there = bytearray()  # at the listener
        pair.listener.swarm.set_stream_handler(ECHO, self._echo)

    async def run(self) -> None:
        stream = await self.pair.dialer.connection.new_stream((ECHO,))
        async with aio.Group() as group:
            group.spawn(stream.write(self.data))
            while len(self.back) < len(self.data):
                self.back += await stream.read()

    async def _echo(self, stream) -> None:
        while len(self.there) < len(self.data):
            piece = await stream.read()
            self.there += piece
            await stream.write(piece)


async def _pull(side: Side, exchange: Exchange, away_ms: int) -> tuple[int, int]:
    """After how many ms the first bytes arrive again, there and back."""
    mark = len(exchange.back)
    await until(lambda: len(exchange.back) > mark + BYTES_BETWEEN)
    await aio.sleep_ms(away_ms % 97)
    side.unplug()
    await aio.sleep_ms(away_ms)
    there, back = len(exchange.there), len(exchange.back)
    side.plug()
    began = clock.monotonic_ms()
    times = [0, 0]
    while not all(times):
        await aio.sleep_ms(1)
        now = clock.monotonic_ms() - began
        times[0] = times[0] or now * (len(exchange.there) > there)
        times[1] = times[1] or now * (len(exchange.back) > back)
        assert now < 5000, times
    return times[0], times[1]


async def _pulls(wire: VirtualWire, seed: int) -> list[tuple[int, int]]:
    chance = random.Random(seed)
    async with VirtualPair(wire) as pair, aio.Group() as group:
        exchange = Exchange(pair, 80000)
        group.spawn(exchange.run())
        found = []
        for _ in range(PULLS):
            side = chance.choice((wire.a, wire.b))
            found.append(await _pull(side, exchange, chance.choice((20, 150, 700, 3000, 9000))))
        await group.join()
        assert bytes(exchange.back) == bytes(exchange.there) == exchange.data
        assert pair.dialer.status.sessions == pair.listener.status.sessions == 1
        return found


@pytest.mark.parametrize("seed", range(4))
def test_it_goes_on_at_once_and_nothing_is_lost(seed: int):
    with Ground(seed) as ground:
        found = ground.run(_pulls(VirtualWire(115200, seed=seed), seed))
    print("there and back again after", found, "ms")
    assert max(map(max, found)) <= RESUME_MS_MAX


def test_on_a_bad_line_it_goes_on_and_nothing_is_lost():
    with Ground(5) as ground:
        found = ground.run(_pulls(VirtualWire(115200, seed=5, flip_every_bits=20000), 5))
    print("there and back again after", found, "ms")
