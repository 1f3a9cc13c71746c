"""The memory store: the contract of all stores."""

from edge.errors import LocalError
from edge.records import stores
from edge.records.stores.memory import MemoryStore
from tests import kit
from tests.contract import record_store
from tests.contract.judges import OWN


async def test_contract():
    async def make(judge):
        store = MemoryStore(judge, OWN, record_store.QUOTA)
        await store.start()
        return store, store.stop

    await record_store.check(make)


def test_only_stores_of_the_table_are_opened():
    error = kit.raises(LocalError, stores.open_store, "no such\n", None)
    assert "no such" in str(error) and "\n" not in str(error)


if __name__ == "__main__":
    kit.run(globals())
