"""Peer records: the deployed form is sent, rust's stale one is accepted, forgeries are not."""

from edge.errors import RemoteError
from edge.identity import envelope, peer_record
from edge.identity.keys import PrivateKey, decode_private_key
from edge.identity.peer_id import PeerId
from edge.wire import protobuf
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.identity import vectors

KEY = decode_private_key(vectors.ED25519_PRIVATE)
PEER = PeerId.from_public_key(KEY.public)
ADDRESS = Multiaddr("/ip4/192.0.2.1/tcp/4001")
# What go-libp2p makes of the specs' Ed25519 key, seq 1 and ADDRESS.
DEPLOYED = bytes.fromhex(
    "0a24080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e120203011a36"
    "0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e1001"
    "1a0a0a0804c0000201060fa12a4007971ac02e4e7805f78dbfd3cd2bc657d4d0b3f743df36c19ebe774ef95c"
    "42319fcbdddc71c3ebfbcd92d926c4761d2eadaf09d0f03102fb36299c88bef0d800"
)
STALE = ("libp2p-routing-state", b"/libp2p/routing-state-record")


def _info(address: bytes) -> bytes:
    return protobuf.encode_bytes(3, protobuf.encode_bytes(1, address))


def _payload(peer_id=PEER, seq: int = 1, infos: bytes = _info(ADDRESS.to_bytes())) -> bytes:
    return protobuf.encode_bytes(1, peer_id.to_bytes()) + protobuf.encode_uint(2, seq) + infos


def _sealed(payload: bytes, domain=peer_record.DOMAIN, kind=peer_record.PAYLOAD_TYPE) -> bytes:
    return envelope.seal(KEY, domain, kind, payload)


def _refused(data: bytes) -> None:
    kit.raises(RemoteError, peer_record.unseal, data)


def test_the_deployed_form_byte_for_byte():
    assert peer_record.seal(KEY, 1, [ADDRESS]) == DEPLOYED
    record = peer_record.unseal(DEPLOYED)
    assert record.peer_id == PEER and record.seq == 1 and record.addresses == [ADDRESS]


def test_the_stale_form_is_accepted():
    record = peer_record.unseal(_sealed(_payload(), STALE[0], STALE[1]))
    assert record.peer_id == PEER and record.addresses == [ADDRESS]


def test_mixed_forms_are_refused():
    _refused(_sealed(_payload(), STALE[0]))
    _refused(_sealed(_payload(), kind=STALE[1]))
    _refused(_sealed(_payload(), kind=b"\x81\x06"))  # the type as a varint
    _refused(_sealed(_payload(), domain="libp2p-relay-rsvp"))


def test_only_oneself_can_be_spoken_for():
    other = PrivateKey.generate()
    _refused(_sealed(_payload(PeerId.from_public_key(other.public))))
    _refused(_sealed(protobuf.encode_uint(2, 1)))


def test_seq_has_64_bits():
    assert peer_record.unseal(_sealed(_payload(seq=(1 << 64) - 1))).seq == (1 << 64) - 1
    assert peer_record.unseal(_sealed(protobuf.encode_bytes(1, PEER.to_bytes()))).seq == 0
    _refused(_sealed(protobuf.encode_bytes(1, PEER.to_bytes()) + b"\x10" + b"\xff" * 9 + b"\x02"))


def test_addresses_nobody_can_parse_cost_only_themselves():
    for bad in (b"", b"\x04", b"\xff\xff\x01", ADDRESS.to_bytes() + b"\x06"):
        infos = _info(bad) + _info(ADDRESS.to_bytes()) + protobuf.encode_bytes(3, b"")
        assert peer_record.unseal(_sealed(_payload(infos=infos))).addresses == [ADDRESS]


def test_addresses_end_where_the_peer_is_not_who_it_is():
    own = "/p2p/{}".format(PEER)
    via = "/ip4/192.0.2.2/tcp/1/p2p/{}/p2p-circuit".format(PeerId(b"\x00\x01\x07"))
    told = [str(ADDRESS) + own, via + own, own, via]
    infos = b"".join([_info(Multiaddr(text).to_bytes()) for text in told])
    found = peer_record.unseal(_sealed(_payload(infos=infos))).addresses
    assert [str(address) for address in found] == [str(ADDRESS), via, via]


def test_addresses_are_bounded():
    one = _info(ADDRESS.to_bytes())
    many = _sealed(_payload(infos=one * (peer_record.ADDRESSES_MAX + 9)))
    assert len(peer_record.unseal(many).addresses) == peer_record.ADDRESSES_MAX


def test_fields_of_the_future_are_covered_by_the_signature():
    payload = _payload() + protobuf.encode_bytes(9, b"future")
    assert peer_record.unseal(_sealed(payload)).addresses == [ADDRESS]
    _refused(_sealed(payload).replace(b"future", b"tampered"[:6]))


def test_broken_payloads_under_a_good_signature():
    _refused(_sealed(b"\x0a\x7f"))
    _refused(_sealed(_payload(infos=protobuf.encode_bytes(3, b"\x0a\x7f")) + b"\x1a"))
    _refused(_sealed(b"\x0b\x0c"))  # a group


def test_every_cut_is_refused():
    for size in range(0, len(DEPLOYED), 7):
        _refused(DEPLOYED[:size])
    _refused(DEPLOYED + b"\0")


def test_addresses_of_our_own_nodes_stay_at_home():
    private = [Multiaddr("/serial/ttyUSB0"), Multiaddr("/memory/1"), ADDRESS]
    assert peer_record.unseal(peer_record.seal(KEY, 1, private)).addresses == [ADDRESS]


def test_a_port_of_this_machine_is_nobodys_address():
    told = b""
    for text in ("/serial/ttyUSB0", "/ble/x", str(ADDRESS)):
        told += _info(Multiaddr(text).to_bytes())
    assert peer_record.unseal(_sealed(_payload(infos=told))).addresses == [ADDRESS]


if __name__ == "__main__":
    kit.run(globals())
