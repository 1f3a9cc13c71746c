"""The kad store over a network that takes whatever it is given: the contract of all stores."""

from edge.errors import LimitError, LinkError
from edge.records.stores.kad import KadStore
from edge.records.sync.tier import Tier
from tests import kit
from tests.contract import record_store
from tests.contract.judges import OWN, FakeJudge, key_of, record

KEY = key_of("a")


class Kad:
    """What the store asks of an edge.routing.kad.routing.KadRouting; it is its own table, and list
    of what is published."""

    name = "kad-edge"

    def __init__(self) -> None:
        self.table = self.published = self.upkeep = self
        self.peers = 3
        self.takers = 3
        self.told_again: list = []  # keys
        self.forgotten: list = []
        self.values: list = []  # what is found

    def __len__(self) -> int:
        return self.peers

    def __contains__(self, key) -> bool:
        return key not in self.forgotten

    def validators(self) -> dict:
        return {"edge": None}

    def held_value(self, key) -> None:
        return None

    def replication(self) -> int:
        return 3

    async def put_value(self, key, value) -> int:
        return self.takers

    async def get_values(self, key) -> list:
        return self.values

    def forget_value(self, key) -> None:
        self.forgotten.append(key)

    def told(self, key, count, now, jitter) -> None:
        self.told_again.append(key)

    def add(self, key, now, value) -> None:
        self.told_again.append(value)

    def wake(self) -> None:
        pass


async def test_contract():
    async def make(judge):
        store = KadStore(judge, [Kad()], OWN, record_store.QUOTA)
        await store.start()
        return store, store.stop

    await record_store.check(make)


async def test_a_quorum():
    for peers, takers, is_kept in ((3, 3, True), (3, 2, True), (3, 1, False), (1, 1, True),
                                   (0, 0, False), (2, 1, False), (100, 2, True)):  # fmt: skip
        kad = Kad()
        kad.peers, kad.takers = peers, takers
        store = KadStore(FakeJudge(), [kad], OWN)
        if is_kept:
            assert await store.put(KEY, record(1)) is True
            assert kad.told_again == []
        else:
            await kit.raises_async(LinkError, store.put(KEY, record(1)))
            assert kad.told_again == [KEY]
            kad.takers = kad.peers = 3
            assert await store.put(KEY, record(1)) is False  # and now it is kept
            await store.sync()


async def test_what_no_network_keeps_is_refused_and_no_failure_of_the_store():
    kad = Kad()
    kad.validators = lambda: {"pk": None}
    store = KadStore(FakeJudge(), [kad], OWN)
    await kit.raises_async(LimitError, store.put(KEY, record(1)))
    tier = Tier(store, 1)
    await kit.raises_async(LimitError, tier.ask(store.put(KEY, record(1))))
    assert not tier.error  # others' records are handed on all the same


async def test_a_better_one_takes_the_place_of_its_own():
    kad = Kad()
    store = KadStore(FakeJudge(), [kad], OWN)
    await store.put(KEY, record(1))
    kad.values = [record(3), record(2), b"forged", record(1)]
    changes = store.watch()
    assert await store.get_all(KEY) == [record(3), record(2), record(1)]
    assert kad.told_again == [record(3)]
    assert tuple(await changes.get()) == (KEY, record(3))
    assert store.status()["refused"] == store.status()["corrected"] == 1


if __name__ == "__main__":
    kit.run(globals())
