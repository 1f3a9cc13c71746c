"""go-, rust- and js-libp2p on a LAN where keys and records are asked for and answered all the
time."""

import asyncio
import base64
import contextlib
import itertools
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge.errors import EdgeError
from tests import needs
from tests.edge_run_cpython import EdgeRun, edge_run
from tests.interop.peers import build
from tests.interop.peers.client import Peer
from tests.lan_cpython import Lan

LANGUAGES = ("go", "rust", "js")
LISTEN = "/ip4/0.0.0.0/tcp/0"
FOUND_TIMEOUT_S = 40  # js asks every 10 s, rust doubles its pauses
KEYS = 16
SEARCHES = 8  # of each node at the same time
PAUSE_S = 0.1  # between two of them


@pytest.fixture(scope="module")
def built() -> None:
    for lang in LANGUAGES:
        try:
            build.build(lang)
        except build.Missing as reason:
            needs.missing(str(reason))


async def provide(node: EdgeRun, name: str) -> None:
    for number in range(KEYS):
        await node.ask(do="provide", key=f"name:{name} {number}")
        value = base64.b64encode(bytes(1 + 400 * number)).decode()  # some are short, some are not
        await node.ask(do="put", name=f"{name}/{number}", value=value)


async def search(node: EdgeRun, other: str, first: int, peer_id: str) -> None:
    """Ask for keys and records that are there and that are not, for ever."""
    for number in itertools.count(first, SEARCHES):
        for path in (f"{other}/{number % KEYS}", f"nothing/{number}"):
            with contextlib.suppress(EdgeError):
                await node.ask(do="get", name=f"/edge/{peer_id}/{path}", timeout_ms=1500)
        for key in (f"name:{other} {number % KEYS}", f"name:nobody {number}"):
            with contextlib.suppress(EdgeError):
                await node.ask(do="providers", key=key, count=1, timeout_ms=1500)
            await asyncio.sleep(PAUSE_S)


async def read(node: EdgeRun, holder: EdgeRun, name: str) -> None:
    """A short record of the holder, and a long one."""
    for number in (0, KEYS - 1):
        (got,) = await node.ask(do="get", name=f"/edge/{holder.peer_id}/{name}/{number}")
        assert len(base64.b64decode(got["value"])) == 1 + 400 * number


async def probes(node: EdgeRun) -> int:
    """How often the node has asked the LAN."""
    (status,) = [told for told in await node.ask(do="routing") if told.get("name") == "mdns"]
    return status["probes"]


async def meet(peer: Peer, node: EdgeRun) -> None:
    """Both find each other and talk."""
    await peer.event("discovered", FOUND_TIMEOUT_S, peer_id=node.peer_id)
    await node.event("found", FOUND_TIMEOUT_S, peer_id=peer.peer_id)
    await peer.event("connected", FOUND_TIMEOUT_S, peer_id=node.peer_id)
    pings = await peer.call("ping", peer_id=node.peer_id, count=1)
    assert len(pings["rtt_ms"]) == 1


async def test_they_find_and_are_found_and_do_not_choke(built: None, tmp_path: Path) -> None:
    """Those that were there before the probes began and those that come in the middle of it."""
    async with AsyncExitStack() as stack:
        lan = stack.enter_context(Lan(5))

        async def peers() -> list[Peer]:
            started = []
            for host, lang in enumerate(LANGUAGES):
                options = ("--mdns", "--listen", LISTEN)
                peer = await Peer.start(lang, *options, netns=lan.names[host])
                started.append(await stack.enter_async_context(peer))
            return started

        early = await peers()
        nodes = []
        for host, name in ((3, "one"), (4, "other")):
            options = ("--routing", "mdns", "--records", "mdns")
            run = edge_run(lan, host, tmp_path / name, *options)
            nodes.append(await stack.enter_async_context(run))
            await provide(nodes[-1], name)
        tasks = []
        for node, other in zip(nodes, ("other", "one"), strict=True):
            holder = next(one for one in nodes if one is not node).peer_id
            for first in range(SEARCHES):
                tasks.append(asyncio.create_task(search(node, other, first, holder)))
        late = await peers()
        for peer in early + late:
            for node in nodes:
                await meet(peer, node)
        for one, other in zip(early, late, strict=True):  # of one language, they hear each other
            await one.event("discovered", FOUND_TIMEOUT_S, peer_id=other.peer_id)
            await other.event("discovered", FOUND_TIMEOUT_S, peer_id=one.peer_id)
        for node in nodes:  # a peer that knows nothing of keys is found as what it is
            for peer in early:
                answers = await node.ask(do="find", what=peer.peer_id)
                assert answers[-1]["found"] == 1
        await read(nodes[0], nodes[1], "other")
        await read(nodes[1], nodes[0], "one")
        for task in tasks:
            assert not task.done(), task.exception()
            task.cancel()
        assert min([await probes(node) for node in nodes]) > 2 * SEARCHES
