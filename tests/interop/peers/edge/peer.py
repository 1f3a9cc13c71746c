"""The node under test as a program that answers the same commands as the foreign peers.

    peer.py [--listen MULTIADDR]... [--mdns] [--perf] [--fetch] [--kad PROTOCOL | --kad-client ..]

One JSON object per line each way; tests/interop/peers/README.md has the commands.  It lets the
tests and the benchmarks drive every implementation alike.
"""

import argparse
import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../../.."))

from edge.errors import EdgeError, LinkError, LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_store import PeerStore
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.perf import Perf
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Connected, Disconnected, Swarm
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

ECHO, RESET = "/edge-test/echo/1.0.0", "/edge-test/reset/1.0.0"
SINK, SOURCE = "/edge-test/sink/1.0.0", "/edge-test/source/1.0.0"
BLOCK = bytes(65536)
IDENTIFY_TIMEOUT_S = 10
KAD_COMMANDS = (
    "closest", "find_peer", "find_providers", "get_value", "get_values", "ipns_record", "provide",
    "put_value", "store_status", "table",
)  # fmt: skip
FETCH_COMMANDS = ("fetch", "hold")
OPENERS_MAX = 16  # connections that open_connections has in the making


def say(**fields) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class AwaitedIdentify(Identify):
    """Tells those who wait for it that a connection's answer is there."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._waiting: dict = {}  # connection -> Future

    async def ask(self, connection) -> None:
        try:
            await super().ask(connection)
        finally:
            waiter = self._waiting.pop(connection, None)
            if waiter and not waiter.done():
                waiter.set_result(None)

    async def wait(self, connection):
        """What the peer told of itself; LinkError if its answer was none."""
        if not connection.identified:
            waiter = self._waiting.get(connection)
            if not waiter:
                waiter = self._waiting[connection] = asyncio.get_running_loop().create_future()
            await asyncio.wait_for(asyncio.shield(waiter), IDENTIFY_TIMEOUT_S)
        if not connection.identified:
            raise LinkError("identify failed")
        return connection.identified


class Host:
    """One swarm with identify, ping and perf; with a DHT it is a kad.KadHost."""

    def __init__(self, listen=(), perf: bool = False) -> None:
        self._listen = [Multiaddr(address) for address in listen]
        self.swarm = Swarm(PrivateKey.generate(), [open_transport("tcp")], PeerStore())
        self._sealed: tuple = (None, None)  # addresses, their record
        self.identify = AwaitedIdentify(self.swarm, seal=self._seal)
        self.ping = Ping(self.swarm)
        Perf(self.swarm, perf)

    async def start(self) -> None:
        for address in self._listen:
            await self.swarm.listen(address)

    async def stop(self) -> None:
        await self.swarm.close()

    async def execute(self, name: str, fields: dict) -> dict:
        raise LocalError(f"cannot {name}: started without --kad")

    def _seal(self, addresses) -> bytes:
        """Signed once per set of addresses, as edge.node does."""
        from edge.identity import peer_record

        if self._sealed[0] != addresses:
            record = peer_record.seal(self.swarm.key, time.time_ns(), addresses)
            self._sealed = (addresses, record)
        return self._sealed[1]


def serve(swarm) -> None:
    """What every peer serves to everyone."""
    for protocol, handler in ((ECHO, echo), (RESET, reset), (SINK, sink), (SOURCE, source)):
        swarm.set_stream_handler(protocol, handler)


async def echo(stream) -> None:
    while data := await stream.read():
        await stream.write(data)


async def reset(stream) -> None:
    await stream.read_exactly(1)
    stream.reset()


async def sink(stream) -> None:
    size = 0
    while data := await stream.read():
        size += len(data)
    await stream.write(size.to_bytes(8, "big"))


async def source(stream) -> None:
    size = int.from_bytes(await stream.read_exactly(8), "big")
    await send(stream, size)


async def send(stream, size: int) -> None:
    while size:
        await stream.write(BLOCK[:size])
        size -= min(size, len(BLOCK))
    await stream.close_write()


async def drain(stream) -> int:
    size = 0
    while data := await stream.read():
        size += len(data)
    return size


class Commands:
    """What a line on standard input may ask for; each returns the fields of its answer."""

    def __init__(self, host: Host, fetch_host=None) -> None:
        self.host = host
        self.fetch_host = fetch_host
        self.swarm = host.swarm
        self._kept: list = []

    async def execute(self, name: str, fields: dict) -> dict:
        if name in KAD_COMMANDS:
            return await self.host.execute(name, fields)
        if name in FETCH_COMMANDS and self.fetch_host:
            return await getattr(self.fetch_host, name)(**fields)
        return await getattr(self, name)(**fields)

    def _peer(self, fields):
        return PeerId.parse(fields["peer_id"])

    async def _stream(self, fields, protocol):
        return await self.swarm.new_stream(self._peer(fields), (protocol,))

    async def dial(self, address, **_):
        connection = await self.swarm.dial(Multiaddr(address))
        return {"peer_id": str(connection.remote_peer)}

    async def ping(self, count=1, **fields):
        return {"rtt_ms": await self.host.ping.ping(self._peer(fields), count)}

    async def identify(self, **fields):
        connection = self.swarm.connections(self._peer(fields))[0]
        seen = await self.host.identify.wait(connection)
        return {
            "protocols": sorted(seen.protocols),
            "listen_addrs": [str(address) for address in seen.listen_addresses],
            "observed_addr": seen.observed_address and str(seen.observed_address),
            "agent_version": seen.agent_version,
            "protocol_version": seen.protocol_version,
            "public_key": seen.public_key and seen.public_key.hex(),
            "signed_peer_record": seen.signed_peer_record and seen.signed_peer_record.hex(),
        }

    async def echo(self, bytes=1024, streams=1, **fields):
        started = time.monotonic()
        await asyncio.gather(*[self._echo_one(fields, bytes) for _ in range(streams)])
        return {"bytes": bytes * streams, "ms": (time.monotonic() - started) * 1000}

    async def _echo_one(self, fields, size):
        stream = await self._stream(fields, ECHO)
        sent = os.urandom(size)

        async def write():
            await stream.write(sent)
            await stream.close_write()

        writer = asyncio.create_task(write())
        parts = []
        while data := await stream.read():
            parts.append(data)
        await writer
        await stream.close()
        if b"".join(parts) != sent:
            raise LinkError("echo differs")

    async def reset(self, **fields):
        stream = await self._stream(fields, RESET)
        await stream.write(b"x")
        try:
            return {"reset": await stream.read() is None}
        except LinkError:
            return {"reset": True}

    async def perf(self, upload=0, download=0, **fields):
        up_ms, down_ms = await Perf(self.swarm).run(self._peer(fields), upload, download)
        return {"upload_ms": up_ms, "download_ms": down_ms}

    async def source(self, bytes, **fields):
        stream = await self._stream(fields, SINK)
        started = time.monotonic()
        await send(stream, bytes)
        count = int.from_bytes(await stream.read_exactly(8), "big")
        await stream.close()
        return {"bytes": count, "ms": (time.monotonic() - started) * 1000}

    async def sink(self, bytes, **fields):
        stream = await self._stream(fields, SOURCE)
        started = time.monotonic()
        await stream.write(bytes.to_bytes(8, "big"))
        count = await drain(stream)
        await stream.close()
        return {"bytes": count, "ms": (time.monotonic() - started) * 1000}

    async def churn(self, address, count, concurrency=1, **_):
        target = Multiaddr(address)
        hosts = [Host() for _ in range(concurrency)]
        started = time.monotonic()
        await in_parallel(count, concurrency, lambda worker: churn_once(hosts[worker], target))
        ms = (time.monotonic() - started) * 1000
        for host in hosts:
            await host.stop()
        return {"count": count, "ms": ms}

    async def open_connections(self, address, count, **_):
        target = Multiaddr(address)

        async def open_one(_worker) -> None:
            host = Host()
            self._kept.append(host)
            await host.identify.wait(await host.swarm.dial(target))

        await in_parallel(count, OPENERS_MAX, open_one)
        return {"count": count}

    async def close_connections(self, **_):
        hosts, self._kept = self._kept, []
        for host in hosts:
            await host.stop()
        return {"count": len(hosts)}

    async def close_peer(self, **fields):
        await self.swarm.close_peer(self._peer(fields))
        return {}

    async def peers(self, **_):
        return {"peers": sorted({str(c.remote_peer) for c in self.swarm.connections()})}


async def churn_once(host: Host, target: Multiaddr) -> None:
    """Dial, upgrade, identify, ping, close."""
    events = host.swarm.watch()
    connection = await host.swarm.dial(target)
    await host.identify.wait(connection)
    await host.ping.ping(connection.remote_peer)
    await connection.close()
    while not isinstance(await events.get(), Disconnected):
        pass
    host.swarm.unwatch(events)


async def in_parallel(count: int, workers: int, work) -> None:
    """Call ``work(worker)`` ``count`` times from ``workers`` tasks."""
    tickets = iter(range(count))

    async def work_on(worker: int) -> None:
        for _ in tickets:
            await work(worker)

    await asyncio.gather(*[work_on(worker) for worker in range(workers)])


async def answer(commands: Commands, line: str) -> bool:
    """Run one command; False for quit."""
    fields = json.loads(line)
    number, name = fields.pop("id", None), fields.pop("cmd")
    if name == "quit":
        say(id=number, ok=True)
        return False
    try:
        say(id=number, ok=True, **await commands.execute(name, fields))
    except (EdgeError, EOFError, AttributeError, KeyError, IndexError, ValueError) as error:
        say(id=number, ok=False, error=f"{type(error).__name__}: {error}")
    return True


async def report(swarm) -> None:
    events = swarm.watch()
    while True:
        try:
            event = await events.get()
        except EOFError:  # the swarm is closed
            return
        if isinstance(event, Connected):
            say(event="connected", peer_id=str(event.connection.remote_peer))
        elif isinstance(event, Disconnected):
            say(event="disconnected", peer_id=str(event.connection.remote_peer))


def make_host(options):
    protocol = options.kad or options.kad_client
    if not protocol:
        return Host(options.listen, options.perf)
    from kad import KadHost

    mode = "server" if options.kad else "client"
    return KadHost(protocol, mode, options.listen, options.perf)


def make_fetch(swarm):
    from fetch import FetchHost

    return FetchHost(swarm)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("--kad")
    parser.add_argument("--kad-client")
    parser.add_argument("--listen", action="append", default=[])
    parser.add_argument("--mdns", action="store_true")
    parser.add_argument("--perf", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    host = make_host(options)
    serve(host.swarm)
    fetch_host = make_fetch(host.swarm) if options.fetch else None
    await host.start()
    addresses = [f"{a}/p2p/{host.swarm.peer_id}" for a in host.swarm.listen_addresses()]
    say(
        event="ready", peer_id=str(host.swarm.peer_id), addresses=addresses,
        agent=host.identify.agent_version, pid=os.getpid(),
    )  # fmt: skip
    tasks = set()
    if not options.quiet:
        tasks.add(asyncio.create_task(report(host.swarm)))
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    commands = Commands(host, fetch_host)
    while line := await lines.readline():
        task = asyncio.create_task(answer(commands, line.decode()))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if '"quit"' in line.decode():
            break
    await host.stop()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
