"""Values kept for others: only valid ones, never a worse one, within bounds and for a while."""

from edge.errors import LimitError, RemoteError
from edge.routing.closeness import distance
from edge.routing.kad import values
from edge.routing.kad.values import Values, rfc3339
from tests import kit
from tests.edge.routing.kad.samples import VALIDATORS

OWN = b"\x12\x20" + bytes(32)
NOW = 5000
UNIX_MS = 1795374605123


def store() -> Values:
    return Values(VALIDATORS, OWN)


def test_kept_for_two_days():
    kept = store()
    kept.put(b"/new/a", b"1", NOW, UNIX_MS)
    assert kept.get(b"/new/a", NOW) == (b"1", "2026-11-22T19:10:05.123Z")
    assert kept.get(b"/new/a", NOW + values.EXPIRY_MS - 1)
    assert kept.get(b"/new/a", NOW + values.EXPIRY_MS) is None
    assert kept.get(b"/new/b", NOW) is None


def test_a_worse_value_never_replaces_a_better_one():
    kept = store()
    kept.put(b"/new/a", b"5", NOW, UNIX_MS)
    error = kit.raises(RemoteError, kept.put, b"/new/a", b"4", NOW, UNIX_MS)
    assert "old record" in str(error)
    assert kept.get(b"/new/a", NOW)[0] == b"5"
    kept.put(b"/new/a", b"6", NOW, UNIX_MS)
    assert kept.get(b"/new/a", NOW)[0] == b"6"
    kept.put(b"/new/a", b"4", NOW + values.EXPIRY_MS, UNIX_MS)  # what was better has expired


def test_the_same_value_again_lives_on():
    kept = store()
    kept.put(b"/new/a", b"5", 0, UNIX_MS)
    kept.put(b"/new/a", b"5", values.EXPIRY_MS - 1, UNIX_MS)
    assert kept.get(b"/new/a", values.EXPIRY_MS + 1)
    assert len(kept) == 1


MORTAL = b"/mortal/a"


def test_kept_until_it_ends():
    kept = store()
    kept.put(MORTAL, b"\1\x64\0", NOW, UNIX_MS)
    assert kept.get(MORTAL, NOW)[0] == b"\1\x64\0"
    assert kept.get(MORTAL, NOW + 99)[0] == b"\1\x64\x63"
    assert kept.get(MORTAL, NOW + 100) is None
    kept.handle_deadline(NOW + 100)
    assert len(kept) == 0


def test_given_away_and_put_again_it_is_as_old_as_it_was():
    one, other = store(), store()
    one.put(MORTAL, b"\1\x64\x0a", NOW, UNIX_MS)
    other.put(MORTAL, one.get(MORTAL, NOW + 40)[0], 0, UNIX_MS)
    assert other.get(MORTAL, 30)[0] == b"\1\x64\x50"
    assert other.get(MORTAL, 49) and other.get(MORTAL, 50) is None
    one.put(MORTAL, b"\1\x64\x0a", NOW + 40, UNIX_MS)  # who put it first knows no better
    assert one.get(MORTAL, NOW + 41)[0] == b"\1\x64\x33"
    assert one.get(MORTAL, NOW + 90) is None
    one.put(MORTAL, b"\1\x64\x50", NOW + 41, UNIX_MS)  # it is older than one knew
    assert one.get(MORTAL, NOW + 60)[0] == b"\1\x64\x63" and one.get(MORTAL, NOW + 61) is None
    assert len(one) == 1 and one._bytes == 3


def test_an_older_version_is_refused_whatever_its_age():
    kept = store()
    kept.put(MORTAL, b"\2\x64\0", NOW, UNIX_MS)
    kit.raises(RemoteError, kept.put, MORTAL, b"\1\x64\0", NOW, UNIX_MS)
    kit.raises(RemoteError, kept.put, MORTAL, b"\3\x64\x64", NOW, UNIX_MS)
    kept.put(MORTAL, b"\1\x64\0", NOW + 100, UNIX_MS)


def test_what_is_refused():
    kept = store()
    for key in (b"", b"/", b"new/a", b"/new", b"/new/", b"//a", b"/old/a", b"\xff/new/a",
                b"/\xff\xfe/a", b"/" + b"n" * 40 + b"/a"):  # fmt: skip
        kit.raises(RemoteError, kept.put, key, b"1", NOW, UNIX_MS)
    for value in (b"", b"x", b"1" * (values.VALUE_BYTES_MAX + 1)):
        kit.raises(RemoteError, kept.put, b"/new/a", value, NOW, UNIX_MS)
    assert len(kept) == 0 and kept.deadline() is None


def test_a_key_may_hold_any_bytes():
    kept = store()
    kept.put(b"/new/\x00/\xff", b"1", NOW, UNIX_MS)
    assert kept.get(b"/new/\x00/\xff", NOW)


def test_what_has_expired_is_forgotten():
    kept = store()
    kept.put(b"/new/a", b"1", 0, UNIX_MS)
    kept.put(b"/new/b", b"12", 1000, UNIX_MS)
    assert kept.deadline() == values.SWEEP_MS
    kept.handle_deadline(values.EXPIRY_MS)
    assert len(kept) == 1 and kept._bytes == 2
    kept.handle_deadline(values.EXPIRY_MS + 1000)
    assert len(kept) == 0 and kept._bytes == 0 and kept.deadline() is None


def test_of_too_many_values_the_closest_stay():
    kept = store()
    keys = [b"/new/%d" % number for number in range(values.VALUES_MAX + 20)]
    refused = 0
    for key in keys:
        try:
            kept.put(key, b"1", NOW, UNIX_MS)
        except LimitError:
            refused += 1
    keys.sort(key=lambda key: distance(OWN, key))
    assert len(kept) == values.VALUES_MAX and kept._bytes == values.VALUES_MAX
    assert [key for key in keys if kept.get(key, NOW)] == keys[: values.VALUES_MAX]
    assert refused <= 20


def test_many_values_of_one_key_are_one():
    kept = store()
    for number in range(10001):
        kept.put(b"/new/a", b"%05d" % number, NOW, UNIX_MS)
    kit.raises(RemoteError, kept.put, b"/new/a", b"05000", NOW, UNIX_MS)
    assert len(kept) == 1 and kept._bytes == 5 and kept.get(b"/new/a", NOW)[0] == b"10000"


def test_bytes_are_bounded():
    kept = store()
    big = b"1" * min(values.VALUE_BYTES_MAX, values.BYTES_MAX // 2)
    for number in range(values.BYTES_MAX // len(big) + 5):
        try:
            kept.put(b"/new/%d" % number, big, NOW, UNIX_MS)
        except LimitError:
            pass
        assert kept._bytes <= values.BYTES_MAX
    assert len(kept) == values.BYTES_MAX // len(big)


def test_no_room_for_a_longer_value_leaves_the_old_one():
    kept = store()
    before = values.BYTES_MAX
    values.BYTES_MAX = 4
    try:
        kept.put(b"/new/a", b"1", NOW, UNIX_MS)
        kit.raises(LimitError, kept.put, b"/new/a", b"22222", NOW, UNIX_MS)
        assert kept.get(b"/new/a", NOW)[0] == b"1"
    finally:
        values.BYTES_MAX = before


def test_times_as_others_write_them():
    for unix_ms, text in (
        (0, "1970-01-01T00:00:00.000Z"),
        (951782399999, "2000-02-28T23:59:59.999Z"),
        (951782400000, "2000-02-29T00:00:00.000Z"),
        (1709251200001, "2024-03-01T00:00:00.001Z"),
        (4107542399000, "2100-02-28T23:59:59.000Z"),
        (4107542400000, "2100-03-01T00:00:00.000Z"),
    ):
        assert rfc3339(unix_ms) == text, unix_ms


if __name__ == "__main__":
    kit.run(globals())
