"""Export and import: everything arrives, and what is damaged or cut off is told."""

from edge.errors import RemoteError
from edge.records.flash import transfer
from edge.records.flash.exchange import export_records, import_records
from edge.records.stores.memory import MemoryStore
from tests import kit
from tests.contract.judges import OWN, FakeJudge, key_of, record


async def exported(count: int = 7) -> bytes:
    store = MemoryStore(FakeJudge(), OWN)
    for number in range(count):
        await store.put(key_of(str(number)), record(number, "x" * (number * 40)))
    parts: list = []
    assert await export_records(store, parts.append) == count
    return b"".join(parts)


def chunks(data: bytes, size: int):
    parts = [data[start : start + size] for start in range(0, len(data), size)] + [b""]
    return lambda: parts.pop(0)


async def test_everything_arrives_in_any_pieces():
    data = await exported()
    for size in (1, 3, 50, len(data)):
        store = MemoryStore(FakeJudge(), OWN)
        counts = await import_records(store, chunks(data, size))
        assert counts == {"stored": 7, "same": 0, "refused": 0}
        assert await store.get(key_of("6")) == record(6, "x" * 240)
        counts = await import_records(store, chunks(data, size))
        assert counts == {"stored": 0, "same": 7, "refused": 0}


async def test_what_the_store_refuses_is_counted():
    data = await exported()
    store = MemoryStore(FakeJudge(), OWN)
    await store.put(key_of("3"), record(9))
    counts = await import_records(store, chunks(data, 64))
    assert counts == {"stored": 6, "same": 0, "refused": 1}


async def test_a_cut_or_flipped_stream_is_told():
    data = await exported(3)
    for size in range(len(data)):
        store = MemoryStore(FakeJudge(), OWN)
        await kit.raises_async(RemoteError, import_records(store, chunks(data[:size], 32)))
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= 1 << place % 8
        store = MemoryStore(FakeJudge(), OWN)
        await kit.raises_async(RemoteError, import_records(store, chunks(bytes(bad), 1000)))
        for key in await store.keys():
            assert await store.get(key) == record(int(key[-1:]), "x" * (int(key[-1:]) * 40))
    store = MemoryStore(FakeJudge(), OWN)
    await kit.raises_async(RemoteError, import_records(store, chunks(data + b"x", 1000)))


def test_no_key_is_too_long_to_be_refused():
    reader = transfer.Reader()
    reader.receive_data(transfer.HEAD + b"\x51")
    kit.raises(RemoteError, reader.next_record)


if __name__ == "__main__":
    kit.run(globals())
