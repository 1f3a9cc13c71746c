"""What claims to be a record, a tree of DAG-CBOR, a time; and what a zone of DNS may say."""

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey, decode_public_key
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS, dag_cbor, rfc3339
from edge.records.validators import ipns, open_validators, pk
from edge.swarm.dialing import dnsaddr
from edge.swarm.dialing.txt_query import TxtQuery
from edge.wire import protobuf
from edge.wire.multiaddr import Multiaddr

_KEY = PrivateKey.from_seed(bytes(32))
_ROUTED = ipns.key_of(PeerId.from_public_key(_KEY.public))
_GOOD = ipns.create(_KEY, b"/ipfs/x", 1, EARLIEST_UNIX_MS * 1000000 + 1)
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
    "dnsaddr_texts": dnsaddr_texts,
    "txt_answer": txt_answer,
}
