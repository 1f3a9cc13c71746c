"""Records that live for a time: as long as their age says, however often they are passed on."""

from edge.errors import RemoteError
from edge.records.record import Record, create, decode, with_age
from edge.records.schemes import TTL, ttl
from edge.records.validators.edge import EdgeValidator
from edge.wire import protobuf
from tests import kit
from tests.edge.records.samples import KEY, OWNER, Clocks

MADE = create(OWNER, KEY, b"21.5", 3, ttl.valid_for(1000))
EDGE = EdgeValidator(Clocks(0).time)


def aged(age_ms: int) -> bytes:
    return with_age(decode(MADE), age_ms)


def test_it_lives_until_it_is_that_old():
    for age_ms, left in ((0, 1000), (1, 999), (999, 1)):
        EDGE.validate(KEY, aged(age_ms), 0)
        assert EDGE.lifetime_ms(aged(age_ms), 0) == left
    for age_ms in (1000, 1001, (1 << 64) - 1):
        error = str(kit.raises(RemoteError, EDGE.validate, KEY, aged(age_ms), 0))
        assert "TTL" in error and EDGE.lifetime_ms(aged(age_ms), 0) == 0


def test_passed_on_it_does_not_start_again():
    passed = EDGE.aged(MADE, 400)
    assert passed == aged(400)
    again = EDGE.aged(passed, 500)
    assert again == aged(900)
    EDGE.validate(KEY, again, 0)
    over = EDGE.aged(again, 100)
    assert over == aged(1000)
    kit.raises(RemoteError, EDGE.validate, KEY, over, 0)
    assert EDGE.aged(over, 1 << 62) == over == EDGE.aged(MADE, 1 << 70)


def test_what_was_held_for_no_time():
    for held_ms in (0, -1):
        assert EDGE.aged(MADE, held_ms) == MADE
        assert EDGE.aged(aged(7), held_ms) == aged(7)


def test_no_clock_but_this_one():
    for unix_ms in (0, 1800000000000, 1 << 60):
        EdgeValidator(Clocks(unix_ms).time).validate(KEY, MADE, unix_ms)


def test_of_one_record_the_older_is_right():
    young, old = aged(5), aged(6)
    assert EDGE.compare(KEY, young, old) == 0 == EDGE.compare(KEY, old, MADE)
    assert EDGE.select(KEY, [young, old, MADE]) == 1 == EDGE.select(KEY, [MADE, old, young])
    assert EDGE.select(KEY, [aged(255), aged(256)]) == 1 == EDGE.select(KEY, [MADE, aged(256)])


def test_the_longer_one_is_better():
    longer = create(OWNER, KEY, b"", 3, ttl.valid_for(1001))
    assert EDGE.compare(KEY, longer, MADE) == 1
    assert EDGE.compare(KEY, with_age(decode(longer), 1000), MADE) == 1


def test_what_is_no_ttl():
    for validity in (b"", protobuf.encode_uint(1, 0), protobuf.encode_uint(2, 1), b"x",
                     protobuf.encode_uint(1, 5) + protobuf.encode_uint(2, 1),
                     protobuf.encode_bytes(1, b"")):  # fmt: skip
        kit.raises(RemoteError, ttl.rank, Record(KEY, TTL, 0, validity, b""))


if __name__ == "__main__":
    kit.run(globals())
