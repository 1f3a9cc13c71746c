"""The memory store: the contract of all stores."""

from edge.errors import LimitError, LocalError
from edge.records import stores
from edge.records.stores.memory import MemoryStore
from tests import kit
from tests.contract import record_store
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record


async def test_contract():
    async def make(judge):
        store = MemoryStore(judge, OWN, record_store.QUOTA)
        await store.start()
        return store, store.stop

    await record_store.check(make)


async def test_what_has_ended_makes_room():
    judge = FakeJudge()
    store = MemoryStore(judge, OWN, stores.Quota(8, 8000, 3, 2000))
    for number in range(3):
        await store.put(key_of(str(number), OTHER), record(1, "x", "@100"))
    judge.now = 200
    assert await store.put(key_of("new", OTHER), record(1)) is True
    assert store.status()["records"] == 1
    for number in range(2):
        await store.put(key_of(str(number), OTHER), record(1))
    await kit.raises_async(LimitError, store.put(key_of("more", OTHER), record(1)))
    await store.stop()


def test_only_stores_of_the_table_are_opened():
    error = kit.raises(LocalError, stores.open_store, "no such\n", None)
    assert "no such" in str(error) and "\n" not in str(error)


if __name__ == "__main__":
    kit.run(globals())
