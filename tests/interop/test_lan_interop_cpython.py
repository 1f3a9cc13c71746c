"""On a LAN without internet, `edge run` and go-, rust- and js-libp2p find each other and talk.

Namespaces on a bridge, no way out; each host has an IPv4 and an IPv6 address.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer
from tests.lan_cpython import Lan
from tools import ROOT

FOUND_TIMEOUT_S = 30  # js asks every 10 s, rust doubles its pauses
LISTENING = {"4": "/ip4/0.0.0.0/tcp/0", "6": "/ip6/::/tcp/0"}


class EdgeRun:
    """The real command on a host of the LAN, its JSON lines as events."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._events: list[dict] = []

    async def event(self, name: str, timeout: float = FOUND_TIMEOUT_S, **match) -> dict:
        """The first event of that name with those members, waited for."""
        match["event"] = name
        async with asyncio.timeout(timeout):
            while True:
                found = [event for event in self._events if match.items() <= event.items()]
                if found:
                    return found[0]
                line = await self._process.stdout.readline()
                assert line, f"edge run ended; it had said {self._events}"
                self._events.append(json.loads(line))

    async def stop(self) -> None:
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 10)
        assert self._process.returncode == 0


@asynccontextmanager
async def edge_run(lan: Lan, host: int, data: Path, *options: str) -> AsyncIterator[EdgeRun]:
    command = [sys.executable, "-m", "edge", "run", "--json", "--data", str(data), *options]
    process = await asyncio.create_subprocess_exec(
        *lan.command(host, *command), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    node = EdgeRun(process)
    try:
        yield node
    finally:
        if process.returncode is None:
            await node.stop()


@pytest.fixture
def lang(request: pytest.FixtureRequest) -> str:
    try:
        build.build(request.param)
    except build.Missing as reason:
        needs.missing(str(reason))
    return request.param


# rust and js discover over IPv4 alone unless they are built or told otherwise.
@pytest.mark.parametrize(
    ("lang", "family"), [("go", "4"), ("go", "6"), ("rust", "4"), ("js", "4")], indirect=["lang"]
)
@pytest.mark.parametrize("door", ["zeroconf", "agent"])
async def test_found_and_finding(lang: str, family: str, door: str, tmp_path: Path) -> None:
    """Each finds the other by multicast DNS alone; whoever comes first is found by who comes."""
    (tmp_path / "config.toml").write_text(f"mdns_agent = {str(door == 'agent').lower()}\n")
    with Lan(3) as lan:
        listen = LISTENING[family]
        early = await Peer.start(lang, "--mdns", "--listen", listen, netns=lan.names[0])
        try:
            async with edge_run(lan, 1, tmp_path, "--listen", listen) as ours:
                ready = await ours.event("ready")
                await ours.event("found", peer_id=early.peer_id)
                await ours.event("connected", peer_id=early.peer_id)
                late = await Peer.start(lang, "--mdns", "--listen", listen, netns=lan.names[2])
                try:
                    for peer in (early, late):
                        await peer.event("discovered", FOUND_TIMEOUT_S, peer_id=ready["peer_id"])
                        await ours.event("found", peer_id=peer.peer_id)
                        await ours.event("connected", peer_id=peer.peer_id)
                        await peer.event("connected", peer_id=ready["peer_id"])
                        pings = await peer.call("ping", peer_id=ready["peer_id"], count=1)
                        assert len(pings["rtt_ms"]) == 1
                finally:
                    await late.stop()
        finally:
            await early.stop()


@pytest.mark.parametrize("lang", build.LANGUAGES, indirect=True)
async def test_across_namespaces_by_address(lang: str, tmp_path: Path) -> None:
    with Lan(2) as lan:
        async with await Peer.start(
            lang, "--listen", "/ip4/10.77.0.1/tcp/4002", netns=lan.names[0]
        ) as peer:
            options = ("--no-mdns", "--listen", "/ip4/0.0.0.0/tcp/4001", "--perf")
            async with edge_run(lan, 1, tmp_path, *options, "--peer", peer.addresses[0]) as ours:
                ready = await ours.event("ready")
                await ours.event("connected", peer_id=peer.peer_id)
                await peer.event("connected", peer_id=ready["peer_id"])
                seen = await peer.call("identify", peer_id=ready["peer_id"])
                assert "/ip4/10.77.0.2/tcp/4001" in seen["listen_addrs"]
                assert not [a for a in seen["listen_addrs"] if "0.0.0.0" in a or "/127." in a]
                sizes = {"upload": 1 << 20, "download": 1 << 20}
                await peer.call("perf", peer_id=ready["peer_id"], **sizes)
