"""Values that prove themselves, as a server of Kademlia takes them: IPNS records, public keys."""

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import EARLIEST_UNIX_MS, names
from edge.records.record import create, decode, with_age
from edge.records.schemes import ttl
from edge.records.validators import ipns, open_validators, pk
from edge.routing.kad.values import Values
from edge.wire import protobuf
from tests import kit

OWNER = PrivateKey.from_seed(bytes(range(32)))
NAME = PeerId.from_public_key(OWNER.public)
KEY = ipns.key_of(NAME)
UNIX_MS = EARLIEST_UNIX_MS + 1_000_000
DAY_MS = 86_400_000


def record(sequence: int, end_ms: int = UNIX_MS + DAY_MS) -> bytes:
    return ipns.create(OWNER, b"/ipfs/x", sequence, end_ms * 1_000_000)


def store() -> Values:
    return Values(open_validators(), b"own id")


def test_what_has_expired_is_refused_and_so_is_what_is_worse():
    kept = store()
    kit.raises(RemoteError, kept.put, KEY, record(9, UNIX_MS), 0, UNIX_MS)
    kept.put(KEY, record(5), 0, UNIX_MS)
    kit.raises(RemoteError, kept.put, KEY, record(4), 0, UNIX_MS)
    kit.raises(RemoteError, kept.put, KEY, record(6, UNIX_MS + 1), 0, UNIX_MS + 1)
    assert kept.get(KEY, 0)[0] == record(5)
    kept.put(KEY, record(6), 0, UNIX_MS)
    assert kept.get(KEY, 0)[0] == record(6)


def test_a_record_may_have_10240_bytes():
    kept = store()
    good = record(1)
    for size, taken in ((10241, False), (10240, True)):
        padded = good + protobuf.encode_bytes(99, bytes(size - len(good) - 4))
        assert len(padded) == size
        if taken:
            kept.put(KEY, padded, 0, UNIX_MS)
        else:
            kit.raises(RemoteError, kept.put, KEY, padded, 0, UNIX_MS)
    assert len(kept) == 1


def test_nobody_signs_for_another():
    kept = store()
    other = PeerId.from_public_key(PrivateKey.from_seed(bytes(32)).public)
    kit.raises(RemoteError, kept.put, ipns.key_of(other), record(1), 0, UNIX_MS)
    kit.raises(RemoteError, kept.put, pk.key_of(other), OWNER.public.encode(), 0, UNIX_MS)
    kit.raises(RemoteError, kept.put, pk.key_of(NAME), bytes(36), 0, UNIX_MS)
    kept.put(pk.key_of(NAME), OWNER.public.encode(), 0, UNIX_MS)
    assert len(kept) == 1


def test_a_clock_that_jumps_takes_nothing_back():
    """A record that was good when it came is given as long as it is kept: who asks judges it."""
    kept = store()
    kept.put(KEY, record(1), 0, UNIX_MS)
    kit.raises(RemoteError, kept.put, KEY, record(2), 0, UNIX_MS + 2 * DAY_MS)
    kept.put(KEY, record(2), 0, 0)  # 1970
    assert kept.get(KEY, 0) == (record(2), "1970-01-01T00:00:00.000Z")


def test_what_lives_for_a_time_is_as_old_as_it_is_wherever_it_goes():
    key = names.edge_key(NAME, "sensors/1")
    made = create(OWNER, key, b"21.5", 1, ttl.valid_for(DAY_MS))
    one, other = store(), store()
    one.put(key, made, 0, UNIX_MS)
    passed = one.get(key, DAY_MS // 2)[0]
    assert decode(passed).age_ms == DAY_MS // 2
    other.put(key, passed, 0, UNIX_MS)
    other.put(key, made, 1, UNIX_MS)  # somebody who kept it from the start and forgot how long
    assert decode(other.get(key, 1)[0]).age_ms == DAY_MS // 2 + 1
    assert other.get(key, DAY_MS // 2) is None and one.get(key, DAY_MS) is None
    kit.raises(RemoteError, other.put, key, with_age(decode(passed), DAY_MS), 0, UNIX_MS)
    other.put(key, create(OWNER, key, b"21.6", 2), 2, UNIX_MS)
    kit.raises(RemoteError, other.put, key, made, 2, UNIX_MS)


def test_a_name_is_kept_no_longer_than_it_is_valid():
    kept = store()
    kept.put(KEY, record(1, UNIX_MS + 5000), 0, UNIX_MS)
    assert kept.get(KEY, 4999) and kept.get(KEY, 5000) is None


if __name__ == "__main__":
    kit.run(globals())
