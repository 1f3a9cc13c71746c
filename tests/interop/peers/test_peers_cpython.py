"""The judges can be trusted: each foreign peer keeps the contract of README.md with each other."""

import asyncio
import contextlib
import os
import subprocess

import pytest

from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError

LISTEN = ("--listen", "/ip4/127.0.0.1/tcp/0")
SEED = "07" * 32
PEER_ID_OF_SEED = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7"
OTHER_PEER_ID = "12D3KooWJvs41Loac51DpYK3VxpEkizp7qxkxtJrEW7Q2z7maN5W"
TEST_PROTOCOLS = {f"/edge-test/{name}/1.0.0" for name in ("echo", "reset", "sink", "source")}
PROTOCOLS = TEST_PROTOCOLS | {"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"}
PAIRS = [(dialer, listener) for dialer in build.LANGUAGES for listener in build.LANGUAGES]
# Who hears whom by mDNS.  js answers without SRV and A records, rust without them too, which go
# and py both wait for; rust looks for TXT among the additional records, js puts it in the answer.
HEARS = {
    "go": ("go", "py"),
    "rust": ("go", "rust", "py"),
    "js": ("go", "rust", "js", "py"),
    "py": ("go", "py"),
}
DEVICES = ("edge-near", "edge-far")
MDNS_PAIRS = [(a, b) for i, a in enumerate(build.LANGUAGES) for b in build.LANGUAGES[i:]]


async def start(lang: str, *arguments: str, netns: str | None = None) -> Peer:
    """A peer; a test that lacks the tools to build it ends here."""
    try:
        await asyncio.to_thread(build.build, lang)
    except build.Missing as error:
        needs.missing(str(error))
    return await Peer.start(lang, *arguments, netns=netns)


@contextlib.asynccontextmanager
async def connected(dialing: str, listening: str):
    """A dialer without listeners, connected to a listener that serves perf."""
    async with (
        await start(listening, *LISTEN, "--perf") as listener,
        await start(dialing) as dialer,
    ):
        answer = await dialer.call("dial", address=listener.addresses[0])
        assert answer == {"peer_id": listener.peer_id}
        yield dialer, listener


@pytest.mark.parametrize(("dialing", "listening"), PAIRS)
async def test_streams(dialing, listening):
    async with connected(dialing, listening) as (dialer, listener):
        there = {"peer_id": listener.peer_id}
        for size, streams in ((0, 1), (1, 1), (700_001, 8), (100, 60)):
            answer = await dialer.call("echo", **there, bytes=size, streams=streams)
            assert answer["bytes"] == size * streams and answer["ms"] >= 0
        assert await dialer.call("reset", **there) == {"reset": True}
        for command in ("source", "sink"):
            for size in (0, 5_000_001):
                assert (await dialer.call(command, **there, bytes=size))["bytes"] == size
        for upload, download in ((0, 0), (1_000_001, 10), (10, 1_000_001)):
            answer = await dialer.call("perf", **there, upload=upload, download=download)
            assert answer["upload_ms"] >= 0 and answer["download_ms"] >= 0
        # The listener opens streams as well as the dialer does; the dialer serves no perf.
        back = {"peer_id": dialer.peer_id}
        assert (await listener.call("echo", **back, bytes=300_000, streams=3))["bytes"] == 900_000
        with pytest.raises(PeerError, match="refused"):
            await listener.call("perf", **back, upload=1, download=1)


@pytest.mark.parametrize(("dialing", "listening"), PAIRS)
async def test_what_they_say_of_each_other(dialing, listening):
    async with connected(dialing, listening) as (dialer, listener):
        told = await dialer.call("identify", peer_id=listener.peer_id)
        assert set(told["protocols"]) == PROTOCOLS | {"/perf/1.0.0"}
        assert told["protocols"] == sorted(told["protocols"])
        assert [f"{address}/p2p/{listener.peer_id}" for address in told["listen_addrs"]] == (
            listener.addresses
        )
        for asker, asked in ((dialer, listener), (listener, dialer)):
            told = await asker.call("identify", peer_id=asked.peer_id)
            assert told["agent_version"] == asked.agent
            assert told["observed_addr"].startswith("/ip4/127.0.0.1/tcp/")
            assert set(told["protocols"]) >= PROTOCOLS
            assert told["public_key"].startswith("08011220") and len(told["public_key"]) == 72
            assert told["signed_peer_record"] is None or bytes.fromhex(told["signed_peer_record"])
            pings = await asker.call("ping", peer_id=asked.peer_id, count=3)
            assert len(pings["rtt_ms"]) == 3 and min(pings["rtt_ms"]) >= 0
        await asyncio.gather(  # commands run side by side
            dialer.call("echo", peer_id=listener.peer_id, bytes=500_000, streams=4),
            dialer.call("sink", peer_id=listener.peer_id, bytes=2_000_000),
            dialer.call("ping", peer_id=listener.peer_id, count=3),
            listener.call("ping", peer_id=dialer.peer_id, count=3),
        )


@pytest.mark.parametrize(("dialing", "listening"), PAIRS)
async def test_connections(dialing, listening):
    async with connected(dialing, listening) as (dialer, listener):
        await dialer.event("connected", peer_id=listener.peer_id)
        await listener.event("connected", peer_id=dialer.peer_id)
        assert await dialer.call("peers") == {"peers": [listener.peer_id]}
        assert await dialer.call("close_peer", peer_id=listener.peer_id) == {}
        await dialer.event("disconnected", peer_id=listener.peer_id)
        await listener.event("disconnected", peer_id=dialer.peer_id)
        assert await dialer.call("peers") == await listener.call("peers") == {"peers": []}
        with pytest.raises(PeerError, match="refused"):
            await dialer.call("ping", peer_id=listener.peer_id, count=1)
        address = listener.addresses[0]
        for concurrency in (1, 2):  # 3 from one identity: more pings than py serves one peer
            answer = await dialer.call("churn", address=address, count=6, concurrency=concurrency)
            assert answer["count"] == 6 and answer["ms"] > 0
        await dialer.call("dial", address=address)
        await dialer.call("ping", peer_id=listener.peer_id, count=1)
        assert await dialer.call("open_connections", address=address, count=20) == {"count": 20}
        assert len((await listener.call("peers"))["peers"]) >= 20
        # What went on beside it did the first connection no harm.
        await dialer.call("ping", peer_id=listener.peer_id, count=1)
        assert (await dialer.stop(), await listener.stop()) == (0, 0)


async def refused(peer, command: str, **fields) -> None:
    with pytest.raises(PeerError, match="refused"):
        await peer.call(command, **fields)


@pytest.mark.parametrize("lang", build.LANGUAGES)
async def test_start_and_end(lang):
    async with await start(lang, *LISTEN, "--seed", SEED) as peer:
        assert peer.peer_id == PEER_ID_OF_SEED
        assert peer.addresses == [f"{peer.addresses[0].split('/p2p/')[0]}/p2p/{peer.peer_id}"]
        assert peer.addresses[0].startswith("/ip4/127.0.0.1/tcp/")
        assert peer.agent.startswith(lang + "-libp2p/") and peer.ready["pid"] == peer.pid
        assert peer.resident_bytes() > 1_000_000
        for cmd, peer_id in (("nonsense", peer.peer_id), ("ping", "x"), ("ping", peer.peer_id)):
            await refused(peer, cmd, peer_id=peer_id)
        async with await start(lang, "--quiet") as stranger:
            assert stranger.addresses == []
            port = peer.addresses[0].split("/")[4]
            for wrong in (f"1/p2p/{peer.peer_id}", f"{port}/p2p/{OTHER_PEER_ID}"):
                await refused(stranger, "dial", address="/ip4/127.0.0.1/tcp/" + wrong)
            await stranger.call("dial", address=peer.addresses[0])  # a failure is no grudge
        assert await peer.call("quit") == {}
        assert await peer.stop() == 0


@pytest.mark.parametrize(("here", "there"), MDNS_PAIRS)
async def test_mdns(here, there, network):
    argv = ["--mdns", "--listen"]
    async with (
        await start(here, *argv, "/ip4/10.77.0.1/tcp/0", netns=network[0]) as one,
        await start(there, *argv, "/ip4/10.77.0.2/tcp/0", netns=network[1]) as other,
    ):
        for finder, found in ((one, other), (other, one)):
            if found.lang in HEARS[finder.lang]:
                event = await finder.event("discovered", peer_id=found.peer_id, timeout=30)
                assert event["addresses"] == found.addresses


@pytest.fixture
def network():
    """Two network namespaces with a cable between them."""
    needs.root()
    needs.tool("ip", "iproute2")
    names = [f"edge-peers-{os.getpid()}-{side}" for side in "ab"]
    try:
        for name in names:
            _ip("netns", "add", name)
        far_end = ("peer", "name", DEVICES[1], "netns", names[1])
        _ip("link", "add", "name", DEVICES[0], "netns", names[0], "type", "veth", *far_end)
        for number, (name, device) in enumerate(zip(names, DEVICES, strict=True), 1):
            for link in ("lo", device):
                _ip("-n", name, "link", "set", link, "up")
            _ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", device)
            _ip("-n", name, "route", "add", "default", "dev", device)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_a_missing_tool_is_named_and_leaves_nothing(lang, tmp_path, monkeypatch):
    monkeypatch.setenv("LIBP2P_EDGE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.Missing, match="install"):
        build.build(lang, log=lambda text: None)
    assert [path.name for path in (tmp_path / "peers").iterdir()] == [lang + ".lock"]
