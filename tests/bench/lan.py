"""Nodes on a real LAN in namespaces: how soon they find each other, how quiet they are after that.

host 0 .. host n-1 -- bridge      no default route; each kind has a bridge of its own
"""

import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from edge.cli import control
from edge.errors import EdgeError
from tests.bench.packets import Tap
from tests.bench.programs import ProgramError, memory_bytes
from tests.interop.peers.client import Peer
from tests.lan_cpython import Lan
from tools import ROOT, say

LISTEN = "/ip4/0.0.0.0/tcp/4001"
FOUND_TIMEOUT_S = 60
CROWD_TIMEOUT_S = 180
SETTLE_S = 5
KNOWN, CONNECTED = 100, 16  # peers; a node stays connected to so many by itself
KAD = "/ipfs/lan/kad/1.0.0"
PROGRESS_S = 30
PROBE_PAUSE_S = 1.2  # a key is asked for no more than once a second
QUIET_NODES = 3  # of a kind
WORDS_MAX = 600  # of what a node said last, shown when it fails


class EdgeNode:
    """`edge run --json` on a host; its events with the moment they were read."""

    def __init__(self, process: Any, folder: Any, began: float) -> None:
        self._process = process
        self._folder = folder
        self._reader = asyncio.create_task(self._read())
        self._changed = asyncio.Event()
        self.began = began
        self.ready: dict = {}
        self.found: dict[str, float] = {}  # peer id -> when
        self.ready_at = 0.0

    @classmethod
    async def start(cls, lan: Lan, host: int, *options: str) -> "EdgeNode":
        folder = tempfile.TemporaryDirectory(prefix="edge-bench-")
        command = [sys.executable, "-m", "edge", "run", "--json", "--data", folder.name + "/data"]
        with Path(folder.name, "errors").open("wb") as errors:  # noqa: ASYNC230 (a local file)
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                *lan.command(host, *command, "--listen", LISTEN, *options), cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        return cls(process, folder, began)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def peer_id(self) -> str:
        return self.ready["peer_id"]

    async def _read(self) -> None:
        while line := await self._process.stdout.readline():
            now, event = time.monotonic(), json.loads(line)
            if event["event"] == "ready":
                self.ready, self.ready_at = event, now
            elif event["event"] in ("found", "connected"):
                self.found.setdefault(event["peer_id"], now)
            self._changed.set()
        self._changed.set()

    async def until(self, is_so: Any, what: str, timeout_s: float = FOUND_TIMEOUT_S) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    if self._reader.done():
                        raise ProgramError(f"a node ended: {self._last_words()}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise ProgramError(f"no {what} within {timeout_s} s: {self._last_words()}") from None

    async def ask(self, **request: Any) -> list[dict]:
        """What the running node answers over its control socket, each with "at", its moment."""
        return await asyncio.to_thread(self._ask, request)

    def _ask(self, request: dict) -> list[dict]:
        answers: list[dict] = []
        path = str(Path(self._folder.name, "data", "control"))
        took = lambda event: answers.append({**event, "at": time.monotonic()})  # noqa: E731
        try:
            if not control.ask(path, request, took):
                raise ProgramError(f"nobody listens on {path}")
        except EdgeError as error:
            raise ProgramError(f"{request}: {error}") from None
        return answers

    def _last_words(self) -> str:
        return Path(self._folder.name, "errors").read_text("utf-8", "replace")[-WORDS_MAX:]

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        self._folder.cleanup()

    async def __aenter__(self) -> "EdgeNode":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def start_all(stack: AsyncExitStack, lan: Lan, apart_s: float = 0) -> list[EdgeNode]:
    """One on each host, all at once or one after the other."""
    nodes = []
    for host in range(len(lan.names)):
        nodes.append(await stack.enter_async_context(await EdgeNode.start(lan, host)))
        await asyncio.sleep(apart_s)
    for node in nodes:
        await node.until(lambda node=node: node.ready, "start")
    return nodes


# -- (a) cold start


async def cold_start(hosts: int, apart_s: float = 0) -> dict[str, list[float]]:
    """Seconds until each pair knows of each other.

    "exec": since the later of both was started; "ready": since the later one listened.
    """
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(hosts))
        nodes = await start_all(stack, lan, apart_s)
        ids = {node.peer_id for node in nodes}
        for node in nodes:
            others = ids - {node.peer_id}
            await node.until(
                lambda node=node, others=others: others <= node.found.keys(), "other nodes"
            )
    taken: dict[str, list[float]] = {"exec": [], "ready": []}
    for one, other in itertools.combinations(nodes, 2):
        mutual = max(one.found[other.peer_id], other.found[one.peer_id])
        taken["exec"].append(mutual - max(one.began, other.began))
        taken["ready"].append(mutual - max(one.ready_at, other.ready_at))
    return taken


# -- (b) a key is asked for


async def key_probe(count: int) -> dict[str, list[float]]:
    """Milliseconds from the question to the provider, over the control socket.

    "mdns": multicast asks, and nobody was told of the key before; "all": every routing is asked.
    """
    taken: dict[str, list[float]] = {"mdns": [], "all": []}
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(QUIET_NODES))
        nodes = await start_all(stack, lan)
        for node in nodes:
            await node.until(lambda node=node: len(node.found) == QUIET_NODES - 1, "other nodes")
        for number in range(count):
            provider, asker = nodes[number % 3], nodes[(number + 1) % 3]
            for routing, values in taken.items():
                key = f"name:bench {routing} {number}"
                only = {} if routing == "all" else {"routing": routing}
                await provider.ask(do="provide", key=key)
                began = time.monotonic()
                answers = await asker.ask(do="providers", key=key, count=1, **only)
                values += [(answer["at"] - began) * 1000 for answer in answers
                           if answer.get("peer_id") == provider.peer_id]  # fmt: skip
                await asyncio.sleep(PROBE_PAUSE_S)
    return taken


# -- (c) a quiet LAN


async def quiet(langs: list[str], settle_s: float, watch_s: float, failed: Any) -> dict[str, dict]:
    """What each node sends per minute, by class: lang -> class -> (packets, bytes).

    All kinds at the same time, each on a LAN of its own.
    """
    async with AsyncExitStack() as stack:
        taps: dict[str, Tap] = {}
        for lang in langs:
            try:
                lan = stack.enter_context(Lan(QUIET_NODES))
                tap = await stack.enter_async_context(Tap(lan))
                await start_quiet(stack, lan, lang)
                taps[lang] = tap
            except Exception as error:
                failed(lang, error)
        await wait("nodes settle", settle_s)
        began = time.monotonic()
        before = {lang: await tap.read() for lang, tap in taps.items()}
        await wait("a quiet LAN is watched", watch_s)
        minutes = (time.monotonic() - began) / 60
        return {
            lang: per_node(before[lang], await tap.read(), minutes) for lang, tap in taps.items()
        }


async def start_quiet(stack: AsyncExitStack, lan: Lan, lang: str) -> None:
    """Three nodes that know and serve each other, each connected to the others."""
    if lang == "edge":
        nodes = await start_all(stack, lan)
        for node in nodes:
            await node.until(lambda node=node: len(node.found) == QUIET_NODES - 1, "other nodes")
        return
    peers: list[Peer] = []
    for name in lan.names:
        options = ("--quiet", "--mdns", "--kad", KAD, "--listen", LISTEN)
        peer = await stack.enter_async_context(await Peer.start(lang, *options, netns=name))
        for host, other in enumerate(peers):  # as an application does with peers it discovers
            address = f"/ip4/10.77.0.{host + 1}/tcp/4001/p2p/{other.peer_id}"
            await peer.call("dial", address=address)
        peers.append(peer)


async def wait(what: str, duration_s: float) -> None:
    until = time.monotonic() + duration_s
    while (left := until - time.monotonic()) > 0:
        say(f"{what}, {left:.0f} s to go")
        await asyncio.sleep(min(left, PROGRESS_S))


def per_node(before: dict, after: dict, minutes: float) -> dict[str, tuple[float, float]]:
    """Class -> (packets, bytes) a node sent per minute."""
    counts: dict[str, list[float]] = {}
    for port, classes in after.items():
        for name, (packets, size) in classes.items():
            old = before.get(port, {}).get(name, (0, 0))
            entry = counts.setdefault(name, [0, 0])
            entry[0] += packets - old[0]
            entry[1] += size - old[1]
    share = minutes * QUIET_NODES
    return {name: (packets / share, size / share) for name, (packets, size) in counts.items()}


# -- (d) memory


async def memory() -> dict[str, float]:
    """Of a node on the LAN that knows 100 peers: resident MB, and how many it does know."""
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(2))
        node = await stack.enter_async_context(await EdgeNode.start(lan, 0))
        await node.until(lambda: node.ready, "start")
        address = next(one for one in node.ready["addresses"] if "/10.77." in one)
        numbers = (str(KNOWN), str(CONNECTED))
        command = [sys.executable, "-m", "tests.bench.crowd", address, "10.77.0.2", *numbers]
        crowd = await asyncio.create_subprocess_exec(
            *lan.command(1, *command), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            async with asyncio.timeout(CROWD_TIMEOUT_S):
                if not await crowd.stdout.readline():  # type: ignore[union-attr]
                    raise ProgramError("the crowd of peers ended")
            await asyncio.sleep(SETTLE_S)
            told = await node.ask(do="routing")
            return {"rss": memory_bytes(node.pid)["rss"] / 1e6, "known": told[0]["peers"],
                    "contacts": sum(event.get("contacts", 0) for event in told)}  # fmt: skip
        finally:
            crowd.stdin.close()  # type: ignore[union-attr]
            await crowd.wait()
