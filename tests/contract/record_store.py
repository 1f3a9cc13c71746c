"""What every record store must do, wherever it keeps its records.

A maker is called for each demand: ``await make(judge) -> (store, stop)`` with a store that has
started, holds nothing, judges by ``judge`` (tests/contract/judges.py), belongs to the peer
judges.OWN, has the bounds QUOTA, and ``await stop()``, which ends what the maker began.  A store
that keeps nothing itself, where others set the bounds, is checked with ``bounded=False``.
"""

from edge.errors import LimitError, LocalError, RemoteError
from edge.records.stores import VALUE_BYTES_MAX, Quota
from edge.system import aio
from tests import kit
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record

WAIT_MS = 20000
# What a bounded store is opened with.
QUOTA = Quota(records_max=8, bytes_max=8000, per_owner_records_max=3, per_owner_bytes_max=2000)
KEY = key_of("a")


async def check(make, bounded: bool = True) -> None:
    """Run all that is demanded of a store."""
    demands = [
        _puts_and_gets, _keeps_the_better, _same_bytes_are_success, _keeps_the_greater_age,
        _refuses_what_is_invalid, _drops_what_became_invalid, _lists_keys, _removes, _watches,
        _bounds_a_record, _takes_any_bytes, _status_is_plain, _many_at_once,
    ]  # fmt: skip
    if bounded:
        demands += [_bounds_an_owner, _bounds_others, _a_refused_put_changes_nothing]
    for demand in demands:
        judge = FakeJudge()
        store, stop = await make(judge)
        try:
            await aio.wait_for_ms(demand(store, judge), WAIT_MS)
        finally:
            await stop()


async def _puts_and_gets(store, judge) -> None:
    assert await store.get(KEY) is None
    assert await store.get_all(KEY) == []
    assert await store.put(KEY, record(1, "one")) is True
    assert await store.get(KEY) == record(1, "one")
    assert await store.get_all(KEY) == [record(1, "one")]
    assert await store.get(key_of("b")) is None
    assert await store.put(memoryview(key_of("b")), memoryview(record(1, "two"))) is True
    assert await store.get(key_of("b")) == record(1, "two")
    await store.sync()


async def _keeps_the_better(store, judge) -> None:
    versions = [3, 1, 7, 2, 7, 5, 9]
    best = 0
    for version in versions:
        if version > best:
            assert await store.put(KEY, record(version)) is True
            best = version
        elif version < best:
            error = await kit.raises_async(RemoteError, store.put(KEY, record(version)))
            assert "old record" in str(error)
        assert await store.get(KEY) == record(best)


async def _same_bytes_are_success(store, judge) -> None:
    assert await store.put(KEY, record(1, "x")) is True
    for _ in range(3):
        assert await store.put(KEY, record(1, "x")) is False
    assert await store.get(KEY) == record(1, "x")


async def _keeps_the_greater_age(store, judge) -> None:
    """What is on its way longer ends earlier: hearing of it again does not restart it."""
    assert await store.put(KEY, record(1, "x", "900000+1000")) is True
    assert await store.put(KEY, record(1, "x", "900000+500000")) is False
    age = _age(await store.get(KEY))
    assert 500000 <= age < 600000
    assert await store.put(KEY, record(1, "x", "900000+0")) is False
    assert _age(await store.get(KEY)) >= age


def _age(value: bytes) -> int:
    return int(value.split(b" ")[1].split(b"+")[1])


async def _refuses_what_is_invalid(store, judge) -> None:
    judge.now = 100
    for key, value in ((KEY, b"garbage"), (KEY, b""), (KEY, record(1, "", "@100")),
                       (b"/none/x", record(1)), (KEY, record(1, "", "50+50"))):  # fmt: skip
        await kit.raises_async(RemoteError, store.put(key, value))
        assert await store.get(key) is None
    for key in (b"", bytes(81)):
        await kit.raises_async(LocalError, store.put(key, record(1)))


async def _drops_what_became_invalid(store, judge) -> None:
    await store.put(KEY, record(5, "ends", "@1000"))
    await store.put(key_of("stays"), record(1))
    judge.now = 999
    assert await store.get(KEY) == record(5, "ends", "@1000")
    judge.now = 1000
    assert await store.get(KEY) is None
    assert await store.get_all(KEY) == []
    assert await store.keys() == [key_of("stays")]
    assert await store.put(KEY, record(1, "an older one, still good")) is True
    await store.put(key_of("ttl"), record(1, "x", "30+0"))
    await aio.sleep_ms(60)
    assert await store.get(key_of("ttl")) is None


async def _lists_keys(store, judge) -> None:
    paths = ("b", "a", "log/1", "log/2", "logs")
    for path in paths:
        await store.put(key_of(path), record(1))
    assert await store.keys() == sorted([key_of(path) for path in paths])
    assert await store.keys(key_of("log/")) == [key_of("log/1"), key_of("log/2")]
    assert await store.keys(b"/edge") == await store.keys()
    assert await store.keys(b"/none") == []
    assert await store.keys(key_of("log"), key_of("log/1")) == [key_of("log/2"), key_of("logs")]


async def _removes(store, judge) -> None:
    assert await store.remove(KEY) is False
    await store.put(KEY, record(1))
    await store.put(key_of("b"), record(1))
    assert await store.remove(KEY) is True
    assert await store.get(KEY) is None
    assert await store.keys() == [key_of("b")]
    assert await store.remove(KEY) is False
    assert await store.put(KEY, record(1)) is True
    assert await store.get(KEY) == record(1)


async def _watches(store, judge) -> None:
    everything, some = store.watch(), store.watch(key_of("a/"))
    await store.put(key_of("a/1"), record(1))
    await store.put(key_of("a/1"), record(1))
    await store.put(key_of("b"), record(1))
    await kit.raises_async(RemoteError, store.put(key_of("a/1"), record(0)))
    await store.remove(key_of("a/1"))
    expected = [(key_of("a/1"), record(1)), (key_of("b"), record(1)), (key_of("a/1"), None)]
    for change in expected:
        assert tuple(await everything.get()) == change
    for change in (expected[0], expected[2]):
        assert tuple(await some.get()) == change
    assert not len(everything) and not len(some)
    store.unwatch(some)
    await store.put(key_of("a/2"), record(1))
    await kit.raises_async(EOFError, some.get())
    for version in range(2, 600):  # nobody reads: bounded, and puts go on
        await store.put(KEY, record(version))
    assert len(everything) <= 256
    await store.stop()
    while len(everything):
        await everything.get()
    await kit.raises_async(EOFError, everything.get())
    await store.stop()


async def _bounds_a_record(store, judge) -> None:
    long = record(1)
    long += b"x" * (VALUE_BYTES_MAX + 1 - len(long))
    await kit.raises_async(LimitError, store.put(KEY, long))
    assert await store.get(KEY) is None
    key = b"/edge/" + OWN + b"/"
    key += b"k" * (80 - len(key))
    assert await store.put(key, record(1)) is True
    assert await store.get(key) == record(1)


async def _takes_any_bytes(store, judge) -> None:
    for number in range(4):
        body = bytes([(byte * 7 + number) & 0xFF for byte in range(256)])
        assert await store.put(KEY, record(number) + body) is True
        assert await store.get(KEY) == record(number) + body


async def _status_is_plain(store, judge) -> None:
    await store.put(KEY, record(1))
    for name, value in store.status().items():
        assert isinstance(name, str)
        assert value is None or isinstance(value, (bool, int, float, str, list, dict)), name


async def _many_at_once(store, judge) -> None:
    """Whatever order they come in, the best one stays."""
    group = aio.Group()

    async def put(version: int) -> None:
        try:
            await store.put(KEY, record(version))
        except RemoteError as error:
            assert "old record" in str(error)

    for turn in range(12):
        group.spawn(put(turn * 5 % 12))
    await group.join()
    assert not group.errors, group.errors
    assert await store.get(KEY) == record(11)


async def _bounds_an_owner(store, judge) -> None:
    for number in range(3):
        await store.put(key_of(str(number), OTHER), record(1))
    await kit.raises_async(LimitError, store.put(key_of("3", OTHER), record(1)))
    assert await store.put(key_of("2", OTHER), record(2)) is True
    assert await store.remove(key_of("1", OTHER)) is True
    assert await store.put(key_of("3", OTHER), record(1)) is True
    long = record(3) + b"x" * 1900
    await kit.raises_async(LimitError, store.put(key_of("2", OTHER), long + b"x" * 100))
    assert await store.put(key_of("2", OTHER), long) is True


async def _bounds_others(store, judge) -> None:
    """All others take half at most: what is our own has room whoever they are and whatever they
    put."""
    for number in range(4):
        await store.put(key_of("x", b"\x00\x01" + bytes([number])), record(1))
    await kit.raises_async(LimitError, store.put(key_of("x", OTHER), record(1)))
    for number in range(4):
        assert await store.put(key_of(str(number)), record(1)) is True
    await kit.raises_async(LimitError, store.put(key_of("4"), record(1)))
    assert await store.put(key_of("3"), record(2)) is True
    assert len(await store.keys()) == 8


async def _a_refused_put_changes_nothing(store, judge) -> None:
    key = key_of("0", OTHER)
    await store.put(key, record(1))
    changes = store.watch()
    await kit.raises_async(LimitError, store.put(key, record(2) + b"x" * 2100))
    await kit.raises_async(RemoteError, store.put(key, record(0)))
    assert await store.get(key) == record(1)
    assert not len(changes)
