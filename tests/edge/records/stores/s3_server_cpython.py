"""A real S3-compatible server on loopback, versitygw, and a proxy before it that breaks things.

obstore --> Proxy: what the fault says --> versitygw --> files of the test
"""

import asyncio
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from edge.records.stores.s3_bucket import Settings
from tests import needs
from tests.interop.peers import build

ACCESS_KEY, SECRET_KEY = "edge-test", "not a secret at all"
START_S_MAX = 20
HEAD_BYTES_MAX = 65536
# What the proxy says by itself.
_SAID = {
    "5xx": b"HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: 59\r\n\r\n"
    b"<Error><Code>SlowDown</Code><Message>Wait</Message></Error>",
    "denied": b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
    b"<Error><Code>AccessDenied</Code></Error>",
    "no conditions": b'HTTP/1.1 200 OK\r\nConnection: close\r\nETag: "1"\r\n'
    b"Content-Length: 0\r\n\r\n",
}
_ports: set = set()  # given out


class Server:
    """versitygw over the folder ``place``; a bucket is a folder in it."""

    def __init__(self, place: Path, *arguments: str) -> None:
        try:
            argv = build.build("s3")
        except build.Missing as reason:
            needs.missing(str(reason))
        (place / "buckets").mkdir()
        (place / "about").mkdir()
        self._place = place
        self.port = free_port()
        self._log = (place / "log").open("wb")
        self._process = subprocess.Popen(
            [*argv, "--port", f"127.0.0.1:{self.port}", *arguments,
             "posix", "--sidecar", str(place / "about"), str(place / "buckets")],
            env={**os.environ, "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise AssertionError((self._place / "log").read_text("utf-8", "replace"))

    def new_bucket(self) -> str:
        name = "bucket-" + os.urandom(6).hex()
        (self._place / "buckets" / name).mkdir()
        return name

    def file_of(self, bucket: str, key: bytes) -> Path:
        return self._place / "buckets" / bucket / "edge" / "records" / key.hex()

    def settings(self, bucket: str, port: int = 0, **other: object) -> Settings:
        values: dict = {
            "bucket": bucket,
            "endpoint": f"http://127.0.0.1:{port or self.port}",
            "prefix": "edge",
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
        }
        return Settings({**values, **other})

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


def free_port() -> int:
    """One that the system gives to nobody who asks for any, nor this function again."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if port not in _ports and probe.connect_ex(("127.0.0.1", port)):
                _ports.add(port)
                return port


class Proxy:
    """``async with Proxy(server.port) as proxy:``; one request a connection.

    ``fault(method, path) -> str``: "" pass it on, "5xx", "denied", "slow" (slow_s late), "stuck"
    (never an answer), "cut request" (the server sees half of it), "cut answer" (the client sees
    half of it), "no answer" (done by the server, but the client does not hear of it), "no
    conditions" (every write with a condition succeeds, as on a server that does not know them; it
    is not done).
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.slow_s = 0.1
        self.fault: Callable[[str, str], str] = lambda method, path: ""
        self.port = free_port()
        self.asked: list[tuple[str, str]] = []
        self._server: asyncio.Server | None = None
        self._tasks: set = set()

    async def __aenter__(self) -> "Proxy":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Gone: who connects is refused, who is connected is cut off."""
        if self._server:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ", 2)
        lines = head[:-4].split(b"\r\n")[1:]
        fields = {line.split(b":")[0].lower(): line.split(b":", 1)[1].strip() for line in lines}
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
        self.asked.append((method, path))
        fault = self.fault(method, path)
        has_conditions = b"if-match" in fields or b"if-none-match" in fields
        if fault in _SAID and (fault != "no conditions" or has_conditions):
            writer.write(_SAID[fault])
            await writer.drain()
            return
        if fault == "stuck":
            await asyncio.sleep(3600)
        if fault == "slow":
            await asyncio.sleep(self.slow_s)
        head = _last_on_connection(head)
        if fault == "cut request":
            body = body[: len(body) // 2]
        answer = await self._ask(head, body, fault == "cut request")
        if fault == "cut answer":
            answer = answer[: len(answer) - (len(answer.split(b"\r\n\r\n", 1)[1]) or 40) // 2 - 1]
        if fault not in ("no answer", "cut request"):
            writer.write(answer)
            await writer.drain()

    async def _ask(self, head: bytes, body: bytes, cut: bool) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            writer.write(head + body)
            await writer.drain()
            return b"" if cut else await reader.read()
        finally:
            writer.close()


def _last_on_connection(head: bytes) -> bytes:
    lines = head[:-4].split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n"
