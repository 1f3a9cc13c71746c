"""The contacts of a node: many that are near, some of every distance; pure.

    bits shared   0      1      2      3  ..      256 = we ourselves
    bucket        [k]    [k]    [k]    [..]       contacts that have answered us
    spares        [..]   [..]   [..]   [..]       in line for a place: told of, or one too many

Who has answered stays as long as it answers: a newcomer never takes the place of a contact that
lives, so that nobody can push others out by coming in numbers; nor can one owner have more than
the profile's share of places. A contact is asked for a sign of life the more seldom the longer it
has lived.  Spec: libp2p kad-dht.
"""

from edge.routing.kad import Contact, Profile
from edge.routing.kad.key import KEY_BITS, key_of, prefix_length
from edge.system import MICROPYTHON, const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = KEY_BITS  # in place of a number of bits: the surroundings of our own id

CONTACTS_MAX = 32 if MICROPYTHON else 2560  # that have proven themselves, in all
SPARES_MAX = 2 if MICROPYTHON else 10  # of one bucket
ADDRESSES_MAX = 4 if MICROPYTHON else 16  # of one contact
FAILURES_MAX = 2  # one after the other; then a contact is dropped
CHECK_MS = 300_000  # a contact that was silent for so long, or a quarter more, is checked ..
CHECK_MAX_MS = 2_400_000  # .. and after each success twice as long, up to this
RETRY_MS = 30_000  # after a failure, doubling likewise
TOGETHER_MS = 30_000  # checks due within so long are made in one go
REFRESH_MS = 600_000  # between searches for new contacts ..
REFRESH_MAX_MS = 3_600_000  # .. twice as long each time that none is found, up to this

_NEVER = const(-1)
_FAR = const(1 << 52)  # ms


class _Entry:
    """A contact or spare; ``seen`` and ``failed`` are when it answered last and failed first."""

    __slots__ = ("contact", "key", "seen", "due", "pause", "failures", "failed")

    def __init__(self, contact: Contact, key: int, now: int) -> None:
        self.contact = contact
        self.key = key
        self.seen = _NEVER
        self.due = now
        self.pause = CHECK_MS
        self.failures = 0
        self.failed = 0

    def answer(self, now: int) -> None:
        """It lives."""
        if self.failures:
            self.pause = CHECK_MS
        elif self.seen != _NEVER and 2 * (now - self.seen) >= self.pause:
            self.pause = min(2 * self.pause, CHECK_MAX_MS)
        self.failures = 0
        self.seen = now
        self.due = now + self.pause

    def fail(self, now: int) -> None:
        if not self.failures:
            self.failed = now
            self.pause = RETRY_MS // 2
        self.failures += 1
        self.pause = min(2 * self.pause, CHECK_MAX_MS)
        self.due = now + self.pause


class _Refresh:
    """When to search for new contacts again."""

    __slots__ = ("count", "refresh_due", "refresh_pause")

    def __init__(self) -> None:
        self.refresh_due = 0
        self.refresh_pause = REFRESH_MS // 2
        self.count = 0  # contacts after the last search

    def refreshed(self, count: int, now: int) -> None:
        found = count > self.count
        self.refresh_pause = REFRESH_MS if found else min(2 * self.refresh_pause, REFRESH_MAX_MS)
        self.count = count
        self.refresh_due = now + self.refresh_pause


class _Bucket(_Refresh):
    __slots__ = ("contacts", "crowded", "spares")

    def __init__(self) -> None:
        super().__init__()
        self.crowded = False  # it has been full: there are others of its distance
        self.contacts: list[_Entry] = []  # the longest known first
        self.spares: list[_Entry] = []

    def find(self, id: bytes) -> "_Entry | None":
        return _find(self.contacts, id) or _find(self.spares, id)

    def healthy(self) -> int:
        return len([1 for entry in self.contacts if not entry.failures])


class RoutingTable:
    def __init__(self, own_id: bytes, profile: Profile) -> None:
        self.own_id = own_id
        self.own_key = key_of(own_id)
        self.profile = profile
        self._buckets: list[_Bucket] = []  # by bits shared
        self._refresh = _Refresh()  # of our own surroundings
        self._size = 0
        self._groups: dict = {}  # group -> contacts in the table
        self._answered = _NEVER  # when anybody answered last
        self._next_check = _FAR  # no check is due before
        self._round = 0  # what is due until then is checked now

    def __len__(self) -> int:
        """How many contacts have proven themselves."""
        return self._size

    # -- what happened

    def heard(self, contact: Contact, now: int, proven: bool = False) -> bool:
        """Consider ``contact``; whether it is in the table now, as a contact or a spare.

        ``proven``: it answered us just now, its first address is the one it answered at. Otherwise
        somebody told us: addresses of a proven contact are not touched.
        """
        if contact.id == self.own_id:
            return False
        if proven:
            self._answered = now
        key = key_of(contact.id)
        bucket = self._bucket(prefix_length(self.own_key, key))
        entry = _find(bucket.contacts, contact.id)
        if entry:
            return not proven or self._renew(bucket, entry, contact, now)
        entry = _find(bucket.spares, contact.id)
        if not contact.addresses:
            return bool(entry)
        if entry:
            _merge(entry, contact, proven)
        else:
            contact = Contact(contact.id, contact.addresses[:ADDRESSES_MAX])
            entry = _Entry(contact, key, now)
        if proven:
            self._lives(entry, now)
            return self._place(bucket, entry)
        return entry in bucket.spares or self._add_spare(bucket, entry)

    def answered(self, id: bytes, now: int) -> None:
        """The contact, or spare, of this id has answered a request."""
        contact = self.find(id)
        if contact:
            self.heard(contact, now, True)

    def spoke(self, id: bytes, now: int) -> None:
        """It has asked us something: a contact not in doubt lives, and need not be asked if so."""
        bucket = self._bucket_of(id)
        entry = bucket and _find(bucket.contacts, id)
        if entry and not entry.failures:
            self._lives(entry, now)

    def failed(self, id: bytes, now: int) -> None:
        """It was asked in vain.  It is given to nobody until it answers again, and dropped after
        FAILURES_MAX times, unless nobody else has answered meanwhile: then the fault is ours."""
        bucket = self._bucket_of(id)
        if not bucket:
            return
        entry = _find(bucket.contacts, id)
        if not entry:
            bucket.spares = [spare for spare in bucket.spares if spare.contact.id != id]
            return
        entry.fail(now)
        self._next_check = now  # a spare may be wanted
        if entry.failures >= FAILURES_MAX and self._answered > entry.failed:
            self._drop(bucket, entry)
            self._promote(bucket)

    def remove(self, id: bytes) -> None:
        """Forget it: it is no server any more."""
        bucket = self._bucket_of(id)
        if not bucket:
            return
        bucket.spares = [spare for spare in bucket.spares if spare.contact.id != id]
        entry = _find(bucket.contacts, id)
        if entry:
            self._drop(bucket, entry)
            self._promote(bucket)

    def doubt(self, id: bytes, now: int) -> None:
        """It may be gone, as when its connection ends: check it next."""
        bucket = self._bucket_of(id)
        entry = bucket and _find(bucket.contacts, id)
        if entry:
            entry.due = self._next_check = now

    # -- who is there

    def find(self, id: bytes) -> "Contact | None":
        """The contact of this id, spares too."""
        bucket = self._bucket_of(id)
        entry = bucket and bucket.find(id)
        return entry.contact if entry else None

    def closest(self, key: int, count: int, but: tuple = ()) -> "list[Contact]":
        """The ``count`` contacts nearest to ``key``, proven and not in doubt, nearest first.

        Ids in ``but`` are left out: who asks does not want itself.
        """
        found: list = []
        for entries in self._by_distance(key):
            part = [
                entry for entry in entries if not entry.failures and entry.contact.id not in but
            ]
            part.sort(key=lambda entry: entry.key ^ key)
            found += part
            if len(found) >= count:
                break
        return [entry.contact for entry in found[:count]]

    def seeds(self, key: int, count: int) -> "list[Contact]":
        """Whom to begin a search with: as closest, then who is in doubt or not proven yet."""
        found = self.closest(key, count)
        if len(found) < count:
            rest = []
            for bucket in self._buckets:
                rest += [entry for entry in bucket.contacts if entry.failures]
                rest += bucket.spares
            rest.sort(key=lambda entry: entry.key ^ key)
            found += [entry.contact for entry in rest[: count - len(found)]]
        return found

    def known_in_full(self) -> "tuple[int, int]":
        """``(bits, contacts)``: all who share at least so many bits with us are so many contacts,
        because no bucket of theirs has ever been full."""
        bits = len(self._buckets)
        count = 0
        while bits and not self._buckets[bits - 1].crowded:
            bits -= 1
            count += len(self._buckets[bits].contacts)
        return bits, count

    def remember(self, count: int) -> "list[Contact]":
        """Contacts worth keeping over a restart: of every distance, the longest known first."""
        found: list = []
        for turn in range(self.profile.k):
            for bucket in self._buckets:
                if turn < len(bucket.contacts) and len(found) < count:
                    found.append(bucket.contacts[turn].contact)
        return found

    def rows(self) -> list:
        """``(bits, contacts, spares)`` of each bucket in use, for display: contacts are tuples of
        Contact, ms when it last answered, failures since."""
        return [
            (
                bits,
                [(entry.contact, entry.seen, entry.failures) for entry in bucket.contacts],
                [entry.contact for entry in bucket.spares],
            )
            for bits, bucket in enumerate(self._buckets)
            if bucket.contacts or bucket.spares
        ]

    # -- upkeep

    def to_check(self, now: int) -> "Contact | None":
        """A contact to send a request, so that we know whether it lives; the call counts as doing
        so.  Silent ones in turn, and spares where there is a place for them."""
        if now < self._next_check and self._round <= self._next_check:
            return None
        first = self._next_to_check()
        if not first:
            return None
        if first.due <= now:
            self._round = now + TOGETHER_MS
        elif first.due >= self._round:
            return None
        first.due = now + 2 * TOGETHER_MS  # unless we hear what came of it
        return first.contact

    def stale_bucket(self, now: int) -> "int | None":
        """Bits shared with us, or OWN, where a search should look for new contacts."""
        for bits, refresh in self._refreshable():
            if refresh.refresh_due <= now:
                return bits
        return None

    def refreshed(self, bits: int, now: int) -> None:
        """A search there has ended."""
        if bits == OWN:
            self._refresh.refreshed(self._size, now)
            for bucket in self._buckets:  # those of a network that has shrunk
                bucket.crowded = bucket.crowded and 2 * len(bucket.contacts) > self.profile.k
        elif bits < len(self._buckets):
            bucket = self._buckets[bits]
            bucket.refreshed(len(bucket.contacts), now)

    def check_deadline(self) -> "int | None":
        """When to_check will next have something; None: not by time alone."""
        first = self._next_to_check()
        return first.due if first else None

    def refresh_deadline(self) -> "int | None":
        """When stale_bucket will."""
        due = [refresh.refresh_due for _, refresh in self._refreshable()]
        return min(due) if due else None

    def _next_to_check(self) -> "_Entry | None":
        first = None
        for entry in self._checkable():
            if first is None or entry.due < first.due:
                first = entry
        self._next_check = first.due if first else _FAR
        return first

    def _checkable(self) -> "Iterator[_Entry]":
        for bucket in self._buckets:
            yield from bucket.contacts
            if bucket.spares and self._size < CONTACTS_MAX and bucket.healthy() < self.profile.k:
                yield from [entry for entry in bucket.spares if entry.seen == _NEVER]

    def _refreshable(self) -> "list[tuple[int, _Refresh]]":
        """What may have peers that we do not know: a search around ourselves finds k, so that
        there is no need to look where, with all that is nearer, there are fewer."""
        if not self._buckets:
            return []
        found: list = [(OWN, self._refresh)]
        k = self.profile.k
        left = self._size
        for bits, bucket in enumerate(self._buckets):
            if left < k:
                break
            if len(bucket.contacts) < k:
                found.append((bits, bucket))
            left -= len(bucket.contacts)
        return found

    # -- places

    def _bucket(self, bits: int) -> _Bucket:
        while len(self._buckets) <= bits:
            self._buckets.append(_Bucket())
        return self._buckets[bits]

    def _bucket_of(self, id: bytes) -> "_Bucket | None":
        bits = prefix_length(self.own_key, key_of(id))
        return self._buckets[bits] if bits < len(self._buckets) else None

    def _by_distance(self, key: int) -> "Iterator[list[_Entry]]":
        """All contacts, in groups each of which is farther from ``key`` than the one before."""
        buckets = self._buckets
        bits = prefix_length(self.own_key, key)
        if bits < len(buckets):
            yield buckets[bits].contacts
            yield [entry for bucket in buckets[bits + 1 :] for entry in bucket.contacts]
        for index in range(min(bits, len(buckets)) - 1, -1, -1):
            yield buckets[index].contacts

    def _lives(self, entry: _Entry, now: int) -> None:
        """Of two that know each other the one with the greater key waits a little longer, and is
        asked before it asks."""
        entry.answer(now)
        if self.own_key > entry.key:
            entry.due += entry.pause // 4

    def _place(self, bucket: _Bucket, entry: _Entry) -> bool:
        """A place among the contacts for who has answered, or in line."""
        for other in bucket.contacts:
            if self._is_gone(other):
                self._drop(bucket, other)
                break
        room = len(bucket.contacts) < self.profile.k and self._size < CONTACTS_MAX
        if not room or not self._has_share(bucket, entry):
            bucket.crowded = True
            return self._add_spare(bucket, entry)
        if entry in bucket.spares:
            bucket.spares.remove(entry)
        self._insert(bucket, entry, len(bucket.contacts))
        return True

    def _is_gone(self, entry: _Entry) -> bool:
        """Failed too often, and not because our own link was down."""
        return entry.failures >= FAILURES_MAX and self._answered > entry.failed

    def _insert(self, bucket: _Bucket, entry: _Entry, index: int) -> None:
        bucket.contacts.insert(index, entry)
        self._size += 1
        self._count(entry, 1)
        self._next_check = min(self._next_check, entry.due)
        if len(bucket.contacts) >= self.profile.k:
            bucket.crowded = True

    def _drop(self, bucket: _Bucket, entry: _Entry) -> None:
        bucket.contacts.remove(entry)
        self._size -= 1
        self._count(entry, -1)

    def _promote(self, bucket: _Bucket) -> None:
        """Give a free place to the spare that answered last."""
        proven = [entry for entry in bucket.spares if entry.seen != _NEVER]
        proven.sort(key=lambda entry: (-entry.seen, entry.key))
        for entry in proven:
            if self._place(bucket, entry):
                return

    def _renew(self, bucket: _Bucket, entry: _Entry, contact: Contact, now: int) -> bool:
        """A contact has answered, perhaps at another address."""
        self._lives(entry, now)
        addresses = contact.addresses[:ADDRESSES_MAX] or entry.contact.addresses
        if addresses == entry.contact.addresses:
            return True
        index = bucket.contacts.index(entry)
        self._drop(bucket, entry)
        entry.contact = Contact(contact.id, addresses)
        if not self._has_share(bucket, entry):
            return self._add_spare(bucket, entry)
        self._insert(bucket, entry, index)
        return True

    def _add_spare(self, bucket: _Bucket, entry: _Entry) -> bool:
        """Who has answered takes the place of who has not, or has longest ago."""
        spares = bucket.spares
        if entry in spares:
            return True
        group = self._group(entry)
        alike = [spare for spare in spares if group and self._group(spare) == group]
        if len(alike) >= self.profile.group_bucket_max:
            return False
        if len(spares) >= SPARES_MAX:
            if entry.seen == _NEVER:
                return False
            spares.remove(min(spares, key=lambda spare: (spare.seen, spare.key)))
        spares.append(entry)
        self._next_check = min(self._next_check, entry.due)
        return True

    # -- groups of one owner

    def _group(self, entry: _Entry) -> bytes:
        return self.profile.group(entry.contact.addresses[0])

    def _count(self, entry: _Entry, change: int) -> None:
        group = self._group(entry)
        count = self._groups.get(group, 0) + change
        if count and group:
            self._groups[group] = count
        else:
            self._groups.pop(group, None)

    def _has_share(self, bucket: _Bucket, entry: _Entry) -> bool:
        """Whether one more of its group may have a place."""
        group = self._group(entry)
        count = self._groups.get(group, 0)
        if count < self.profile.group_bucket_max:
            return count < self.profile.group_table_max
        alike = [other for other in bucket.contacts if self._group(other) == group]
        return count < self.profile.group_table_max and len(alike) < self.profile.group_bucket_max


def _find(entries: "list[_Entry]", id: bytes) -> "_Entry | None":
    for entry in entries:
        if entry.contact.id == id:
            return entry
    return None


def _merge(entry: _Entry, contact: Contact, proven: bool) -> None:
    """What else is said of a spare; what it proved itself counts alone."""
    addresses = contact.addresses
    if not proven:
        known = entry.contact.addresses
        addresses = known + tuple([new for new in addresses if new not in known])
    entry.contact = Contact(contact.id, addresses[:ADDRESSES_MAX])
