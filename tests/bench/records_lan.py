"""A record put on one node of a LAN and read on the others, by multicast DNS alone."""

import asyncio
import base64
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.edge_run_cpython import EdgeRun, edge_run
from tests.lan_cpython import Lan

NODES = 10
ROUNDS = 5  # records, each put on another node
OPTIONS = ("--records", "flash,mdns", "--routing", "mdns")


def milliseconds(rounds: int = ROUNDS) -> float:
    """The median of the time from asking to the value, over all nodes that have not put it."""
    return statistics.median(asyncio.run(_reads(rounds)))


async def _reads(rounds: int) -> list[float]:
    with Lan(NODES) as lan, tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        async with AsyncExitStack() as stack:
            running = [
                edge_run(lan, host, Path(folder) / str(host), *OPTIONS) for host in range(NODES)
            ]
            nodes = [await stack.enter_async_context(node) for node in running]
            return [took for round in range(rounds) for took in await _round(nodes, round)]


async def _round(nodes: list[EdgeRun], round: int) -> list[float]:
    """Put on one node, then got on each of the others in its turn."""
    owner = nodes[round % len(nodes)]
    name, value = f"bench/{round}", base64.b64encode(b"21.5").decode()
    await owner.ask(do="put", name=name, value=value)
    taken = []
    for node in nodes:
        if node is not owner:
            found = await node.ask(do="get", name=f"/edge/{owner.peer_id}/{name}")
            assert found[0]["value"] == value
            taken.append(found[0]["took_ms"])
    return taken
