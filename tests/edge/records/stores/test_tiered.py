"""Tiered stores: the contract of all stores; near first, far behind; stores that fail."""

from edge.errors import LinkError, LocalError, RemoteError
from edge.records import UnkeptError
from edge.records.stores import Quota, tiered
from edge.records.stores.memory import MemoryStore
from edge.records.stores.tiered import BEST, MISSING, TieredStore
from edge.records.sync import tier as tiers
from edge.system import aio
from tests import kit
from tests.contract import record_store
from tests.contract.judges import OWN, FakeJudge, key_of, record
from tests.edge.swarm.node import until

KEY = key_of("a")
tiers.RETRY_MS = 20


class Store(MemoryStore):
    """A store in memory that says what it is asked, and can be broken or hang."""

    def __init__(self, judge, name: str, held=None) -> None:
        MemoryStore.__init__(self, judge, OWN, record_store.QUOTA)
        self.name = name
        self.asked: list = []
        self.broken = False
        if held is not None:
            self._held = held._held
            self._bounds = held._bounds

    async def _come(self, what: str) -> None:
        self.asked.append(what)
        await aio.sleep_ms(0)
        if self.broken:
            raise LinkError("no uplink")

    async def start(self) -> None:
        await self._come("start")

    async def put(self, key: bytes, value: bytes) -> bool:
        await self._come("put")
        return await MemoryStore.put(self, key, value)

    async def get(self, key: bytes):
        await self._come("get")
        return await MemoryStore.get(self, key)

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> list:
        await self._come("keys")
        return await MemoryStore.keys(self, prefix, after)

    async def remove(self, key: bytes) -> bool:
        await self._come("remove")
        return await MemoryStore.remove(self, key)


class Several:
    """``async with Several("memory", "flash", "s3") as (store, a, b, c)``"""

    def __init__(self, *names, read: str = tiered.NEAR, broken=()) -> None:
        self.judge = FakeJudge()
        self.stores = [Store(self.judge, name) for name in names]
        for store in self.stores:
            store.broken = store.name in broken
        self.store = TieredStore(self.judge, self.stores, read)

    async def __aenter__(self) -> list:
        await self.store.start()
        return [self.store] + self.stores

    async def __aexit__(self, *exception) -> None:
        await self.store.stop()


async def held(store, key: bytes = KEY):
    return await MemoryStore.get(store, key)


class Shy(Store):
    """Has what it is given kept by too few."""

    async def put(self, key: bytes, value: bytes) -> bool:
        await Store.put(self, key, value)
        raise UnkeptError("too few")


async def test_a_record_that_too_few_keep_holds_up_nothing() -> None:
    several = Several("flash")
    several.stores.append(Shy(several.judge, "kad"))
    several.store = TieredStore(several.judge, several.stores)
    async with several as (store, _, far):
        for name in ("a", "b", "c"):
            assert await store.put(key_of(name), record(1)) is True
        await until(lambda: far.asked.count("put") >= 3)
        await until(lambda: not store.status()["tiers"][1]["behind"])
        assert store.status()["tiers"][1]["failing"] == ""
        await MemoryStore.put(far, key_of("d"), record(1))
        assert await store.get(key_of("d")) == record(1)
    alone = TieredStore(FakeJudge(), [Shy(FakeJudge(), "kad")])
    await alone.start()
    await kit.raises_async(LinkError, alone.put(KEY, record(1)))
    await alone.stop()


async def test_contract() -> None:
    async def make(judge):
        stores = [MemoryStore(judge, OWN, record_store.QUOTA) for _ in range(2)]
        store = TieredStore(judge, stores)
        await store.start()
        return store, store.stop

    await record_store.check(make)


async def test_a_put_waits_for_the_nearest_durable_store_only() -> None:
    async with Several("memory", "flash", "s3") as (store, memory, flash, s3):
        s3.broken = True
        assert await store.put(KEY, record(1)) is True
        assert await held(memory) == await held(flash) == record(1)
        assert store.status()["tiers"][2]["behind"] == 1
        error = await kit.raises_async(LinkError, store.sync())
        assert "s3" in str(error)
        s3.broken = False
        await until(lambda: not store.status()["tiers"][2]["behind"])
        await store.sync()
        assert await held(s3) == record(1)


async def test_what_is_put_again_meanwhile_is_handed_on_once_and_newest() -> None:
    async with Several("flash", "s3") as (store, _, s3):
        s3.broken = True
        for version in range(1, 9):
            await store.put(KEY, record(version))
        s3.broken = False
        s3.asked = []
        await until(lambda: not store.status()["tiers"][1]["behind"])
        await store.sync()
        assert await held(s3) == record(8) and s3.asked.count("put") <= 2


async def test_a_durable_store_that_fails_is_skipped_and_catches_up() -> None:
    async with Several("memory", "flash", "s3") as (store, memory, flash, s3):
        flash.broken = True
        assert await store.put(KEY, record(1)) is True
        assert await held(s3) == record(1) and await held(flash) is None
        assert store.status()["tiers"][1]["failing"] == "no uplink"
        flash.broken = False
        await until(lambda: not store.status()["tiers"][1]["behind"])
        await store.sync()
        assert await held(flash) == record(1)
        for one in (memory, flash, s3):
            one.broken = True
        await kit.raises_async(LinkError, store.put(KEY, record(2)))
        await kit.raises_async(LinkError, store.get(KEY))


async def test_what_a_restart_left_behind_is_found_by_comparing() -> None:
    async with Several("flash", "s3", broken=("s3",)) as (store, flash, s3):
        assert len(store.status()["tiers"]) == 1  # it could not be opened
        await store.put(KEY, record(2))
        await store.put(key_of("b"), record(1))
        await MemoryStore.put(s3, KEY, record(1))  # an older one
        await MemoryStore.put(s3, key_of("c"), record(1))
        await MemoryStore.put(flash, key_of("d"), record(1))
        await MemoryStore.put(s3, key_of("d"), record(2))
        judge = store._judge
    again = TieredStore(judge, [Store(judge, "flash", flash), Store(judge, "s3", s3)])
    await again.start()
    assert not again.status()["tiers"][1]["compared"]
    await until(lambda: again.status()["tiers"][1]["compared"])
    assert await held(s3) == record(2)
    assert await held(s3, key_of("b")) == record(1)
    assert await held(flash, key_of("c")) is None  # far ones are read when they are wanted
    assert await held(flash, key_of("d")) == record(2)
    await again.stop()


async def test_a_queue_that_is_full_is_made_up_for() -> None:
    async with Several("flash", "s3") as (store, flash, s3):
        await until(lambda: store.status()["tiers"][1]["compared"])
        limit, tiers.BEHIND_MAX = tiers.BEHIND_MAX, 2
        s3.broken = True
        for path in ("a", "b", "c", "d"):
            await store.put(key_of(path), record(1))
        tiers.BEHIND_MAX = limit
        assert not store.status()["tiers"][1]["compared"]
        s3.broken = False
        await until(lambda: store.status()["tiers"][1]["compared"])
        await store.sync()
        assert await s3.keys() == await flash.keys()


async def test_a_near_answer_is_given_at_once_and_a_better_one_fetched_behind_it() -> None:
    async with Several("memory", "flash", "s3") as (store, memory, flash, s3):
        await store.put(KEY, record(1))
        await store.sync()
        await MemoryStore.put(s3, KEY, record(2))
        assert await store.get(KEY) == record(1)
        await until(lambda: memory._held[KEY][0] == record(2))
        assert await held(flash) == record(2)
        assert await store.get(KEY) == record(2)
        s3.asked = []
        for _ in range(5):
            await store.get(KEY)
        await aio.sleep_ms(5)
        assert s3.asked == []  # not again so soon


async def test_what_only_a_far_one_has_is_put_near() -> None:
    for read in (tiered.NEAR, MISSING, BEST):
        several = Several("memory", "flash", "s3", read=read)
        async with several as (store, memory, flash, s3):
            await MemoryStore.put(s3, KEY, record(1))
            assert await store.get(KEY) == record(1)
            await until(lambda: KEY in memory._held and KEY in flash._held)
            assert await store.keys() == [KEY]


async def test_how_to_read_is_told() -> None:
    async with Several("flash", "s3", read=MISSING) as (store, _, s3):
        await store.put(KEY, record(1))
        await store.sync()
        await MemoryStore.put(s3, KEY, record(2))
        assert await store.get(KEY) == record(1)
        await aio.sleep_ms(5)
        assert await store.get(KEY) == record(1)
        assert await store.get_all(KEY) == [record(2), record(1)]
    async with Several("flash", "s3", read=BEST) as (store, flash, s3):
        await store.put(KEY, record(1))
        await store.sync()
        await MemoryStore.put(s3, KEY, record(2))
        assert await store.get(KEY) == record(2)
        assert await held(flash) == record(2)
        await MemoryStore.put(flash, KEY, record(3))
        assert await store.get(KEY) == record(3)
        await store.sync()
        assert await held(s3) == record(3)
        s3.broken = True
        assert await store.get(KEY) == record(3)
    kit.raises(LocalError, TieredStore, None, [])
    kit.raises(LocalError, TieredStore, None, [None], "far")


async def test_a_better_one_far_away_is_no_failure() -> None:
    async with Several("flash", "s3") as (store, flash, s3):
        await MemoryStore.put(s3, KEY, record(5))
        assert await store.put(KEY, record(1)) is True  # acknowledged: it is the best known near
        await store.sync()
        assert await held(flash) == record(5)
        await kit.raises_async(RemoteError, store.put(KEY, record(2)))


async def test_what_is_removed_stays_away() -> None:
    async with Several("memory", "flash", "s3") as (store, _, flash, s3):
        await store.put(KEY, record(1))
        await store.sync()
        s3.broken = True
        assert await store.remove(KEY) is True
        assert await store.get(KEY) is None
        s3.broken = False
        assert await store.get(KEY) is None and await store.keys() == []
        await until(lambda: KEY not in s3._held)
        assert await store.put(KEY, record(1)) is True
        await store.sync()
        assert await held(s3) == await held(flash) == record(1)


async def test_changes_are_told_once_whoever_brings_them() -> None:
    async with Several("memory", "flash", "s3") as (store, memory, flash, s3):
        changes = store.watch()
        await store.put(KEY, record(1))
        await store.sync()
        await MemoryStore.put(s3, KEY, record(3))  # by another node
        await until(lambda: len(changes) >= 2)
        await MemoryStore.remove(memory, KEY)
        await store.get(KEY)
        await MemoryStore.put(flash, key_of("b"), record(1))
        await until(lambda: len(changes) >= 3)
        await aio.sleep_ms(20)
        found = []
        while len(changes):
            found.append(tuple(await changes.get()))
        assert found == [(KEY, record(1)), (KEY, record(3)), (key_of("b"), record(1))], found


async def test_what_is_found_far_away_is_told_and_what_is_only_nearer_is_not() -> None:
    async with Several("memory", "flash", "s3") as (store, memory, flash, s3):
        changes = store.watch()
        await MemoryStore.put(Store(store._judge, "", s3), KEY, record(3))  # nobody says so
        await MemoryStore.put(Store(store._judge, "", flash), key_of("b"), record(1))
        await aio.sleep_ms(5)
        assert not len(changes)
        for path in ("a", "b", "a"):
            await store.get(key_of(path))
            await until(lambda: key_of(path) in memory._held)  # noqa: B023
        await aio.sleep_ms(5)
        assert tuple(await changes.get()) == (KEY, record(3))
        assert not len(changes)


async def test_what_is_near_is_read_without_asking_far_away() -> None:
    async with Several("memory", "flash", "s3") as (store, _, _, s3):
        await until(lambda: store.status()["tiers"][2]["compared"])
        await MemoryStore.put(s3, key_of("far"), record(1))
        near = store.nearby()
        changes = near.watch()
        s3.asked = []
        assert await near.put(KEY, record(1)) is True
        await store.sync()
        assert await near.get(KEY) == record(1) and await near.get(key_of("far")) is None
        assert await near.keys() == [KEY]
        assert s3.asked == ["put"] and tuple(await changes.get()) == (KEY, record(1))
        near.unwatch(changes)


async def test_a_near_store_without_room_keeps_nothing_worse() -> None:
    async with Several("memory", "flash") as (store, memory, flash):
        memory._bounds.quota = Quota(8, 500, 8, 500)
        await store.put(KEY, record(1))
        await store.put(KEY, record(2, "x" * 600))
        assert KEY not in memory._held
        assert await store.get(KEY) == record(2, "x" * 600) == await held(flash)


async def test_a_far_store_without_room_is_not_asked_what_it_has() -> None:
    async with Several("flash", "mdns") as (store, _, far):
        far._bounds.quota = Quota(0, 8000, 0, 2000)
        await store.put(KEY, record(1))
        await until(lambda: store.status()["tiers"][1]["refused"])
        assert "put" in far.asked and "get" not in far.asked


async def test_no_store_at_all() -> None:
    several = Several("flash", "s3", broken=("flash", "s3"))
    await kit.raises_async(LinkError, several.store.start())


if __name__ == "__main__":
    kit.run(globals())
