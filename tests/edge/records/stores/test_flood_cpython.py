"""Ten thousand and one records of one key: one is kept, the best, and what it costs is bounded."""

import random
from pathlib import Path

import pytest

from edge.errors import RemoteError
from edge.records.flash import FLASH, Layout
from edge.records.flash.medium import FileMedium
from edge.records.stores import QUOTA
from edge.records.stores.flash import FlashStore, Options
from edge.records.stores.memory import MemoryStore
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record

COUNT = 10001
KEY = key_of("a", OTHER)


@pytest.mark.parametrize("kind", ["memory", "flash"])
@pytest.mark.parametrize("order", ["rising", "falling", "any"])
async def test_one_key_costs_one_record(kind: str, order: str, tmp_path: Path) -> None:
    numbers = list(range(COUNT))
    if order == "falling":
        numbers.reverse()
    elif order == "any":
        random.Random(1).shuffle(numbers)
    if kind == "memory":
        store = MemoryStore(FakeJudge(), OWN)
    else:
        options = Options(QUOTA, {"ms": 60000}, Layout(4096, 65536, False), FLASH)
        store = FlashStore(FakeJudge(), FileMedium(str(tmp_path)), OWN, options)
    await store.start()
    best, refused = -1, 0
    for number in numbers:
        try:
            await store.put(KEY, record(number))
        except RemoteError:
            assert number < best
            refused += 1
        best = max(best, number)
    assert await store.get_all(KEY) == [record(COUNT - 1)]
    assert store.status()["records"] == 1
    assert refused == {"rising": 0, "falling": COUNT - 1}.get(order, refused) and best == COUNT - 1
    await store.stop()
    assert size_of(tmp_path) < 3 * 65536


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
