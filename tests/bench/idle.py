"""What a node costs that does nothing: memory, its start, modules, and bytes to keep in touch."""

import asyncio
import re
import shutil
import subprocess
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench.programs import Program, ProgramError, memory_bytes
from tests.bench.rounds import FAILURES, Run, take_turns
from tests.interop.peers.client import Peer
from tools import say

SETTLE_S = 1.5  # after which a node counts as idle
GREETINGS_S = 10  # identify, pushes and first pings of a new connection are over
PROGRESS_S = 30
MEMORY = ("rss", "pss", "ready")
MDNS_MEMORY = ("mdns_rss", "mdns_pss", "mdns_ready")
TRAFFIC = ("dialer_sends", "listener_sends")

# Found by Python as it starts; leaves the number of imported modules when it ends.
COUNTING = """
import atexit, os, sys
path = os.environ["EDGE_BENCH_MODULES"]
atexit.register(lambda: open(path, "w").write(str(len(sys.modules))))
"""


async def memory(run: Run) -> None:
    """Starts one after the other; all settle together."""
    for number in range(run.effort.start_rounds):
        async with AsyncExitStack() as stack:
            nodes = {}
            for lang in run.langs:
                try:
                    nodes[lang] = await stack.enter_async_context(await start_idle(lang))
                except FAILURES as error:
                    run.failed(MEMORY, lang, error)
            await asyncio.sleep(SETTLE_S)
            for lang, node in nodes.items():
                take(run, MEMORY, lang, node)
        say(f"idle nodes, round {number + 1} of {run.effort.start_rounds}")


async def start_idle(lang: str, *options: str, environment=()) -> Program:
    """TCP, Noise, yamux, identify, ping; of edge the real command."""
    if lang == "edge":
        options = ("--no-mdns", *options)
    return await Program.start(lang, *options, environment=environment)


async def mdns(run: Run) -> None:
    """One node at a time: two would find each other, and then they are not idle."""

    async def turn(lang: str) -> None:
        options = () if lang == "edge" else ("--mdns",)
        async with await Program.start(lang, *options) as node:
            await asyncio.sleep(SETTLE_S)
            take(run, MDNS_MEMORY, lang, node)

    langs = ["edge"] if run.effort.quick else run.langs
    run.leave_out(MDNS_MEMORY, run.langs if run.effort.quick else [], "left out by --quick")
    await take_turns(run, MDNS_MEMORY, [x for x in langs if x in run.langs],
                     run.effort.mdns_rounds, turn)  # fmt: skip


def take(run: Run, keys: tuple[str, ...], lang: str, node: Program) -> None:
    found = memory_bytes(node.pid)
    run.results.add(keys[0], lang, found["rss"] / 1e6)
    if "pss" in found:
        run.results.add(keys[1], lang, found["pss"] / 1e6)
    run.results.add(keys[2], lang, node.ready_s)


async def modules(run: Run) -> None:
    for lang in run.langs:
        if lang not in ("edge", "py"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "sitecustomize.py").write_text(COUNTING)
            counted = Path(folder) / "modules"
            environment = {"PYTHONPATH": folder, "EDGE_BENCH_MODULES": str(counted)}
            try:
                async with await start_idle(lang, environment=environment):
                    pass
                run.results.add("modules", lang, int(counted.read_text()))
            except FAILURES as error:
                run.failed(("modules",), lang, error)
    run.leave_out(("modules",), [x for x in run.langs if x not in ("edge", "py")], "not Python")


# -- bytes on the wire


async def traffic(run: Run) -> None:
    """Payload bytes of the TCP connections of pairs that have nothing to say, all at once."""
    if not shutil.which("ss"):
        run.leave_out(TRAFFIC, run.langs, "no `ss` (Debian: apt install iproute2)")
        return
    async with AsyncExitStack() as stack:
        ports = {}
        for lang in run.langs:
            try:
                ports[lang] = await open_idle(stack, lang)
            except FAILURES as error:
                run.failed(TRAFFIC, lang, error)
        await asyncio.sleep(min(GREETINGS_S, run.effort.traffic_s))
        await watch(run, ports)


async def open_idle(stack: AsyncExitStack, lang: str) -> int:
    """The port of a listener with one connection."""
    listener = await stack.enter_async_context(await start_idle(lang))
    if lang == "edge":
        await stack.enter_async_context(await start_idle(lang, "--peer", listener.address))
    else:
        dialer = await stack.enter_async_context(await Peer.start(lang, "--quiet"))
        await dialer.call("dial", address=listener.address)
    return listener.port


async def watch(run: Run, ports: dict[str, int]) -> None:
    loop = asyncio.get_running_loop()
    began, before = loop.time(), {}
    for lang, port in ports.items():
        try:
            before[lang] = socket_bytes(port)
        except FAILURES as error:
            run.failed(TRAFFIC, lang, error)
    while (left := began + run.effort.traffic_s - loop.time()) > 0:
        say(f"watching idle connections, {left:.0f} s to go")
        await asyncio.sleep(min(left, PROGRESS_S))
    minutes = (loop.time() - began) / 60
    for lang, (name, sent, received) in before.items():
        try:
            name_now, sent_now, received_now = socket_bytes(ports[lang])
        except FAILURES as error:
            run.failed(TRAFFIC, lang, error)
            continue
        if name_now != name:
            run.failed(TRAFFIC, lang, ProgramError("the connection did not stay"))
            continue
        run.results.add("dialer_sends", lang, (received_now - received) / minutes)
        run.results.add("listener_sends", lang, (sent_now - sent) / minutes)


def socket_bytes(port: int) -> tuple[str, int, int]:
    """The ends, bytes sent and bytes received of the one connection accepted on ``port``."""
    command = ["ss", "-tinH", "state", "established", f"( sport = :{port} )"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    names = re.findall(r"^\d+\s+\d+\s+(\S+\s+\S+)", shown, re.M)
    if len(names) != 1:
        raise ProgramError(f"one connection was expected, there are {len(names)}")
    counts = [re.search(rf"\b{name}:(\d+)", shown) for name in ("bytes_sent", "bytes_received")]
    sent, received = [int(count[1]) if count else 0 for count in counts]
    return names[0], sent, received
