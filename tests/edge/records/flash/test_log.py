"""The log on files: what is put is found, now and after it is opened again."""

from edge.errors import LimitError
from edge.records.flash import FLASH, Layout, recovery
from edge.records.flash.log import Log
from edge.records.flash.medium import FileMedium
from edge.records.flash.wear import Wear
from edge.records.stores import Quota
from edge.records.stores.bounds import Bounds
from tests import kit, scratch

LAYOUT = Layout(2048, 65536, False)
QUOTA = Quota(10000, 1 << 20, 10000, 1 << 20)


def opened(folder: str, layout: Layout = LAYOUT) -> Log:
    log = Log(FileMedium(folder), layout, Bounds(QUOTA, b"", b"salt"), Wear(FLASH))
    log.was_hinted = recovery.open_log(log)
    return log


def closed(log: Log, has_hint: bool = True) -> None:
    log.sync()
    if has_hint:
        recovery.write_hint(log)
    log.medium.stop()


def put(log: Log, key: bytes, value: bytes) -> None:
    log.put(key, value, log.stamp + 1, log.find(key))
    tidy(log)


def remove(log: Log, key: bytes) -> None:
    log.remove(key, log.stamp + 1, log.find(key))
    tidy(log)


def tidy(log: Log) -> None:
    victim = log.victim()
    while victim:
        log.clean(victim)
        victim = log.victim()


def get(log: Log, key: bytes):
    record = log.find(key)[1]
    return record.value if record else None


def contents(log: Log) -> dict:
    found = {}
    for segment in log.segments:
        for _, record in log.live_of(segment):
            found[record.key] = record.value
    return found


def check_counts(log: Log, expected: dict) -> None:
    assert log.index.used == len(expected) == log.bounds.records
    assert log.live == sum([13 + len(key) + len(expected[key]) for key in expected])
    assert log.live == sum([segment.live for segment in log.segments])
    assert log.total == sum([segment.size for segment in log.segments])
    assert log.total == sum([log.medium.size(segment.name) for segment in log.segments])
    assert log.bounds.bytes == sum([len(key) + len(expected[key]) for key in expected])


def change(log: Log, expected: dict, rng: "kit.Rng") -> None:
    """Put or remove some, and see that each is as it should be at once."""
    for _ in range(120):
        key = b"k%d" % rng.below(30)
        if rng.below(5) == 0 and key in expected:
            remove(log, key)
            del expected[key]
        else:
            expected[key] = bytes([rng.below(256)]) * rng.below(90)
            put(log, key, expected[key])
        assert get(log, key) == expected.get(key)


def found_again(folder: str, has_hint: bool) -> None:
    expected: dict = {}
    rng = kit.Rng(1)
    for _ in range(4):
        log = opened(folder)
        assert contents(log) == expected
        change(log, expected, rng)
        check_counts(log, expected)
        assert contents(log) == expected
        closed(log, has_hint)
        again = opened(folder)
        assert again.was_hinted == has_hint
        check_counts(again, expected)
        assert again.stamp == log.stamp and not again.damaged
        closed(again, has_hint)


def test_what_is_put_is_found_again():
    for has_hint in (True, False):
        with scratch.Folder() as folder:
            found_again(folder, has_hint)


def test_the_log_stays_short_and_is_cleaned_with_little_writing():
    with scratch.Folder() as folder:
        log = opened(folder)
        rng = kit.Rng(2)
        for _ in range(1500):
            put(log, b"/edge/xxxxxxxxxxxx/%d" % rng.below(40), bytes(80))
        assert log.total <= 4 * log.live + 2 * LAYOUT.segment_bytes
        amplification = log.wear.written / log.wear.put
        assert amplification < 1.3, amplification
        closed(log)


def test_removals_end_once_nothing_is_left_to_be_removed():
    with scratch.Folder() as folder:
        log = opened(folder)
        put(log, b"cold", bytes(1000))
        for number in range(700):
            put(log, b"k%d" % number, b"value")
            remove(log, b"k%d" % number)
        assert log.total <= 5 * LAYOUT.segment_bytes
        put(log, b"k3", b"again")
        closed(log, False)
        log = opened(folder)
        assert contents(log) == {b"cold": bytes(1000), b"k3": b"again"}
        closed(log)


def test_space_has_an_end_that_is_told_before_it_comes():
    with scratch.Folder() as folder:
        log = opened(folder, Layout(2048, 16384, False))
        count = 0
        try:
            while count < 1000:
                put(log, b"k%d" % count, bytes(100))
                count += 1
        except LimitError as error:
            assert "space" in str(error)
        assert 40 < count < 130
        for _ in range(300):
            put(log, b"k0", bytes(100))
        assert log.total <= 16384
        assert len(contents(log)) == count
        closed(log)


def test_a_hint_that_is_stale_or_damaged_is_none():
    with scratch.Folder() as folder:
        log = opened(folder)
        put(log, b"a", b"1")
        closed(log)
        log = opened(folder)
        assert log.was_hinted
        put(log, b"a", b"2")
        closed(log, False)
        log = opened(folder)
        assert log.was_hinted  # the end is read
        assert contents(log) == {b"a": b"2"}
        closed(log)
        (name,) = [name for name in scratch.names(folder) if name.endswith(".hint")]
        data = scratch.get(folder + "/" + name)
        for place in (0, 50, len(data) // 2, len(data) - 1):
            bad = bytearray(data)
            bad[place] ^= 1
            scratch.put(folder + "/" + name, bytes(bad))
            log = opened(folder)
            assert not log.was_hinted
            assert contents(log) == {b"a": b"2"}
            log.medium.stop()


def test_many_short_runs_leave_few_segments():
    with scratch.Folder() as folder:
        for number in range(60):
            log = opened(folder)
            put(log, b"k%d" % (number % 20), b"%d" % number)
            closed(log, number % 3 == 0)
        log = opened(folder)
        assert len(log.segments) <= 26
        assert contents(log) == {b"k%d" % (n % 20): b"%d" % n for n in range(40, 60)}
        closed(log)


def test_nothing_is_written_by_opening_and_closing():
    with scratch.Folder() as folder:
        log = opened(folder)
        put(log, b"k", b"v")
        closed(log)
        before = scratch.names(folder)
        for _ in range(3):
            log = opened(folder)
            assert get(log, b"k") == b"v"
            closed(log)
        assert scratch.names(folder) == before


if __name__ == "__main__":
    kit.run(globals())
