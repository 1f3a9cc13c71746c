"""What every store asks: is it valid, is it better, how long, how old; whatever is told to it."""

from edge.errors import RemoteError
from edge.records.judge import Judge
from edge.records.record import create, decode, encode_fields, with_age
from edge.records.schemes import DATETIME_RANGE, chain, datetime_range, fresh, ttl
from edge.records.validators import ipns, open_validators, pk
from tests import kit
from tests.edge.records.samples import (
    BEACON,
    DAY_MS,
    KEY,
    NAME,
    NOW_NS,
    OTHER,
    OTHER_NAME,
    OWNER,
    YEAR_MS,
    Clocks,
)

CLOCKS = Clocks()
JUDGE = Judge(open_validators(CLOCKS.time), CLOCKS.time)


def judge() -> tuple:
    clocks = Clocks()
    return Judge(open_validators(clocks.time), clocks.time), clocks


def refused(key: bytes, value: bytes, one: Judge = JUDGE) -> str:
    return str(kit.raises(RemoteError, one.check, key, value))


def test_every_namespace_by_one_door():
    made = ipns.create(OWNER, b"/ipfs/x", 1, NOW_NS + DAY_MS * 1000000)
    for key, value, left in (
        (KEY, create(OWNER, KEY, b"x", 0), None),
        (pk.key_of(NAME), OWNER.public.encode(), None),
        (ipns.key_of(NAME), made, DAY_MS),
    ):
        JUDGE.check(key, value)
        assert JUDGE.lifetime_ms(key, value) == left
        assert JUDGE.aged(key, value, 1000) == value
        assert JUDGE.compare(key, value, value) == 0 and not JUDGE.is_newer(key, value, value)
        assert JUDGE.best(key, [value]) == value


def test_keys_that_nobody_judges():
    good = create(OWNER, KEY, b"x", 0)
    for key in (b"", b"/", b"/edge", b"/edge/", b"edge/x", b"//edge/x", b"/new/x", b"/\xff/x",
                b"/EDGE/" + KEY[6:], b"x" * 81, KEY + b"x" * 40):  # fmt: skip
        refused(key, good)
    assert "0 bytes" in refused(b"", good) and "81 bytes" in refused(b"/edge/" + bytes(75), good)
    for call in (JUDGE.lifetime_ms, JUDGE.digest):
        kit.raises(RemoteError, call, b"/new/x", good)
    kit.raises(RemoteError, JUDGE.aged, b"/new/x", good, 0)
    kit.raises(RemoteError, JUDGE.compare, b"/new/x", good, good)


def test_a_key_that_names_no_peer():
    for name in (b"x", b"\x12\x20" + bytes(31), b"\x16\x20" + bytes(32), b"12D3KooW"):
        key = b"/edge/" + name + b"/a"
        body = encode_fields((key, DATETIME_RANGE, 0, b"", b"x"))
        refused(key, encode_fields((body, b"", OWNER.sign(body))))


def test_an_old_record_after_a_newer_one():
    old, new = create(OWNER, KEY, b"a", 6), create(OWNER, KEY, b"b", 7)
    assert JUDGE.is_newer(KEY, new, old)
    assert str(kit.raises(RemoteError, JUDGE.is_newer, KEY, old, new)).startswith("old record")
    assert not JUDGE.is_newer(KEY, new, new)


def test_one_version_with_different_bytes():
    a, b = create(OWNER, KEY, b"a", 7), create(OWNER, KEY, b"b", 7)
    best = JUDGE.best(KEY, [a, b])
    assert best == JUDGE.best(KEY, [b, a])
    worse = a if best == b else b
    assert JUDGE.is_newer(KEY, best, worse)
    assert "old record" in str(kit.raises(RemoteError, JUDGE.is_newer, KEY, worse, best))


def test_names_of_ipns_are_compared_as_they_were():
    end = NOW_NS + DAY_MS * 1000000
    key = ipns.key_of(NAME)
    old, new = (ipns.create(OWNER, b"/ipfs/x", sequence, end) for sequence in (1, 2))
    assert JUDGE.compare(key, new, old) == 1 and JUDGE.compare(key, old, new) == -1
    kit.raises(RemoteError, JUDGE.is_newer, key, old, new)


def test_the_clock_jumps_back_a_year_between_put_and_get():
    one, clocks = judge()
    end = datetime_range.valid_between(0, NOW_NS + DAY_MS * 1000000)
    value = create(OWNER, KEY, b"x", 1, end)
    name = ipns.create(OWNER, b"/ipfs/x", 1, NOW_NS + DAY_MS * 1000000)
    rows = ((KEY, value), (ipns.key_of(NAME), name))
    for key, data in rows:
        one.check(key, data)
    clocks.unix_ms -= YEAR_MS
    for key, data in rows:
        one.check(key, data)
        assert one.lifetime_ms(key, data) == DAY_MS
    clocks.unix_ms += YEAR_MS
    clocks.passes(DAY_MS)
    for key, data in rows:
        refused(key, data, one)
    clocks.unix_ms -= YEAR_MS
    for key, data in rows:
        assert "ended" in refused(key, data, one)
        assert one.lifetime_ms(key, data) == 0


def test_expired_by_a_nanosecond_and_not_yet_valid():
    for start, end, why in (
        (0, NOW_NS, "ended"),
        (NOW_NS + 1, 0, "not valid yet"),
        (0, NOW_NS + 1, ""),
        (NOW_NS, 0, ""),
    ):
        value = create(OWNER, KEY, b"x", 1, datetime_range.valid_between(start, end))
        if why:
            assert why in refused(KEY, value)
        else:
            JUDGE.check(KEY, value)


def test_a_relay_does_not_renew_what_lives_for_a_time():
    made = create(OWNER, KEY, b"x", 1, ttl.valid_for(1000))
    passed = JUDGE.aged(KEY, made, 600)
    JUDGE.check(KEY, passed)
    assert JUDGE.lifetime_ms(KEY, passed) == 400
    refused(KEY, JUDGE.aged(KEY, passed, 400))
    assert JUDGE.digest(KEY, passed) == JUDGE.digest(KEY, made)


def test_who_forgot_its_age_is_put_right_but_not_for_a_little():
    made = create(OWNER, KEY, b"x", 1, ttl.valid_for(1000))
    ages = [with_age(decode(made), age) for age in (0, 100, 125, 126, 999)]
    assert [JUDGE.is_newer(KEY, one, made) for one in ages] == [False, False, False, True, True]
    assert [JUDGE.is_newer(KEY, made, one) for one in ages] == [False] * 5


def test_replays_of_what_a_beacon_has_left_behind():
    one, _ = judge()
    beats = [chain.extend(OTHER, BEACON, b"")]
    beats.append(chain.extend(OTHER, BEACON, b"", beats[0]))
    value = create(OWNER, KEY, b"x", 1, fresh.seen(beats[0], 0))
    one.check(KEY, value)
    one.check(BEACON, beats[1])
    assert one.time.beat(OTHER_NAME.to_bytes()) == 1
    refused(KEY, value, one)


if __name__ == "__main__":
    kit.run(globals())
