"""What is asked of the network, and whether the answer was true.

A peer that was searched for is found when it is given with the address where it lives and with no
false one: what a liar invents counts as a failure even beside the truth.  A provider is found when
it is given with its address, of those that are given before it enough to fill the answer or not.
"""

import asyncio
import hashlib
import math
import statistics
from collections.abc import Awaitable, Callable
from typing import Any

from edge.identity.peer_info import PeerInfo
from edge.node import CLOSEST_COUNT
from edge.system import aio
from tests.sim.network import TALLY, SimulatedNetwork, Tally, World

CLOSEST = 10  # of get_closest
CLOSEST_MISSED = 0.1  # of the honest among those that are closest, rounded up, may be missing
PROVIDERS = CLOSEST_COUNT  # as many as a node asks for by itself
APART_MS = 40  # between the starts of two operations
TIMEOUT_MS = 300_000  # for one


class Record:
    """All operations of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.outcomes: list[bool] = []
        self.requests: list[int] = []
        self.in_vain: list[int] = []  # not answered, or not yet when it had ended
        self.bytes: list[int] = []
        self.hops: list[int] = []
        self.took_ms: list[float] = []
        self.false_answers = 0  # given by the routing, not only heard by it

    def take(self, succeeded: bool, tally: Tally, took_ms: float) -> None:
        self.outcomes.append(succeeded)
        self.requests.append(tally.requests)
        self.in_vain.append(tally.requests - tally.answered)
        self.bytes.append(tally.bytes)
        self.hops.append(max((query.hops for query in tally.queries), default=0))
        self.took_ms.append(took_ms)

    def as_dict(self) -> dict:
        tried = len(self.outcomes)
        return {
            "kind": self.kind,
            "tried": tried,
            "succeeded": sum(self.outcomes),
            "rate": sum(self.outcomes) / tried if tried else None,
            "false_answers": self.false_answers,
            "requests": mean(self.requests),
            "requests_worst": max(self.requests, default=0),
            "in_vain": mean(self.in_vain),
            "bytes": mean(self.bytes),
            "hops": mean(self.hops),
            "hops_worst": max(self.hops, default=0),
            "ms": round(statistics.median(self.took_ms)) if self.took_ms else None,
            "ms_worst": round(max(self.took_ms, default=0)),
        }


def mean(values: list) -> float | None:
    return round(statistics.fmean(values), 2) if values else None


class Operations:
    """Runs operations between honest nodes that live."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.honest = [node for node in world.living() if node.hostile is None]

    def pair(self) -> tuple[SimulatedNetwork, SimulatedNetwork]:
        one, other = self.world.chance.sample(self.honest, 2)
        return one, other

    # -- the kinds

    async def find_peer(self, count: int) -> Record:
        record = Record("find_peer")
        await self._all(record, [(self._find_peer, *self.pair()) for _ in range(count)])
        return record

    async def get_closest(self, count: int) -> Record:
        record = Record("get_closest")
        keys = [self.key() for _ in range(count)]
        await self._all(record, [(self._get_closest, self.pair()[0], key) for key in keys])
        return record

    async def provide(self, count: int) -> tuple[Record, list[tuple[SimulatedNetwork, bytes]]]:
        record = Record("provide")
        provided = [(self.pair()[0], self.key()) for _ in range(count)]
        await self._all(record, [(self._provide, node, key) for node, key in provided])
        return record, provided

    async def find_providers(self, provided: list[tuple[SimulatedNetwork, bytes]]) -> Record:
        record = Record("find_providers")
        asked = []
        for provider, key in provided:
            asker = self.pair()[0]
            while asker is provider:
                asker = self.pair()[0]
            asked.append((self._find_providers, asker, provider, key))
        await self._all(record, asked)
        return record

    def key(self) -> bytes:
        """A multihash."""
        return b"\x12\x20" + hashlib.sha256(self.world.chance.randbytes(8)).digest()

    # -- how each is done

    async def _find_peer(self, record: Record, asker: SimulatedNetwork, wanted) -> bool:
        found = await asker.kad.find_peer(wanted.peer_id).first()
        return found is not None and self._is_true(record, found, wanted)

    async def _find_providers(self, record: Record, asker, provider, key: bytes) -> bool:
        """Providers are a claim of others: who wants one dials it.  True is one at its address."""
        results = asker.kad.find_providers(key, PROVIDERS)
        try:
            async for info in results:
                if info.peer_id != provider.peer_id or not self._lives_at(info, provider):
                    record.false_answers += 1
                    continue
                return True
        finally:
            await results.close()
        return False

    async def _provide(self, _record: Record, provider: SimulatedNetwork, key: bytes) -> bool:
        return await provider.kad.provide(key) > 0

    async def _get_closest(self, record: Record, asker: SimulatedNetwork, key: bytes) -> bool:
        """Of the closest living nodes, attackers among them, nearly all honest ones are given."""
        found = await asker.kad.get_closest_peers(key, CLOSEST).all()
        given = set()
        for info in found:
            node = self.world.by_id.get(info.peer_id.to_bytes())
            if node is None:
                record.false_answers += 1
            elif self._is_true(record, info, node):
                given.add(node.id)
        place = _place(key)
        living = [node for node in self.world.living() if node is not asker]
        living.sort(key=lambda node: _place(node.id) ^ place)
        right = [node.id for node in living[:CLOSEST] if node.hostile is None]
        missed = [id_ for id_ in right if id_ not in given]
        return len(missed) <= math.ceil(CLOSEST_MISSED * len(right))

    def _is_true(self, record: Record, info: PeerInfo, node: SimulatedNetwork) -> bool:
        """Proven by the routing: the right peer, and no address that is not its own."""
        leads_to = [self.world.by_address.get(address.to_bytes()) for address in info.addresses]
        right = info.peer_id == node.peer_id and bool(leads_to)
        if not right or any(there is not node for there in leads_to):
            record.false_answers += 1
            return False
        return True

    def _lives_at(self, info: PeerInfo, node: SimulatedNetwork) -> bool:
        return node.contact.addresses[0] in [address.to_bytes() for address in info.addresses]

    # -- running them

    async def _all(self, record: Record, asked: list[tuple]) -> None:
        tasks = []
        for function, node, *arguments in asked:
            work = self._one(record, function, node, *arguments)
            task = node.run(asyncio.create_task, work)
            tasks.append(task)
            await aio.sleep_ms(APART_MS)
        await asyncio.gather(*tasks)

    async def _one(self, record: Record, function: Callable[..., Awaitable[bool]], *arguments: Any):
        tally = Tally()
        TALLY.set(tally)
        began = self.world.loop.time()
        try:
            succeeded = await aio.wait_for_ms(function(record, *arguments), TIMEOUT_MS)
        except aio.TimeoutError:
            succeeded = False
        record.take(succeeded, tally, (self.world.loop.time() - began) * 1000)


_places: dict[bytes, int] = {}


def _place(data: bytes) -> int:
    place = _places.get(data)
    if place is None:
        if len(_places) > 100_000:
            _places.clear()
        place = _places[data] = int.from_bytes(hashlib.sha256(data).digest(), "big")
    return place
