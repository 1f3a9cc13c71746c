"""The bounds of a store: counts that stay right whatever comes and goes."""

from edge.errors import LimitError
from edge.records.stores import Quota
from edge.records.stores.bounds import Bounds, owner_of
from tests import kit

OWN = b"\x00\x04self"


def test_the_owner_is_the_peer_in_the_key():
    peer = b"\x12\x20" + b"/" * 32
    assert owner_of(b"/edge/" + peer + b"/a/b") == peer
    assert owner_of(b"/ipns/" + peer) == peer
    for key in (b"", b"x", b"/x", b"/pk/", b"/pk/\x12", b"/pk/\x12\x20short"):
        assert owner_of(key) == key


def test_counts_of_many_owners_come_and_go():
    bounds = Bounds(Quota(10000, 1 << 20, 50, 5000), OWN, b"salt")
    counts = {}
    rng = kit.Rng(5)
    for _ in range(1500):
        owner = b"\x00\x02%02d" % rng.below(90)
        key = b"/edge/" + owner + b"/x"
        records, size = counts.get(owner, (0, 0))
        if records and rng.below(2):
            more_records, more = -1, -(size if records == 1 else 10)
        else:
            more_records, more = 1, 10 + rng.below(20)
        bounds.add(key, more_records, more)
        counts[owner] = (records + more_records, size + more)
    for owner in counts:
        assert bounds.of(owner) == counts[owner]
    assert bounds.records == sum([records for records, _ in counts.values()])
    again = Bounds(bounds.quota, OWN, b"other salt")
    again.load(b"salt", bounds.dump())
    for owner in counts:
        assert again.of(owner) == counts[owner]


def test_less_is_never_refused():
    bounds = Bounds(Quota(1, 10, 1, 10), OWN, b"salt")
    key = b"/edge/\x00\x01a/x"
    bounds.add(key, 2, 40)
    bounds.check(key, 0, -1)
    kit.raises(LimitError, bounds.check, key, 0, 1)


if __name__ == "__main__":
    kit.run(globals())
