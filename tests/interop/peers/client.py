"""Drive a foreign peer: a child process that takes and answers JSON lines (see README.md).

    peer = await Peer.start("go", "--listen", "/ip4/127.0.0.1/tcp/0")
    await peer.call("ping", peer_id=other.peer_id, count=3)
    await peer.event("connected", peer_id=other.peer_id)
    await peer.stop()

One task reads answers and events, one keeps the end of what the peer says on stderr.
"""

import asyncio
import collections
import json
import subprocess
import time
from pathlib import Path

from tests.interop.peers import build

START_TIMEOUT_S = 60  # py-libp2p alone takes seconds to import
CALL_TIMEOUT_S = 60
EVENT_TIMEOUT_S = 15
STOP_TIMEOUT_S = 10
LINE_BYTES_MAX = 1 << 20
EVENTS_MAX = 4096  # unread ones; the oldest go first
STDERR_LINES_MAX = 100


class PeerError(Exception):
    """The peer said no, said nothing in time, or is gone; the text ends with its last words."""


class Peer:
    """One running peer."""

    def __init__(self, lang: str, process: asyncio.subprocess.Process) -> None:
        self.lang = lang
        self.ready: dict = {}
        self._process = process
        self._last_id = 0
        self._answers: dict[int, asyncio.Future] = {}
        self._events: collections.deque = collections.deque(maxlen=EVENTS_MAX)
        self._news = asyncio.Event()
        self._stderr: collections.deque = collections.deque(maxlen=STDERR_LINES_MAX)
        self._readers = [
            asyncio.create_task(self._read_stdout()),
            asyncio.create_task(self._read_stderr()),
        ]

    @classmethod
    async def start(cls, lang: str, *args: str, netns: str | None = None) -> "Peer":
        """Build the peer of ``lang`` if need be, start it and wait until it is ready."""
        argv = await asyncio.to_thread(build.build, lang)
        prefix = ["ip", "netns", "exec", netns] if netns else []
        process = await asyncio.create_subprocess_exec(
            *prefix,
            *argv,
            *args,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LINE_BYTES_MAX,
        )
        peer = cls(lang, process)
        try:
            peer.ready = await peer.event("ready", timeout=START_TIMEOUT_S)
        except BaseException:
            await peer.stop()
            raise
        return peer

    @property
    def peer_id(self) -> str:
        return self.ready["peer_id"]

    @property
    def addresses(self) -> list[str]:
        """Where it listens, each with its /p2p."""
        return self.ready["addresses"]

    @property
    def agent(self) -> str:
        return self.ready["agent"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def resident_bytes(self) -> int:
        """Memory the process holds now (VmRSS)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise PeerError(self._describe("has no memory left to count"))

    async def call(self, cmd: str, timeout: float = CALL_TIMEOUT_S, **arguments) -> dict:
        """The answer to one command, without its id; PeerError if it is not ok."""
        self._last_id += 1
        identifier = self._last_id
        answer = self._answers[identifier] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": identifier, "cmd": cmd, **arguments}) + "\n"
        try:
            if self._process.stdout.at_eof():
                raise ConnectionResetError
            self._process.stdin.write(line.encode())
            await self._process.stdin.drain()
            result = await asyncio.wait_for(answer, timeout)
        except (TimeoutError, ConnectionError) as error:
            what = "gave no answer in time" if isinstance(error, TimeoutError) else "is gone"
            raise PeerError(self._describe(f"{what}: {line.strip()}")) from error
        finally:
            del self._answers[identifier]
        if not result.pop("ok"):
            raise PeerError(self._describe(f"refused {line.strip()}: {result.get('error')}"))
        return result

    async def event(self, name: str, timeout: float = EVENT_TIMEOUT_S, **match) -> dict:
        """The oldest unread event of this name whose members equal ``match``; then it is read."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self._events:
                if event["event"] == name and match.items() <= event.items():
                    self._events.remove(event)
                    return event
            self._news.clear()
            left = deadline - time.monotonic()
            if left <= 0 or self._process.stdout.at_eof():
                raise PeerError(self._describe(f"sent no event {name} {match or ''}"))
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue

    async def stop(self) -> int:
        """Ask it to leave by closing its stdin, kill it if it does not; its exit code."""
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._readers, return_exceptions=True)
        return self._process.returncode

    async def __aenter__(self) -> "Peer":
        return self

    async def __aexit__(self, *_) -> None:
        await self.stop()

    async def _read_stdout(self) -> None:
        try:
            while line := await self._process.stdout.readline():
                self._take(line)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError("the peer closed its output"))
            self._news.set()

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self._stderr.append("not JSON on stdout: " + repr(line[:200]))
            return
        if "event" in message:
            self._events.append(message)
            self._news.set()
            return
        answer = self._answers.get(message.pop("id", None))
        if answer and not answer.done():
            answer.set_result(message)

    async def _read_stderr(self) -> None:
        while chunk := await self._process.stderr.read(4096):
            self._stderr.extend(chunk.decode(errors="replace").splitlines())

    def _describe(self, what: str) -> str:
        code = self._process.returncode
        head = f"{self.lang} peer (pid {self.pid}, exit code {code}) {what}"
        return "\n".join([head, *self._stderr])
