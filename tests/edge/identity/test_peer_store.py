"""The peer store: what it knows, for how long, and who makes room for whom."""

from edge.identity import peer_store
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.identity.peer_record import PeerRecord
from edge.identity.peer_store import FOREVER_MS, KNOWN_TTL_MS, RECENT_TTL_MS, PeerStore
from tests import kit
from tests.edge.identity import vectors
from tests.edge.identity.peers import HOUR, YEAR, at, known, peer


def test_nobody_is_known_at_first():
    store = PeerStore()
    assert store.peers() == [] and known(store, 1, 0) == []
    assert store.protocols(peer(1)) == () and store.public_key(peer(1)) is None
    assert store.envelope(peer(1)) is None
    store.remove(peer(1))


def test_addresses_live_for_their_time():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], 1000, 5000)
    store.add_addresses(peer(1), [at(2)], 2000, 5000)
    assert known(store, 1, 5999) == [2, 1]
    assert known(store, 1, 6000) == [2]
    assert known(store, 1, 7000) == []


def test_time_is_only_ever_added():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], 5000, 0)
    store.add_addresses(peer(1), [at(1)], 10, 1000)
    assert known(store, 1, 4999) == [1]
    store.add_addresses(peer(1), [at(1)], 5000, 4000)
    assert known(store, 1, 8999) == [1] and known(store, 1, 9000) == []


def test_forever_is_long():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], FOREVER_MS, 100 * YEAR)
    assert known(store, 1, 1000 * YEAR) == [1]


def test_nothing_expires_while_connected_and_not_at_once_afterwards():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], 1000, 0)
    store.set_connected(peer(1), True, 500)
    assert known(store, 1, 9 * HOUR) == [1]
    store.set_connected(peer(1), False, 10 * HOUR)
    assert known(store, 1, 10 * HOUR + RECENT_TTL_MS - 1) == [1]
    assert known(store, 1, 10 * HOUR + RECENT_TTL_MS) == []


def test_a_good_address_is_remembered_and_comes_first():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1), at(2), at(3)], 1000, 0)
    store.mark_good(peer(1), at(1), 10)
    store.mark_good(peer(1), at(3), 20)
    store.mark_good(peer(1), at(4), 30)
    assert known(store, 1, 40) == [4, 3, 1, 2]
    store.mark_good(peer(1), at(1), 50)
    assert known(store, 1, YEAR) == [1, 4, 3]


def test_addresses_of_one_peer_are_bounded():
    store = PeerStore(addresses_max=4)
    store.mark_good(peer(1), at(1), 0)
    store.add_addresses(peer(1), [at(2)], HOUR, 0)
    for port in range(100, 1100):
        store.add_addresses(peer(1), [at(port)], 1000, 0)
    assert len(known(store, 1, 0)) == 4
    assert known(store, 1, 0)[:2] == [1, 2]


def test_of_good_addresses_the_success_longest_ago_makes_room():
    store = PeerStore(addresses_max=2)
    for port in (1, 2, 3):
        store.mark_good(peer(1), at(port), 0)
    assert known(store, 1, 0) == [3, 2]


def test_peers_are_bounded_and_the_one_used_longest_ago_goes():
    store = PeerStore(peers_max=3)
    for number in (1, 2, 3):
        store.add_addresses(peer(number), [at(number)], HOUR, 0)
    store.add_addresses(peer(1), [at(1)], HOUR, 0)
    store.add_addresses(peer(4), [at(4)], HOUR, 0)
    assert store.peers() == [peer(4), peer(1), peer(3)]


def test_strangers_push_out_neither_friends_nor_the_connected():
    store = PeerStore(peers_max=4)
    store.set_connected(peer(1), True, 0)
    store.mark_good(peer(2), at(2), 0)
    for number in range(100, 400):
        store.add_addresses(peer(number), [at(number)], HOUR, 0)
    assert store.peers() == [peer(399), peer(398), peer(2), peer(1)]


def test_even_the_connected_make_room_in_the_end():
    store = PeerStore(peers_max=2)
    for number in (1, 2, 3):
        store.set_connected(peer(number), True, 0)
    assert store.peers() == [peer(3), peer(2)]


def test_a_removed_peer_is_forgotten():
    store = PeerStore()
    store.mark_good(peer(1), at(1), 0)
    store.remove(peer(1))
    assert store.peers() == [] and known(store, 1, 0) == []


def test_protocols_are_replaced_and_bounded():
    store = PeerStore()
    store.set_protocols(peer(1), ["/a", "/b"])
    store.set_protocols(peer(1), ["/c"])
    assert store.protocols(peer(1)) == ("/c",)
    store.set_protocols(peer(1), ["/x"] * 1000)
    assert len(store.protocols(peer(1))) == peer_store.PROTOCOLS_MAX


def test_public_keys_come_from_the_id_or_were_told():
    store = PeerStore()
    short = decode_public_key(vectors.ED25519_PUBLIC)
    long = decode_public_key(vectors.RSA_PUBLIC)
    for key in (short, long):
        peer_id = PeerId.from_public_key(key)
        store.set_public_key(peer_id, key)
        assert store.public_key(peer_id).encode() == key.encode()
    assert store.peers() == [PeerId.from_public_key(long)]  # the short one needs no entry


def test_the_latest_record_counts():
    store = PeerStore()
    for seq, envelope, port, taken, kept in (
        (5, b"five", 5, True, b"five"),
        (4, b"four", 4, False, b"five"),
        (5, b"another five", 50, False, b"five"),
        (5, b"five", 5, True, b"five"),  # again: its addresses are known anew
        (6, b"six", 6, True, b"six"),
        ((1 << 64) - 1, b"last", 9, True, b"last"),
    ):
        record = PeerRecord(peer(1), seq, [at(port)])
        assert store.add_record(record, envelope, 0) == taken
        assert store.envelope(peer(1)) == kept
    assert sorted(known(store, 1, 0)) == [5, 6, 9]
    assert known(store, 1, KNOWN_TTL_MS) == []
    assert store.add_record(PeerRecord(peer(1), (1 << 64) - 1, [at(9)]), b"last", KNOWN_TTL_MS)
    assert known(store, 1, KNOWN_TTL_MS) == [9]


def test_seq_zero_is_a_record():
    store = PeerStore()
    assert store.add_record(PeerRecord(peer(1), 0, []), b"zero", 0)
    assert store.envelope(peer(1)) == b"zero"


def test_records_of_one_peer_say_nothing_of_another():
    store = PeerStore()
    store.add_record(PeerRecord(peer(1), 1_800_000_000_000_000_000, []), b"go counts in ns", 0)
    assert store.add_record(PeerRecord(peer(2), 1_800_000_000, []), b"rust in s", 0)


if __name__ == "__main__":
    kit.run(globals())
