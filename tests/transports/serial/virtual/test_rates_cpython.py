"""What a whole connection (Noise, yamux, identify) gets out of a line, in virtual time: goodput,
and how long a ping takes beside a bulk stream.  Prints the medians of its seeds (pytest -s)."""

import random
import statistics

from edge.swarm.protocols.ping import PROTOCOL as PING
from edge.swarm.protocols.ping import round_trip
from edge.system import aio, clock
from tests.sim.loop import Ground
from tests.transports.serial.virtual.ends_cpython import VirtualPair, VirtualWire, bulk

SEEDS = (1, 2, 3)
# Name, baud, bytes, faults, per cent of the line (baud / 10) that a stream must get.
LINES: tuple = (
    ("115200", 115200, 50000, {}, 93),
    ("bit errors 1e-5", 115200, 50000, {"flip_every_bits": 100000}, 86),
    ("bit errors 1e-4", 115200, 50000, {"flip_every_bits": 10000}, 75),
    ("bit errors 5e-4", 115200, 50000, {"flip_every_bits": 2000}, 45),
    ("2 bursts a second of 20 ms", 115200, 50000, {"bursts_per_10_s": 20}, 80),
    ("byte loss 1e-4", 115200, 50000, {"lose_every_bytes": 10000}, 86),
    ("921600", 921600, 150000, {}, 90),
    ("9600", 9600, 12000, {}, 85),
)
# Baud, bulk streams, both ways, ms at most: in the median, ever.
PINGS = (
    (115200, 1, False, 100, 130),
    (115200, 3, False, 100, 130),
    (115200, 1, True, 140, 180),
    (921600, 1, False, 40, 60),
    (9600, 1, False, 900, 1500),
    (9600, 1, True, 1500, 2500),  # go and js give it 10 s
)
PING_BYTES = 2 * (32 + 12 + 18 + 10)  # ping, yamux, Noise, link; there and back


async def _goodput(baud: int, size: int, wire: VirtualWire) -> float:
    async with VirtualPair(wire) as pair:
        await aio.sleep_ms(300)
        data = random.Random(size).randbytes(size)
        began = clock.monotonic_ms()
        await bulk(pair.dialer, data)
        assert bytes(pair.listener.got) == data
        return size * 1e6 / (clock.monotonic_ms() - began) / baud


def test_goodput():
    for name, baud, size, faults, least in LINES:
        shares = []
        for seed in SEEDS:
            with Ground(seed) as ground:
                wire = VirtualWire(baud, seed=seed, **faults)
                shares.append(ground.run(_goodput(baud, size, wire)))
        median = statistics.median(shares)
        print("{}: {:.1f} % of the line, at least {}".format(name, median, least))
        assert median >= least, (name, shares)


async def _pings(pair: VirtualPair, count: int) -> tuple[list[float], list[float]]:
    """On a stream that was there before, and on a fresh one each."""
    chance = random.Random(1)
    peer = pair.listener.swarm.peer_id
    stream = await pair.dialer.swarm.new_stream(peer, (PING,))
    existing, fresh = [await round_trip(stream)], []
    for _ in range(count):
        await aio.sleep_ms(chance.randrange(300))
        existing.append(await round_trip(stream))
        await aio.sleep_ms(chance.randrange(300))
        began = clock.monotonic_ms()
        await pair.dialer.ping.ping(peer)
        fresh.append(clock.monotonic_ms() - began)
    await stream.close()
    return existing[1:], fresh


async def _beside_bulk(baud: int, streams: int, both: bool) -> tuple[list[float], list[float]]:
    async with VirtualPair(VirtualWire(baud)) as pair, aio.Group() as group:
        data = bytes(baud * 5)
        for end in (pair.dialer, pair.listener)[: 1 + both]:
            for _ in range(streams):
                group.spawn(bulk(end, data))
        await aio.sleep_ms(1000)
        times = await _pings(pair, 25)
        assert len(pair.listener.got) < len(data) * streams
        return times


def test_a_ping_beside_bulk_streams():
    for baud, streams, both, median, most in PINGS:
        with Ground(1) as ground:
            kinds = ground.run(_beside_bulk(baud, streams, both))
        for name, times in zip(("existing", "fresh"), kinds, strict=True):
            middle, worst = statistics.median(times), max(times)
            beside = f"{streams} bulk streams" + " each way" * both
            print(f"{baud}, {beside}, {name} stream: {middle:.0f} ms, at most {worst:.0f}")
            assert middle <= median and worst <= most, (baud, name, sorted(times))


async def _idle(baud: int) -> float:
    async with VirtualPair(VirtualWire(baud)) as pair:
        await aio.sleep_ms(300)
        return statistics.median((await _pings(pair, 10))[0])


def test_a_ping_on_an_idle_line():
    for baud in (9600, 115200, 921600):
        with Ground(1) as ground:
            took = ground.run(_idle(baud))
        least = PING_BYTES * 10000 / baud
        print(f"{baud}: {took:.1f} ms; its bytes take {least:.1f}")
        assert took <= 1.3 * least + 1  # the clock of the line steps by one
