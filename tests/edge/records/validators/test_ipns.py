"""IPNS records: made, believed, refused, ordered."""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS, dag_cbor, rfc3339
from edge.records.validators import ipns
from edge.wire import protobuf
from tests import kit

KEY = PrivateKey.from_seed(bytes(31) + b"\1")
OTHER = PrivateKey.from_seed(bytes(31) + b"\2")
NAME = PeerId.from_public_key(KEY.public)
ROUTED = ipns.key_of(NAME)
NOW_MS = EARLIEST_UNIX_MS + 86400000
NOW_NS = NOW_MS * 1000000
END_NS = NOW_NS + ipns.LIFETIME_NS
VALUE = b"/ipfs/bafkqaddwgevxmmraojswg33smq"


def tree(**changes) -> dict:
    """What is signed in a good record, but for ``changes``; what is None is left out."""
    fields = {
        "Value": VALUE,
        "Validity": rfc3339.text(END_NS),
        "ValidityType": 0,
        "Sequence": 7,
        "TTL": ipns.TTL_NS,
    }
    fields.update(changes)
    return {name: fields[name] for name in fields if fields[name] is not None}


def sealed(data: bytes, key=KEY, domain: bytes = b"ipns-signature:") -> bytes:
    """A record of V2 fields alone."""
    signature = key.sign(domain + data)
    return protobuf.encode_bytes(8, signature) + protobuf.encode_bytes(9, data)


def record(**changes) -> bytes:
    return sealed(dag_cbor.encode(tree(**changes)))


def copy(value=VALUE, signature=b"anything", kind=0, validity=None, counts=(7, ipns.TTL_NS)):
    """The fields of old; what is None is not written, ``validity`` b"" neither."""
    validity = rfc3339.text(END_NS) if validity is None else validity
    out = b""
    for number, data in ((1, value), (2, signature), (4, validity)):
        out += protobuf.encode_bytes(number, data) if data else b""
    for number, count in ((3, kind), (5, counts[0]), (6, counts[1])):
        out += b"" if count is None else protobuf.encode_uint(number, count)
    return out


def validate(value: bytes, key: bytes = ROUTED, now_ms: int = NOW_MS) -> None:
    ipns.validate(key, value, now_ms)


def refused(value: bytes, key: bytes = ROUTED, now_ms: int = NOW_MS) -> str:
    return str(kit.raises(RemoteError, ipns.validate, key, value, now_ms))


def test_what_we_make_is_good():
    made = ipns.create(KEY, VALUE, 7, END_NS)
    assert made == record()
    validate(made)
    assert ipns.read(made) == ipns.Record(VALUE, END_NS, 7, ipns.TTL_NS)
    assert len(made) < 256
    validate(ipns.create(KEY, b"", (1 << 64) - 1, END_NS, (1 << 64) - 1))


def test_what_we_do_not_make():
    kit.raises(LocalError, ipns.create, KEY, VALUE, -1, END_NS)
    kit.raises(LocalError, ipns.create, KEY, VALUE, 1 << 64, END_NS)
    kit.raises(LocalError, ipns.create, KEY, VALUE, 0, END_NS, 1 << 64)
    kit.raises(LocalError, ipns.create, KEY, VALUE, 0, 1 << 70)
    rest = len(ipns.create(KEY, bytes(300), 0, END_NS)) - 300
    error = kit.raises(LocalError, ipns.create, KEY, bytes(ipns.SIZE_MAX - rest + 1), 0, END_NS)
    assert "of 10241 bytes" in str(error)


def test_any_flipped_bit():
    good = ipns.create(KEY, VALUE, 7, END_NS)
    random = kit.Rng(17)
    for _ in range(12):
        at, bit = random.below(len(good)), 1 << random.below(8)
        refused(good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :])


def test_cut_anywhere():
    good = record()
    for size in range(len(good)):
        refused(good[:size])


def test_a_key_of_somebody_else():
    good = dag_cbor.encode(tree())
    assert "signature" in refused(sealed(good, OTHER))
    assert "signature" in refused(record(), ipns.key_of(PeerId.from_public_key(OTHER.public)))
    told = protobuf.encode_bytes(7, OTHER.public.encode())
    assert "another key" in refused(told + sealed(good, OTHER))
    validate(protobuf.encode_bytes(7, KEY.public.encode()) + sealed(good))
    assert "canonical" in refused(protobuf.encode_bytes(7, b"\x08\x01\x12\x01x") + sealed(good))


def test_a_signature_for_something_else():
    good = dag_cbor.encode(tree())
    for domain in (
        b"",
        b"ipns-signature",
        b"libp2p-peer-record",
        b"ipns-signature:ipns-signature:",
    ):
        assert "signature" in refused(sealed(good, KEY, domain))


def test_a_name_without_its_key():
    hashed = PeerId(b"\x12\x20" + bytes(32))
    assert "without its public key" in refused(record(), ipns.key_of(hashed))
    nonsense = PeerId(b"\x00\x04abcd")
    assert "without its public key" in refused(record(), ipns.key_of(nonsense))


def test_keys_of_another_form():
    name = NAME.to_bytes()
    for key in (b"", b"/", b"/ipns", b"/ipns/", b"/pk/" + name, b"ipns/" + name, b"/IPNS/" + name,
                b"/ipns/" + str(NAME).encode(), b"/ipns//" + name, ROUTED + b"x", ROUTED[:-1],
                b"/ipns/" + b"\x16\x20" + bytes(32)):  # fmt: skip
        refused(record(), key)


def test_nothing_signed():
    assert "without what has to be signed" in refused(b"")
    assert "without what has to be signed" in refused(copy())
    data = dag_cbor.encode(tree())
    assert "without what has to be signed" in refused(protobuf.encode_bytes(9, data))
    empty = protobuf.encode_bytes(8, b"") + protobuf.encode_bytes(9, data)
    assert "without what has to be signed" in refused(empty)
    assert "without what has to be signed" in refused(sealed(b""))


def test_size():
    def padded(size: int) -> bytes:
        good = record()
        return good + protobuf.encode_bytes(99, bytes(size - len(good) - 4))

    assert len(padded(ipns.SIZE_MAX)) == 10240
    validate(padded(ipns.SIZE_MAX))
    assert refused(padded(ipns.SIZE_MAX + 1)) == "an IPNS record of 10241 bytes"


def test_what_is_signed_must_be_whole():
    for name in ("Value", "Validity", "ValidityType", "Sequence", "TTL"):
        for wrong in (None, "0", False, True, -1, [], {}, [0]):
            refused(record(**{name: wrong}))
    for name in ("Value", "Validity"):
        refused(record(**{name: 0}))
    for name in ("ValidityType", "Sequence", "TTL"):
        refused(record(**{name: b"0"}))
    for value in ([], 0, "Value", None, [tree()]):
        refused(sealed(dag_cbor.encode(value)))


def test_an_unknown_validity_type():
    assert "validity type" in refused(record(ValidityType=1))
    assert "validity type" in refused(record(ValidityType=(1 << 64) - 1))


def test_what_is_signed_must_be_dag_cbor():
    good = dag_cbor.encode(tree())
    assert good[:5] == b"\xa5\x63TTL"
    refused(sealed(good + b"\0"))
    refused(sealed(b"\xbf" + good[1:] + b"\xff"))  # a map without a length
    refused(sealed(b"\xb8\x05" + good[1:]))  # a number in a longer form
    refused(sealed(good[:1] + good[14:] + good[1:14]))  # TTL last
    refused(sealed(b"\xa6" + good[1:] + b"\x6cValidityType\0"))  # a key twice
    refused(sealed(b"{}"))


def test_fields_of_others_are_left_alone():
    extra = {"a": [1, b"", None, True, dag_cbor.Link(b"\1\x55\0\0")], "b": {"c": -1}}
    validate(record(_extra=extra))
    validate(record() + protobuf.encode_bytes(99, b"x") + protobuf.encode_uint(100, 1))


def test_the_copy_of_old_must_agree():
    good = record()
    validate(copy() + good)
    validate(good + copy())
    zero = record(Sequence=0, TTL=0)
    validate(copy(counts=(None, None), kind=None) + zero)  # what is zero may not be written
    for wrong in (
        copy(value=b"/ipfs/other"), copy(value=b""), copy(kind=1), copy(kind=(1 << 64) - 1),
        copy(validity=rfc3339.text(END_NS + 1)), copy(validity=b"x"), copy(counts=(8, ipns.TTL_NS)),
        copy(counts=(7, 1)), copy(counts=(None, ipns.TTL_NS)), copy(counts=(7, None)),
        copy(signature=b"", counts=(8, ipns.TTL_NS)),
    ):  # fmt: skip
        assert "contradicts" in refused(wrong + good), wrong


def test_a_copy_in_part_must_agree_too():
    good = record()
    validate(copy(b"", b"", 0, b"", (7, ipns.TTL_NS)) + good)
    validate(copy(b"", b"", None, b"", (7, None)) + good)
    validate(copy(b"", b"", None, None, (None, None)) + good)
    for wrong in (
        copy(b"", b"", None, b"", (8, None)),
        copy(b"", b"", None, b"", (None, 1)),
        copy(b"", b"", 1, b"", (None, None)),
        copy(b"", b"", None, b"2026", (None, None)),
        copy(b"x", b"", 0, None, (7, ipns.TTL_NS)),
    ):
        assert "contradicts" in refused(wrong + good), wrong


def test_the_signature_of_old_counts_for_nothing():
    by_old_rules = KEY.sign(VALUE + rfc3339.text(END_NS) + b"EOL")
    forged = copy(signature=by_old_rules) + sealed(dag_cbor.encode(tree()), OTHER)
    assert "signature" in refused(forged)
    validate(copy(signature=b"") + record())


# -- time


def test_to_the_nanosecond():
    validate(record(Validity=rfc3339.text(NOW_NS + 1)))
    assert "ended on" in refused(record(Validity=rfc3339.text(NOW_NS)))
    assert "ended on" in refused(record(Validity=rfc3339.text(NOW_NS - 1)))


def test_texts_of_time():
    validate(record(Validity=b"2200-01-01T00:00:00Z"))
    validate(record(Validity=b"2200-01-01T00:00:00.5+02:00"))
    for wrong in (
        b"",
        b"2200",
        b"2200-01-01",
        b"never",
        b"\xff",
        b"2200-01-01T00:00:00",
        bytes(99),
    ):
        assert "not a time" in refused(record(Validity=wrong))


def test_a_clock_that_is_behind():
    """What has ended before this program was made has ended; of the rest it cannot tell."""
    ended = record(Validity=rfc3339.text(EARLIEST_UNIX_MS * 1000000))
    later = record(Validity=rfc3339.text(EARLIEST_UNIX_MS * 1000000 + 1))
    for now_ms in (0, 946684800000, EARLIEST_UNIX_MS - 1, EARLIEST_UNIX_MS, -1):
        assert "ended on" in refused(ended, now_ms=now_ms)
        validate(later, now_ms=now_ms)
    assert "ended on" in refused(later, now_ms=EARLIEST_UNIX_MS + 1)


def test_a_clock_that_jumps_back_a_year():
    good = record()
    validate(good, now_ms=NOW_MS)
    validate(good, now_ms=NOW_MS - 365 * 86400000)
    ended = record(Validity=rfc3339.text(NOW_NS - 400 * 86400 * 1000000000))
    assert "ended on" in refused(ended, now_ms=NOW_MS - 365 * 86400000)


def test_a_clock_that_is_ahead_refuses_until_it_is_set():
    good = record()
    assert "ended on" in refused(good, now_ms=NOW_MS + 10 * 365 * 86400000)
    validate(good)


# -- order


def best(*values) -> bytes:
    """The same one, however often and in whatever order they come."""
    turns = list(values)
    found = turns[ipns.select(ROUTED, turns)]
    for _ in range(len(turns)):
        turns = turns[1:] + turns[:1]
        for order in (turns, turns + turns, turns[::-1] if len(turns) < 2 else reverse(turns)):
            assert order[ipns.select(ROUTED, order)] == found
    return found


def reverse(values: list) -> list:
    return [values[len(values) - 1 - at] for at in range(len(values))]


def made(sequence: int, later_ns: int = 0, value: bytes = VALUE) -> bytes:
    return ipns.create(KEY, value, sequence, END_NS + later_ns)


def test_the_higher_sequence():
    assert best(made(1, 9), made(3), made(2, 8)) == made(3)
    assert best(made((1 << 64) - 1), made(1 << 63), made(0)) == made((1 << 64) - 1)


def test_then_the_later_end():
    assert best(made(1, 1), made(1, 3), made(1, 2)) == made(1, 3)
    west = record(Validity=b"2200-01-01T00:00:00-01:00")
    east = record(Validity=b"2200-01-01T00:30:00+00:00")  # greater text, earlier time
    assert best(west, east) == west


def test_then_the_greater_bytes():
    values = [made(1, 1, value) for value in (b"a", b"b", b"c")]
    assert best(values[0], values[1], values[2]) == max(values)
    assert best(record(), record() + protobuf.encode_bytes(99, b"")) != record()


def test_only_identical_ones_are_equal():
    assert ipns.select(ROUTED, [made(1)]) == 0
    assert ipns.select(ROUTED, [made(1), made(1)]) == 0


def test_an_older_one_after_a_newer_one():
    assert ipns.select(ROUTED, [made(2), made(1, 99)]) == 0


def test_what_cannot_be_read_is_never_the_best():
    assert ipns.select(ROUTED, [b"", b"\xff", made(0)]) == 2
    assert ipns.select(ROUTED, [made(0), copy(), sealed(b"\xff")]) == 0
    kit.raises(RemoteError, ipns.select, ROUTED, [])
    kit.raises(RemoteError, ipns.select, ROUTED, [b"", b"\xff"])


if __name__ == "__main__":
    kit.run(globals())
