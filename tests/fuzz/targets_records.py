"""What claims to be a record, a name, DAG-CBOR, a time; and what a zone of DNS may say."""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey, decode_public_key
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS, dag_cbor, names, record, rfc3339
from edge.records.observed import Time
from edge.records.schemes import CHAIN, DATETIME_RANGE, FRESH, TTL, chain
from edge.records.validators import ipns, open_validators, pk
from edge.records.validators.edge import EdgeValidator
from edge.swarm.dialing import dnsaddr
from edge.swarm.dialing.txt_query import TxtQuery
from edge.system import primitives
from edge.wire import protobuf
from edge.wire.multiaddr import Multiaddr

_KEY = PrivateKey.from_seed(bytes(32))
_ROUTED = ipns.key_of(PeerId.from_public_key(_KEY.public))
_GOOD = ipns.create(_KEY, b"/ipfs/x", 1, EARLIEST_UNIX_MS * 1000000 + 1)
_OWNED = names.edge_key(PeerId.from_public_key(_KEY.public), "a")
_MADE = record.create(_KEY, _OWNED, b"x", 1, (TTL, b"\x08\x0a"))
_BEACON = names.edge_key(PeerId.from_public_key(_KEY.public), "beacon")
_BEAT = chain.extend(_KEY, _BEACON, b"")
_NAME = Multiaddr("/dnsaddr/example.org/p2p/12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS")


def dag_cbor_tree(data: bytes) -> None:
    """What is accepted has no other form."""
    assert dag_cbor.encode(dag_cbor.decode(data)) == data


def rfc3339_time(data: bytes) -> None:
    """A moment that has a text means that moment."""
    moment = rfc3339.parse(data)
    if moment >= 0:
        assert rfc3339.parse(rfc3339.text(moment)) == moment


def ipns_record(data: bytes) -> None:
    """Garbage is no record, around a good one it changes nothing that counts; order is total."""
    assert not _is_valid(data)
    for value in (data + _GOOD, _GOOD + data):
        if _is_valid(value):
            assert ipns.read(value).value == b"/ipfs/x"
    for pair in ((data, _GOOD), (_GOOD, data)):
        assert pair[ipns.select(_ROUTED, list(pair))] in pair
    first = ipns.select(_ROUTED, [data, _GOOD])
    assert first != ipns.select(_ROUTED, [_GOOD, data]) or data == _GOOD


def ipns_data(data: bytes) -> None:
    """Garbage under a good signature; what is valid can be read."""
    signature = _KEY.sign(b"ipns-signature:" + data)
    value = protobuf.encode_bytes(8, signature) + protobuf.encode_bytes(9, data)
    ipns.validate(_ROUTED, value, EARLIEST_UNIX_MS)
    record = ipns.read(value)
    assert record.validity_ns > EARLIEST_UNIX_MS * 1000000
    assert 0 <= record.sequence < 1 << 64


def _is_valid(value: bytes) -> bool:
    try:
        ipns.validate(_ROUTED, value, EARLIEST_UNIX_MS)
    except RemoteError:
        return False
    return True


def record_key(data: bytes) -> None:
    """A key behind its length, and a value: no other key makes that one valid."""
    end = 1 + (data[0] if data else 0)
    key, value = data[1:end], data[end:]
    open_validators()["pk"].validate(key, value, EARLIEST_UNIX_MS)
    assert key == pk.key_of(PeerId.from_public_key(decode_public_key(value)))


def edge_record(data: bytes) -> None:
    """Garbage is no record but the one there is, be it around that; what is read has one form."""
    edge = EdgeValidator()
    for value in (data, data + _MADE, _MADE + data):
        if _is_good(edge, value):
            assert record.decode(value).data == record.decode(_MADE).data
            assert edge.aged(value, 1) != value and edge.compare(_OWNED, value, _MADE) == 0
    for pair in ((data, _MADE), (_MADE, data)):
        assert edge.select(_OWNED, list(pair)) in (0, 1)
    bundle = record.decode(data)
    parts = (bundle.data, bundle.public_key, bundle.signature, bundle.age_ms)
    assert record.encode_fields(parts) == data


def _is_good(edge: EdgeValidator, value: bytes) -> bool:
    try:
        edge.validate(_OWNED, value, EARLIEST_UNIX_MS)
    except RemoteError:
        return False
    return True


def edge_signed(data: bytes) -> None:
    """Garbage under a good signature: what is valid can be ordered, aged and given away."""
    edge = EdgeValidator()
    body = record.encode_fields((_OWNED,)) + data
    value = record.encode_fields((body, b"", _KEY.sign(record.signed_bytes(body))))
    edge.validate(_OWNED, value, EARLIEST_UNIX_MS)
    _use(edge, value)


def edge_validity(data: bytes) -> None:
    """Garbage as what each scheme has to read."""
    edge = EdgeValidator()
    for scheme, version in ((DATETIME_RANGE, 0), (TTL, 0), (CHAIN, 1), (FRESH, 0)):
        validity = data
        if scheme == FRESH and data[:1] == b"!":
            validity = record.encode_fields((_BEAT,)) + data[1:]
        body = record.encode_fields((_OWNED, scheme, version, validity, b""))
        value = record.encode_fields((body, b"", _KEY.sign(record.signed_bytes(body))))
        try:
            edge.validate(_OWNED, value, EARLIEST_UNIX_MS)
        except RemoteError:
            continue
        _use(edge, value)


def _use(edge: EdgeValidator, value: bytes) -> None:
    left = edge.lifetime_ms(value, EARLIEST_UNIX_MS)
    assert left is None or left >= 0
    aged = edge.aged(value, 1 << 63)
    assert edge.compare(_OWNED, value, aged) == 0
    assert edge.compare(_OWNED, value, _MADE) == -edge.compare(_OWNED, _MADE, value)
    assert edge.select(_OWNED, [value, _MADE]) != edge.select(_OWNED, [_MADE, value])


def edge_name(data: bytes) -> None:
    """A key, and a text: what one reads the other writes."""
    names.text_of(data)
    names.owner_of(data)
    try:
        key = names.key_of(str(data, "latin-1"))
    except LocalError:
        key = b"/edge/" + data
        names.split(key)
    assert names.key_of(names.text_of(key)) == key
    assert names.prefix_of(names.text_of(key)) == key


def observed(data: bytes) -> None:
    """The file of what was observed, and what such a file could hold."""
    time = Time(lambda: 0, lambda: 0)
    for file in (data, primitives.sha256(data)[:8] + data):
        try:
            time.load(file)
        except RemoteError:
            continue
        again = Time(lambda: 0, lambda: 0)
        again.load(time.encode())
        assert again.encode() == time.encode()


def dnsaddr_texts(data: bytes) -> None:
    """What is kept ends as what was asked for, and means something on other machines."""
    texts = data.split(b"\n")
    texts += [b"dnsaddr=" + text for text in texts]
    for entry in dnsaddr.entries(_NAME, texts):
        assert entry.peer_id == _NAME.peer_id and entry.is_shareable
        assert entry.decapsulate("p2p")


def txt_answer(data: bytes) -> None:
    query = TxtQuery("_dnsaddr.example.org", 0x1234, False)
    for packet in (data, query.packet[:2] + b"\x81\x80" + query.packet[4:7] + b"\x01" + data):
        if query.fits(packet):
            query.is_cut(packet)
            assert sum([len(text) for text in query.texts(packet)]) < len(packet)
    head = query.packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query.packet[12:]
    assert query.fits(head + data)
    query.texts(head + data)


TARGETS = {
    "dag_cbor": dag_cbor_tree,
    "rfc3339": rfc3339_time,
    "ipns_record": ipns_record,
    "ipns_data": ipns_data,
    "record_key": record_key,
    "edge_record": edge_record,
    "edge_signed": edge_signed,
    "edge_validity": edge_validity,
    "edge_name": edge_name,
    "observed": observed,
    "dnsaddr_texts": dnsaddr_texts,
    "txt_answer": txt_answer,
}
