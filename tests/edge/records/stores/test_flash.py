"""The local flash store: the contract of all stores, and what only it promises."""

from edge.records.flash import FLASH, Layout
from edge.records.flash.medium import FileMedium
from edge.records.stores import QUOTA
from edge.records.stores.flash import FlashStore, Options
from tests import kit, scratch
from tests.contract import record_store
from tests.contract.judges import OWN, FakeJudge, key_of, record

LAYOUT = Layout(4096, 65536, True)


def options(durability="each", quota=QUOTA) -> Options:
    return Options(quota, durability, LAYOUT, FLASH)


async def opened(folder: str, judge=None, durability="each") -> FlashStore:
    store = FlashStore(judge or FakeJudge(), FileMedium(folder), OWN, options(durability))
    await store.start()
    return store


def maker(durability):
    async def make(judge):
        folder = scratch.Folder()
        settings = options(durability, record_store.QUOTA)
        store = FlashStore(judge, FileMedium(folder.__enter__()), OWN, settings)
        await store.start()

        async def stop():
            await store.stop()
            folder.__exit__()

        return store, stop

    return make


async def test_contract():
    for durability in ("each", {"ms": 20}, {"records": 4}):
        await record_store.check(maker(durability))


async def test_it_is_all_there_when_opened_again():
    with scratch.Folder() as folder:
        store = await opened(folder)
        for number in range(50):
            await store.put(key_of(str(number)), record(1, "first"))
            await store.put(key_of(str(number % 10)), record(2 + number))
        await store.remove(key_of("7"))
        await store.stop()
        store = await opened(folder)
        assert store.status()["records"] == 49
        for number in range(50):
            value = await store.get(key_of(str(number)))
            if number == 7:
                assert value is None
            elif number < 10:
                assert value == record(42 + number)
            else:
                assert value == record(1, "first")
        await store.stop()


if __name__ == "__main__":
    kit.run(globals())
