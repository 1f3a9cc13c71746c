"""In virtual time: cables without swarms, on ports that also fail and fill up.

Prints what happened (pytest -s)."""

import pytest

from edge.errors import LinkError
from edge.system import aio
from tests.sim.loop import Ground
from tests.transports.serial.soak.weather_cpython import Weather, resident_bytes
from tests.transports.serial.virtual.ends_cpython import VirtualWire
from tests.transports.serial.virtual.hostile_cpython import Rig
from transports.link import message
from transports.link.sender import Sender

BAUD = 115200
DURATIONS_MS = {1: 600_000, 2: 200_000}  # of a seed; of odd ones both ends dial
MOVES_MS_MAX = 6000
CALM_MS_MAX = 4000
# Other lines: what the address says, the rate of the line, how soon bytes move again.
LINES = (("~115200-921600", 115200, 10000), ("~0", 3000000, 6000), ("~9600", 9600, 15000))
GROWTH_BYTES_MAX = 12 << 20
CHECKED_BYTES_MIN = 150_000
FAULTS = {
    "flip_every_bits": 25000,
    "lose_every_bytes": 10000,
    "bursts_per_10_s": 8,
    "overrun_every_bytes": 15000,
    "replay_every_bytes": 8000,
    "garbage_every_bytes": 8000,
}


class PortWeather(Weather):
    """Ports fail, too."""

    def __init__(self, rig: Rig, seed: int) -> None:
        super().__init__(rig, seed, MOVES_MS_MAX, CALM_MS_MAX)
        self.acts += [self.fail, self.fill]

    async def fail(self) -> None:
        node = self.chance.choice((self.rig.a, self.rig.b))
        operation = self.chance.choice(("read", "write"))

        def trouble(wanted: str) -> None:
            if wanted == operation:
                node.trouble = lambda operation: None
                raise LinkError("broken")

        node.trouble = trouble
        await aio.sleep_ms(100)

    async def fill(self) -> None:
        """A driver takes nothing, then one byte at a time, then all again."""
        node = self.chance.choice((self.rig.a, self.rig.b))
        for node.takes in (0, 1, 1 << 20):
            await self.pause(20, 300, 2500)


def _start(rig: Rig, seed: int) -> PortWeather:
    both = bool(seed & 1)
    rig.a.start(dials=True, listens=both)
    rig.b.start(dials=both, listens=True)
    return PortWeather(rig, seed)


async def _soak(seed: int, duration_ms: int) -> tuple[Rig, Weather, int]:
    async with Rig(VirtualWire(BAUD, seed=seed, **FAULTS)) as rig:
        weather = _start(rig, seed)
        await weather.go(duration_ms // 10)
        before = resident_bytes()
        await weather.go(duration_ms * 9 // 10)
        return rig, weather, resident_bytes() - before


@pytest.mark.parametrize("seed", DURATIONS_MS)
def test_ten_minutes_of_everything(seed: int):
    with Ground(seed) as ground:
        rig, weather, growth = ground.run(_soak(seed, DURATIONS_MS[seed]))
        checked = rig.checked()
    print(f"{checked} bytes checked, {weather.count} disturbances, grown by {growth >> 10} KB,")
    print(f"cables held at most {rig.a.held_max} and {rig.b.held_max} bytes;")
    print(f"until the stream moved again, in ms at most: {weather.slowest}")
    for node in (rig.a, rig.b):
        print(node.boots, "boots,", node.tally.streams, "streams;", node.tally.failures)
    assert checked > CHECKED_BYTES_MIN and growth < GROWTH_BYTES_MAX


async def _short(wire: VirtualWire, parameters: str, moves_ms_max: int) -> dict:
    async with Rig(wire, parameters) as rig:
        weather = _start(rig, 1)
        weather.moves_ms_max = moves_ms_max
        await weather.go(60_000)
        return weather.slowest


@pytest.mark.parametrize(("parameters", "baud", "moves_ms_max"), LINES)
def test_other_lines(parameters: str, baud: int, moves_ms_max: int):
    with Ground(1) as ground:
        slowest = ground.run(_short(VirtualWire(baud, **FAULTS), parameters, moves_ms_max))
    print(parameters, "moves again, in ms at most:", slowest)


def test_a_soak_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(message, "_intact", lambda body, start: True)
    with Ground(1) as ground, pytest.raises(AssertionError):
        ground.run(_soak(2, 60_000))


def test_a_soak_finds_who_is_stuck(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Sender, "_repeat", lambda self, start, end: None)
    with Ground(1) as ground, pytest.raises(AssertionError):
        ground.run(_soak(2, 60_000))
