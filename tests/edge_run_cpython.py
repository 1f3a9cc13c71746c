"""The real `edge run` on a host of tests.lan_cpython, its JSON lines as events.

async with edge_run(lan, 0, data) as node:
    await node.event("found", peer_id=other.peer_id)
    answers = await node.ask(do="find", what=other.peer_id)
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.cli import control
from tests.lan_cpython import Lan
from tools import ROOT

EVENT_TIMEOUT_S = 30  # js asks every 10 s, rust doubles its pauses


class EdgeRun:
    """A running node."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self._process = process
        self._data = data
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self.events: list[dict] = []  # each with "at", the moment it was read, in seconds
        self.peer_id = ""

    async def _read(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            self.events.append({**json.loads(line), "at": time.monotonic()})
            self._changed.set()
        self._changed.set()

    async def event(
        self, name: str, timeout: float = EVENT_TIMEOUT_S, since: int = 0, **match
    ) -> dict:
        """The first event of that name with those members, waited for; ``since``: skip so many."""
        match["event"] = name
        async with asyncio.timeout(timeout):
            while True:
                found = [event for event in self.events[since:] if match.items() <= event.items()]
                if found:
                    return found[0]
                assert not self._reader.done(), f"edge run ended; it had said {self.events}"
                self._changed.clear()
                await self._changed.wait()

    async def ask(self, **request) -> list[dict]:
        """What the node answers over its control socket; each answer with "at", its moment."""
        return await asyncio.to_thread(self._ask, request)

    def _ask(self, request: dict) -> list[dict]:
        answers: list[dict] = []

        def take(answer: dict) -> None:
            answers.append({**answer, "at": time.monotonic()})

        assert control.ask(str(self._data / "control"), request, take)
        return answers

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    def kill(self) -> None:
        """End it without a goodbye."""
        self._process.kill()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 10)
        assert self._process.returncode in (0, -9)


@asynccontextmanager
async def edge_run(lan: Lan, host: int, data: Path, *options: str) -> AsyncIterator[EdgeRun]:
    command = [sys.executable, "-m", "edge", "run", "--json", "--data", str(data), *options]
    process = await asyncio.create_subprocess_exec(
        *lan.command(host, *command), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    node = EdgeRun(process, data)
    try:
        node.peer_id = (await node.event("ready"))["peer_id"]
        yield node
    finally:
        await node.stop()
