"""What each command does, except what happens on streams (streams.py)."""

import contextlib
import secrets
import time

import kad
import trio
from libp2p.abc import IHost
from libp2p.host.ping import ID as PING_ID
from libp2p.identity.identify.identify import ID as IDENTIFY_ID
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.io.utils import read_exactly
from libp2p.peer.id import ID
from libp2p.utils.varint import read_length_prefixed_protobuf
from multiaddr import Multiaddr
from node import running
from streams import echo, expect_reset, milliseconds_since, perf, sink, source

_COMMAND_TIMEOUT_S = 600  # of everything a command does; the tests wait less
_IDENTIFY_TIMEOUT_S = 10
_IDENTIFY_POLL_S = 0.002
_OPENERS_MAX = 16  # connections that open_connections has in the making
_PING_BYTES = 32


class Commands:
    """Everything a test may ask of this host."""

    def __init__(self, host: IHost, nursery: trio.Nursery, dht=None) -> None:
        self._host = host
        self._dht = dht
        self._nursery = nursery
        self._extra = 0  # hosts that open_connections made
        self._close_extra = trio.Event()

    async def execute(self, command: dict) -> dict:
        """The members of the answer."""
        with trio.fail_after(_COMMAND_TIMEOUT_S):
            match command["cmd"]:
                case "quit":
                    return {}
                case "peers":
                    return {"peers": [str(peer) for peer in self._host.get_connected_peers()]}
                case "dial":
                    return {"peer_id": str(await dial(self._host, command["address"]))}
                case "churn":
                    concurrency = command.get("concurrency", 1)
                    return await churn(command["address"], command["count"], concurrency)
                case "open_connections":
                    return await self._open_connections(command["address"], command["count"])
                case "close_connections":
                    return self._close_connections()
                case name if name in kad.COMMANDS:
                    return await kad.execute(self._dht, command)
            return await self._execute_with(command, ID.from_string(command["peer_id"]))

    async def _execute_with(self, command: dict, peer: ID) -> dict:
        host, count = self._host, command.get("bytes", 0)
        if command["cmd"] == "close_peer":
            await host.disconnect(peer)
            return {}
        if not host.get_network().get_connections(peer):
            raise ValueError(f"cannot {command['cmd']}: not connected to {peer}")
        match command["cmd"]:
            case "identify":
                return describe(await identify(host, peer))
            case "ping":
                return {"rtt_ms": await ping(host, peer, command.get("count", 1))}
            case "echo":
                return await echo(host, peer, count, command.get("streams", 1))
            case "reset":
                return await expect_reset(host, peer)
            case "perf":
                return await perf(host, peer, command["upload"], command["download"])
            case "source":
                return await source(host, peer, count)
            case "sink":
                return await sink(host, peer, count)
        raise ValueError("unknown command " + repr(command["cmd"]))

    async def _open_connections(self, address: str, count: int) -> dict:
        async def open_one(_worker: int) -> None:
            await self._nursery.start(self._keep_connection, address)

        await in_parallel(count, _OPENERS_MAX, open_one)
        return {"count": count}

    async def _keep_connection(self, address: str, task_status=trio.TASK_STATUS_IGNORED) -> None:
        close = self._close_extra
        async with running() as host:
            await settled(host, await dial(host, address))
            self._extra += 1
            task_status.started()
            await close.wait()

    def _close_connections(self) -> dict:
        count, self._extra = self._extra, 0
        self._close_extra.set()
        self._close_extra = trio.Event()
        return {"count": count}


async def dial(host: IHost, address: str) -> ID:
    """Connect to exactly this address.

    Not by host.connect(), which lets a quarter of a second pass after every dial in case that a
    second address were worth a try.
    """
    multiaddr = Multiaddr(address)
    peer = ID.from_string(multiaddr.value_for_protocol("p2p"))
    if not host.get_network().get_connections(peer):
        await host.get_network().dial_addr(multiaddr, peer)
    return peer


async def ping(host: IHost, peer: ID, count: int) -> list[float]:
    """Round trips in milliseconds; the library's own ping() counts whole ones."""
    times = []
    stream = await host.new_stream(peer, [PING_ID])
    for _ in range(count):
        data, started = secrets.token_bytes(_PING_BYTES), time.perf_counter()
        await stream.write(data)
        if await read_exactly(stream, _PING_BYTES) != data:
            raise ValueError("the ping came back changed")
        times.append(milliseconds_since(started))
    await stream.close()
    return times


async def settled(host: IHost, peer: ID) -> None:
    """Wait for the host's own question to a new peer."""
    while peer in host._identify_inflight:  # noqa: ASYNC110 - it tells nobody when it is done
        await trio.sleep(_IDENTIFY_POLL_S)


async def identify(host: IHost, peer: ID) -> Identify:
    """Ask once more: the host keeps parts only, and asks a peer it knows no second time.

    Not while its own question is open: js-libp2p resets the second of two.
    """
    await settled(host, peer)
    stream = await host.new_stream(peer, [IDENTIFY_ID])
    with trio.fail_after(_IDENTIFY_TIMEOUT_S):
        data = await read_length_prefixed_protobuf(stream, use_varint_format=True)
    await stream.close()
    message = Identify()
    message.ParseFromString(data)
    return message


def describe(said: Identify) -> dict:
    return {
        "protocols": sorted(said.protocols),
        "listen_addrs": [str(Multiaddr(address)) for address in said.listen_addrs],
        "observed_addr": str(Multiaddr(said.observed_addr)) if said.observed_addr else None,
        "agent_version": said.agent_version,
        "protocol_version": said.protocol_version,
        "public_key": said.public_key.hex() or None,
        "signed_peer_record": said.signedPeerRecord.hex() or None,
    }


async def churn(address: str, count: int, concurrency: int) -> dict:
    """`count` connections, `concurrency` at a time, each from a host of its own."""
    async with contextlib.AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(running()) for _ in range(concurrency)]
        started = time.perf_counter()

        async def once(worker: int) -> None:
            peer = await dial(hosts[worker], address)
            await identify(hosts[worker], peer)
            await ping(hosts[worker], peer, 1)
            await hosts[worker].disconnect(peer)

        await in_parallel(count, concurrency, once)
        return {"count": count, "ms": milliseconds_since(started)}


async def in_parallel(count: int, workers: int, work) -> None:
    """Call `work(worker)` `count` times from `workers` tasks."""
    tickets = iter(range(count))

    async def worker_task(worker: int) -> None:
        for _ in tickets:
            await work(worker)

    async with trio.open_nursery() as nursery:
        for worker in range(workers):
            nursery.start_soon(worker_task, worker)
