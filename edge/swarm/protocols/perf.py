"""Perf: how fast bytes travel (libp2p perf).  Served only where it was asked for.

client: u64 bytes wanted, then the upload, then half-close     server: drains, then sends
"""

from edge.errors import LimitError, RemoteError
from edge.system import MICROPYTHON, aio, clock
from edge.wire import fixed

PROTOCOL = "/perf/1.0.0"
BLOCK_BYTES = 1024 if MICROPYTHON else 65536
RUN_MAX_MS = 300000
DOWNLOAD_MAX = 2**40  # bytes a client may ask for
_BLOCK = bytes(BLOCK_BYTES)


class Perf:
    def __init__(self, swarm, serve: bool = False) -> None:
        self._swarm = swarm
        self._busy = False
        if serve:
            swarm.set_stream_handler(PROTOCOL, self._answer)

    async def run(self, target, upload: int, download: int) -> tuple:
        """``(upload_ms, download_ms)`` of moving so many bytes to ``target`` and back."""
        stream = await self._swarm.new_stream(target, (PROTOCOL,))
        try:
            started = clock.monotonic_us()
            await stream.write(fixed.u64(download))
            await _send(stream, upload)
            await stream.close_write()
            first = await stream.read()
            turned = clock.monotonic_us()
            received = len(first) + await _drain(stream)
        except BaseException:
            stream.reset()
            raise
        if received != download:
            stream.reset()
            raise RemoteError("asked for {} bytes, got {}".format(download, received))
        await stream.close()
        return (turned - started) / 1000, (clock.monotonic_us() - turned) / 1000

    async def _answer(self, stream) -> None:
        if self._busy:
            raise LimitError("one perf run at a time")
        self._busy = True
        try:
            await aio.wait_for_ms(self._serve(stream), RUN_MAX_MS)
        except aio.TimeoutError:
            raise LimitError("a perf run lasts at most {} ms".format(RUN_MAX_MS))
        finally:
            self._busy = False

    async def _serve(self, stream) -> None:
        wanted = fixed.read_u64(await stream.read_exactly(8))
        if wanted > DOWNLOAD_MAX:
            raise LimitError("download of {} bytes".format(wanted))
        await _drain(stream)
        await _send(stream, wanted)
        await stream.close_write()


async def _send(stream, size: int) -> None:
    while size:
        step = min(size, BLOCK_BYTES)
        await stream.write(_BLOCK[:step] if step < BLOCK_BYTES else _BLOCK)
        size -= step


async def _drain(stream) -> int:
    size = 0
    while True:
        data = await stream.read()
        if not data:
            return size
        size += len(data)
