"""Records as bytes: what is made, what is believed, and that nothing has a second form."""

from edge.errors import LocalError, RemoteError
from edge.records import names, record
from edge.records.schemes import DATETIME_RANGE, FOREVER, TTL, ttl
from edge.wire import protobuf
from tests import kit
from tests.edge.records.samples import KEY, NAME, OTHER, OWNER, flipped

GOOD = record.create(OWNER, KEY, b"21.5", 7)
OLD = record.create(OWNER, KEY, b"21.5", 7, ttl.valid_for(1000))
BODY = record.decode(GOOD).data


def sealed(body: bytes, key=OWNER, message=None) -> bytes:
    signature = key.sign(record.signed_bytes(body) if message is None else message)
    return record.encode_fields((body, b"", signature))


def refused(data: bytes) -> str:
    return str(kit.raises(RemoteError, record.verify, data))


def test_what_is_made_says_what_it_was_made_of():
    assert record.verify(GOOD) == (KEY, DATETIME_RANGE, 7, b"", b"21.5")
    bundle = record.decode(GOOD)
    assert bundle.record == record.verify(GOOD)
    assert bundle.public_key == b"" and len(bundle.signature) == 64 and bundle.age_ms == 0
    assert sealed(bundle.data) == GOOD
    assert len(GOOD) == len(KEY) + len(b"21.5") + 76
    for version, value in ((0, b""), (record.VERSION_MAX, bytes(record.VALUE_BYTES_MAX))):
        made = record.verify(record.create(OWNER, KEY, value, version))
        assert (made.version, made.value) == (version, value)


def test_what_is_not_made():
    for args in (
        (OTHER, KEY, b"", 0),
        (OWNER, b"", b"", 0),
        (OWNER, KEY + b"/", b"", 0),
        (OWNER, b"/ipns/" + NAME.to_bytes(), b"", 0),
        (OWNER, KEY, b"", -1),
        (OWNER, KEY, b"", record.VERSION_MAX + 1),
        (OWNER, KEY, bytes(record.VALUE_BYTES_MAX + 1), 0),
        (OWNER, KEY, b"", 0, (0, b"")),
        (OWNER, KEY, b"", 0, (5, b"")),
        (OWNER, KEY, b"", 0, (TTL, b"")),
        (OWNER, KEY, b"", 0, (DATETIME_RANGE, b"x")),
    ):
        kit.raises(LocalError, record.create, *args)


def test_any_flipped_bit():
    random = kit.Rng(3)
    for _ in range(24):
        refused(flipped(GOOD, random.below(len(GOOD)), 1 << random.below(8)))


def test_the_flipped_bit_of_a_value():
    at = GOOD.index(b"21.5")
    assert refused(flipped(GOOD, at)) == "a record with a wrong signature"


def test_cut_anywhere_and_overlong():
    for data in (GOOD, OLD, record.with_age(record.decode(OLD), 999)):
        for size in range(len(data)):
            if data[:size] != OLD:
                refused(data[:size])
    for more in (b"\0", b"x", GOOD, b"\x20\x00", b"\x2a\x00", b"\x28\x01", b"\x12\x00"):
        refused(GOOD + more)


def test_there_is_no_second_form():
    size = len(BODY)
    rest = GOOD[2 + size :]
    for data in (
        rest + GOOD[: 2 + size],  # out of order
        GOOD + rest,  # twice
        b"\x0a\x00" + GOOD,
        GOOD[:1] + bytes([size | 0x80, 0]) + GOOD[2:],  # a longer number
        b"\x8a\x00" + GOOD[1:],
        GOOD + b"\x20\x80\x00",
        GOOD + protobuf.encode_uint(5, 1),  # unknown
        GOOD + protobuf.encode_bytes(4, b"\1"),  # of another type
    ):
        kit.raises(RemoteError, record.decode, data)


def test_nor_of_what_is_signed():
    for body in (
        BODY + b"\x2a\x00",
        BODY + protobuf.encode_uint(6, 1),
        BODY + BODY,
        BODY + b"\x18\x07",
        BODY.replace(b"\x18\x07", b"\x18\x87\x00"),
        BODY.replace(b"\x18\x07", b""),  # this one is good: version 0
        BODY.replace(b"\x18\x07", b"\x18\x00"),
        BODY[len(KEY) + 2 :] + BODY[: len(KEY) + 2],
    ):
        if record.encode_fields(protobuf.parse(body, "buubb")) == body:
            assert record.verify(sealed(body)).version == 0
        else:
            kit.raises(RemoteError, record.decode, sealed(body))


def test_a_version_of_more_than_64_bits():
    body = BODY.replace(b"\x18\x07", b"\x18" + b"\xff" * 9 + b"\x01")
    assert record.verify(sealed(body)).version == record.VERSION_MAX
    refused(sealed(BODY.replace(b"\x18\x07", b"\x18" + b"\xff" * 9 + b"\x03")))


def test_nobody_signs_for_another():
    assert "signature" in refused(sealed(BODY, OTHER))
    told = record.encode_fields(
        (BODY, OTHER.public.encode(), OTHER.sign(record.signed_bytes(BODY)))
    )
    assert "in its name" in refused(told)
    own = record.encode_fields((BODY, OWNER.public.encode(), OWNER.sign(record.signed_bytes(BODY))))
    assert "in its name" in refused(own)
    assert "signature" in refused(record.encode_fields((BODY,)))


def test_a_signature_for_something_else():
    framed = record.signed_bytes(BODY)
    assert framed[:19] == b"\x12libp2p-edge/iprs/1" and framed[20:] == BODY
    for message in (b"", BODY, framed[1:], framed[:19] + BODY, framed + b"\0",
                    framed.replace(b"iprs/1", b"iprs/2"), b"\x12libp2p-peer-record" + framed[19:],
                    b"ipns-signature:" + BODY):  # fmt: skip
        assert "signature" in refused(sealed(BODY, OWNER, message))


def test_a_name_without_its_key():
    for id in (b"\x12\x20" + bytes(32), b"\x00\x04abcd"):
        key = b"/edge/" + id + b"/a"
        refused(sealed(record.encode_fields((key, 1, 0, b"", b""))))
        body = record.encode_fields((key, 1, 0, b"", b""))
        signature = OWNER.sign(record.signed_bytes(body))
        data = record.encode_fields((body, OWNER.public.encode(), signature))
        assert "another peer" in refused(data)


def test_an_age_only_where_it_counts():
    assert record.decode(OLD).age_ms == 0
    aged = record.with_age(record.decode(OLD), 999)
    assert record.decode(aged).age_ms == 999 and aged[: len(OLD)] == OLD
    assert record.with_age(record.decode(aged), 0) == OLD
    assert record.verify(aged) == record.verify(OLD)
    assert "age" in refused(GOOD + protobuf.encode_uint(4, 1))
    kit.raises(RemoteError, record.decode, OLD + protobuf.encode_uint(4, 0))


def test_sizes():
    most = record.BUNDLE_BYTES_MAX

    def padded(size: int, scheme: int, age: int) -> bytes:
        """A record of ``size`` bytes without its age; the signature is wrong."""
        body = record.encode_fields((KEY, scheme, 1, bytes(size - 400), b"x"))
        rest = len(record.encode_fields((body, b"", b"s" * 200))) - 200
        return record.encode_fields((body, b"", b"s" * (size - rest), age))

    for age in (0, 1, (1 << 64) - 1):
        assert record.decode(padded(most, TTL, age)).age_ms == age
        error = str(kit.raises(RemoteError, record.decode, padded(most + 1, TTL, age)))
        assert "limit" in error
    kit.raises(RemoteError, record.decode, bytes(1 << 14))
    body = record.encode_fields((KEY, 1, 1, b"", bytes(record.VALUE_BYTES_MAX + 1)))
    kit.raises(RemoteError, record.decode, record.encode_fields((body, b"", b"s")))


def test_a_record_that_is_no_bytes():
    view = memoryview(GOOD)
    assert record.decode(view) == record.decode(GOOD)
    assert record.decode(bytearray(GOOD)).record.value == b"21.5"


def test_keys_in_it():
    for key in (b"", KEY + b"/", b"x" * 81, names.edge_key(NAME, "x" * 35) + b"x", KEY + b"\xff"):
        body = record.encode_fields((key, DATETIME_RANGE, 1, b"", b"x"))
        refused(sealed(body))


def test_the_rule_that_is_none():
    assert FOREVER == (DATETIME_RANGE, b"")


if __name__ == "__main__":
    kit.run(globals())
