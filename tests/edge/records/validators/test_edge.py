"""Values under /edge: who may say what, and that everybody agrees on the best."""

from edge.errors import RemoteError
from edge.records import EARLIEST_UNIX_MS, names
from edge.records.record import create, decode, encode_fields, signed_bytes, with_age
from edge.records.schemes import CHAIN, DATETIME_RANGE, FRESH, TTL, chain, datetime_range, ttl
from edge.records.validators import edge as edge_module
from edge.records.validators import open_validators
from edge.records.validators.edge import EdgeValidator, rank
from edge.system import MICROPYTHON, primitives
from tests import kit
from tests.edge.records.samples import (
    DAY_MS,
    KEY,
    NAME,
    NOW_MS,
    NOW_NS,
    OTHER,
    OTHER_NAME,
    OWNER,
    YEAR_MS,
    Clocks,
)

EDGE = EdgeValidator()
GOOD = create(OWNER, KEY, b"21.5", 7)
BEATS = [chain.extend(OTHER, names.edge_key(OTHER_NAME, "beacon"), b"")]
for _ in range(2):
    BEATS.append(chain.extend(OTHER, names.edge_key(OTHER_NAME, "beacon"), b"", BEATS[-1]))
TRIPLES = 100 if MICROPYTHON else 1000


def refused(key: bytes, value: bytes, now_ms: int = NOW_MS) -> str:
    return str(kit.raises(RemoteError, EDGE.validate, key, value, now_ms))


def test_in_the_table():
    table = open_validators(Clocks().time)
    table["edge"].validate(KEY, GOOD, 0)
    assert table["edge"].lifetime_ms(GOOD, 0) is None
    lives = create(OWNER, KEY, b"", 7, ttl.valid_for(1000))
    assert table["edge"].aged(lives, 5) == with_age(decode(lives), 5)
    assert table["edge"].compare(KEY, lives, with_age(decode(lives), 5)) == 0
    assert table["edge"].digest(lives) == table["edge"].digest(with_age(decode(lives), 5))


def test_only_under_its_own_key():
    EDGE.validate(KEY, GOOD, NOW_MS)
    for key in (b"", b"/edge/", KEY[:-1], KEY + b"x", names.edge_key(OTHER_NAME, "sensors/1"),
                names.edge_key(NAME, "sensors/2"), b"/ipns/" + NAME.to_bytes(),
                b"x" * 81):  # fmt: skip
        assert "another key" in refused(key, GOOD)


def test_an_unknown_scheme_is_invalid_and_nothing_worse():
    for number in (0, 5, 99, (1 << 64) - 1):
        body = encode_fields((KEY, number, 7, b"", b"21.5"))
        value = encode_fields((body, b"", OWNER.sign(signed_bytes(body))))
        assert refused(KEY, value).startswith("a record of an unknown scheme")
        kit.raises(RemoteError, EDGE.compare, KEY, value, GOOD)
        kit.raises(RemoteError, EDGE.lifetime_ms, value, NOW_MS)
        assert EDGE.select(KEY, [value, GOOD]) == 1 and EDGE.select(KEY, [GOOD, value]) == 0


def test_the_signature_comes_before_the_time():
    ended = create(OWNER, KEY, b"", 7, datetime_range.valid_between(0, 1))
    assert "ended" in refused(KEY, ended)
    assert "signature" in refused(KEY, ended[:-1] + bytes([ended[-1] ^ 1]))


def test_the_clock_of_who_asks():
    """Without a Time: a clock that is behind this program says nothing."""
    made = create(OWNER, KEY, b"", 7, datetime_range.valid_between(NOW_NS, NOW_NS + 1))
    EDGE.validate(KEY, made, NOW_MS)
    EDGE.validate(KEY, made, 0)
    EDGE.validate(KEY, made, EARLIEST_UNIX_MS - 1)
    assert "not valid yet" in refused(KEY, made, EARLIEST_UNIX_MS)
    assert "not valid yet" in refused(KEY, made, NOW_MS - 1)
    assert "ended" in refused(KEY, made, NOW_MS + 1)
    assert EDGE.lifetime_ms(made, 0) == NOW_MS - EARLIEST_UNIX_MS
    assert EDGE.lifetime_ms(made, NOW_MS + YEAR_MS) == 0


def test_what_a_time_knows_counts_more():
    clocks = Clocks()
    edge = EdgeValidator(clocks.time)
    made = create(OWNER, KEY, b"", 7, datetime_range.valid_between(0, NOW_NS + DAY_MS * 1000000))
    edge.validate(KEY, made, 0)
    clocks.passes(DAY_MS)
    kit.raises(RemoteError, edge.validate, KEY, made, 0)
    clocks.unix_ms -= YEAR_MS
    kit.raises(RemoteError, edge.validate, KEY, made, 0)
    assert edge.lifetime_ms(made, 0) == 0


def test_equal_ends_have_one_winner_in_both_orders():
    rule = datetime_range.valid_between(0, NOW_NS + 1)
    a, b = create(OWNER, KEY, b"a", 7, rule), create(OWNER, KEY, b"b", 7, rule)
    winner = max((a, b), key=lambda data: primitives.sha256(decode(data).data))
    for pair in ([a, b], [b, a]):
        assert pair[EDGE.select(KEY, pair)] == winner
    assert EDGE.compare(KEY, a, b) == -EDGE.compare(KEY, b, a) != 0


def test_select_takes_anything():
    junk = [b"", b"x", GOOD[:-1], GOOD + b"x", b"\xff" * 100]
    for at in range(len(junk) + 1):
        assert EDGE.select(KEY, junk[:at] + [GOOD] + junk[at:]) == at
    kit.raises(RemoteError, EDGE.select, KEY, junk)
    kit.raises(RemoteError, EDGE.select, KEY, [])


def test_the_same_record_with_another_signature():
    """OpenSSL would never sign so; whoever has the key can."""
    bundle = decode(GOOD)
    other = encode_fields((bundle.data, b"", bytes(64)))
    assert EDGE.compare(KEY, GOOD, other) == 0
    assert EDGE.select(KEY, [GOOD, other]) == 1 - EDGE.select(KEY, [other, GOOD])


def test_a_signature_seen_to_be_right_counts_for_nothing_else():
    edge = EdgeValidator()
    lives = create(OWNER, KEY, b"21.5", 7, ttl.valid_for(1000))
    body, signature = decode(lives).data, decode(lives).signature
    for _ in range(2):
        edge.validate(KEY, lives, 0)
        edge.validate(KEY, with_age(decode(lives), 5), 0)
        for value in (
            encode_fields((body.replace(b"21.5", b"21.6"), b"", signature)),
            encode_fields((body, b"", signature[1:] + signature[:1])),
            encode_fields((body, OWNER.public.encode(), signature)),
            lives + b"\0",
            with_age(decode(lives), 1000),
        ):
            kit.raises(RemoteError, edge.validate, KEY, value, 0)
        assert len(edge._verified) == 1
    forged = encode_fields((body, b"", bytes(64)))
    for _ in range(2):
        kit.raises(RemoteError, edge.validate, KEY, forged, 0)


def test_what_is_remembered_has_its_bounds():
    edge = EdgeValidator()
    before = edge_module.VERIFIED_MAX, edge_module.READ_MAX
    edge_module.VERIFIED_MAX, edge_module.READ_MAX = 2, 2
    try:
        for version in range(5):
            value = create(OWNER, KEY, b"", version)
            edge.validate(KEY, value, 0)
            edge.validate(KEY, bytearray(value), 0)
            assert len(edge._verified) <= 2 and len(edge._read) <= 2
    finally:
        edge_module.VERIFIED_MAX, edge_module.READ_MAX = before


# -- the order is total


def drawn(random: kit.Rng) -> bytes:
    """A record whose signature is none; of few enough that many are alike in much."""
    number = (DATETIME_RANGE, TTL, CHAIN, FRESH)[random.below(4)]
    version = random.below(3)
    age = 0
    if number == DATETIME_RANGE:
        start = random.below(3)
        validity = encode_fields((start, random.below(2) * (start + 1 + random.below(2))))
    elif number == TTL:
        validity = encode_fields((100 + random.below(3),))
        age = random.below(3)
    elif number == CHAIN:
        validity = encode_fields((bytes([random.below(2)]) * 32 if version else b"",))
    else:
        validity = encode_fields((BEATS[random.below(3)], random.below(2)))
    value = bytes([65 + random.below(2)]) * random.below(2)
    body = encode_fields((KEY, number, version, validity, value))
    return encode_fields((body, b"", b"none", age))


def test_of_any_two_one_is_better_unless_they_are_the_same():
    random = kit.Rng(11)
    for _ in range(TRIPLES):
        a, b = drawn(random), drawn(random)
        order = EDGE.compare(KEY, a, b)
        assert order == -EDGE.compare(KEY, b, a) and order in (-1, 0, 1)
        assert (order == 0) == (decode(a).data == decode(b).data)
        if order:
            assert EDGE.select(KEY, [a, b]) == (order < 0)
        if a != b:
            assert EDGE.select(KEY, [a, b]) != EDGE.select(KEY, [b, a])


def test_who_beats_the_second_beats_the_third():
    random = kit.Rng(12)
    for _ in range(TRIPLES):
        three = [drawn(random) for _ in range(3)]
        three.sort(key=lambda data: rank(decode(data)))
        assert EDGE.compare(KEY, three[0], three[1]) <= 0
        assert EDGE.compare(KEY, three[1], three[2]) <= 0
        assert EDGE.compare(KEY, three[0], three[2]) <= 0


def test_the_best_is_the_same_in_any_order():
    random = kit.Rng(13)
    for _ in range(TRIPLES // 5):
        values = [drawn(random) for _ in range(6)]
        best = values[EDGE.select(KEY, values)]
        for _ in range(3):
            at = random.below(5)
            values = values[at:] + list(reversed(values[:at]))
            assert values[EDGE.select(KEY, values)] == best


def test_the_number_of_the_scheme_comes_behind_the_version():
    link = encode_fields((bytes(32),))
    rising = [
        (DATETIME_RANGE, 1, b""), (TTL, 1, encode_fields((9,))), (CHAIN, 1, link),
        (FRESH, 1, encode_fields((BEATS[2], 9))), (DATETIME_RANGE, 2, encode_fields((0, 1))),
        (DATETIME_RANGE, (1 << 64) - 1, b""),
    ]  # fmt: skip
    values = [
        encode_fields((encode_fields((KEY, number, version, validity, b"")), b"", b"none"))
        for number, version, validity in rising
    ]
    for low in range(len(values)):
        for high in range(low + 1, len(values)):
            assert EDGE.compare(KEY, values[high], values[low]) == 1


if __name__ == "__main__":
    kit.run(globals())
