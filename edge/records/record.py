"""Records under /edge: one form in bytes, made by the owner of the key, checked by anybody.

    bundle  1 record  2 public key  3 signature  4 age in ms
              1 key  2 scheme  3 version  4 validity  5 value

Messages are protobuf in the one form that ``encode_fields`` gives.  The public key is there only
where the peer id in the key is a hash of it, an age only where the scheme asks for it.
Spec: README.md, Record.
"""

from collections import namedtuple

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey, decode_public_key
from edge.identity.peer_id import PeerId
from edge.records import names
from edge.records.schemes import FOREVER, TTL, open_scheme
from edge.system import MICROPYTHON, const
from edge.wire import protobuf, varint

BUNDLE_BYTES_MAX = 2048 if MICROPYTHON else 10240  # without its age, which grows on the way
VALUE_BYTES_MAX = 1024 if MICROPYTHON else 8192
VERSION_MAX = (1 << 64) - 1

_AGE_BYTES_MAX = const(11)

_DOMAIN = b"libp2p-edge/iprs/1"

Record = namedtuple("Record", ("key", "scheme", "version", "validity", "value"))
# ``data``: the bytes of the record.
Bundle = namedtuple("Bundle", ("record", "data", "public_key", "signature", "age_ms"))


def encode_fields(values: "tuple | list") -> bytes:
    """Fields 1, 2, 3 ..: bytes or numbers; what is empty or zero is absent."""
    out = b""
    for at, value in enumerate(values):
        if value:
            encode = protobuf.encode_bytes if isinstance(value, bytes) else protobuf.encode_uint
            out += encode(at + 1, value)
    return out


def decode_fields(data: bytes, schema: str) -> list:
    """What ``encode_fields`` made ``data`` of; RemoteError if nothing makes it.

    ``schema``: of "u", a number, and "b", bytes.
    """
    values = protobuf.parse(data, schema)
    for at, value in enumerate(values):
        values[at] = value or (0 if schema[at] == "u" else b"")
    if encode_fields(values) != data:
        raise RemoteError("a record in another form than its only one")
    return values


def decode(data: bytes) -> Bundle:
    """What a bundle says; whether it is true is for ``check_signature`` and the scheme."""
    _limit(len(data), BUNDLE_BYTES_MAX + _AGE_BYTES_MAX)
    body, public_key, signature, age_ms = decode_fields(bytes(data), "bbbu")
    _limit(len(data) - len(encode_fields((0, 0, 0, age_ms))), BUNDLE_BYTES_MAX)
    record = Record(*decode_fields(body, "buubb"))
    _limit(len(record.value), VALUE_BYTES_MAX)
    if age_ms and record.scheme != TTL:
        raise RemoteError("a record with an age that does not age")
    return Bundle(record, body, public_key, signature, age_ms)


def _limit(size: int, most: int) -> None:
    if size > most:
        raise RemoteError("a record, or a value in one, of {} bytes, limit {}".format(size, most))


def check_signature(bundle: Bundle) -> None:
    """RemoteError unless the owner of its key has signed the record."""
    owner = PeerId(names.split(bundle.record.key)[0])
    public_key = owner.public_key()
    if not public_key:
        public_key = decode_public_key(bundle.public_key)
        if PeerId.from_public_key(public_key) != owner:
            raise RemoteError("a record with the public key of another peer")
    elif bundle.public_key:
        raise RemoteError("a record with a public key that is in its name")
    if not public_key.verify(signed_bytes(bundle.data), bundle.signature):
        raise RemoteError("a record with a wrong signature")


def signed_bytes(data: bytes) -> bytes:
    """What is signed of the record that is ``data``; no other protocol signs the like."""
    return varint.frame(_DOMAIN) + varint.frame(data)


def verify(data: bytes) -> Record:
    """The record of a bundle that its owner has signed, be it valid now or not."""
    bundle = decode(data)
    check_signature(bundle)
    return bundle.record


def create(
    private: PrivateKey, key: bytes, value: bytes, version: int, rule: tuple = FOREVER
) -> bytes:
    """The bundle of a record; ``rule``: from a scheme.  LocalError if there is none like it."""
    number, validity = rule
    if not 0 <= version <= VERSION_MAX:
        raise LocalError("a version has 64 bits")
    record = Record(bytes(key), number, version, validity, bytes(value))
    body = encode_fields(record)
    owner = PeerId.from_public_key(private.public)
    told = b"" if owner.public_key() else private.public.encode()
    data = encode_fields((body, told, private.sign(signed_bytes(body)), 0))
    try:
        check_signature(decode(data))
        open_scheme(number).rank(record)
    except RemoteError as error:
        raise LocalError("cannot make a record: {}".format(error))
    return data


def with_age(bundle: Bundle, age_ms: int) -> bytes:
    """The bytes of ``bundle``, that old."""
    return encode_fields((bundle.data, bundle.public_key, bundle.signature, age_ms))
