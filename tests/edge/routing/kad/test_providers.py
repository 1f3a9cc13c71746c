"""Provider records: expiry and bounds."""

from edge.errors import LimitError
from edge.routing.closeness import distance
from edge.routing.kad import providers
from edge.routing.kad.providers import Providers
from tests import kit
from tests.edge.routing.kad.samples import KEY

ADDRESS = b"\x04\xc0\x00\x02\x01\x06\x0f\xa1"
HOUR_MS = 3600000


def peer(number: int) -> bytes:
    return b"\x12\x20" + number.to_bytes(32, "big")


def ids(store: Providers, key: bytes, now: int) -> list:
    return [id for id, _ in store.get(key, now)]


def test_kept_for_two_days():
    store = Providers()
    store.add(KEY, peer(1), (ADDRESS,), 1000)
    assert store.get(KEY, 1000) == [(peer(1), (ADDRESS,))]
    assert store.get(KEY, 1000 + providers.EXPIRY_MS - 1) == [(peer(1), ())]  # addresses: a day
    assert store.get(KEY, 1000 + providers.EXPIRY_MS) == []
    assert store.get(b"other", 1000) == []


def test_told_again_it_lives_on():
    store = Providers()
    store.add(KEY, peer(1), (ADDRESS,), 0)
    store.add(KEY, peer(1), (b"new",), 40 * HOUR_MS)
    assert len(store) == 1
    assert store.get(KEY, 50 * HOUR_MS) == [(peer(1), (b"new",))]
    assert store.get(KEY, 88 * HOUR_MS) == []


def test_a_peer_has_one_set_of_addresses():
    store = Providers()
    store.add(b"a", peer(1), (ADDRESS,), 0)
    store.add(b"b", peer(1), (b"moved",), 1)
    assert store.get(b"a", 2) == [(peer(1), (b"moved",))]


def test_what_has_expired_is_forgotten():
    store = Providers()
    assert store.deadline() is None
    for number in range(5):
        store.add(b"k%d" % number, peer(number), (ADDRESS,), number * HOUR_MS)
    assert store.deadline() == HOUR_MS
    store.handle_deadline(providers.EXPIRY_MS + 2 * HOUR_MS)
    assert len(store) == 2
    store.handle_deadline(providers.EXPIRY_MS + 9 * HOUR_MS)
    assert len(store) == 0 and store.deadline() is None
    assert not store._keys and not store._peers


def test_of_too_many_providers_the_closest_stay():
    store = Providers()
    peers = [peer(number) for number in range(providers.PROVIDERS_MAX + 10)]
    for id in peers:
        try:
            store.add(KEY, id, (ADDRESS,), 0)
        except LimitError:
            pass
    peers.sort(key=lambda id: distance(KEY, id))
    assert ids(store, KEY, 1) == peers[: providers.PROVIDERS_MAX]
    assert len(store) == providers.PROVIDERS_MAX
    kit.raises(LimitError, store.add, KEY, peers[-1], (ADDRESS,), 0)


def test_keys_of_one_peer_are_bounded():
    store = Providers()
    for number in range(providers.KEYS_MAX):
        store.add(b"k%d" % number, peer(1), (ADDRESS,), 0)
    kit.raises(LimitError, store.add, b"one more", peer(1), (ADDRESS,), 0)
    store.add(b"k1", peer(1), (ADDRESS,), 0)
    store.add(b"one more", peer(2), (ADDRESS,), 0)


def test_of_too_many_records_the_greediest_loses_its_oldest():
    store = Providers()
    kept, providers.RECORDS_MAX = providers.RECORDS_MAX, 10
    try:
        for number in range(8):
            store.add(b"k%d" % number, peer(1), (ADDRESS,), number)
        for number in range(6):
            store.add(b"other", peer(2 + number), (ADDRESS,), 10 + number)
        assert len(store) == 10
        assert len(store.get(b"other", 20)) == 6
        assert [n for n in range(8) if store.get(b"k%d" % n, 20)] == [4, 5, 6, 7]
    finally:
        providers.RECORDS_MAX = kept


def test_one_host_with_many_ids_hides_no_provider():
    store = Providers()
    peers = [peer(number) for number in range(200)]
    peers.sort(key=lambda id: distance(KEY, id))
    honest = peers[-5:]  # the farthest
    for number, id in enumerate(honest):
        store.add(KEY, id, (ADDRESS,), 0, b"host %d" % number)
    for id in peers[:-5]:
        try:
            store.add(KEY, id, (ADDRESS,), 0, b"one host")
        except LimitError:
            pass
    assert len(store) == providers.PROVIDERS_MAX
    assert ids(store, KEY, 1) == peers[: providers.PROVIDERS_MAX - 5] + honest


def test_one_host_with_many_ids_costs_nobody_else_a_record():
    store = Providers()
    kept, providers.RECORDS_MAX = providers.RECORDS_MAX, 12
    try:
        for number in range(4):
            store.add(b"k%d" % number, peer(1), (ADDRESS,), number, b"honest")
        for number in range(100):
            store.add(b"x%d" % number, peer(10 + number), (ADDRESS,), 10 + number, b"one host")
        assert len(store) == 12
        assert [n for n in range(4) if store.get(b"k%d" % n, 20)] == [0, 1, 2, 3]
    finally:
        providers.RECORDS_MAX = kept
    store.handle_deadline(providers.EXPIRY_MS + 1000)
    assert len(store) == 0 and not store._owners and not store._peers


def test_addresses_are_bounded():
    store = Providers()
    store.add(KEY, peer(1), tuple([ADDRESS] * 50), 0)
    assert len(store.get(KEY, 1)[0][1]) == providers.ADDRESSES_MAX
    store.add(KEY, peer(1), (bytes(600), bytes(600), ADDRESS), 0)
    assert store.get(KEY, 1)[0][1] == (bytes(600),)


if __name__ == "__main__":
    kit.run(globals())
