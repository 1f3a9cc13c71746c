"""One network, one thing that happens to it, and how well it is found through afterwards.

join --> settle --> [an idle hour] --> [attackers turn | 20 % gone] --> operations
  \\-- with attackers among them from the first, if they do not wait to turn
"""

import dataclasses
import json
import math
import os
import time
import traceback
from collections.abc import Callable
from typing import Any

from edge.routing.kad import EDGE, Profile
from edge.system import aio
from tests.sim import hostile, population
from tests.sim.hostile import Attackers
from tests.sim.loop import Ground
from tests.sim.network import SimulatedNetwork, World
from tests.sim.operations import Operations

HEALTHY, GONE = "healthy", "gone"
SCENARIOS = (HEALTHY, GONE, *hostile.SCENARIOS)
SHARE = 0.2  # of the nodes are gone, or hostile
BARS = {HEALTHY: 0.995, GONE: 0.995, **dict.fromkeys(hostile.SCENARIOS, 0.95)}
HOUR_MS = 3_600_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is simulated."""

    size: int
    seed: int = 1
    operations: int = 200  # of each kind
    given: int = 0  # nodes that need not join: the tables they would have then are given to them
    settle_ms: int = HOUR_MS // 4  # from the last join on
    quiet_ms: int = HOUR_MS  # after that, in the healthy network, before it is watched
    idle_ms: int = HOUR_MS  # watched, all at rest; 0: neither
    profile: Profile = EDGE


def _quiet(_text: str) -> None:
    pass


def run(plan: Plan, scenario: str, say: Callable[[str], None] = _quiet) -> dict:
    """The scenario in a network of its own; attackers are hostile from the first."""
    with Ground(plan.seed) as ground:
        world = ground.run(_build(ground, plan, scenario, say))
        return ground.run(_measure(world, plan, scenario, say))


def run_each(plan: Plan, scenarios: list[str], say: Callable[[str], None] = _quiet) -> list[dict]:
    """All of them on one network that is built once; attackers have behaved well until then.

    Each happens in a process of its own, a copy of this one.
    """
    with Ground(plan.seed) as ground:
        world = ground.run(_build(ground, plan, HEALTHY, say))
        return [
            _in_copy(lambda name=name: ground.run(_measure(world, plan, name, say)))
            for name in scenarios
        ]


async def _build(ground: Ground, plan: Plan, scenario: str, say: Callable) -> World:
    world = World(ground, plan.profile)
    gang, members = None, set()
    if scenario in hostile.SCENARIOS:
        gang = Attackers(world, scenario)
        members = set(world.chance.sample(range(1, plan.size), round(SHARE * plan.size)))

    def enlist(number: int, node: SimulatedNetwork) -> None:
        if gang and number in members:
            gang.enlist(node)

    await population.join_all(world, plan.size, plan.given, enlist, say)
    await aio.sleep_ms(plan.settle_ms)
    return world


async def _measure(world: World, plan: Plan, scenario: str, say: Callable) -> dict:
    began = time.monotonic()
    found: dict[str, Any] = {
        "size": plan.size, "scenario": scenario, "seed": plan.seed, "profile": plan.profile.name,
        "log2": round(math.log2(plan.size), 2), "bar": BARS[scenario],
        "table": _table_sizes(world),
    }  # fmt: skip
    if scenario == HEALTHY and plan.idle_ms:
        say(f"{plan.size:,} nodes, idle")
        await aio.sleep_ms(plan.quiet_ms)
        found["idle"] = await _idle(world, plan.idle_ms)
    if scenario in hostile.SCENARIOS and not any(node.hostile for node in world.nodes):
        gang = Attackers(world, scenario)
        for node in world.chance.sample(world.nodes, round(SHARE * plan.size)):
            gang.enlist(node)
    found["hostile"] = sum(node.hostile is not None for node in world.nodes)
    records = []
    if scenario == GONE:
        _, provided = await Operations(world).provide(plan.operations // 2)
        await _lose(world, {node for node, _ in provided})
    else:
        provided = []
    say(f"{plan.size:,} nodes, {scenario}")
    operations = Operations(world)
    records.append(await operations.find_peer(plan.operations))
    told, more = await operations.provide(plan.operations - len(provided))
    records.append(told)
    records.append(await operations.find_providers(provided + more))
    records.append(await operations.get_closest(plan.operations // 2))
    found["operations"] = {record.kind: record.as_dict() for record in records}
    say(f"{plan.size:,} nodes, {scenario}: {time.monotonic() - began:.0f} s")
    return found


async def _lose(world: World, spared: set) -> None:
    """A share of the nodes goes without notice."""
    others = [node for node in world.nodes if node not in spared]
    for node in world.chance.sample(others, min(len(others), round(SHARE * len(world.nodes)))):
        await population.vanish(node)


async def _idle(world: World, duration_ms: int) -> dict:
    """What each node does per hour when nobody wants anything of it."""
    before = [node.counters() for node in world.nodes]
    await aio.sleep_ms(duration_ms)
    count = len(world.nodes) * duration_ms / HOUR_MS
    sums = [0.0, 0.0, 0.0, 0.0]
    for node, old in zip(world.nodes, before, strict=True):
        for index, value in enumerate(node.counters()):
            sums[index] += (value - old[index]) / count
    return dict(zip(("messages", "bytes", "packets", "wakeups"), map(round, sums), strict=True))


def _table_sizes(world: World) -> float:
    sizes = [len(node.kad.table) for node in world.nodes]
    return round(sum(sizes) / max(1, len(sizes)), 1)


def _in_copy(function: Callable[[], dict]) -> dict:
    """What ``function`` gives in a copy of this process: the network here stays as it is."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            with open(writer, "w") as pipe:
                json.dump(function(), pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader) as pipe:
        text = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("the simulation failed in its copy; the reason is above")
    return json.loads(text)
