"""An address others see us at counts once enough of them agree."""

from edge.swarm.nat.observed import ADDRESSES_MAX, AGREEING_MIN, MEMORY_MS, ObservedAddresses
from edge.wire.multiaddr import Multiaddr
from tests import kit

ADDRESS = Multiaddr("/ip4/203.0.113.7/tcp/4001")


def test_enough_peers_must_agree():
    observed = ObservedAddresses()
    for peer in range(AGREEING_MIN):
        assert observed.confirmed(0) == []
        observed.add(ADDRESS, peer, "outbound", 0)
    assert observed.confirmed(0) == [ADDRESS]


def test_one_peer_counts_once():
    observed = ObservedAddresses()
    for _ in range(10):
        observed.add(ADDRESS, 1, "outbound", 0)
    assert observed.confirmed(0) == []


def test_words_are_forgotten():
    observed = ObservedAddresses()
    for peer in range(AGREEING_MIN):
        observed.add(ADDRESS, peer, "outbound", peer)
    assert observed.confirmed(MEMORY_MS - 1) == [ADDRESS]
    assert observed.confirmed(MEMORY_MS) == []
    observed.add(ADDRESS, 0, "outbound", MEMORY_MS)
    assert observed.confirmed(MEMORY_MS) == [ADDRESS]


def test_inbound_connections_and_private_codes_tell_nothing():
    observed = ObservedAddresses()
    for peer in range(AGREEING_MIN):
        observed.add(ADDRESS, peer, "inbound", 0)
        observed.add(Multiaddr("/memory/1"), peer, "outbound", 0)
    assert observed.confirmed(0) == []


def test_tables_are_bounded():
    observed = ObservedAddresses()
    for port in range(1, 100):
        for peer in range(100 * port, 100 * port + 40):
            observed.add(Multiaddr("/ip4/203.0.113.7/tcp/{}".format(port)), peer, "outbound", 0)
    assert len(observed.confirmed(0)) == ADDRESSES_MAX
    assert max([len(entry[1]) for entry in observed._seen]) <= 16


if __name__ == "__main__":
    kit.run(globals())
