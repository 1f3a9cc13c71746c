"""The disk keeps what was flushed, may lose the rest, and the ledger notices what must not be."""

import random
from collections import Counter

from tests.power.disk import SECTOR, Disk
from tests.power.ledger import Ledger, apply
from tests.power.operations import operation, read_value, value_of

OLD, NEW, NEWEST = (bytes([n]) * SECTOR for n in (1, 2, 3))


def disk() -> Disk:
    return Disk(bytes(8 * SECTOR))


def test_what_was_flushed_stays():
    for seed in range(20):
        cut = disk()
        cut.write(0, OLD + NEW)
        cut.flush()
        cut.cut(random.Random(seed))
        assert cut.read(0, 2 * SECTOR) == OLD + NEW == cut.medium[: 2 * SECTOR]


def test_what_was_not_flushed_is_there_or_not_by_the_sector():
    seen: Counter[tuple[bytes, bytes]] = Counter()
    for seed in range(200):
        cut = disk()
        cut.write(0, OLD)
        cut.flush()
        cut.write(0, NEW + NEW)
        cut.write(0, NEWEST)
        assert cut.read(0, SECTOR) == NEWEST
        cut.cut(random.Random(seed))
        assert not cut.cache and cut.seen == cut.medium
        seen[cut.read(0, SECTOR), cut.read(SECTOR, SECTOR)] += 1
    pairs = [(first, second) for first in (OLD, NEW, NEWEST) for second in (bytes(SECTOR), NEW)]
    assert set(seen) == set(pairs)


def test_a_forced_write_stays_alone():
    for seed in range(20):
        cut = disk()
        cut.write(0, OLD)
        cut.write(0, NEW, force=True)
        cut.cut(random.Random(seed))
        assert cut.read(0, SECTOR) == NEW


# -- the ledger


def found(ledger: Ledger, last: int) -> dict[str, list[int]]:
    state = dict(ledger.state)
    for n in range(ledger.acked + 1, last + 1):
        apply(state, n, ledger.run)
    return {str(key): list(entry) for key, entry in state.items()}


def acknowledged(count: int, unordered: bool = False) -> Ledger:
    ledger = Ledger()
    assert ledger.begin(1, unordered) == 1
    ledger.acknowledge_through(count)
    return ledger


def test_what_was_acknowledged_or_more_is_right():
    for beyond in (0, 1, 5, 100):
        ledger = acknowledged(50)
        assert ledger.check(found(ledger, 50 + beyond)) == []
        assert 50 <= ledger.acked <= 50 + beyond


def test_less_or_a_gap_is_not():
    whole = acknowledged(50)
    for less in (49, 40):
        short = Ledger()
        short.begin(1)
        assert whole.check(found(short, less)) != []
    later = found(whole, 70)
    del later[next(key for key, entry in later.items() if entry[0] <= 50)]
    assert whole.check(later) != []


def test_of_several_at_once_any_may_be_done():
    ledger = acknowledged(50, unordered=True)
    left = found(ledger, 50)
    done = next(n for n in range(55, 80) if not operation(n).is_removal)
    left[str(operation(done).key)] = [done, 1]
    assert ledger.check(left) == []
    strict = acknowledged(50)
    assert strict.check(left) != []


def test_what_comes_back_from_an_earlier_run_is_seen():
    ledger = acknowledged(50)
    assert ledger.check(found(ledger, 50)) == []
    ledger.begin(2)
    back = found(ledger, 50)
    lost = next(n for n in range(51, 80) if not operation(n).is_removal)
    back[str(operation(lost).key)] = [lost, 1]
    assert ledger.check(back) != []


def test_values_prove_themselves():
    n = next(n for n in range(1, 99) if not operation(n).is_removal and operation(n).size > 100)
    key, value = operation(n).key, value_of(n, 7)
    assert read_value(key, value) == [n, 7]
    for wrong in (value[:-1], value[:50] + b"\0" + value[51:], b"", b"1 2", value + b"x"):
        assert isinstance(read_value(key, wrong), str)
    assert isinstance(read_value((key + 1) % 48, value), str)
