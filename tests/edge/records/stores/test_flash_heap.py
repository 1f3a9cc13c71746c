"""The heap of a chip: the code of the store, which lies in flash, and 200 records of 100 bytes."""

import gc

from edge.records import stores
from edge.system import MICROPYTHON, aio, clock, entropy, files, log, primitives
from tests import kit, scratch
from tests.contract.judges import OWN, FakeJudge, key_of, record

HEAP_BYTES_MAX = 24576
RECORDS = 200


LOADED = (stores, aio, clock, entropy, files, log)  # by the node anyway


def heap() -> int:
    gc.collect()
    return gc.mem_alloc() if MICROPYTHON else 0


async def test_two_hundred_records():
    primitives.sha256(b"")
    judge = FakeJudge()
    before = heap()
    from edge.records.flash.medium import FileMedium
    from edge.records.stores.flash import FlashStore, sized

    print("      {} bytes of heap for the code".format(heap() - before))
    with scratch.Folder() as folder:
        store = FlashStore(judge, FileMedium(folder), OWN, sized(49152))
        await store.start()
        most = 0
        for number in range(2 * RECORDS):
            value = record(number)
            value += b"x" * (100 - len(value))
            await store.put(key_of("sensors/%03d" % (number % RECORDS)), value)
            if number % 50 == 49:
                most = max(most, heap() - before)
        for number in range(RECORDS):
            assert await store.get(key_of("sensors/%03d" % number)) is not None
        assert store.status()["records"] == RECORDS
        print("      {} with {} records".format(most, RECORDS))
        assert most <= HEAP_BYTES_MAX, most
        await store.stop()
        store = FlashStore(judge, FileMedium(folder), OWN, sized(49152))
        await store.start()
        assert store.status()["records"] == RECORDS
        await store.stop()


if __name__ == "__main__":
    kit.run(globals())
