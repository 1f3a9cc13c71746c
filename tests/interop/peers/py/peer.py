"""A py-libp2p peer that a test starts and drives by JSON lines (see ../README.md)."""

import argparse
import functools
import json
import os
import threading

import trio
from commands import Commands
from kad import running_kad
from libp2p.abc import INetConn, INetStream, INetwork, INotifee
from libp2p.discovery.events.peerDiscovery import peerDiscovery
from libp2p.peer.peerinfo import PeerInfo
from node import AGENT, running
from streams import set_handlers

_LINE_BYTES_MAX = 1 << 20
_output = threading.Lock()  # mDNS reports from a thread of its own
_ready = threading.Event()  # set once the first line is written; events wait for it


def write(value: dict) -> None:
    """One line on stdout, whole."""
    line = json.dumps(value).encode() + b"\n"
    with _output:
        while line:
            line = line[os.write(1, line) :]


class Watcher(INotifee):
    """Reports the first connection to a peer and the loss of the last."""

    def __init__(self) -> None:
        self._present: set = set()

    async def connected(self, network: INetwork, conn: INetConn) -> None:
        peer_id = conn.muxed_conn.peer_id
        if peer_id not in self._present:
            self._present.add(peer_id)
            write({"event": "connected", "peer_id": str(peer_id)})

    async def disconnected(self, network: INetwork, conn: INetConn) -> None:
        peer_id = conn.muxed_conn.peer_id
        if peer_id in self._present and not network.get_connections(peer_id):
            self._present.remove(peer_id)
            write({"event": "disconnected", "peer_id": str(peer_id)})

    async def opened_stream(self, network: INetwork, stream: INetStream) -> None:
        pass

    async def closed_stream(self, network: INetwork, stream: INetStream) -> None:
        pass

    async def listen(self, network: INetwork, multiaddr) -> None:
        pass

    async def listen_close(self, network: INetwork, multiaddr) -> None:
        pass


def report_discovered(info: PeerInfo) -> None:
    """Called by the thread of mDNS."""
    _ready.wait()
    addresses = [f"{address}/p2p/{info.peer_id}" for address in info.addrs]
    write({"event": "discovered", "peer_id": str(info.peer_id), "addresses": addresses})


async def lines_of_stdin():
    """The lines as they come, until stdin ends."""
    pending = b""
    async with trio.lowlevel.FdStream(os.dup(0)) as stdin:
        async for data in stdin:
            *lines, pending = (pending + data).split(b"\n")
            if len(pending) > _LINE_BYTES_MAX:
                return
            for line in lines:
                yield line


async def answer(commands: Commands, line: bytes, quit_now: trio.Event) -> None:
    identifier = None
    try:
        command = json.loads(line)
        identifier = command.get("id")
        result = await commands.execute(command)
        write({"id": identifier, "ok": True, **result})
        if command["cmd"] == "quit":
            quit_now.set()
    except Exception as error:
        write({"id": identifier, "ok": False, "error": describe(error)})


def describe(error: BaseException) -> str:
    """The error and what caused it, on one line; of several in a group the first."""
    texts = []
    while error and len(texts) < 4:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__
    return " <- ".join(texts)


async def main(options: argparse.Namespace) -> None:
    if not options.quiet:
        peerDiscovery.register_peer_discovered_handler(report_discovered)
    async with (
        running(options.listen, options.seed, options.mdns) as host,
        running_kad(host, options.kad, options.kad_client) as dht,
        trio.open_nursery() as nursery,
    ):
        set_handlers(host, options.perf)
        if not options.quiet:
            host.get_network().register_notifee(Watcher())
        ready = {
            "event": "ready",
            "peer_id": str(host.get_id()),
            "addresses": [str(address) for address in host.get_addrs()],
            "agent": AGENT,
            "pid": os.getpid(),
        }
        write(ready)
        _ready.set()
        commands, quit_now = Commands(host, nursery, dht), trio.Event()

        async def serve() -> None:
            async for line in lines_of_stdin():
                nursery.start_soon(answer, commands, line, quit_now)
            quit_now.set()

        nursery.start_soon(serve)
        await quit_now.wait()
        if options.mdns:
            # Closing zeroconf waits for its thread, which asks a neighbour without SRV for 20 s.
            os._exit(0)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kad", help="serve the Kademlia DHT of this protocol name")
    parser.add_argument("--kad-client", help="use it and serve nothing")
    parser.add_argument("--listen", action="append", default=[])
    parser.add_argument("--mdns", action="store_true")
    parser.add_argument("--perf", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--seed", help="Ed25519 seed, 32 bytes in hex")
    trio.run(functools.partial(main, parser.parse_args()))
