"""IPNS records of keys that are not in their names: the key comes with the record."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.errors import RemoteError
from edge.identity.keys import ECDSA, RSA, PrivateKey, PublicKey
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS
from edge.records.validators import ipns, pk
from edge.wire import protobuf

NOW_MS = EARLIEST_UNIX_MS
RSA_KEY = rsa.generate_private_key(65537, 2048)
ECDSA_KEY = ec.generate_private_key(ec.SECP256R1())


def public_of(key) -> PublicKey:
    data = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(RSA if key is RSA_KEY else ECDSA, data)


def data_of_a_record() -> bytes:
    """What is signed in any good record."""
    made = ipns.create(PrivateKey.generate(), b"/ipfs/x", 1, (NOW_MS + 1000) * 1000000)
    return protobuf.parse(made, "bbubuubbb")[8]


def sign(key, data: bytes) -> bytes:
    message = b"ipns-signature:" + data
    if key is RSA_KEY:
        return key.sign(message, padding.PKCS1v15(), SHA256())
    return key.sign(message, ec.ECDSA(SHA256()))


@pytest.mark.parametrize("key", [RSA_KEY, ECDSA_KEY], ids=["rsa", "ecdsa"])
def test_the_key_comes_with_the_record(key) -> None:
    public = public_of(key)
    name = PeerId.from_public_key(public)
    assert name.public_key() is None
    data = data_of_a_record()
    bare = protobuf.encode_bytes(8, sign(key, data)) + protobuf.encode_bytes(9, data)
    whole = protobuf.encode_bytes(7, public.encode()) + bare
    ipns.validate(ipns.key_of(name), whole, NOW_MS)
    pk.validate(pk.key_of(name), public.encode(), NOW_MS)
    with pytest.raises(RemoteError, match="without its public key"):
        ipns.validate(ipns.key_of(name), bare, NOW_MS)
    with pytest.raises(RemoteError, match="signature"):
        ipns.validate(ipns.key_of(name), whole.replace(b"/ipfs/x", b"/ipfs/y"), NOW_MS)


def test_the_key_of_another_comes_with_it() -> None:
    data = data_of_a_record()
    record = protobuf.encode_bytes(7, public_of(RSA_KEY).encode())
    record += protobuf.encode_bytes(8, sign(RSA_KEY, data)) + protobuf.encode_bytes(9, data)
    name = PeerId.from_public_key(public_of(ECDSA_KEY))
    with pytest.raises(RemoteError, match="another key"):
        ipns.validate(ipns.key_of(name), record, NOW_MS)
