"""Stores that fail at random while records are put, read and removed: in the end all agree."""

from collections.abc import Callable
from random import Random

import pytest

from edge.errors import LinkError, RemoteError
from edge.records.stores.memory import MemoryStore
from edge.records.stores.tiered import READ, TieredStore
from edge.system import aio
from tests.contract.judges import FakeJudge, key_of, record
from tests.edge.records.stores.test_tiered import Store
from tests.edge.swarm.node import until

PATHS = "abcdef"


class Flaky(Store):
    """Fails now and then, before or after it has done what it was asked."""

    rng: Random
    share = 0.0

    async def _come(self, what: str) -> None:
        await aio.sleep_ms(self.rng.randrange(2))
        if self.rng.random() < self.share:
            raise LinkError("a bad moment")

    async def put(self, key: bytes, value: bytes) -> bool:
        stored = await Store.put(self, key, value)
        await self._come("done")
        return stored


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_acknowledged_is_lost_and_all_agree(seed: int):
    rng = Random(seed)
    judge = FakeJudge()
    stores = [Flaky(judge, name) for name in ("memory", "flash", "kad", "s3")]
    for store in stores:
        store.rng = rng
    tiered = TieredStore(judge, stores, READ[seed % 3])
    await tiered.start()
    acknowledged: dict[bytes, int] = {}  # key -> the highest version
    for store in stores[1:]:
        store.share = 0.2
    for _ in range(150):
        await _step(rng, tiered, acknowledged)
        if rng.random() < 0.1:  # another node puts to the bucket
            try:
                await _put(MemoryStore.put, rng, acknowledged, stores[3])
            except RemoteError:
                pass
    for store in stores:
        store.share = 0.0
    await _compare(tiered)
    for key, version in acknowledged.items():
        held = [await MemoryStore.get(store, key) for store in stores[1:]]
        assert len(set(held)) == 1 and held[0] is not None, (key, held)
        assert int(held[0].split()[0]) >= version
        assert await tiered.get(key) == held[0]
    await tiered.stop()


async def _put(put: Callable, rng: Random, acknowledged: dict[bytes, int], *store: Store) -> None:
    key, version = key_of(rng.choice(PATHS)), rng.randrange(1000)
    await put(*store, key, record(version))
    acknowledged[key] = max(acknowledged.get(key, -1), version)


async def _step(rng: Random, tiered: TieredStore, acknowledged: dict[bytes, int]) -> None:
    """A put that fails was not acknowledged, and may be there all the same."""
    try:
        if rng.random() < 0.5:
            await _put(tiered.put, rng, acknowledged)
        else:
            await tiered.get(key_of(rng.choice(PATHS)))
    except LinkError:
        pass
    except RemoteError as error:
        assert "old record" in str(error)


async def _compare(tiered: TieredStore) -> None:
    """As at the next start."""
    for tier in tiered._tiers[1:]:
        tier.compare_at = 0
        tier.changed.fire()
    await until(lambda: all(tier["compared"] for tier in tiered.status()["tiers"]))
    await tiered.sync()
