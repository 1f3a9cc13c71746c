"""One rival on one emulated line: what it carries, how long a ping takes, how it comes back.

this process  --JSON-->  dialer  <-> port a  <-> the line, a process  <-> port b <->  listener
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError
from tests.transports.serial.wire_cpython import BITS, Faults, WireProcess
from tools import ROOT, say
from transports.serial.address import to_value

RIVALS = ("edge", "serial", "kiss")
INTERFACES = {"serial": "SerialInterface", "kiss": "KISSInterface"}
UNPACED_BAUD = 4000000  # what a program is told where the line has no rate
RIVAL_BYTES_PER_S = 38000  # a transfer of Reticulum is sized for, on fast lines
WITHOUT_RATE_S = 4  # how long 8 MB/s would take for what is sent there
START_TIMEOUT_S = 30
ANNOUNCES = 3
PRIORITY = -10
SETTLE_S = 0.4  # what follows a set-up has been said
CONNECT_TIMEOUT_S = 20
LOOK_S = 0.05
UNPLUGGED_S = 1.0
RESUME_TIMEOUT_S = 20
BESIDE_BYTES = (1 << 20) - 2  # more than is waited for; one Resource


@dataclass(frozen=True)
class Line:
    key: str
    title: str
    baud: int = 115200  # 0: as fast as it goes
    faults: dict = field(default_factory=dict)
    is_pulled: bool = False

    @property
    def limit(self) -> float:
        """Bytes a second that the line carries, 0 if there is no such limit."""
        return self.baud / BITS


LINES = (
    Line("clean", "115200"),
    Line("ber1e-5", "bit errors 1e-5", faults={"bit_error_rate": 1e-5}),
    Line("ber1e-4", "bit errors 1e-4", faults={"bit_error_rate": 1e-4}),
    Line("ber5e-4", "bit errors 5e-4", faults={"bit_error_rate": 5e-4}),
    Line("bursts", "bursts, 2/s x 20 ms", faults={"bursts_per_s": 2, "burst_ms": 20}),
    Line("loss", "byte loss 1e-4", faults={"loss_rate": 1e-4}),
    Line("921600", "921600", 921600),
    Line("9600", "9600", 9600),
    Line("unlimited", "no rate", 0),
    Line("replug", "115200, pulled", is_pulled=True),
)


@dataclass(frozen=True)
class Effort:
    seeds: int
    rival_seeds: int  # where chance is in the line; else once
    bulk_s: float  # of line time
    slow_bulk_s: float  # at 9600
    pings: int
    rival_s: float  # a rival's transfer may take so long
    rival_lines: tuple[str, ...]
    replugs: int


@dataclass
class Found:
    """Of one run: numbers by name, and what went wrong."""

    values: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Failed(Exception):
    """A rival does not do what was asked of it; the text is short."""


class Setting:
    """The line, and a rival's two programs at its ends."""

    def __init__(self, rival: str, line: Line, effort: Effort) -> None:
        self.rival, self.line, self.effort = rival, line, effort
        self.wire: Any = None
        self.dialer: Any = None
        self.listener: Any = None

    async def open(self, stack: AsyncExitStack, seed: int) -> None:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-bench-"))
        wire = WireProcess(
            Path(folder), Faults(seed=seed, **self.line.faults), is_paced=bool(self.line.baud)
        )
        self.wire = stack.enter_context(wire)
        for name, side in (("listener", wire.b), ("dialer", wire.a)):
            options = self._options(side.link, f"{folder}/{name}", name == "listener")
            setattr(self, name, await stack.enter_async_context(await self._start(options)))

    def _options(self, port: Path, folder: str, listens: bool) -> dict:
        if self.rival == "edge":
            address = f"/serial/{to_value(str(port))}~{self.line.baud}"
            return {"address": address, "listens": listens}
        kind, baud = INTERFACES[self.rival], self.line.baud or UNPACED_BAUD
        return {"kind": kind, "port": str(port), "baud": baud, "folder": folder, "listens": listens}

    async def _start(self, options: dict) -> Peer:
        program = [sys.executable, "-m", "tests.bench.serial_edge"]
        if self.rival != "edge":
            program = build.build("reticulum", log=say)
        pipe = subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *program, json.dumps(options), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
        )
        go_first(process.pid)
        peer = Peer(self.rival, process)
        try:
            peer.ready = await peer.event("ready", timeout=START_TIMEOUT_S)
        except BaseException:
            await peer.stop()
            raise
        return peer


def go_first(pid: int) -> None:
    """Before what else the machine does, which is not what is measured; where that is allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)
    except OSError:
        pass


async def ask(peer: Peer, name: str, within_s: float = CONNECT_TIMEOUT_S, **arguments: Any) -> Any:
    answer = await peer.call(name, within_s, **arguments)
    if "failed" in answer:
        raise Failed(answer["failed"])
    return answer


async def measure(setting: Setting, seed: int) -> Found:
    """All of it; what fails ends the rest."""
    found = Found()
    steps = [set_up, pulled] if setting.line.is_pulled else [set_up, pings, goodput, beside]
    async with AsyncExitStack() as stack:
        try:
            await setting.open(stack, seed)
            for step in steps:
                await step(setting, found)
        except Failed as error:
            found.failures.append(str(error))
        except (PeerError, RuntimeError, TimeoutError) as error:
            where = f"{step.__name__}: " if setting.dialer else ""
            found.failures.append(where + (short(error) or type(error).__name__))
    return found


async def set_up(setting: Setting, found: Found) -> None:
    """From nothing to a connection on which both know who the other is."""
    told = await ask(setting.listener, "online")
    await ask(setting.dialer, "online")
    before = setting.wire.counters()
    for attempt in range(ANNOUNCES):
        await ask(setting.listener, "announce")
        try:
            answer = await ask(setting.dialer, "connect", hash=told["hash"])
            break
        except (Failed, PeerError) as error:
            if attempt + 1 == ANNOUNCES:
                raise Failed(f"no connection in {ANNOUNCES} attempts: {short(error)}") from None
    await ask(setting.listener, "identified")
    await asyncio.sleep(SETTLE_S)
    after = setting.wire.counters()
    found.values["connect_s"] = answer["s"]
    for way in ("there", "back"):
        found.values["set_up_" + way] = after[way] - before[way]


async def pings(setting: Setting, found: Found) -> None:
    """Median, and how it compares to the time that the line needs for the bytes."""
    await ask(setting.dialer, "open_ping")
    count = setting.effort.pings
    told = await ask(setting.dialer, "ping", 15 * count, count=count)
    times = [pair for pair in told["times"] if pair]
    note_lost(found, "pings", times, count)
    if not times:
        return
    found.values["ping"] = median_ms(times)
    sizes = [sum(pair) for pair in setting.wire.between(times)]
    found.values["ping_bytes"] = statistics.median(sizes)
    if setting.line.baud:
        line_ms = [size / setting.line.limit * 1000 for size in sizes]
        took = [(end - began) * 1000 for began, end in times]
        ratios = [ms / least for ms, least in zip(took, line_ms, strict=True)]
        found.values["ping_ratio"] = statistics.median(ratios)


async def goodput(setting: Setting, found: Found) -> None:
    """Bytes a second, from the first one's sending to the last one's arrival."""
    size = bulk_bytes(setting)
    timeout_s = setting.effort.rival_s
    if setting.rival == "edge":
        timeout_s = 6 * (setting.effort.slow_bulk_s if setting.line.baud == 9600 else 10)
        told = await ask(setting.dialer, "bulk", timeout_s, size=size)
    else:
        told = await ask(setting.dialer, "bulk", timeout_s + 5, size=size, limit_s=timeout_s)
    state = told["state"]
    got = await received(setting, size, timeout_s if state == "done" else 0)
    if not got["intact"]:
        raise Failed("wrong bytes arrived")
    if got["bytes"] < size:
        how = (
            f"{state} with {got['bytes'] / size:.0%} after {time.monotonic() - told['began']:.0f} s"
        )
        found.failures.append(how)
    if state in ("done", "unfinished"):
        end = got["last"] if got["bytes"] == size else time.monotonic()
        found.values["goodput"] = got["bytes"] / (end - told["began"])
    if state == "unfinished":
        await ask(setting.dialer, "stop")
    if state not in ("done", "unfinished"):
        raise Failed("nothing further was tried")


async def received(setting: Setting, size: int, timeout_s: float) -> dict:
    """What has arrived, once it is ``size`` bytes or the time is over."""
    until = time.monotonic() + timeout_s
    while True:
        got = await ask(setting.listener, "received")
        if got["bytes"] >= size and got["last"] or time.monotonic() > until:
            return got
        await asyncio.sleep(LOOK_S)


def bulk_bytes(setting: Setting) -> int:
    line, effort = setting.line, setting.effort
    if setting.rival != "edge":
        rate = min(line.limit or RIVAL_BYTES_PER_S, RIVAL_BYTES_PER_S)
        return int(rate * effort.rival_s / 2)
    if not line.baud:
        return int(8e6 * WITHOUT_RATE_S)
    return int(line.limit * (effort.slow_bulk_s if line.baud == 9600 else effort.bulk_s))


async def beside(setting: Setting, found: Found) -> None:
    """Pings while a stream takes all it can get; it is not waited for."""
    bulk = asyncio.create_task(ask(setting.dialer, "bulk", 600, size=bulk_beside(setting)))
    try:
        await asyncio.sleep(2 if setting.line.baud == 9600 else 0.7)
        count = setting.effort.pings // 2
        told = await ask(setting.dialer, "ping", 15 * count, count=count, rest_s=0.05)
        if bulk.done():
            how = bulk.exception() or bulk.result()["state"]
            raise Failed(f"the transfer beside the pings ended: {short(how)}")
        times = [pair for pair in told["times"] if pair]
        note_lost(found, "pings beside a stream", times, count)
        if times:
            found.values["beside"] = median_ms(times)
    finally:
        bulk.cancel()
        await asyncio.gather(bulk, return_exceptions=True)


def bulk_beside(setting: Setting) -> int:
    return BESIDE_BYTES if setting.rival != "edge" else 1 << 32


async def pulled(setting: Setting, found: Found) -> None:
    """A port is pulled and put back: seconds until bytes of the same stream, or link, arrive."""
    await (edge_pulled if setting.rival == "edge" else rival_pulled)(setting, found)


async def edge_pulled(setting: Setting, found: Found) -> None:
    """By either end in turn, with a stream running of which nothing may be lost."""
    replugs = setting.effort.replugs
    size, taken = int(setting.line.limit * 1.5 * (1 + replugs)), []
    bulk = asyncio.create_task(ask(setting.dialer, "bulk", 120, size=size))
    await asyncio.sleep(1)
    for number in range(replugs):
        side = (setting.wire.a, setting.wire.b)[number % 2]
        setting.wire.unplug(side)
        await asyncio.sleep(UNPLUGGED_S)
        plugged = setting.wire.plug(side)
        told = await ask(setting.listener, "heard_after", RESUME_TIMEOUT_S, moment=plugged)
        taken.append(told["at"] - plugged)
        await asyncio.sleep(0.6)
    await bulk
    got = await received(setting, size, 30)
    if got["bytes"] != size or not got["intact"]:
        raise Failed(f"of {size} bytes {got['bytes']} arrived, intact: {got['intact']}")
    found.values["resume"] = statistics.median(taken)


async def rival_pulled(setting: Setting, found: Found) -> None:
    await ask(setting.dialer, "open_ping")
    setting.wire.unplug(setting.wire.a)
    await asyncio.sleep(UNPLUGGED_S)
    plugged = setting.wire.plug(setting.wire.a)
    told = await ask(
        setting.dialer, "resume", 2 * RESUME_TIMEOUT_S, limit_s=RESUME_TIMEOUT_S
    )  # fmt: skip
    found.values["resume"] = told["at"] - plugged


def median_ms(times: list) -> float:
    return statistics.median([(end - began) * 1000 for began, end in times])


def note_lost(found: Found, what: str, times: list, count: int) -> None:
    if len(times) < count:
        found.failures.append(f"{count - len(times)} of {count} {what} lost")


def short(error: object) -> str:
    return " ".join(str(error).split())[:200]
