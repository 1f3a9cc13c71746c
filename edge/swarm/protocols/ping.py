"""Ping: 32 random bytes there and back on a stream that stays open (libp2p ping)."""

from edge.errors import LimitError, LinkError, RemoteError
from edge.system import aio, clock, entropy

PROTOCOL = "/ipfs/ping/1.0.0"
SIZE = 32  # bytes
TIMEOUT_MS = 10000  # for one answer
IDLE_MS = 60000  # a stream that pings less often is closed
STREAMS_MAX = 2  # inbound, of one connection


class Ping:
    """Serves ping on ``swarm`` and pings peers."""

    def __init__(self, swarm) -> None:
        self._swarm = swarm
        swarm.set_stream_handler(PROTOCOL, self._answer)

    async def ping(self, target, count: int = 1, results=None) -> list:
        """``count`` round trips to ``target``, in ms as float; each also put into ``results``.

        LinkError if an answer does not come within TIMEOUT_MS.
        """
        stream = await self._swarm.new_stream(target, (PROTOCOL,))
        times = []
        try:
            for _ in range(count):
                times.append(await round_trip(stream))
                if results is not None:
                    await results.put(times[-1])
        except BaseException:
            stream.reset()
            raise
        await stream.close()
        return times

    async def _answer(self, stream) -> None:
        streams = [other for other in stream.connection.streams if other.protocol == PROTOCOL]
        if len([other for other in streams if other.id % 2 == stream.id % 2]) > STREAMS_MAX:
            raise LimitError("more than {} ping streams".format(STREAMS_MAX))
        try:
            while await aio.wait_for_ms(_echo(stream), IDLE_MS):
                pass
        except aio.TimeoutError:
            pass


async def _echo(stream) -> bool:
    """One ping answered; False at the end of the stream."""
    first = await stream.read(SIZE)
    if first:
        rest = await stream.read_exactly(SIZE - len(first)) if len(first) < SIZE else b""
        await stream.write(first + rest)
    return bool(first)


async def _exchange(stream, sent: bytes) -> bytes:
    await stream.write(sent)
    return await stream.read_exactly(SIZE)


async def round_trip(stream) -> float:
    """Milliseconds for SIZE bytes to come back unchanged."""
    sent = entropy.random_bytes(SIZE)
    started = clock.monotonic_us()
    try:
        received = await aio.wait_for_ms(_exchange(stream, sent), TIMEOUT_MS)
    except aio.TimeoutError:
        raise LinkError("no pong within {} ms".format(TIMEOUT_MS))
    except EOFError:
        raise RemoteError("the peer closed instead of answering")
    if received != sent:
        raise RemoteError("the pong differs from the ping")
    return (clock.monotonic_us() - started) / 1000
