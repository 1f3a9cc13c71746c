"""Records of owners whose keys are not Ed25519: the key comes with the record, or is the name."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.errors import RemoteError
from edge.identity.keys import ECDSA, RSA, SECP256K1, PublicKey
from edge.identity.peer_id import PeerId
from edge.records import names
from edge.records.record import encode_fields, signed_bytes
from edge.records.validators.edge import EdgeValidator

RSA_KEY = rsa.generate_private_key(65537, 2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())
K256_KEY = ec.generate_private_key(ec.SECP256K1())
K256_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KINDS = {RSA_KEY: RSA, P256_KEY: ECDSA, K256_KEY: SECP256K1}


def public_of(key) -> PublicKey:
    public = key.public_key()
    if key is K256_KEY:
        point = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return PublicKey(SECP256K1, point)
    data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(KINDS[key], data)


def sign(key, message: bytes) -> bytes:
    if key is RSA_KEY:
        return key.sign(message, padding.PKCS1v15(), SHA256())
    signature = key.sign(message, ec.ECDSA(SHA256()))
    if key is K256_KEY:  # of its two forms only the lower one is good
        r, s = decode_dss_signature(signature)
        return encode_dss_signature(r, min(s, K256_ORDER - s))
    return signature


def made(key) -> tuple[bytes, bytes, bytes]:
    """The key of a record, its body and a signature."""
    name = names.edge_key(PeerId.from_public_key(public_of(key)), "a")
    body = encode_fields((name, 1, 7, b"", b"21.5"))
    return name, body, sign(key, signed_bytes(body))


@pytest.mark.parametrize("key", [RSA_KEY, P256_KEY], ids=["rsa", "ecdsa"])
def test_the_key_comes_with_the_record(key) -> None:
    name, body, signature = made(key)
    told = public_of(key).encode()
    edge = EdgeValidator()
    edge.validate(name, encode_fields((body, told, signature)), 0)
    for other in (b"", public_of(K256_KEY).encode(), told[:-1], told + b"\0"):
        with pytest.raises(RemoteError):
            edge.validate(name, encode_fields((body, other, signature)), 0)
    with pytest.raises(RemoteError, match="signature"):
        edge.validate(name, encode_fields((body.replace(b"21.5", b"21.6"), told, signature)), 0)


def test_a_name_that_is_a_key_of_another_kind() -> None:
    name, body, signature = made(K256_KEY)
    edge = EdgeValidator()
    edge.validate(name, encode_fields((body, b"", signature)), 0)
    with pytest.raises(RemoteError, match="in its name"):
        edge.validate(name, encode_fields((body, public_of(K256_KEY).encode(), signature)), 0)


def test_the_same_record_signed_twice() -> None:
    """ECDSA signs differently each time: it is one record all the same, and one is the best."""
    name, body, signature = made(P256_KEY)
    told = public_of(P256_KEY).encode()
    a = encode_fields((body, told, signature))
    b = encode_fields((body, told, sign(P256_KEY, signed_bytes(body))))
    edge = EdgeValidator()
    edge.validate(name, b, 0)
    assert a != b and edge.compare(name, a, b) == 0 and edge.digest(a) == edge.digest(b)
    assert edge.select(name, [a, b]) != edge.select(name, [b, a])
