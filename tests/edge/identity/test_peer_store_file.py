"""The peer store across restarts: clocks start anew, files get damaged, friends are remembered."""

from edge.errors import LocalError
from edge.identity import peer_store_file
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.identity.peer_record import PeerRecord
from edge.identity.peer_store import FOREVER_MS, KNOWN_TTL_MS, RECENT_TTL_MS, PeerStore
from edge.identity.peer_store_file import HEADER, decode, encode, load, save
from edge.wire import protobuf, varint
from edge.wire.multiaddr import Multiaddr
from tests import kit, scratch
from tests.edge.identity import vectors
from tests.edge.identity.peers import YEAR, at, known, peer

NOW = 50_000_000  # ms on the clock of the machine that saves; the one that loads starts at 0


def _filled(count: int = 3) -> PeerStore:
    """Peers 1 .. count, the last one used last, each with one good address and one in passing."""
    store = PeerStore()
    for number in range(1, count + 1):
        store.add_addresses(peer(number), [at(1000 + number)], 60_000, NOW)
        store.mark_good(peer(number), at(number), NOW)
    return store


def _again(data: bytes, now: int = 0) -> PeerStore:
    store = PeerStore()
    assert decode(store, data, now) == 0
    return store


def test_an_empty_store_is_a_header():
    assert encode(PeerStore(), NOW) == HEADER
    assert _again(HEADER).peers() == []


def test_everything_comes_back_and_saves_the_same():
    store = _filled()
    store.add_record(PeerRecord(peer(2), 7, [at(7)]), b"envelope", NOW)
    key = decode_public_key(vectors.RSA_PUBLIC)
    rsa = PeerId.from_public_key(key)
    store.set_public_key(rsa, key)
    store.add_addresses(rsa, [at(8)], 9_000, NOW)
    data = encode(store, NOW)
    again = _again(data)
    assert again.peers() == [rsa, peer(2), peer(3), peer(1)]
    assert known(again, 2, 0) == [2, 7, 1002]
    assert again.envelope(peer(2)) == b"envelope"
    assert again.entries[peer(2)].seq == 7 and again.entries[peer(1)].seq == -1
    assert again.public_key(rsa).encode() == vectors.RSA_PUBLIC
    assert encode(again, 0) == data


def test_addresses_have_the_time_left_that_they_had():
    again = _again(encode(_filled(1), NOW + 20_000), 5_000)
    assert known(again, 1, 5_000 + 39_999) == [1, 1001]
    assert known(again, 1, 5_000 + 40_000) == [1]


def test_nothing_in_a_file_lasts_forever_but_what_was_good():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], FOREVER_MS, NOW)
    store.mark_good(peer(2), at(2), NOW)
    again = _again(encode(store, NOW))
    assert known(again, 1, KNOWN_TTL_MS - 1) == [1] and known(again, 1, KNOWN_TTL_MS) == []
    assert known(again, 2, 10 * YEAR) == [2]


def test_whom_it_knew_survives_any_number_of_starts_at_any_time():
    data = encode(_filled(), NOW)
    for start in (0, NOW, 10 * YEAR, 3):
        store = _again(data, start)
        data = encode(store, start + YEAR)
    assert [known(store, number, start + YEAR) for number in (1, 2, 3)] == [[1], [2], [3]]


def test_successes_keep_their_order():
    store = PeerStore()
    for port in (5, 3, 8, 1):
        store.mark_good(peer(1), at(port), NOW)
    assert known(_again(encode(store, NOW)), 1, 0) == [1, 8, 3, 5]


def test_who_was_connected_counts_as_just_left():
    store = PeerStore()
    store.add_addresses(peer(1), [at(1)], 1000, NOW)
    store.set_connected(peer(1), True, NOW)
    again = _again(encode(store, NOW + RECENT_TTL_MS - 1000))
    assert known(again, 1, 999) == [1] and known(again, 1, 1000) == []


def test_what_was_at_the_end_of_a_cable_is_not_saved():
    """Tomorrow another peer is, or the port belongs to another program."""
    store = _filled(1)
    for number in (1, 2):
        store.mark_good(peer(number), Multiaddr("/serial/ttyUSB0"), NOW)
    again = _again(encode(store, NOW))
    assert again.peers() == [peer(1)]
    assert again.addresses(peer(1), 0) == [at(1), at(1001)]


def test_who_has_no_address_is_not_saved():
    store = _filled(1)
    store.set_protocols(peer(2), ["/a"])
    store.add_addresses(peer(3), [at(3)], 1000, NOW)
    assert _again(encode(store, NOW + 1000)).peers() == [peer(1)]


def test_what_a_peer_spoke_is_known_again():
    store = _filled(2)
    store.set_protocols(peer(1), ["/ping", "/ipfs/kad/1.0.0", "/k\u00fcche/kad/1"])
    again = _again(encode(store, NOW))
    assert again.protocols(peer(1)) == ("/ipfs/kad/1.0.0", "/k\u00fcche/kad/1")
    assert again.protocols(peer(2)) == ()


def test_who_speaks_much_takes_no_more_room():
    store = _filled(2)
    before = len(encode(store, NOW))
    store.set_protocols(peer(1), ["/{}/{}".format("x" * 120, number) for number in range(128)])
    assert len(encode(store, NOW)) == before
    store.set_protocols(peer(1), ["/{}/kad/1".format(number) for number in range(128)])
    again = _again(encode(store, NOW))
    assert len(again.protocols(peer(1))) == peer_store_file.PROTOCOLS_MAX


def test_size_is_bounded_and_those_used_last_stay():
    store = _filled(12)
    data = encode(store, NOW, 500)
    assert 400 < len(data) <= 500
    again = _again(data)
    assert again.peers() == store.peers()[: len(again.peers())]


def test_a_smaller_store_takes_the_ones_used_last():
    data = encode(_filled(9), NOW)
    small = PeerStore(peers_max=2, addresses_max=1)
    assert decode(small, data, 0) == 0
    assert small.peers() == [peer(9), peer(8)]
    assert known(small, 9, 0) == [9]


def _entries(data: bytes) -> list:
    """``(begin, begin of the message, end)`` of each entry."""
    found = []
    offset = len(HEADER)
    while offset < len(data):
        length, begin = varint.decode(data, offset)
        found.append((offset, begin, begin + length + 4))
        offset = found[-1][2]
    return found


def test_a_damaged_entry_is_lost_alone():
    data = encode(_filled(), NOW)
    whole = [peer(3), peer(2), peer(1)]
    for index, (_, begin, end) in enumerate(_entries(data)):
        for position in range(begin, end, 5):
            damaged = bytearray(data)
            damaged[position] ^= 0x10
            store = PeerStore()
            assert decode(store, bytes(damaged), 0) == 1
            assert store.peers() == whole[:index] + whole[index + 1 :]


def test_a_cut_loses_the_last_entry_only():
    data = encode(_filled(), NOW)
    spans = _entries(data)
    for size in range(len(HEADER), len(data)):
        store = PeerStore()
        kept = len([span for span in spans if span[2] <= size])
        torn = 0 if size in [span[0] for span in spans] else 1
        assert decode(store, data[:size], 0) == torn
        assert len(store.peers()) == kept


def test_any_damaged_byte_costs_entries_never_the_node():
    data = encode(_filled(), NOW)
    for position in range(len(HEADER), len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0xFF
        store = PeerStore()
        assert decode(store, bytes(damaged), 0) >= 1
        assert len(store.peers()) < 3


def test_lengths_beyond_reason_allocate_nothing():
    for length in (0, peer_store_file.ENTRY_SIZE_MAX + 1, (1 << 62) + 1):
        store = PeerStore()
        assert decode(store, HEADER + varint.encode(length) + bytes(100), 0) == 1
    assert decode(PeerStore(), HEADER + b"\xff" * 20, 0) == 1


def _entry(body: bytes) -> bytes:
    from binascii import crc32

    return varint.frame(body) + crc32(body).to_bytes(4, "big")


def test_entries_of_another_version_are_lost_or_read_in_part():
    good = protobuf.encode_bytes(1, at(1).to_bytes()) + protobuf.encode_uint(2, 100)
    unknown = protobuf.encode_bytes(1, b"\xff\xff\x01") + protobuf.encode_uint(2, 100)
    body = protobuf.encode_bytes(1, peer(1).to_bytes()) + protobuf.encode_bytes(2, unknown)
    body += protobuf.encode_bytes(2, good) + protobuf.encode_bytes(15, b"later")
    store = PeerStore()
    lost = decode(store, HEADER + _entry(b"\x0a\x01x") + _entry(body) + _entry(b"\x08\x01"), 0)
    assert lost == 2
    assert store.peers() == [peer(1)] and known(store, 1, 0) == [1]


def test_something_else_is_a_local_error_and_left_untouched():
    with scratch.Folder() as folder:
        path = folder + "/peers"
        for other in (b"edge peers 2\n", b"\0", b"SQLite format 3\0", HEADER[:-1], HEADER[1:]):
            scratch.put(path, other)
            error = kit.raises(LocalError, load, PeerStore(), path, 0)
            assert path in str(error)
            assert scratch.get(path) == other


def test_saved_and_loaded():
    with scratch.Folder() as folder:
        path = folder + "/peers"
        store = PeerStore()
        assert load(store, path, 0) == 0 and store.peers() == []
        save(_filled(), path, NOW)
        assert scratch.names(folder) == ["peers"]
        assert load(store, path, 0) == 0
        assert store.peers() == [peer(3), peer(2), peer(1)]
        scratch.put(path, scratch.get(path)[:-1])
        assert load(PeerStore(), path, 0) == 1
        scratch.put(path, b"")
        assert load(PeerStore(), path, 0) == 0


def test_a_full_disk_is_a_local_error():
    kit.raises(LocalError, save, _filled(), "/dev/full/peers", NOW)


if __name__ == "__main__":
    kit.run(globals())
