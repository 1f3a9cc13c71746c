"""How much each owner has in a store: a quota says no before the medium is full.

The owner of /edge/<peer id>/x, /ipns/<peer id> and /pk/<peer id> is that peer.  What this node
itself owns is never refused for others' sake: all others together may take half of the store.

Owners are counted by a salted hash, in flat arrays: 18 to 36 bytes each, however many there are,
and nobody can choose whom to share a place with.
"""

from array import array

from edge.errors import LimitError
from edge.system import const
from edge.system.primitives import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.stores import Quota

_SLOTS_MIN = const(8)
_HALF = const(2)  # others may take one of these of the store


def owner_of(key: bytes) -> bytes:
    """The bytes of the peer id in ``key``, or all of a key that has none."""
    start = key.find(b"/", 1) + 1
    if not start or len(key) < start + 2:
        return key
    owner = key[start : start + 2 + key[start + 1]]
    return owner if len(owner) == 2 + key[start + 1] else key


class Bounds:
    """Counts what is held, and refuses what is too much."""

    def __init__(self, quota: "Quota", own: bytes, salt: bytes) -> None:
        """``own``: the bytes of this node's peer id; ``salt``: random bytes."""
        self.quota = quota
        self.own = own
        self._salt = salt
        self.records = 0
        self.bytes = 0
        self.own_records = 0
        self.own_bytes = 0
        self._used = 0
        self._clear(_SLOTS_MIN)

    def check(self, key: bytes, more_records: int, more_bytes: int) -> None:
        """LimitError if that much more of ``key`` is too much."""
        if more_records <= 0 and more_bytes <= 0:
            return
        quota, owner = self.quota, owner_of(key)
        _check("the store holds", quota.records_max, self.records + more_records, "records")
        _check("the store holds", quota.bytes_max, self.bytes + more_bytes, "bytes")
        if owner == self.own:
            return
        records, size = self.of(owner)
        others = self.records - self.own_records + more_records
        _check("others may have", quota.records_max // _HALF, others, "records")
        others = self.bytes - self.own_bytes + more_bytes
        _check("others may have", quota.bytes_max // _HALF, others, "bytes")
        _check("one owner has", quota.per_owner_records_max, records + more_records, "records")
        _check("one owner has", quota.per_owner_bytes_max, size + more_bytes, "bytes")

    def add(self, key: bytes, more_records: int, more_bytes: int) -> None:
        """That much more, or less, is held of ``key``."""
        self.records += more_records
        self.bytes += more_bytes
        owner = owner_of(key)
        if owner == self.own:
            self.own_records += more_records
            self.own_bytes += more_bytes
            return
        place = self._find(self._hash(owner))
        if not self._hashes[place]:
            place = self._take(owner)
        self._records[place] = max(0, self._records[place] + more_records)
        self._bytes[place] = max(0, self._bytes[place] + more_bytes)

    def of(self, owner: bytes) -> "tuple[int, int]":
        """How many records and bytes of ``owner`` are held."""
        if owner == self.own:
            return self.own_records, self.own_bytes
        place = self._find(self._hash(owner))
        return self._records[place], self._bytes[place]

    def dump(self) -> "list[array]":
        """The counts as arrays, for load()."""
        totals = (self.records, self.bytes, self.own_records, self.own_bytes, self._used)
        return [array("I", totals), self._hashes, self._records, self._bytes]

    def load(self, salt: bytes, arrays: "list[array]") -> None:
        self._salt = salt
        totals, self._hashes, self._records, self._bytes = arrays
        self.records, self.bytes, self.own_records, self.own_bytes, self._used = totals

    def _hash(self, owner: bytes) -> int:
        return int.from_bytes(sha256(self._salt + owner)[:4], "big") or 1

    def _find(self, wanted: int) -> int:
        """The place of the owner with the hash ``wanted``, or a free one."""
        hashes = self._hashes
        mask = len(hashes) - 1
        place = wanted & mask
        while hashes[place] and hashes[place] != wanted:
            place = (place + 1) & mask
        return place

    def _take(self, owner: bytes) -> int:
        if self._used * 3 >= len(self._hashes) * 2:
            self._grow()
        place = self._find(self._hash(owner))
        self._hashes[place] = self._hash(owner)
        self._used += 1
        return place

    def _grow(self) -> None:
        """Twice the room, unless most are owners of nothing any more."""
        hashes, records, sizes = self._hashes, self._records, self._bytes
        used = len([count for count in records if count])
        self._clear(len(hashes) * 2 if used * 3 > len(hashes) else len(hashes))
        self._used = used
        for old, count in enumerate(records):
            if count:
                place = self._find(hashes[old])
                self._hashes[place] = hashes[old]
                self._records[place] = count
                self._bytes[place] = sizes[old]

    def _clear(self, slots: int) -> None:
        self._hashes = array("I", bytes(4 * slots))
        self._records = array("I", bytes(4 * slots))
        self._bytes = array("I", bytes(4 * slots))


def _check(what: str, limit: int, wanted: int, unit: str) -> None:
    if wanted > limit:
        raise LimitError("{} at most {} {}, this would be {}".format(what, limit, unit, wanted))
