"""The test protocols, both sides.  A read at the end of a stream raises StreamEOF."""

import functools
import random
import time

import trio
from libp2p.abc import IHost, INetStream
from libp2p.io.utils import read_exactly
from libp2p.network.stream.exceptions import StreamEOF, StreamReset
from libp2p.peer.id import ID

ECHO = "/edge-test/echo/1.0.0"
RESET = "/edge-test/reset/1.0.0"
SINK = "/edge-test/sink/1.0.0"
SOURCE = "/edge-test/source/1.0.0"
PERF = "/perf/1.0.0"

_CHUNK_BYTES = 64 * 1024
_READ_BYTES_MAX = 256 * 1024
_COUNT_BYTES = 8
_PATTERN_BYTES = 256 * 1024 - 5  # not a multiple of any frame or window


@functools.cache
def pattern() -> bytes:
    """What streams carry: random, made once, entered at a different place each."""
    return random.Random(1).randbytes(_PATTERN_BYTES)


def milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


# --- what we serve


def set_handlers(host: IHost, with_perf: bool) -> None:
    """Serve the test protocols, and perf if asked."""
    handlers = {ECHO: _serve_echo, RESET: _serve_reset, SINK: _serve_sink, SOURCE: _serve_source}
    if with_perf:
        handlers[PERF] = _serve_perf
    for protocol, handle in handlers.items():
        host.set_stream_handler(protocol, functools.partial(_serve, handle))


async def _serve(handle, stream: INetStream) -> None:
    try:
        await handle(stream)
        await stream.close()
    except Exception:
        await stream.reset()


async def _serve_echo(stream: INetStream) -> None:
    async for data in _incoming(stream):
        await stream.write(data)


async def _serve_reset(stream: INetStream) -> None:
    await read_exactly(stream, 1)
    await stream.reset()


async def _serve_sink(stream: INetStream) -> None:
    await stream.write((await _drain(stream)).to_bytes(_COUNT_BYTES, "big"))


async def _serve_source(stream: INetStream) -> None:
    await _pour(stream, await _read_count(stream))


async def _serve_perf(stream: INetStream) -> None:
    count = await _read_count(stream)
    await _drain(stream)
    await _pour(stream, count)


# --- what we ask of others


async def echo(host: IHost, peer: ID, count: int, streams: int) -> dict:
    started = time.perf_counter()

    async def one(start: int) -> None:
        stream = await host.new_stream(peer, [ECHO])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_pour_pattern, stream, count, start)
            await _compare(stream, count, start)

    async with trio.open_nursery() as nursery:
        for i in range(streams):
            nursery.start_soon(one, i * 4099)
    return {"bytes": count * streams, "ms": milliseconds_since(started)}


async def expect_reset(host: IHost, peer: ID) -> dict:
    stream = await host.new_stream(peer, [RESET])
    await stream.write(b"\x01")
    try:
        data = await stream.read(1)
    except StreamReset:
        return {"reset": True}
    except StreamEOF as error:
        # 0.8.1 forgets a stream that was reset before the reader sees why it ended.
        if not stream.muxed_stream.reset_received:
            raise ValueError("the stream ended without a reset") from error
        return {"reset": True}
    raise ValueError(f"read {data!r} where a reset was due")


async def source(host: IHost, peer: ID, count: int) -> dict:
    stream = await host.new_stream(peer, [SINK])
    started = time.perf_counter()
    await _pour(stream, count)
    await stream.close_write()
    seen = await _read_count(stream)
    if seen != count:
        raise ValueError(f"the far side counted {seen} bytes of {count}")
    return {"bytes": seen, "ms": milliseconds_since(started)}


async def sink(host: IHost, peer: ID, count: int) -> dict:
    stream = await host.new_stream(peer, [SOURCE])
    started = time.perf_counter()
    await stream.write(count.to_bytes(_COUNT_BYTES, "big"))
    await stream.close_write()
    await _expect(stream, count)
    return {"bytes": count, "ms": milliseconds_since(started)}


async def perf(host: IHost, peer: ID, upload: int, download: int) -> dict:
    stream = await host.new_stream(peer, [PERF])
    started = time.perf_counter()
    await stream.write(download.to_bytes(_COUNT_BYTES, "big"))
    await _pour(stream, upload)
    await stream.close_write()
    upload_ms, uploaded = milliseconds_since(started), time.perf_counter()
    await _expect(stream, download)
    return {"upload_ms": upload_ms, "download_ms": milliseconds_since(uploaded)}


# --- bytes in bulk


async def _incoming(stream: INetStream):
    """Every piece of data as it comes, until the far side has closed its half."""
    while True:
        try:
            data = await stream.read(_READ_BYTES_MAX)
        except StreamEOF:
            return
        if not data:
            return
        yield data


async def _pour(stream: INetStream, count: int) -> None:
    chunk = pattern()[:_CHUNK_BYTES]
    while count > 0:
        await stream.write(chunk if count >= _CHUNK_BYTES else chunk[:count])
        count -= _CHUNK_BYTES


async def _pour_pattern(stream: INetStream, count: int, start: int) -> None:
    while count > 0:
        data = _slice(start, min(count, _CHUNK_BYTES))
        await stream.write(data)
        start, count = start + len(data), count - len(data)
    await stream.close_write()


async def _compare(stream: INetStream, count: int, start: int) -> None:
    seen = 0
    async for data in _incoming(stream):
        offset = 0
        while offset < len(data):
            expected = _slice(start + seen, len(data) - offset)
            if data[offset : offset + len(expected)] != expected:
                raise ValueError(f"the echo differs after byte {seen}")
            offset, seen = offset + len(expected), seen + len(expected)
    if seen != count:
        raise ValueError(f"echoed {seen} bytes of {count}")


def _slice(start: int, limit: int) -> bytes:
    """What the endless repeated pattern holds at `start`: at most `limit` bytes."""
    start %= _PATTERN_BYTES
    return pattern()[start : start + limit]


async def _drain(stream: INetStream) -> int:
    count = 0
    async for data in _incoming(stream):
        count += len(data)
    return count


async def _expect(stream: INetStream, count: int) -> None:
    seen = await _drain(stream)
    if seen != count:
        raise ValueError(f"received {seen} bytes of {count}")


async def _read_count(stream: INetStream) -> int:
    return int.from_bytes(await read_exactly(stream, _COUNT_BYTES), "big")
