"""The log: appends records to segment files, knows where each key's newest one lies, and cleans.

    put, remove -> active segment -> full: synced, closed, the next one begins
    clean: what is live of a mostly dead segment is appended again, synced, and its file removed

What is later in the log is newer.  A copy is made while the original is the newest of its key, so
it takes its place; should a power cut leave both, they are the same.  Waits for files, not for
tasks: what may take long (begin_sync, copy) is done in steps by who calls.
"""

from edge.errors import EdgeError, LimitError
from edge.records import KEY_BYTES_MAX
from edge.records.flash import Layout, Medium, MediumFull, cleaning, segment
from edge.records.flash.cleaning import Segment
from edge.records.flash.index import SEGMENTS_MAX, Index, offset_of, place_of, slot_of
from edge.records.flash.segment import HEADER_BYTES, Record, Window
from edge.records.flash.wear import Wear
from edge.records.stores import VALUE_BYTES_MAX
from edge.system import const, entropy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from edge.records.stores.bounds import Bounds

_GUESS_BYTES = const(600)  # read at once for a record
_RESERVE = "reserve"
SIZE_MAX = HEADER_BYTES + KEY_BYTES_MAX + VALUE_BYTES_MAX  # of one record

NOTHING = (-1, None)  # what find() gives for a key that is not there


class Log:
    def __init__(self, medium: Medium, layout: Layout, bounds: "Bounds", wear: Wear) -> None:
        self.medium = medium
        self.layout = layout
        self.bounds = bounds
        self.wear = wear
        self.salt = entropy.random_bytes(8)
        self.index = Index(self.salt)
        self.segments: list = []  # oldest first
        self.slots: dict = {}  # slot -> Segment
        self.total = 0  # bytes in segments
        self.live = 0  # of these, of the newest record of a key
        self.stamp = 0  # the latest one there is
        self.ordered = False  # of what is not synced, nothing counts without what was before it
        self.appended = 0  # records since it was opened
        self.durable = 0  # how many of them are on the medium
        self.has_changed = False  # since the hint on the medium
        self.damaged = 0  # places where something was lost
        self.is_exact = True  # else the counts of owners and of live bytes may be too high
        self.torn = 0  # ends of what a run wrote that read as if power was cut
        self.active: Any = None  # the Segment that is written
        self.has_reserve = False
        self.is_short = False  # the reserve is spent, or there was no room for it
        self._last = 0  # number of the newest segment ever
        self._is_fresh = True  # nothing was written since it was opened
        self._synced = 0  # up to where the active segment is on the medium
        self._new_names = False  # a file was created since names were synced

    # what is there

    def find(self, key: bytes) -> "tuple[int, Record | None]":
        """The entry and the record of ``key``; NOTHING, and counted, if it is damaged."""
        entry = self.index.first(self.index.hash_of(key))
        while entry >= 0:
            record = self.record_at(self.index.place(entry))
            if record is None:
                self.damaged += 1
                self.is_exact = False
                self.index.remove(entry)
                self.bounds.add(key, -1, 0)
                return self.find(key)
            if record.key == key:
                return entry, record
            entry = self.index.next(entry)
        return NOTHING

    def find_head(self, key: bytes) -> "tuple[int, bytes]":
        """The entry of ``key`` and the header of its record, which is not checked; -1 if none."""
        entry = self.index.first(self.index.hash_of(key))
        while entry >= 0:
            place = self.index.place(entry)
            name = self.slots[slot_of(place)].name
            data = self.medium.read(name, offset_of(place), HEADER_BYTES + len(key))
            if segment.size_of(data) and data[1] == len(key) and data[HEADER_BYTES:] == key:
                return entry, data[:HEADER_BYTES]
            entry = self.index.next(entry)
        return -1, b""

    def record_at(self, place: int) -> "Record | None":
        """The record there; None if it is damaged."""
        found = self.slots[slot_of(place)]
        offset = offset_of(place)
        data = self.medium.read(found.name, offset, _GUESS_BYTES)
        size = segment.size_of(data)
        if size > len(data):
            data = self.medium.read(found.name, offset, size)
        return segment.decode(data, found.salt, offset)

    def live_of(self, found: Segment) -> "Iterator[tuple[int, Record]]":
        """Entry and record of all that is live in a segment."""
        for offset, _, record in self.scan(found):
            if record and not record.removed:
                wanted = self.index.hash_of(record.key)
                entry = self.index.find_place(wanted, place_of(found.slot, offset))
                if entry >= 0:
                    yield entry, record

    def is_torn(self, found: Segment, offset: int) -> bool:
        """Whether the end of a segment, which cannot be read from ``offset`` on, is what a power
        cut left: nothing of the run that wrote it is behind, and nothing in it is known."""
        place = self.segments.index(found) + 1
        is_last = place == len(self.segments) or self.segments[place].first
        start = place_of(found.slot, offset)
        return is_last and not self.index.has_within(start, place_of(found.slot + 1, 0))

    def scan(self, found: Segment, offset: int = 0) -> "Iterator[tuple[int, int, Record | None]]":
        """As edge.records.flash.segment.scan."""
        name, read = found.name, self.medium.read
        return segment.scan(Window(lambda start, size: read(name, start, size)), found.salt, offset)

    # what changes

    def is_full(self, size: int = SIZE_MAX) -> bool:
        """Whether a record of that size begins a segment: the one before is synced first."""
        return not self.active or self.active.size + size > self.layout.segment_bytes

    def put(self, key: bytes, value: bytes, stamp: int, found: "tuple") -> None:
        """Append; ``found`` is what find(key) gives now.  LimitError or LinkError: nothing is."""
        entry, held = found
        size = HEADER_BYTES + len(key) + len(value)
        room = self.layout.space_bytes * 3 // 4 - 3 * self.layout.segment_bytes
        if self.live + size - (held.size if held else 0) > max(room, self.layout.segment_bytes):
            raise LimitError("the space for the log, {} bytes, is used up".format(room))
        place = self._append(Record(key, value, stamp, False, False, size))
        if held:
            self._is_dead(self.slots[slot_of(self.index.place(entry))], held.size)
            self.index.move(entry, place)
        else:
            self.index.add(self.index.hash_of(key), place)
        self._is_live(self.slots[slot_of(place)], size)
        self.bounds.add(key, 0 if held else 1, size - (held.size if held else HEADER_BYTES))
        self.wear.put += len(key) + len(value)

    def remove(self, key: bytes, stamp: int, found: "tuple") -> None:
        """Append that ``key``, of which ``found`` is what find(key) gives now, is no more."""
        entry, held = found
        self._append_removal(Record(key, b"", stamp, True, False, 0))
        self._is_dead(self.slots[slot_of(self.index.place(entry))], held.size)
        self.index.remove(entry)
        self.bounds.add(key, -1, HEADER_BYTES - held.size)

    def begin_sync(self) -> "tuple | None":
        """What has to be synced, for sync_medium and end_sync; None if all is on the medium."""
        if not self.active or self._synced == self.active.size:
            self.durable = self.appended
            return None
        token = (self.active, self.active.size, self.appended, self._new_names)
        self._new_names = False
        return token

    def sync_medium(self, token: tuple) -> None:
        """Wait for the medium; touches nothing else, so it may be done in a thread."""
        self.medium.sync(token[0].name)
        if token[3]:
            self.medium.sync_names()

    def end_sync(self, token: tuple) -> None:
        """The medium has done what ``token`` asked."""
        self.wear.syncs += 1
        if token[0] is self.active:
            self._synced = token[1]
        self.durable = token[2]

    def fail_sync(self, token: tuple) -> None:
        """It has not: what is in that segment is to be written again elsewhere."""
        token[0].suspect = True
        self._new_names |= token[3]
        if token[0] is self.active:
            self._close()

    def sync(self) -> None:
        """All of it at once."""
        self.rescue()
        self.sync_active()

    def rescue(self) -> None:
        """Write again what is live in segments that could not be synced, and remove them later."""
        for found in self.segments:
            if found.suspect:
                for _ in self.copy(found):
                    pass
                found.suspect = False

    # cleaning

    def victim(self) -> "Segment | None":
        """The segment to clean now, if the log has become too long."""
        if self.is_short:
            found = cleaning.half_dead(self.segments, self.active)
            return found[0] if found else None
        if len(self.segments) > cleaning.count_max(self.live, self.layout):
            return cleaning.shortest(self.segments, self.active)
        if not cleaning.is_needed(self.total, self.live, self.layout):
            return None
        return cleaning.choose(self.segments, self.active)

    def copy(self, found: Segment) -> "Iterator[int]":
        """Append what is needed of a segment; after each record, the bytes that took."""
        for offset, _, record in self.scan(found):
            if record is None:
                continue
            if record.removed:
                if found is not self.segments[0] and self.find_head(record.key)[0] < 0:
                    self._append_removal(record)
                    yield HEADER_BYTES + len(record.key)
                continue
            wanted = self.index.hash_of(record.key)
            entry = self.index.find_place(wanted, place_of(found.slot, offset))
            if entry >= 0:
                place = self._append(record)
                self.index.move(entry, place)
                self._is_dead(found, record.size)
                self._is_live(self.slots[slot_of(place)], record.size)
                yield record.size

    def drop(self, found: Segment) -> None:
        """Remove a segment that was copied, after a sync.  Names are to be synced next."""
        self.medium.remove(found.name)
        self.wear.names += 1
        if found.live:
            self.damaged += self.index.drop_slots({found.slot})
            self.is_exact = False
            self.live -= found.live
        self.segments.remove(found)
        self.has_changed = True
        del self.slots[found.slot]
        self.total -= found.size

    def clean(self, found: Segment) -> None:
        """All of it at once."""
        for _ in self.copy(found):
            pass
        self.sync()
        self.drop(found)
        self.medium.sync_names()

    # space for the day when the medium is full

    def keep_reserve(self) -> None:
        """Have a file of one segment's size that can be given up; or not, if there is no room."""
        if _RESERVE in self.medium.names():
            self.has_reserve, self.is_short = True, False
            return
        try:
            self.wear.written += self.medium.reserve(_RESERVE, self.layout.segment_bytes)
            self.has_reserve, self.is_short = True, False
        except MediumFull:
            self.spend_reserve()

    def spend_reserve(self) -> None:
        self.has_reserve, self.is_short = False, True
        if _RESERVE in self.medium.names():
            self.medium.remove(_RESERVE)

    # within

    def add_segment(self, found: Segment) -> None:
        """A file that is there; in the order of the numbers."""
        self.segments.append(found)
        self.slots[found.slot] = found
        self.total += found.size
        self.live += found.live
        self._last = max(self._last, found.number)

    def free_slot(self) -> int:
        for slot in range(1, SEGMENTS_MAX + 1):
            if slot not in self.slots:
                return slot
        raise LimitError("a log has at most {} segments".format(SEGMENTS_MAX))

    def _append_removal(self, record: Record) -> None:
        place = self._append(record)
        self.slots[slot_of(place)].removals += HEADER_BYTES + len(record.key)

    def _append(self, record: Record) -> int:
        if self.is_full(HEADER_BYTES + len(record.key) + len(record.value)):
            self._begin_segment()
        active = self.active
        alone = not self.ordered or self._synced == active.size
        record = Record(record.key, record.value, record.stamp, record.removed, alone, 0)
        data = segment.encode(record, active.salt, active.size)
        try:
            self.medium.append(active.name, data)
        except EdgeError:
            self._abandon()
            raise
        place = place_of(active.slot, active.size)
        active.size += len(data)
        self.total += len(data)
        self.wear.written += len(data)
        self.stamp = max(self.stamp, record.stamp)
        self.appended += 1
        self.has_changed = True
        return place

    def _begin_segment(self) -> None:
        self.sync_active()
        self._close()
        named = (self._last + 1, int.from_bytes(entropy.random_bytes(4), "big"), self._is_fresh)
        found = Segment(self.free_slot(), segment.file_name(*named), named)
        self.medium.create(found.name)
        self.wear.names += 1
        self.add_segment(found)
        self._new_names = True
        self._is_fresh = False
        self._synced = 0
        self.active = found

    def sync_active(self) -> None:
        token = self.begin_sync()
        if token:
            try:
                self.sync_medium(token)
            except EdgeError:
                self.fail_sync(token)
                raise
            self.end_sync(token)

    def _abandon(self) -> None:
        """Half a record may be at the end of the active segment: nothing is written behind it."""
        active = self.active
        try:
            self.sync_active()
            size = self.medium.size(active.name)
            self.total += size - active.size
            active.size = size
        except EdgeError:
            active.suspect = True
        self._close()

    def _close(self) -> None:
        if self.active:
            active, self.active = self.active, None
            try:
                self.medium.close(active.name)
            except EdgeError:
                active.suspect = True

    def _is_live(self, found: Segment, size: int) -> None:
        found.live += size
        self.live += size

    def _is_dead(self, found: Segment, size: int) -> None:
        found.live -= size
        self.live -= size
