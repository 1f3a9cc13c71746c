"""What is known of the time: a clock that is right, never set, set back, or ahead; and beats."""

from edge.errors import RemoteError
from edge.records import EARLIEST_UNIX_MS, observed
from edge.records.observed import Time
from tests import kit
from tests.edge.records.samples import DAY_MS, HOUR_MS, NOW_MS, YEAR_MS, Clocks, flipped

IDS = [b"\x12\x20" + bytes(31) + bytes([number]) for number in range(observed.BEACONS_MAX + 4)]


def known(clocks: Clocks) -> tuple:
    return clocks.time.earliest_unix_ms, clocks.time.latest_unix_ms


def test_a_clock_that_is_right():
    clocks = Clocks()
    assert known(clocks) == (NOW_MS, NOW_MS)
    clocks.passes(DAY_MS)
    assert known(clocks) == (NOW_MS + DAY_MS, NOW_MS + DAY_MS)


def test_a_clock_that_was_never_set():
    for unix_ms in (0, 946684800000, EARLIEST_UNIX_MS - 1):
        clocks = Clocks(unix_ms)
        assert known(clocks) == (EARLIEST_UNIX_MS, None)
    clocks = Clocks(0)
    clocks.passes(32 * DAY_MS)
    assert known(clocks) == (EARLIEST_UNIX_MS + 31 * DAY_MS, None)  # by a clock that may be fast
    assert known(Clocks(EARLIEST_UNIX_MS)) == (EARLIEST_UNIX_MS, EARLIEST_UNIX_MS)


def test_a_clock_that_is_set_back():
    clocks = Clocks()
    assert known(clocks) == (NOW_MS, NOW_MS)
    clocks.unix_ms -= YEAR_MS
    assert known(clocks) == (NOW_MS, None)
    clocks.passes(32000)
    assert known(clocks) == (NOW_MS + 31000, None)
    clocks.unix_ms = NOW_MS + 32000
    assert known(clocks) == (NOW_MS + 32000, NOW_MS + 32000)
    clocks.unix_ms = NOW_MS + 31999
    assert known(clocks) == (NOW_MS + 32000, None)


def test_it_never_gets_earlier():
    """A clock that is an hour behind passes the last observation, not the time since then."""
    clocks = Clocks()
    known(clocks)
    clocks.unix_ms -= HOUR_MS
    before = NOW_MS
    for _ in range(40):
        clocks.passes(HOUR_MS)
        earliest = clocks.time.earliest_unix_ms
        assert earliest > before
        assert (clocks.time.latest_unix_ms is None) == (clocks.unix_ms < earliest)
        before = earliest
    assert known(clocks) == (NOW_MS + 39 * HOUR_MS, NOW_MS + 39 * HOUR_MS)


def test_by_a_millisecond():
    clocks = Clocks()
    assert known(clocks) == (NOW_MS, NOW_MS)
    clocks.unix_ms -= 1
    assert known(clocks) == (NOW_MS, None)
    clocks.unix_ms += 1
    assert known(clocks) == (NOW_MS, NOW_MS)


def test_a_clock_that_was_ahead():
    clocks = Clocks(NOW_MS + YEAR_MS)
    assert clocks.time.earliest_unix_ms == NOW_MS + YEAR_MS
    clocks.unix_ms = NOW_MS
    assert known(clocks) == (NOW_MS + YEAR_MS, None)
    clocks.time.forget()
    assert known(clocks) == (NOW_MS, NOW_MS)


def test_somebody_who_is_believed():
    clocks = Clocks(0)
    clocks.time.observe(NOW_MS)
    clocks.time.observe(NOW_MS - 1)
    assert known(clocks) == (NOW_MS, None)
    clocks.unix_ms = NOW_MS + 1
    assert known(clocks) == (NOW_MS + 1, NOW_MS + 1)


def test_nobody_means_the_year_10000():
    clocks = Clocks()
    assert known(clocks) == (NOW_MS, NOW_MS)
    for unix_ms in (253402300800000, 1 << 63, 1 << 70):
        clocks.time.observe(unix_ms)
        clocks.unix_ms = unix_ms
        assert clocks.time.earliest_unix_ms == NOW_MS
        Clocks(0).time.load(clocks.time.encode())


def test_over_a_restart():
    before = Clocks()
    before.passes(DAY_MS)
    after = Clocks(0)
    after.time.load(before.time.encode())
    assert known(after) == (NOW_MS + DAY_MS, None)
    again = Clocks(NOW_MS)  # a clock that is a day behind
    again.time.load(after.time.encode())
    assert known(again) == (NOW_MS + DAY_MS, None)
    late = Clocks(NOW_MS + YEAR_MS)
    late.time.load(before.time.encode())
    assert known(late) == (NOW_MS + YEAR_MS, NOW_MS + YEAR_MS)


def test_what_passed_without_a_clock_is_kept_too():
    before = Clocks(0)
    before.passes(32 * DAY_MS)
    after = Clocks(0)
    after.time.load(before.time.encode())
    assert known(after) == (EARLIEST_UNIX_MS + 31 * DAY_MS, None)


def test_a_file_that_rots():
    clocks = Clocks()
    clocks.time.learn(IDS[0], 7)
    data = clocks.time.encode()
    for at in range(len(data)):
        fresh = Clocks(0)
        kit.raises(RemoteError, fresh.time.load, flipped(data, at))
        kit.raises(RemoteError, fresh.time.load, data[:at])
        assert known(fresh) == (EARLIEST_UNIX_MS, None) and fresh.time.beat(IDS[0]) == 0
    for junk in (b"", bytes(8), data + b"\0", bytes(100)):
        kit.raises(RemoteError, Clocks(0).time.load, junk)


def test_when_to_write():
    clocks = Clocks()
    assert clocks.time.to_save(0)
    assert clocks.time.to_save(1, stopping=True) is None  # nothing is new
    clocks.passes(1)
    assert clocks.time.to_save(observed.SAVE_MS) is None
    data = clocks.time.to_save(observed.SAVE_MS + 1)
    assert data == clocks.time.encode()
    clocks.passes(HOUR_MS)
    assert clocks.time.to_save(observed.SAVE_MS + 2) is None
    assert clocks.time.to_save(observed.SAVE_MS + 2, stopping=True) == clocks.time.encode()


def test_beats():
    time = Clocks().time
    assert time.beat(IDS[0]) == 0
    assert [time.learn(IDS[0], beat) for beat in (3, 1, 5, 4)] == [3, 3, 5, 5]
    assert time.beat(IDS[0]) == 5 and time.beat(IDS[1]) == 0
    assert time.learn(IDS[1], 1) == 1 and time.beat(IDS[0]) == 5
    assert time.learn(IDS[2], 0) == 0


def test_beats_over_a_restart():
    before = Clocks().time
    for number, id in enumerate(IDS[: observed.BEACONS_MAX]):
        before.learn(id, number + 1)
    before.learn(IDS[0], 1)
    after = Clocks().time
    after.load(before.encode())
    assert [after.beat(id) for id in IDS[:3]] == [1, 2, 3]
    after.learn(IDS[-1], 9)
    assert after.beat(IDS[1]) == 0 and after.beat(IDS[0]) == 1  # what was of use is, over it, too
    after.load(before.encode())
    assert after.beat(IDS[1]) == 2


def test_as_many_beacons_as_there_is_room_for():
    time = Clocks().time
    for id in IDS:
        time.learn(id, 9)
    assert [id for id in IDS if time.beat(id)] == IDS[-observed.BEACONS_MAX :]
    time.learn(IDS[-observed.BEACONS_MAX], 1)
    time.learn(IDS[0], 9)
    assert time.beat(IDS[-observed.BEACONS_MAX]) == 9
    assert time.beat(IDS[1 - observed.BEACONS_MAX]) == 0
    assert len(time.encode()) < 50 * observed.BEACONS_MAX


def test_strangers_displace_nobody_who_is_followed():
    time = Clocks().time
    time.follow(IDS[0])
    time.learn(IDS[0], 9)
    for id in IDS[1:] * 2:
        time.learn(id, 1)
    assert time.beat(IDS[0]) == 9
    assert len([id for id in IDS if time.beat(id)]) == observed.BEACONS_MAX + 1


def test_the_clocks_of_this_machine():
    time = Time()
    assert time.earliest_unix_ms >= EARLIEST_UNIX_MS
    latest = time.latest_unix_ms
    assert latest is None or latest >= EARLIEST_UNIX_MS


if __name__ == "__main__":
    kit.run(globals())
