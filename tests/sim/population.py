"""Nodes by the thousand: real KadRouting on simulated networks, joined as real ones join."""

import asyncio
import bisect
from collections.abc import Callable

from edge.routing.kad import Contact
from edge.routing.kad import lookup as kad_lookup
from edge.routing.kad.discovery.bootstrap_list import BootstrapList
from edge.routing.kad.discovery.random_walk import RandomWalk
from edge.routing.kad.key import KEY_BITS, key_of
from edge.routing.kad.query import Query
from edge.routing.kad.routing import SERVER, KadRouting
from edge.routing.kad.table import (
    CHECK_MAX_MS,
    CHECK_MS,
    OWN,
    REFRESH_MAX_MS,
    REFRESH_MS,
)
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests.sim.network import TALLY, SimulatedNetwork, World

BOOTSTRAP = 3  # nodes that are there already, which a new one is told of
JOIN_EVERY_MS = 100  # one node at a time
SAY_EVERY = 500  # nodes


class CountedQuery(Query):
    """The real one, which the operation that it works for can be asked about."""

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        tally = TALLY.get()
        if tally is not None:
            tally.queries.append(self)


async def join_all(
    world: World, size: int, given: int, enlist: Callable[[int, SimulatedNetwork], None],
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """``size`` nodes, of which the first ``given`` have tables from the start and the others join.

    ``enlist(number, node)`` is called before a node does anything.
    """
    kad_lookup.Query = CountedQuery  # type: ignore[misc]
    for number in range(given):
        enlist(number, world.add())
    for node in world.nodes:
        open_kad(world, node, [])._alone = False  # it has looked for its neighbours long ago
    give_tables(world)
    for node in world.nodes:
        start(node)
    for number in range(given, size):
        node = world.add()
        enlist(number, node)
        earlier = world.nodes[:-1]
        open_kad(world, node, world.chance.sample(earlier, min(BOOTSTRAP, len(earlier))))
        start(node)
        await aio.sleep_ms(JOIN_EVERY_MS)
        if (number + 1) % SAY_EVERY == 0:
            say(f"{number + 1:,} of {size:,} nodes have joined")


def open_kad(world: World, node: SimulatedNetwork, known: list[SimulatedNetwork]) -> RandomWalk:
    """Told of a few that are there, a node finds its neighbours by itself."""
    walk = RandomWalk()
    discoveries = [BootstrapList(_Told(known), world.profile), walk]
    node.kad = KadRouting(node, world.profile, {}, discoveries, SERVER)
    return walk


def start(node: SimulatedNetwork) -> None:
    node.run(asyncio.create_task, node.kad.start())


def give_tables(world: World) -> None:
    """Tables as nodes have them that have been here for long: k of every distance, at random."""
    everybody = sorted([(key_of(node.id), node.contact) for node in world.nodes])
    for node in world.nodes:
        table = node.kad.table
        low, high = 0, len(everybody)  # who shares so many bits with the node
        for bits in range(KEY_BITS):
            if high - low < 2:
                break
            middle = _middle(everybody, (low, high), table.own_key, bits)
            is_upper = table.own_key >> (KEY_BITS - 1 - bits) & 1
            others = range(low, middle) if is_upper else range(middle, high)
            for index in world.chance.sample(others, min(world.profile.k, len(others))):
                _let_answer(world, node, everybody[index][1])
            _let_refresh(world, node, bits)
            low, high = (middle, high) if is_upper else (low, middle)
        _let_refresh(world, node, OWN)


def _let_answer(world: World, node: SimulatedNetwork, contact: Contact) -> None:
    """It has answered as often as it had to, until its next check is as far away as can be."""
    shift = world.loop.now_ms() + world.chance.randrange(CHECK_MAX_MS)
    pause, ago = CHECK_MS, 2 * CHECK_MAX_MS - CHECK_MS
    while ago >= CHECK_MAX_MS:
        node.kad.table.heard(contact, shift - ago, True)
        ago -= pause
        pause *= 2


def _let_refresh(world: World, node: SimulatedNetwork, bits: int) -> None:
    """It has searched there again and again, and found nobody new."""
    now = world.loop.now_ms() - world.chance.randrange(REFRESH_MAX_MS)
    for _ in range(REFRESH_MAX_MS // REFRESH_MS):
        node.kad.table.refreshed(bits, now)


def _middle(everybody: list, span: tuple[int, int], own: int, bits: int) -> int:
    """Where, among those that share ``bits`` bits with ``own``, those with the next bit set are."""
    first = (own >> (KEY_BITS - bits) << 1 | 1) << (KEY_BITS - 1 - bits)
    return bisect.bisect_left(everybody, (first,), *span)


class _Told:
    """What the bootstrap list asks of an edge.node.Node: the configuration, and no memory."""

    def __init__(self, known: list[SimulatedNetwork]) -> None:
        self.bootstrap = [
            Multiaddr.from_bytes(other.contact.addresses[0]).with_peer_id(other.id)
            for other in known
        ]
        self.config = self.peer_store = self.swarm = self

    def peers(self) -> list:
        return []

    async def resolve(self, address: Multiaddr) -> list[Multiaddr]:
        return [address]


async def vanish(node: SimulatedNetwork) -> None:
    """Gone without notice: it says nothing more to anyone."""
    node.die()
    await node.kad.stop()
