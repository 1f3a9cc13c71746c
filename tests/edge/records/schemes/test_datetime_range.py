"""Records that are valid between two moments: to the nanosecond, and by clocks of every kind."""

from edge.errors import RemoteError
from edge.records.record import Record, create, decode
from edge.records.schemes import DATETIME_RANGE, FOREVER, datetime_range
from edge.wire import protobuf
from tests import kit
from tests.edge.records.samples import DAY_MS, KEY, NOW_MS, NOW_NS, OWNER, YEAR_MS, Clocks


def bundle(start_ns: int = 0, end_ns: int = 0):
    rule = datetime_range.valid_between(start_ns, end_ns)
    return decode(create(OWNER, KEY, b"", 0, rule))


def record(validity: bytes) -> Record:
    return Record(KEY, DATETIME_RANGE, 0, validity, b"")


def refused(found, clocks: Clocks) -> str:
    return str(kit.raises(RemoteError, datetime_range.judge, found, clocks.time))


def test_open_on_both_sides():
    assert datetime_range.valid_between() == FOREVER
    for unix_ms in (0, NOW_MS, NOW_MS + 500 * YEAR_MS):
        datetime_range.judge(bundle(), Clocks(unix_ms).time)
    assert datetime_range.lifetime_ms(bundle(), NOW_MS) is None


def test_it_ends_to_the_nanosecond():
    datetime_range.judge(bundle(0, NOW_NS + 1), Clocks().time)
    assert "ended" in refused(bundle(0, NOW_NS), Clocks())
    assert "ended" in refused(bundle(0, NOW_NS - 1), Clocks())
    assert "ended" in refused(bundle(0, 1), Clocks(0))


def test_it_begins_to_the_nanosecond():
    datetime_range.judge(bundle(NOW_NS), Clocks().time)
    assert "not valid yet" in refused(bundle(NOW_NS + 1), Clocks())
    day = bundle(NOW_NS + 1, NOW_NS + 2)
    assert "not valid yet" in refused(day, Clocks())


def test_where_no_clock_is_set():
    clocks = Clocks(0)
    datetime_range.judge(bundle(NOW_NS, NOW_NS + 1), clocks.time)
    datetime_range.judge(bundle(NOW_NS + YEAR_MS * 1000000), clocks.time)
    clocks.time.observe(NOW_MS)
    assert "ended" in refused(bundle(0, NOW_NS), clocks)
    datetime_range.judge(bundle(NOW_NS + YEAR_MS * 1000000), clocks.time)


def test_a_clock_that_jumps_back_a_year():
    clocks = Clocks()
    over = bundle(0, NOW_NS)
    refused(over, clocks)
    clocks.unix_ms -= YEAR_MS
    assert "ended" in refused(over, clocks)


def test_how_long_it_lives():
    found = bundle(0, NOW_NS + DAY_MS * 1000000 + 999999)
    for passed, left in ((0, DAY_MS), (1, DAY_MS - 1), (DAY_MS, 0), (DAY_MS + 1, 0), (YEAR_MS, 0)):
        assert datetime_range.lifetime_ms(found, NOW_MS + passed) == left


def test_later_end_then_earlier_start():
    rising = [(2, 5), (1, 5), (0, 5), (2, 6), (0, 6), (9, 0), (0, 0)]
    ranks = [datetime_range.rank(bundle(*pair).record) for pair in rising]
    assert ranks == sorted(ranks) and len(set(ranks)) == len(ranks)


def test_what_is_no_range():
    for validity in (
        protobuf.encode_uint(1, 2) + protobuf.encode_uint(2, 1),
        protobuf.encode_uint(1, 2) + protobuf.encode_uint(2, 2),
        protobuf.encode_uint(2, 2) + protobuf.encode_uint(1, 1),
        protobuf.encode_uint(1, 0),
        protobuf.encode_uint(2, 0),
        protobuf.encode_uint(3, 1),
        protobuf.encode_bytes(1, b"\1"),
        b"\x08",
        b"x",
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    ):
        kit.raises(RemoteError, datetime_range.rank, record(validity))


if __name__ == "__main__":
    kit.run(globals())
