"""What a put that has returned is worth, under each setting, and what happens at a full medium."""

import gc

from edge.errors import EdgeError, LimitError, LinkError, LocalError, RemoteError
from edge.records.flash import FLASH, Layout
from edge.records.stores import QUOTA, Quota
from edge.records.stores.flash import FlashStore, Options, sized
from edge.system import aio
from tests import kit
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record
from tests.edge.records.flash.cut_medium import CutMedium

LAYOUT = Layout(2048, 65536, False)


async def opened(medium, durability="each", layout=LAYOUT, quota=QUOTA, judge=None) -> FlashStore:
    store = FlashStore(judge or FakeJudge(), medium, OWN, Options(quota, durability, layout, FLASH))
    await store.start()
    return store


async def survivors(medium, mode: str = "dropped", seed: int = 1) -> "list[bytes]":
    """The keys that are there after a power cut now."""
    store = await opened(CutMedium(medium.after(mode, seed)))
    keys = await all_keys(store)
    await store.stop()
    return keys


async def all_keys(store) -> "list[bytes]":
    found: list = []
    page = await store.keys()
    while page:
        found += page
        page = await store.keys(b"", page[-1])
    return found


async def test_each_put_is_on_the_medium_when_it_returns():
    medium = CutMedium()
    store = await opened(medium)
    for number in range(20):
        await store.put(key_of("%02d" % number), record(1))
        assert len(await survivors(medium)) == number + 1
    assert store.status()["unsynced"] == 0
    await store.stop()


async def test_puts_at_the_same_time_share_a_sync():
    medium = CutMedium()
    store = await opened(medium)
    group = aio.Group()
    for number in range(40):
        group.spawn(store.put(key_of("%02d" % number), record(1)))
    await group.join()
    assert not group.errors
    assert store.status()["syncs"] <= 5
    assert len(await survivors(medium)) == 40
    await store.stop()


async def test_after_so_many_milliseconds():
    medium = CutMedium()
    store = await opened(medium, {"ms": 40})
    for number in range(5):
        await store.put(key_of(str(number)), record(1))
    assert await survivors(medium) == []
    assert store.status()["unsynced"] == 5
    await aio.sleep_ms(120)
    assert len(await survivors(medium)) == 5
    await store.put(key_of("5"), record(1))
    await store.sync()
    assert len(await survivors(medium)) == 6
    await store.put(key_of("6"), record(1))
    await store.stop()
    assert len(await survivors(medium)) == 7


async def test_after_so_many_records():
    medium = CutMedium()
    store = await opened(medium, {"records": 4})
    for number in range(1, 15):
        await store.put(key_of("%02d" % number), record(1))
        assert len(await survivors(medium)) == number // 4 * 4
    await store.stop()


async def test_what_is_lost_is_always_the_newest():
    for seed in range(1, 12):
        medium = CutMedium()
        store = await opened(medium, {"records": 8})
        keys = []
        for number in range(21):
            keys.append(key_of("%02d" % number))
            await store.put(keys[-1], record(1, "x" * (number * 7 % 40)))
        for mode in ("reordered", "garbage"):
            again = await opened(CutMedium(medium.after(mode, seed)), {"records": 8})
            found = await again.keys()
            assert found == keys[: len(found)] and len(found) >= 16, (mode, seed, found)
            await again.stop()
        await store.stop()


def test_settings_that_are_none():
    for setting in ({}, {"ms": -1}, {"ms": 1 << 40}, {"records": -2}, {"ms": 0, "records": 0}):
        kit.raises(LocalError, FlashStore, None, None, b"", Options(QUOTA, setting, LAYOUT, FLASH))
    for bytes_max in (16384, 1 << 20):
        options = sized(bytes_max, 20)
        assert options.layout.space_bytes > 4 * bytes_max
        assert options.durability == {"ms": 20}


class Failing(CutMedium):
    failures = 0

    def sync(self, name):
        if self.failures:
            self.failures -= 1
            raise LinkError("the medium failed")
        CutMedium.sync(self, name)


async def test_a_put_that_could_not_be_synced_is_written_again():
    medium = Failing()
    store = await opened(medium)
    await store.put(key_of("before"), record(1))
    medium.failures = 1
    await kit.raises_async(LinkError, store.put(key_of("a"), record(1)))
    assert await survivors(medium) == [key_of("before")]
    assert await store.put(key_of("a"), record(1)) is False  # it is there, and now durable
    assert await survivors(medium) == [key_of("a"), key_of("before")]
    medium.failures = 3
    for number in range(3):
        await kit.raises_async(LinkError, store.put(key_of(str(number)), record(1)))
    await store.put(key_of("3"), record(1))
    assert len(await survivors(medium)) == 6
    await store.stop()


async def test_a_full_medium_is_told_and_still_works():
    medium = CutMedium()
    medium.size_max = 8000
    store = await opened(medium, layout=Layout(1024, 65536, True))
    held = []
    error = None
    while not error and len(held) < 1000:
        try:
            await store.put(key_of("%03d" % len(held)), record(1, "x" * 60))
            held.append(key_of("%03d" % len(held)))
        except LimitError as full:
            error = full
    assert "full" in str(error) and 50 < len(held) < 100, len(held)
    assert await all_keys(store) == held
    assert await survivors(medium) == held
    for key in held[::1]:
        if int(key[-3:]) % 4:
            assert await store.remove(key) is True
    left = [key for key in held if int(key[-3:]) % 4 == 0]
    for version in range(2, 8):  # cleaned again and again, on a medium that stays full
        for key in left:
            await store.put(key, record(version, "y" * 60))
    assert await all_keys(store) == left
    assert await survivors(medium, "reordered", 3) == left
    await store.stop()


async def test_what_has_ended_makes_room():
    judge = FakeJudge()
    store = await opened(CutMedium(), quota=Quota(8, 8000, 3, 2000), judge=judge)
    for number in range(3):
        await store.put(key_of(str(number), OTHER), record(1, "x", "@100"))
    judge.now = 200
    await kit.raises_async(LimitError, store.put(key_of("new", OTHER), record(1)))
    await aio.sleep_ms(10)
    assert await store.put(key_of("new", OTHER), record(1)) is True
    await store.stop()


async def test_the_age_of_a_record_goes_on_when_opened_again():
    medium = CutMedium()
    store = await opened(medium)
    await store.put(key_of("a"), record(1, "x", "10000+0"))
    await aio.sleep_ms(60)
    await store.stop()
    store = await opened(CutMedium(medium.after("kept", 1)))
    value = await store.get(key_of("a"))
    assert int(value.split(b"+")[1].split(b" ")[0]) >= 55
    await store.stop()


async def test_damage_is_checked_and_repaired():
    medium = CutMedium()
    store = await opened(medium)
    for number in range(60):
        await store.put(key_of("%02d" % number), record(1, "x" * 60))
    await store.stop()
    files = medium.after("kept", 1)
    name = sorted(files)[1]
    data = bytearray(files[name])
    data[700] ^= 4
    files[name] = bytes(data)
    store = await opened(CutMedium(files))
    assert sum([damaged for _, _, _, damaged in await store.check()]) == 1
    assert await store.repair() == 1
    assert sum([damaged for _, _, _, damaged in await store.check()]) == 0
    assert len(await store.keys()) == 59
    assert store.status()["damaged"] >= 1
    await store.stop()


async def test_what_a_power_cut_left_is_no_damage_but_a_lost_record_is():
    medium = CutMedium()
    store = await opened(medium)
    for number in range(3):
        await store.put(key_of("%02d" % number), record(1, "x" * 60))
    files = medium.after("kept", 1)
    name = sorted(files)[0]
    files[name] += bytes(200)  # room that was never written, or the half of a record
    again = CutMedium(files)
    store = await opened(again)
    assert sum([damaged for _, _, _, damaged in await store.check()]) == 0
    assert await store.repair() == 0
    size = (len(files[name]) - 200) // 3
    again.data[name][3 * size - 5] ^= 4  # while the store is open, in the last record it knows
    assert sum([damaged for _, _, _, damaged in await store.check()]) == 1
    await store.stop()


async def test_cleaning_goes_on_beside_puts_and_cuts():
    """The whole store on a medium that loses its power somewhere: acknowledged is there."""
    for cut in range(3, 400, 29):
        medium = store = again = None
        gc.collect()
        medium, acked, tried = CutMedium(cut=cut), {}, {}
        try:
            store = await opened(medium)
            for number in range(150):
                key, value = key_of(str(number % 9)), record(number + 1, "x" * (number % 50))
                tried[key] = [acked.get(key), value]
                await store.put(key, value)
                acked[key] = value
                tried[key] = [value]
            await store.stop()
        except EdgeError:
            pass
        for mode in ("dropped", "reordered", "garbage"):
            store = again = None  # a chip's heap has no room for several, nor for their pieces
            gc.collect()
            again = await opened(CutMedium(medium.after(mode, cut)))
            for key in tried:
                assert await again.get(key) in tried[key], (cut, mode, key)
            await again.put(key_of("after"), record(1))
            assert await again.get(key_of("after")) == record(1)
            await again.stop()


async def write_some(store, writer: int, clock: "list[int]") -> None:
    rng = kit.Rng(writer + 1)
    for _ in range(25):
        clock[0] += 1
        key = key_of(str(rng.below(12)))
        try:
            if rng.below(8) == 0:
                await store.remove(key)
            else:
                await store.put(key, record(clock[0], "x" * rng.below(100)))
        except RemoteError as error:
            assert "old record" in str(error)
        if rng.below(12) == 0:
            await store.sync()


async def test_many_writers_beside_cleaning():
    for durability in ("each", {"ms": 2}, {"records": 5}):
        medium, clock, group = CutMedium(), [0], aio.Group()
        store = await opened(medium, durability, Layout(1024, 65536, False))
        for writer in range(6):
            group.spawn(write_some(store, writer, clock))
        await aio.wait_for_ms(group.join(), 20000)
        assert not group.errors, group.errors
        found = {}
        for key in await store.keys():
            found[key] = await store.get(key)
        counts = (store.status()["records"], store.status()["bytes"])
        await store.stop()
        files = medium.after("kept", 1)
        for has_hint in (True, False):
            names = [name for name in files if has_hint or not name.endswith(".hint")]
            store = await opened(CutMedium({name: files[name] for name in names}))
            assert (store.status()["records"], store.status()["bytes"]) == counts
            for key in found:
                assert await store.get(key) == found[key]
            await store.stop()


if __name__ == "__main__":
    kit.run(globals())
