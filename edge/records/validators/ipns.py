"""/ipns/<peer id bytes>: what the owner of a key points at, until a moment the owner has set.

    protobuf   1 value  2 signature  3 validity type  4 validity  5 sequence  6 TTL      of old
               7 public key
               8 signature over "ipns-signature:" and 9
               9 DAG-CBOR: Sequence, TTL, Validity, ValidityType, Value, and anything else

What is signed is 9; the fields of old are a copy that must agree with it where it is there, and
their signature is not looked at.  Of two records the higher sequence is the better one, then the
later validity, then the greater bytes, as in go.  Spec: ipfs/specs, IPNS Record and Protocol
(2023-10-03).
"""

from collections import namedtuple

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey, PublicKey, decode_public_key
from edge.identity.peer_id import PeerId
from edge.records import dag_cbor, not_before, rfc3339
from edge.records.validators import name_in
from edge.system import const
from edge.wire import protobuf

SIZE_MAX = 10240  # bytes of a record
TTL_NS = 300000000000  # five minutes: how long who has asked need not ask again
LIFETIME_NS = 172800000000000  # two days: as long as a DHT keeps a record

_DOMAIN = b"ipns-signature:"
_EOL = const(0)  # the one validity type there is
_SCHEMA = "bbubuubbb"
_LIMIT = 1 << 64
_SIGNATURE_SIZE = const(66)  # of field 8, by Ed25519

Record = namedtuple("Record", ("value", "validity_ns", "sequence", "ttl_ns"))


def key_of(peer_id: PeerId) -> bytes:
    """The key of the records that the owner of ``peer_id`` signs."""
    return b"/ipns/" + peer_id.to_bytes()


def validate(key: bytes, value: bytes, now_unix_ms: int) -> None:
    """RemoteError unless ``value`` is signed for ``key`` and has not ended."""
    fields = _fields(value)
    data, signature = fields[8], fields[7]
    if not data or not signature:
        raise RemoteError("an IPNS record without what has to be signed")
    public_key = _public_key(PeerId(name_in(key, "ipns")), fields[6])
    tree = dag_cbor.decode(data)
    if not public_key.verify(_DOMAIN + data, signature):
        raise RemoteError("an IPNS record with a wrong signature")
    record = _record(tree)
    _compare(fields, record, tree)
    if record.validity_ns <= not_before(now_unix_ms) * 1000000:
        raise RemoteError("an IPNS record that ended on " + str(tree["Validity"], "utf-8"))


def select(key: bytes, values: "list[bytes]") -> int:
    """The best of records, whatever their order; one that cannot be read is never it."""
    best = None
    index = -1
    for at, value in enumerate(values):
        try:
            record = read(value)
        except RemoteError:
            continue
        rank = (record.sequence, record.validity_ns, bytes(value))
        if best is None or rank > best:
            best, index = rank, at
    if index < 0:
        raise RemoteError("no IPNS record among them")
    return index


def lifetime_ms(value: bytes, now_unix_ms: int) -> int:
    """How long ``value`` is still valid."""
    return max(0, read(value).validity_ns // 1000000 - not_before(now_unix_ms))


def read(value: bytes) -> Record:
    """What a record says; whether it is true is for ``validate``."""
    return _record(dag_cbor.decode(_fields(value)[8] or b""))


def create(
    private: PrivateKey, value: bytes, sequence: int, validity_ns: int, ttl_ns: int = TTL_NS
) -> bytes:
    """A record for ``key_of`` the peer id of ``private``, good until ``validity_ns`` since 1970."""
    if not 0 <= sequence < _LIMIT or not 0 <= ttl_ns < _LIMIT:
        raise LocalError("sequence and TTL have 64 bits")
    data = dag_cbor.encode(
        {
            "Value": value,
            "Validity": rfc3339.text(validity_ns),
            "ValidityType": _EOL,
            "Sequence": sequence,
            "TTL": ttl_ns,
        }
    )
    signed = protobuf.encode_bytes(9, data)
    size = _SIGNATURE_SIZE + len(signed)
    if size > SIZE_MAX:
        raise LocalError("an IPNS record of {} bytes; {} at most".format(size, SIZE_MAX))
    return protobuf.encode_bytes(8, private.sign(_DOMAIN + data)) + signed


def _fields(value: bytes) -> list:
    if len(value) > SIZE_MAX:
        raise RemoteError("an IPNS record of {} bytes".format(len(value)))
    return protobuf.parse(bytes(value), _SCHEMA)


def _public_key(name: PeerId, told: "bytes | None") -> PublicKey:
    """The key that ``name`` stands for: told with the record, or in the name itself."""
    found = decode_public_key(told) if told else name.public_key()
    if not found:
        raise RemoteError("an IPNS record without its public key")
    if PeerId.from_public_key(found) != name:
        raise RemoteError("an IPNS record of another key")
    return found


def _record(tree) -> Record:
    """The five fields every record has; others are for others."""
    if not isinstance(tree, dict):
        raise RemoteError("an IPNS record that is no map")
    if _count(tree, "ValidityType") != _EOL:
        raise RemoteError("an IPNS record of an unknown validity type")
    value, validity = tree.get("Value"), tree.get("Validity")
    if not isinstance(value, bytes) or not isinstance(validity, bytes):
        raise RemoteError("an IPNS record without value or validity")
    sequence, ttl_ns = _count(tree, "Sequence"), _count(tree, "TTL")
    return Record(value, rfc3339.parse(validity), sequence, ttl_ns)


def _count(tree: dict, name: str) -> int:
    number = tree.get(name)
    if not isinstance(number, int) or number is True or number is False or number < 0:
        raise RemoteError("an IPNS record without a " + name)
    return number


def _compare(fields: list, record: Record, tree: dict) -> None:
    """RemoteError unless the copy of old, where there is one, says the same.

    With a value or a signature it is a whole one, in which what is not written is zero.
    """
    whole = bool(fields[0] or fields[1])
    signed = (record.value, None, _EOL, tree["Validity"], record.sequence, record.ttl_ns)
    for at, empty in ((0, b""), (2, 0), (3, b""), (4, 0), (5, 0)):
        copy = fields[at]
        if copy is None and whole:
            copy = empty
        if copy is not None and copy != signed[at]:
            raise RemoteError("an IPNS record that contradicts itself")
