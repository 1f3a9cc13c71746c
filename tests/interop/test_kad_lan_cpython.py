"""On a LAN without internet, `edge run` joins the DHT that go-, rust- and js-libp2p keep there.

Namespaces on a bridge, no way out.
"""

import asyncio
import itertools
import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.interop import dht
from tests.interop.dht import LAN
from tests.interop.test_lan_interop_cpython import edge_run
from tests.lan_cpython import Lan
from tools import ROOT

OTHERS = ("go", "rust", "js")
OURS = 3  # the host of edge run
ADDRESS = {"4": "/ip4/10.77.0.{}/tcp/4001", "6": "/ip6/fd77::{}/tcp/4001"}
UNSPECIFIED = {"4": "/ip4/0.0.0.0/tcp/4001", "6": "/ip6/::/tcp/4001"}


async def edge(data: Path, *arguments: str) -> list[dict]:
    """What a command that asks the running node says; nothing if it has no answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", *arguments, "--json", "--data", str(data),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return [json.loads(line) for line in output.splitlines()] if not process.returncode else []


async def told(data: Path, event: str, *arguments: str) -> dict[str, list[str]]:
    """The peers that a search gives, each with its addresses."""
    found: dict = {}
    for line in await edge(data, *arguments):
        if line["event"] == event:
            found.setdefault(line["peer_id"], []).extend(line["addresses"])
    return found


async def status(data: Path) -> dict:
    lines = await edge(data, "routing", "--peers")
    return next(line for line in lines if line.get("name") == "kad-lan")


@asynccontextmanager
async def others(lan: Lan, family: str, *options: str):
    """go, rust and js, of whom nobody knows another."""
    async with AsyncExitStack() as stack:
        peers = []
        for host, lang in enumerate(OTHERS):
            listen = ("--listen", ADDRESS[family].format(host + 1))
            peer = await dht.start(lang, *listen, "--kad", LAN, *options, netns=lan.names[host])
            peers.append(await stack.enter_async_context(peer))
        yield peers


async def chain(peers) -> None:
    """Let each know the next."""
    for near, far in itertools.pairwise(peers):
        await near.call("dial", address=far.addresses[0])
        await asyncio.gather(dht.in_table(near, far), dht.in_table(far, near))


async def is_known_to(peers, peer_id: str) -> None:
    """Wait until it is in everybody's table."""
    for peer in peers:

        async def is_so(peer=peer) -> bool:
            return peer_id in await dht.table(peer)

        await dht.until(is_so, f"{peer.lang} does not have our node")


@pytest.mark.parametrize("family", ("4", "6"))
async def test_by_one_address_and_after_a_restart_by_none(family: str, tmp_path: Path) -> None:
    """No multicast: the node is told of go, go knows rust, rust knows js."""
    options = ("--no-mdns", "--routing", "kad-lan", "--listen", UNSPECIFIED[family])
    address = ADDRESS[family].format(OURS + 1)
    with Lan(4) as lan:
        async with others(lan, family) as peers:
            await chain(peers)
            bootstrap = ("--bootstrap", peers[0].addresses[0])
            async with edge_run(lan, OURS, tmp_path, *options, *bootstrap) as node:
                own = (await node.event("ready"))["peer_id"]
                await is_known_to(peers, own)
                mine = await finds_all(tmp_path, peers)
                await is_found(own, address, mine, peers)
                key, value = dht.pk_record(peers[1])
                await peers[1].call("put_value", key=key, value=value)
                assert (await status(tmp_path))["values_kept"] == 1
            # Whom it knew is all it is left with, and what it provides.
            async with edge_run(lan, OURS, tmp_path, *options) as node:
                assert (await node.event("ready"))["peer_id"] == own
                await peers[0].event("connected", peer_id=own)  # the first one
                await finds_all(tmp_path, peers)
                await is_found(own, address, mine, peers)


async def test_by_multicast_alone(tmp_path: Path) -> None:
    """As it comes: nobody is told of anybody. Our node hears all of them, they not each other."""
    with Lan(4) as lan:
        async with (
            edge_run(lan, OURS, tmp_path) as node,
            others(lan, "4", "--mdns") as peers,
        ):
            own = (await node.event("ready"))["peer_id"]
            await is_known_to(peers, own)
            mine = await finds_all(tmp_path, peers)
            await is_found(own, ADDRESS["4"].format(OURS + 1), mine, peers)
            await dht.everyone_in_tables(peers)
            await dht.finds_provider(peers[0], peers[2])


async def finds_all(data: Path, peers) -> str:
    """The node finds who is there and what they have; a key that it provides itself."""

    async def has_all() -> bool:
        rows = (await status(data))["peers"]
        return {peer.peer_id for peer in peers} <= {row["peer_id"] for row in rows}

    await dht.until(has_all, "our node does not have everyone")
    for peer in peers:
        found = await told(data, "peer", "find", peer.peer_id)
        assert peer.addresses[0].split("/p2p/")[0] in found[peer.peer_id]
        key = dht.content_key()
        await peer.call("provide", key=key)

        async def is_found(key=key, peer=peer) -> bool:
            return set(await told(data, "provider", "providers", key)) == {peer.peer_id}

        await dht.until(is_found, f"our node does not find what {peer.lang} provides")
    found = await told(data, "closest", "find", dht.content_key())
    assert {peer.peer_id for peer in peers} <= set(found)
    mine = dht.content_key()
    assert await edge(data, "provide", mine)
    return mine


async def is_found(own: str, address: str, key: str, peers) -> None:
    """Everybody finds the node where it really is, and what it provides."""
    for peer in peers:
        answer = await peer.call("find_peer", peer_id=own)
        assert f"{address}/p2p/{own}" in answer["addresses"]
        assert not [told for told in answer["addresses"] if "/127." in told or "/::1/" in told]

        async def is_provider(peer=peer) -> bool:
            found = await peer.call("find_providers", key=key, count=1)
            return found["peers"] == [own]

        await dht.until(is_provider, f"{peer.lang} does not find what our node provides")
