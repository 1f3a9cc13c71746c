"""Signed envelopes: what is signed, in which domain, and what is refused."""

from edge.errors import RemoteError
from edge.identity import envelope
from edge.identity.keys import decode_private_key
from edge.wire import protobuf
from tests import kit
from tests.edge.identity import vectors

KEY = decode_private_key(vectors.ED25519_PRIVATE)
DOMAIN = "edge-test"
TYPE = b"\x03\x7f"
PAYLOAD = b"what is said"
ACCEPTED = ((DOMAIN, TYPE),)


def _built(**changes) -> bytes:
    """An envelope of the four parts, with ``changes``; a part of None is left out."""
    parts = {
        1: KEY.public.encode(),
        2: TYPE,
        3: PAYLOAD,
        5: KEY.sign(b"\x09edge-test" + b"\x02\x03\x7f" + b"\x0cwhat is said"),
    }
    parts.update({int(name[1:]): value for name, value in changes.items()})
    return b"".join(
        [
            protobuf.encode_bytes(number, parts[number])
            for number in sorted(parts)
            if parts[number] is not None
        ]
    )


def _refused(data: bytes, accepted=ACCEPTED) -> None:
    kit.raises(RemoteError, envelope.unseal, data, accepted)


def test_sealed_as_the_rfc_says():
    sealed = envelope.seal(KEY, DOMAIN, TYPE, PAYLOAD)
    assert sealed == _built()
    signer, payload = envelope.unseal(sealed, ACCEPTED)
    assert signer.encode() == vectors.ED25519_PUBLIC and payload == PAYLOAD


def test_any_of_the_accepted_pairs_will_do():
    sealed = envelope.seal(KEY, DOMAIN, TYPE, PAYLOAD)
    accepted = (("other", b"type"), (DOMAIN, TYPE))
    assert envelope.unseal(memoryview(sealed), accepted)[1] == PAYLOAD


def test_an_empty_payload_may_be_sealed():
    sealed = envelope.seal(KEY, DOMAIN, TYPE, b"")
    assert envelope.unseal(sealed, ACCEPTED)[1] == b""


def test_another_domain_or_type_is_refused():
    sealed = envelope.seal(KEY, DOMAIN, TYPE, PAYLOAD)
    _refused(sealed, (("edge-tesu", TYPE),))
    _refused(sealed, ((DOMAIN, b"\x03\x7e"),))
    _refused(sealed, ())
    _refused(_built(_2=b"\x03\x7e"), ((DOMAIN, b"\x03\x7e"),))  # type swapped under a signature


def test_every_flipped_bit_is_refused():
    sealed = _built()
    flipped = bytearray(sealed)
    for index in range(0, len(sealed), 3):
        flipped[index] ^= 1 << index % 8
        _refused(flipped)
        flipped[index] = sealed[index]


def test_every_cut_is_refused():
    sealed = _built()
    for size in range(0, len(sealed), 3):
        _refused(sealed[:size])


def test_a_swapped_key_is_refused():
    _refused(_built(_1=vectors.SECP256K1_PUBLIC))


def test_missing_parts_are_refused():
    for name in ("_1", "_2", "_3", "_5"):
        _refused(_built(**{name: None}))


def test_a_key_in_another_encoding_is_refused():
    _refused(_built(_1=vectors.ED25519_PUBLIC + b"\x18\0"))


def test_unknown_fields_beside_the_signed_ones_do_no_harm():
    assert envelope.unseal(_built(_4=b"old", _9=b"new"), ACCEPTED)[1] == PAYLOAD


def test_trailing_bytes_are_refused():
    _refused(_built() + b"\0")


def test_wrong_wire_types_are_refused():
    for number in (1, 2, 3, 5):
        _refused(_built() + protobuf.encode_uint(number, 1))


def test_size_is_bounded():
    padding = protobuf.encode_bytes(9, bytes(envelope.SIZE_MAX - 200))
    assert envelope.unseal(_built() + padding, ACCEPTED)[1] == PAYLOAD
    padding = protobuf.encode_bytes(9, bytes(envelope.SIZE_MAX - 100))
    error = kit.raises(RemoteError, envelope.unseal, _built() + padding, ACCEPTED)
    assert "too long" in str(error)


def test_the_signature_of_another_kind_of_key_is_refused():
    _refused(_built(_1=vectors.RSA_PUBLIC, _5=vectors.RSA_SIGNATURE))


if __name__ == "__main__":
    kit.run(globals())
