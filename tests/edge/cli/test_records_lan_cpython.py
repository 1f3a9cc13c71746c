"""Records on a LAN of real nodes: read where they were not put, followed, and brought together."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.edge_run_cpython import EdgeRun, edge_run
from tests.lan_cpython import Lan

pytestmark = pytest.mark.slow

MEETING_S = 30  # until two halves that see each other again have the same records


async def put(node: EdgeRun, name: str, value: str) -> dict:
    data = base64.b64encode(value.encode()).decode()
    return (await node.ask(do="put", name=name, value=data))[0]


async def get(node: EdgeRun, owner: EdgeRun, name: str) -> str:
    record = (await node.ask(do="get", name=f"/edge/{owner.peer_id}/{name}"))[0]
    return base64.b64decode(record["value"]).decode()


async def held(node: EdgeRun) -> dict[str, int]:
    """The names of the records a node has, and their versions."""
    rows = await node.ask(do="ls")
    return {row["name"]: row["version"] for row in rows if row["event"] == "record"}


async def until_same(nodes: list[EdgeRun], count: int) -> None:
    until = time.monotonic() + MEETING_S
    while True:
        found = [await held(node) for node in nodes]
        if all(one == found[0] and len(one) == count for one in found):
            return
        assert time.monotonic() < until, found
        await asyncio.sleep(0.2)


@asynccontextmanager
async def nodes_on(
    lan: Lan, count: int, folder: Path, *options: str
) -> AsyncIterator[list[EdgeRun]]:
    """A node on each of the first ``count`` hosts."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(edge_run(lan, host, folder / str(host), *options))
            for host in range(count)
        ]


async def test_ten_nodes_read_by_the_link_alone(tmp_path: Path) -> None:
    """Neither a DHT nor a cloud, nobody was told before; a long value is fetched."""
    options = ("--records", "flash,mdns", "--routing", "mdns")
    with Lan(10) as lan:
        async with nodes_on(lan, 10, tmp_path, *options) as nodes:
            await put(nodes[0], "sensors/1", "21.5")
            await put(nodes[0], "image", "x" * 6000)
            for node in nodes[1:]:
                assert await get(node, nodes[0], "sensors/1") == "21.5"
            assert await get(nodes[9], nodes[0], "image") == "x" * 6000
            # What one reads it keeps: it is there when its owner is not.
            await nodes[0].stop()
            async with edge_run(lan, 0, tmp_path / "late", *options) as late:
                assert await get(late, nodes[0], "sensors/1") == "21.5"


async def test_two_halves_of_a_lan_come_together(tmp_path: Path) -> None:
    """Each half writes while the cable between them is cut; then all have the best of all."""
    options = ("--records", "flash,mdns", "--follow", "/edge/")
    with Lan(4) as lan:
        async with nodes_on(lan, 4, tmp_path, *options) as nodes:
            for number, node in enumerate(nodes):
                await put(node, "mine", str(number))
            await until_same(nodes, 4)
            for host in (2, 3):
                lan.move(host, 1)
            await write_much(nodes)
            for host in (2, 3):
                lan.move(host, 0)
            await until_same(nodes, 8)
            assert await get(nodes[0], nodes[3], "mine") == "3.2"


async def write_much(nodes: list[EdgeRun]) -> None:
    for number, node in enumerate(nodes):
        for again in range(3):
            assert (await put(node, "mine", f"{number}.{again}"))["version"] == again + 1
        await put(node, f"new/{number}", "1")
