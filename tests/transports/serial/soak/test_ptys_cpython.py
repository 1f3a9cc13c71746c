"""In real time: whole swarms on ptys, with Noise and yamux; the line in a process of its own.

Mostly waiting.  SOAK_SECONDS says how long; prints what happened (pytest -s)."""

import faulthandler
import os
import resource
import time
from pathlib import Path

import pytest

from edge.system import aio, clock
from tests.transports.serial.nodes_cpython import ECHO, End
from tests.transports.serial.soak import talk
from tests.transports.serial.soak.weather_cpython import Weather, resident_bytes
from tests.transports.serial.wire_cpython import Faults, Side, WireProcess

SECONDS = int(os.environ.get("SOAK_SECONDS", "600"))
MOVES_MS_MAX = 20000  # after a disturbance; a second or two where nothing else runs
CALM_MS_MAX = 12000
PAUSE_MS = 150  # between two pieces: the machine has other things to do
PIECE_BYTES_MAX = 1200
PROCESSOR_SHARE_MAX = 0.25  # of one core, without the line
GROWTH_BYTES_MAX = 16 << 20
FAULTS = Faults(bit_error_rate=3e-5, loss_rate=5e-5, bursts_per_s=0.7, seed=5)


class Plug:
    """A side of the wire as the weather knows it."""

    def __init__(self, wire: WireProcess, side: Side) -> None:
        self._wire, self._side = wire, side
        self._is_there = True

    def unplug(self) -> None:
        self._is_there = False
        self._wire.unplug(self._side)

    def plug(self) -> None:
        self._wire.plug(self._side)
        self._is_there = True

    def hear(self, data: bytes) -> None:
        if self._is_there:
            self._wire.inject(self._side, data)


class Node:
    """A swarm that listens, and keeps a stream to the other one; what it hears it says again."""

    def __init__(self, side: Side, number: int) -> None:
        self._side, self._number = side, number
        self.tally = talk.Tally()
        self.boots = 0

    async def boot(self) -> None:
        self.boots += 1
        self.end = End(self._side.link, self._number)
        self.end.swarm.set_stream_handler(ECHO, talk.echo)
        self._group = aio.Group()
        await self.end.swarm.listen(self.end.address)
        seed = 100 * self.boots + self._number
        talker = talk.keep_talking(self._open, self.tally, seed, PIECE_BYTES_MAX, PAUSE_MS)
        self._group.spawn(talker)

    async def _open(self):
        swarm = self.end.swarm
        held = swarm.connections()
        connection = held[0] if held else await swarm.dial(self.end.address)
        return await connection.new_stream((ECHO,))

    async def power_off(self) -> None:
        """Nobody says goodbye."""
        self.end.cable._unplug()
        await self.end.cable._group.cancel()
        await self._group.cancel()
        await self.end.swarm.close()


class Rig:
    def __init__(self, wire: WireProcess) -> None:
        self.sides = (Plug(wire, wire.a), Plug(wire, wire.b))
        self.nodes = (Node(wire.a, 1), Node(wire.b, 2))

    async def reboot(self, number: int) -> None:
        await self.nodes[number].power_off()
        await self.nodes[number].boot()

    async def moves(self, limit_ms: int) -> int:
        """Both ends hear what they said."""
        began = clock.monotonic_ms()
        tallies = [node.tally for node in self.nodes]
        before = [tally.checked for tally in tallies]
        while any(tally.checked == was for tally, was in zip(tallies, before, strict=True)):
            took = clock.monotonic_ms() - began
            errors = [node._group.errors for node in self.nodes]
            assert took < limit_ms and errors == [[], []], (took, errors, self.told())
            await aio.sleep_ms(10)
        for tally in tallies:
            assert not tally.wrong, tally.wrong
        return clock.monotonic_ms() - began

    def told(self) -> list:
        ends = [node.end for node in self.nodes]
        return [(end.status, end.swarm.connections()) for end in ends]


async def _soak(wire: WireProcess) -> None:
    rig = Rig(wire)
    for node in rig.nodes:
        await node.boot()
    weather = Weather(rig, 7, MOVES_MS_MAX, CALM_MS_MAX)
    try:
        await rig.moves(MOVES_MS_MAX)
        await weather.go(SECONDS * 100)
        before = resident_bytes()
        await weather.go(SECONDS * 900)
        growth = resident_bytes() - before
    finally:
        for node in rig.nodes:
            await node.power_off()
    print(f"{weather.count} disturbances, grown by {growth >> 10} KB;")
    print(f"until the stream moved again, in ms at most: {weather.slowest}")
    for node in rig.nodes:
        tally = node.tally
        print(node.boots, "boots,", tally.streams, "streams,", tally.checked, "bytes checked")
        print("  longest silence", tally.silence_ms_max, "ms;", tally.failures)
    assert growth < GROWTH_BYTES_MAX


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_ten_minutes_of_everything(tmp_path: Path):
    faulthandler.cancel_dump_traceback_later()  # that of pytest, for tests that take so long
    began, used = time.monotonic(), _processor_s()
    with WireProcess(tmp_path, FAULTS) as wire:
        aio.run(_soak(wire))
    share = (_processor_s() - used) / (time.monotonic() - began)
    print(f"{share * 100:.1f} % of a processor")
    assert share < PROCESSOR_SHARE_MAX
