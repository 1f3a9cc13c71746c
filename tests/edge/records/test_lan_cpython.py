"""Records on a LAN without internet, by mDNS alone: what one node puts, all others get.

Real `edge run` on namespaces.  How long it takes is measured by `python3 -m tools bench records`;
the bounds here are those of a busy machine.
"""

import asyncio
import base64
import itertools
import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from edge.errors import EdgeError
from tests.edge_run_cpython import EdgeRun, edge_run
from tests.lan_cpython import Lan

COUNT = 10
GOT_MS = 300  # median
LONG = b"x" * 8000  # is fetched
OPTIONS = ("--routing", "mdns", "--records", "flash,mdns")


@asynccontextmanager
async def nodes_on(lan: Lan, data: Path) -> AsyncIterator[list[EdgeRun]]:
    """One on each host, each with its store of records open."""
    async with AsyncExitStack() as stack:

        async def start(host: int) -> EdgeRun:
            run = edge_run(lan, host, data / str(host), *OPTIONS)
            node = await stack.enter_async_context(run)
            await put(node, "opened", b"yes")
            return node

        hosts = range(len(lan.names))
        nodes = list(await asyncio.gather(*[start(host) for host in hosts]))
        for one, other in itertools.permutations(nodes, 2):
            await one.event("found", peer_id=other.peer_id)
        await asyncio.sleep(1.5)  # all have announced themselves
        yield nodes


async def put(node: EdgeRun, path: str, value: bytes) -> str:
    """Its name."""
    answers = await node.ask(do="put", name=path, value=base64.b64encode(value).decode())
    assert answers[0]["event"] == "put", answers
    return f"/edge/{node.peer_id}/{path}"


async def get(node: EdgeRun, name: str) -> tuple[bytes, float]:
    """The value, and after how many milliseconds it was there; b"" if there is none."""
    try:
        (answer,) = await node.ask(do="get", name=name)
    except EdgeError:
        return b"", 0
    return base64.b64decode(answer["value"]), answer["took_ms"]


async def all_get(nodes: list[EdgeRun], name: str, value: bytes, at_once: bool) -> list[float]:
    got = []
    if at_once:
        got = await asyncio.gather(*[get(node, name) for node in nodes])
    else:
        got = [await get(node, name) for node in nodes]
    assert [found for found, _ in got] == [value] * len(nodes)
    return [ms for _, ms in got]


async def test_what_one_puts_all_get(tmp_path: Path) -> None:
    with Lan(COUNT) as lan:
        async with nodes_on(lan, tmp_path) as nodes:
            taken = []
            for number, node in enumerate(nodes[:4]):
                others = [other for other in nodes if other is not node]
                value = LONG if number % 2 else b"a reading"
                name = await put(node, "sensors/1", value)
                ms = await all_get(others, name, value, number < 2)
                how = "at once" if number < 2 else "in turn"
                print(
                    f"{len(value)} bytes, {how}: {statistics.median(ms):.0f} ms median, {max(ms)}"
                )
                taken += ms
            print(f"all: {statistics.median(taken):.0f} ms median")
            assert statistics.median(taken) < 2 * GOT_MS, taken


async def test_the_better_one_is_believed(tmp_path: Path) -> None:
    """An older one is on the link, too, with who has read it before."""
    with Lan(3) as lan:
        async with nodes_on(lan, tmp_path) as (owner, reader, late):
            name = await put(owner, "state", b"old")
            assert (await get(reader, name))[0] == b"old"
            await put(owner, "state", b"new")
            assert (await get(late, name))[0] == b"new"
            assert await get(late, f"/edge/{reader.peer_id}/nothing") == (b"", 0)
