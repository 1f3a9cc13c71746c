"""Peer info out of an address."""

from edge.errors import LocalError, RemoteError
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.wire.multiaddr import Multiaddr
from tests import kit

PEER = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
RELAY = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"


def _split(text):
    info = PeerInfo.from_multiaddr(Multiaddr(text))
    return str(info.peer_id), [str(address) for address in info.addresses]


def test_the_peer_id_is_cut_off():
    assert _split("/ip4/192.0.2.1/tcp/4001/p2p/" + PEER) == (PEER, ["/ip4/192.0.2.1/tcp/4001"])


def test_a_peer_id_alone_has_no_address():
    assert _split("/p2p/" + PEER) == (PEER, [])


def test_behind_a_relay_the_last_one_counts():
    relay = "/ip4/192.0.2.1/tcp/4001/p2p/" + RELAY + "/p2p-circuit"
    assert _split(relay + "/p2p/" + PEER) == (PEER, [relay])
    kit.raises(LocalError, PeerInfo.from_multiaddr, Multiaddr(relay))


def test_an_address_without_peer_id_is_a_local_error():
    error = kit.raises(LocalError, PeerInfo.from_multiaddr, Multiaddr("/ip4/192.0.2.1/tcp/4001"))
    assert "/ip4/192.0.2.1/tcp/4001" in str(error) and "/p2p" in str(error)


def test_made_of_its_parts():
    info = PeerInfo(PeerId.parse(PEER), [Multiaddr("/ip4/192.0.2.1/tcp/4001")])
    assert str(info.peer_id) == PEER and len(info.addresses) == 1


def test_of_what_a_peer_told_the_readable_is_kept():
    told = [Multiaddr("/ip4/192.0.2.1/tcp/4001").to_bytes(), b"", b"\xff\xff", b"\x04\x01"]
    info = PeerInfo.from_peer_bytes(PeerId.parse(PEER).to_bytes(), told)
    assert str(info.peer_id) == PEER
    assert info.addresses == [Multiaddr("/ip4/192.0.2.1/tcp/4001")]
    kit.raises(RemoteError, PeerInfo.from_peer_bytes, b"no id", told)


if __name__ == "__main__":
    kit.run(globals())
