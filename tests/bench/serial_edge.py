"""One end of a serial line, as libp2p: a swarm with identify and ping, told what to do in JSON.

Started as `python3 -m tests.bench.serial_edge '{"address": "/serial/..", "listens": true}'`.  Each
line on its input, `{"id": 7, "cmd": "ping", ..}`, is answered as tests/interop/peers/README.md
says.  Moments are of the clock that all processes of a machine share.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from edge.errors import EdgeError
from edge.identity.keys import PrivateKey
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import PROTOCOL as PING
from edge.swarm.protocols.ping import Ping, round_trip
from edge.swarm.swarm import Swarm
from edge.wire.multiaddr import Multiaddr
from transports.serial.transport import Transport

SINK = "/bench/sink/1.0.0"
PATTERN = random.Random(1).randbytes(1 << 20)  # what is sent, again and again
CHUNK_BYTES = 65536
LOOK_S = 0.005
REST_S = 0.15  # what is still to be said about the last ping is said, and is not counted to it


class End:
    def __init__(self, address: str, listens: bool) -> None:
        self._address, self._listens = Multiaddr(address), listens
        self.transport = Transport()
        self.swarm = Swarm(PrivateKey.generate(), [self.transport])
        Identify(self.swarm)
        Ping(self.swarm)
        self.swarm.set_stream_handler(SINK, self._sink)
        self._pings: Any = None  # a stream
        self._got = 0
        self._is_intact = True
        self._arrivals: list[tuple[float, int]] = []  # when, bytes by then
        self._stops = False

    async def start(self) -> None:
        if self._listens:
            await self.swarm.listen(self._address)

    async def online(self) -> dict:
        return {"hash": None}

    async def announce(self) -> dict:
        return {}

    async def connect(self, hash: None = None) -> dict:
        """Dial; both ends know each other."""
        began = time.monotonic()
        await self.swarm.dial(self._address)
        await self.identified()
        return {"s": time.monotonic() - began}

    async def identified(self) -> dict:
        await until(lambda: any(held.identified for held in self.swarm.connections()))
        return {}

    async def open_ping(self) -> dict:
        self._pings = await self._stream(PING)
        await round_trip(self._pings)
        await asyncio.sleep(REST_S)
        return {}

    async def ping(self, count: int, rest_s: float = REST_S, timeout_s: float = 10) -> dict:
        """When each was sent and was back; None for one that was not."""
        times: list = []
        for _ in range(count):
            began = time.monotonic()
            async with asyncio.timeout(timeout_s):
                await round_trip(self._pings)
            times.append([began, time.monotonic()])
            await asyncio.sleep(rest_s)
        return {"times": times}

    async def bulk(self, size: int) -> dict:
        """Send so many bytes, or until stop()."""
        self._stops = False
        stream = await self._stream(SINK)
        began, sent = time.monotonic(), 0
        while sent < size and not self._stops:
            at = sent % len(PATTERN)
            chunk = PATTERN[at : at + min(size - sent, CHUNK_BYTES)]
            await stream.write(chunk)
            sent += len(chunk)
        await stream.close_write()
        return {"began": began, "sent": sent, "state": "done"}

    async def stop(self) -> dict:
        self._stops = True
        return {}

    async def _stream(self, protocol: str) -> Any:
        return await self.swarm.connections()[0].new_stream((protocol,))

    async def _sink(self, stream: Any) -> None:
        self._got, self._is_intact, self._arrivals = 0, True, []
        while data := await stream.read():
            now, at = time.monotonic(), self._got % len(PATTERN)
            size = min(len(data), len(PATTERN) - at)
            expected = PATTERN[at : at + size] + PATTERN[: len(data) - size]
            self._is_intact = self._is_intact and data == expected
            self._got += len(data)
            self._arrivals.append((now, self._got))
        await stream.close()

    async def received(self) -> dict:
        """Of the stream that came last: bytes, when the last one came, whether all were right."""
        last = self._arrivals[-1][0] if self._arrivals else None
        return {"bytes": self._got, "last": last, "intact": self._is_intact}

    async def heard_after(self, moment: float) -> dict:
        """When the first byte came after ``moment``."""
        await until(lambda: self._arrivals and self._arrivals[-1][0] > moment)
        return {"at": next(at for at, _ in self._arrivals if at > moment)}

    async def status(self) -> dict:
        return self.transport.links()[0]._asdict() | {"address": str(self._address)}


async def main(options: dict) -> None:
    end = End(**options)
    await end.start()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(event="ready")
    tasks = set()
    while line := await reader.readline():
        task = asyncio.create_task(answer(end, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    for task in list(tasks):
        task.cancel()
    await end.swarm.close()


async def answer(end: End, fields: dict) -> None:
    number, name = fields.pop("id"), fields.pop("cmd")
    try:
        say(id=number, ok=True, **await getattr(end, name)(**fields))
    except (EdgeError, EOFError, OSError, IndexError) as error:
        say(id=number, ok=False, error=str(error) or type(error).__name__)


async def until(condition: Callable[[], Any]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(LOOK_S)


def say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
