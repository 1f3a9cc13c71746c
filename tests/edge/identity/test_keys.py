"""Keys: one encoding each, signatures of all four kinds, and everything else refused."""

from edge.errors import LocalError, RemoteError
from edge.identity import keys
from edge.identity.keys import PrivateKey, PublicKey, decode_private_key, decode_public_key
from tests import kit
from tests.edge.identity import vectors

# Noise's signature over its prefix and the static key 00 01 .. 1f, by the specs' Ed25519 key.
NOISE_MESSAGE = b"noise-libp2p-static-key:" + bytes(range(32))
NOISE_SIGNATURE = bytes.fromhex(
    "6748f6f4c32e36aa2ef8df283a99a76275a9358b224844c53ced6ae4789262d0"
    "0a86a6fe47a578ae243faa2a3ed9f4fd22d1bc38527f4797548e568ca43f500c"
)

KINDS = (
    (keys.ED25519, vectors.ED25519_PUBLIC, vectors.ED25519_SIGNATURE),
    (keys.RSA, vectors.RSA_PUBLIC, vectors.RSA_SIGNATURE),
    (keys.ECDSA, vectors.ECDSA_PUBLIC, vectors.ECDSA_SIGNATURE),
    (keys.SECP256K1, vectors.SECP256K1_PUBLIC, vectors.SECP256K1_SIGNATURE),
)
ORDER = (1 << 252) + 27742317777372353535851937790883648493  # of Ed25519's base point


def test_public_keys_of_the_specs_decode_and_encode_the_same():
    for kind, encoded, _ in KINDS:
        key = decode_public_key(encoded)
        assert key.type == kind
        assert key.encode() == encoded
        assert decode_public_key(memoryview(encoded)).encode() == encoded


def test_private_key_of_the_specs_gives_its_public_key():
    key = decode_private_key(vectors.ED25519_PRIVATE)
    assert key.public.encode() == vectors.ED25519_PUBLIC
    assert key.encode() == vectors.ED25519_PRIVATE
    assert PrivateKey.from_seed(key.seed).encode() == vectors.ED25519_PRIVATE


def test_each_kind_verifies_what_it_signed_and_nothing_else():
    for _, encoded, signature in KINDS:
        key = decode_public_key(encoded)
        assert key.verify(vectors.MESSAGE, signature)
        assert not key.verify(vectors.MESSAGE + b"!", signature)
        assert not key.verify(b"", signature)


def test_damaged_signatures_are_false_not_errors():
    for _, encoded, signature in KINDS:
        key = decode_public_key(encoded)
        for bad in (
            b"",
            b"\0",
            signature[:-1],
            signature + b"\0",
            bytes(len(signature)),
            b"\xff" * len(signature),
            bytes((signature[0] ^ 1,)) + signature[1:],
            signature[:-1] + bytes((signature[-1] ^ 1,)),
        ):
            assert not key.verify(vectors.MESSAGE, bad)


def test_one_kind_does_not_take_the_signature_of_another():
    for kind, encoded, _ in KINDS:
        for other, _, signature in KINDS:
            if kind != other:
                assert not decode_public_key(encoded).verify(vectors.MESSAGE, signature)


def test_noise_signature_of_the_specs_key():
    key = decode_private_key(vectors.ED25519_PRIVATE)
    assert key.sign(NOISE_MESSAGE) == NOISE_SIGNATURE
    assert key.public.verify(NOISE_MESSAGE, NOISE_SIGNATURE)


def test_generated_keys_differ_and_sign():
    first, second = PrivateKey.generate(), PrivateKey.generate()
    assert first.encode() != second.encode()
    signature = first.sign(b"text")
    assert len(signature) == 64
    assert first.public.verify(b"text", signature)
    assert not second.public.verify(b"text", signature)


def test_a_key_never_shows_its_seed():
    key = decode_private_key(vectors.ED25519_PRIVATE)
    assert key.seed.hex() not in repr(key) and repr(key.seed) not in repr(key)


def refused(encoded: str) -> None:
    kit.raises(RemoteError, decode_public_key, bytes.fromhex(encoded))


def test_encodings_a_protobuf_parser_would_take_are_refused():
    data = vectors.ED25519_PUBLIC[4:].hex()
    for encoded in (
        "",
        "08",
        "0801",
        "080112",
        "1220" + data,  # no type
        "0800",  # no data
        "1220" + data + "0801",  # reversed
        "08010801" + "1220" + data,  # type twice
        "0801" + "1220" + data + "1220" + data,  # data twice
        "0801" + "1220" + data + "1800",  # unknown field
        "1800" + "0801" + "1220" + data,
        "088100" + "1220" + data,  # type not minimal
        "0801" + "12a000" + data,  # length not minimal
        "0801" + "9200" + "20" + data,  # tag not minimal
        "8800" + "01" + "1220" + data,
        "0801" + "1220" + data[2:],  # cut off
        "0801" + "1220" + data + "00",  # trailing byte
        "0801" + "0a20" + data,  # wrong field
        "0801" + "1020",  # wrong wire type
        "0901" + "1220" + data,
    ):
        refused(encoded)


def test_types_and_sizes_there_are_none_of_are_refused():
    data = vectors.ED25519_PUBLIC[4:].hex()
    refused("08041220" + data)
    refused("08ff1220" + data)
    refused("0801121f" + data[2:])
    refused("08011221" + data + "00")
    refused("08011200")
    refused("08021220" + data)
    refused("08021221" + "04" + data)  # neither sign of y
    refused("08021241" + "04" + data + data)  # uncompressed
    refused("08001220" + data)
    refused("08031220" + data)


def _public(kind: int, data: bytes) -> bytes:
    return PublicKey(kind, data).encode()


def test_rsa_has_2048_to_8192_bits():
    kit.raises(RemoteError, decode_public_key, _public(keys.RSA, bytes(162)))  # 1024
    kit.raises(RemoteError, decode_public_key, _public(keys.RSA, bytes(2086)))  # 16384
    assert decode_public_key(_public(keys.RSA, bytes(294))).type == keys.RSA
    assert decode_public_key(_public(keys.RSA, bytes(1062))).type == keys.RSA
    assert not decode_public_key(_public(keys.RSA, bytes(294))).verify(b"", bytes(256))


def test_a_key_of_many_bytes_is_refused_by_its_size():
    kit.raises(RemoteError, decode_public_key, _public(keys.RSA, bytes(1101)))
    kit.raises(RemoteError, decode_public_key, _public(keys.ECDSA, bytes(201)))
    kit.raises(RemoteError, decode_public_key, memoryview(bytearray(30000)))


def test_a_firmware_without_a_kind_takes_no_signature_of_it():
    class Without:
        """Cryptography with the rarer kinds left out."""

        ed25519_verify = keys.primitives.ed25519_verify

        def __getattr__(self, name):
            raise ImportError(name)

    all_kinds = keys.primitives
    keys.primitives = Without()
    try:
        for kind, encoded, signature in KINDS[1:]:
            assert not decode_public_key(encoded).verify(vectors.MESSAGE, signature), kind
    finally:
        keys.primitives = all_kinds


def test_rsa_exponent_one_verifies_nothing():
    der = vectors.RSA_PUBLIC[5:]
    assert der[:4].hex() == "30820222" and der[-5:].hex() == "0203010001"
    for long, short in (
        ("30820222", "30820220"),
        ("0382020f", "0382020d"),
        ("3082020a", "30820208"),
    ):
        der = der.replace(bytes.fromhex(long), bytes.fromhex(short))
    der = der[:-5] + bytes.fromhex("020101")
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    from hashlib import sha256

    padded = prefix + sha256(vectors.MESSAGE).digest()
    forged = b"\0\1" + b"\xff" * (512 - 3 - len(padded)) + b"\0" + padded
    assert not decode_public_key(_public(keys.RSA, der)).verify(vectors.MESSAGE, forged)


def test_keys_that_decode_but_are_none_verify_nothing():
    trailing = vectors.RSA_PUBLIC[5:] + b"\0"
    assert not PublicKey(keys.RSA, trailing).verify(vectors.MESSAGE, vectors.RSA_SIGNATURE)
    trailing = vectors.ECDSA_PUBLIC[4:] + b"\0"
    assert not PublicKey(keys.ECDSA, trailing).verify(vectors.MESSAGE, vectors.ECDSA_SIGNATURE)
    off_curve = vectors.ECDSA_PUBLIC[4:-1] + b"\x63"
    assert not PublicKey(keys.ECDSA, off_curve).verify(vectors.MESSAGE, vectors.ECDSA_SIGNATURE)
    for x in (b"\x02" + b"\xff" * 32, b"\x02" + bytes(31) + b"\x05"):  # 5**3 + 7 is no square
        key = decode_public_key(_public(keys.SECP256K1, x))
        assert not key.verify(vectors.MESSAGE, vectors.SECP256K1_SIGNATURE)


def test_ed25519_signature_with_s_beyond_the_order_is_refused():
    key = decode_public_key(vectors.ED25519_PUBLIC)
    s = int.from_bytes(vectors.ED25519_SIGNATURE[32:], "little") + ORDER
    malleable = vectors.ED25519_SIGNATURE[:32] + s.to_bytes(32, "little")
    assert not key.verify(vectors.MESSAGE, malleable)


def test_ed25519_keys_of_small_order_verify_nothing():
    identity = b"\x01" + bytes(31)
    for small in (
        bytes(32),
        identity,
        b"\xec" + b"\xff" * 30 + b"\x7f",
        b"\xee" + b"\xff" * 30 + b"\x7f",  # the identity, not reduced
        identity[:31] + b"\x80",
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ):
        key = decode_public_key(_public(keys.ED25519, small))
        for message in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"):
            assert not key.verify(message, identity + bytes(32))


def test_secp256k1_signature_with_a_high_s_is_refused():
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    head, s = vectors.SECP256K1_SIGNATURE[4:36], vectors.SECP256K1_SIGNATURE[-32:]
    high = (order - int.from_bytes(s, "big")).to_bytes(32, "big")
    body = b"\x02\x20" + head + b"\x02\x21\0" + high
    key = decode_public_key(vectors.SECP256K1_PUBLIC)
    assert not key.verify(vectors.MESSAGE, b"\x30" + bytes((len(body),)) + body)


def test_private_keys_of_old_repeat_the_public_half():
    body = vectors.ED25519_PRIVATE[4:]
    twice = bytes((8, 1, 0x12, 96)) + body + body[32:]
    assert decode_private_key(twice).encode() == vectors.ED25519_PRIVATE
    differing = twice[:-1] + bytes((twice[-1] ^ 1,))
    kit.raises(LocalError, decode_private_key, differing)


def test_private_keys_nobody_can_use_are_local_errors():
    good = vectors.ED25519_PRIVATE
    for bad in (
        b"",
        good[:-1],
        good + b"\0",
        good[:-1] + bytes((good[-1] ^ 1,)),  # a public half of another key
        bytes((8, 1, 0x12, 32)) + good[4:36],  # the seed alone
        bytes((8, 1, 0x12, 5)) + good[4:9],
        vectors.ED25519_PUBLIC,
        vectors.SECP256K1_PRIVATE,
        vectors.ECDSA_PRIVATE,
        b"-----BEGIN PRIVATE KEY-----",
        bytes(68),
    ):
        kit.raises(LocalError, decode_private_key, bad)
    assert "not Ed25519" in str(
        kit.raises(LocalError, decode_private_key, vectors.SECP256K1_PRIVATE)
    )
    kit.raises(LocalError, PrivateKey, bytes(31))


if __name__ == "__main__":
    kit.run(globals())
