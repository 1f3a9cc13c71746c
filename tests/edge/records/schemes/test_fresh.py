"""Records that are valid while a beacon has not gone on: whoever has heard it knows replays."""

from edge.errors import LocalError, RemoteError
from edge.records import names
from edge.records.record import Record, create, encode_fields, verify
from edge.records.schemes import FRESH, chain, fresh
from edge.records.validators.edge import EdgeValidator
from tests import kit
from tests.edge.records.samples import (
    BEACON,
    KEY,
    NAME,
    OTHER,
    OTHER_NAME,
    OWNER,
    YEAR_MS,
    Clocks,
    flipped,
)

BEATS: list = []
for _ in range(5):
    BEATS.append(chain.extend(OTHER, BEACON, b"", BEATS[-1] if BEATS else None))


def made(beat: int, behind_max: int) -> bytes:
    return create(OWNER, KEY, b"21.5", 3, fresh.seen(BEATS[beat], behind_max))


def refused(edge: EdgeValidator, data: bytes) -> str:
    return str(kit.raises(RemoteError, edge.validate, KEY, data, 0))


def test_valid_until_the_beacon_has_gone_on():
    edge = EdgeValidator(Clocks().time)
    data = made(1, 2)
    for beat in (0, 1, 2, 3):
        edge.validate(BEACON, BEATS[beat], 0)
        edge.validate(KEY, data, 0)
    edge.validate(BEACON, BEATS[4], 0)
    assert refused(edge, data) == "a record that is 3 beats old, limit 2"
    edge.validate(BEACON, BEATS[0], 0)  # an old beat again: nothing becomes valid by it
    refused(edge, data)
    edge.validate(KEY, made(2, 2), 0)
    assert edge.lifetime_ms(data, 0) is None and edge.aged(data, 9) is data


def test_a_fresh_record_tells_of_its_beat():
    edge = EdgeValidator(Clocks().time)
    old = made(1, 0)
    edge.validate(KEY, old, 0)
    edge.validate(KEY, made(2, 0), 0)
    assert "1 beats old" in refused(edge, old)


def test_what_was_heard_is_known_after_a_restart():
    before = Clocks()
    EdgeValidator(before.time).validate(BEACON, BEATS[4], 0)
    after = Clocks(0)
    after.time.load(before.time.encode())
    refused(EdgeValidator(after.time), made(3, 0))


def test_no_clock_is_asked():
    for unix_ms in (0, 1 << 60):
        clocks = Clocks(unix_ms)
        edge = EdgeValidator(clocks.time)
        edge.validate(KEY, made(1, 0), unix_ms)
        clocks.unix_ms = max(0, unix_ms - YEAR_MS)
        edge.validate(KEY, made(1, 0), unix_ms)


def test_who_knows_no_beat_takes_the_one_in_it():
    EdgeValidator().validate(KEY, made(0, 0), 0)


def test_the_later_beat_is_better():
    edge = EdgeValidator()
    assert edge.compare(KEY, made(2, 0), made(1, 9)) == 1
    assert abs(edge.compare(KEY, made(2, 0), made(2, 1))) == 1


def validity(beacon: bytes) -> bytes:
    return encode_fields((beacon, 9))


def test_beacons_that_are_none():
    edge = EdgeValidator(Clocks().time)
    other_path = chain.extend(OTHER, names.edge_key(OTHER_NAME, "beacons"), b"")
    no_chain = create(OTHER, BEACON, b"", 0)
    nested = create(OTHER, BEACON, b"", 9, fresh.seen(BEATS[0], 1))
    for beacon in (b"", b"x", BEATS[0][:-1], BEATS[0] + b"\0", other_path, no_chain, nested):
        kit.raises(RemoteError, fresh.rank, Record(KEY, FRESH, 3, validity(beacon), b""))
        kit.raises(LocalError, create, OWNER, KEY, b"", 3, (FRESH, validity(beacon)))
    forged = create(OWNER, KEY, b"", 3, (FRESH, validity(flipped(BEATS[4], -1 + len(BEATS[4])))))
    assert "signature" in refused(edge, forged)
    assert edge._time.beat(OTHER_NAME.to_bytes()) == 0


def test_a_beacon_signed_by_somebody_else():
    body = verify(BEATS[1])
    from edge.records import record

    data = record.encode_fields(body)
    forged = record.encode_fields((data, b"", OWNER.sign(record.signed_bytes(data))))
    edge = EdgeValidator(Clocks().time)
    made_up = create(OWNER, KEY, b"", 3, (FRESH, validity(forged)))
    assert "signature" in refused(edge, made_up)


def test_two_beacons_are_apart():
    own = names.edge_key(NAME, "beacon")
    mine = chain.extend(OWNER, own, b"", None)
    edge = EdgeValidator(Clocks().time)
    edge.validate(BEACON, BEATS[4], 0)
    edge.validate(KEY, create(OWNER, KEY, b"", 3, fresh.seen(mine, 0)), 0)


def test_what_else_is_no_rule():
    for wrong in (
        b"",
        encode_fields((b"", 9)),
        encode_fields((BEATS[0], 9, 1)),
        b"\x10\x09" + BEATS[0],
    ):
        kit.raises(RemoteError, fresh.rank, Record(KEY, FRESH, 3, wrong, b""))


if __name__ == "__main__":
    kit.run(globals())
