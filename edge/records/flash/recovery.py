"""Opening a log: from its hint if that is right, else by reading every segment.

A damaged place is skipped and counted: what is behind it is found again.  At the end of what a run
of the program wrote last, it is what a power cut left, and of records that were not to count
without those before them, nothing behind it counts.
"""

from array import array

from edge.errors import EdgeError, LinkError
from edge.records.flash import hint as hints
from edge.records.flash import segment
from edge.records.flash.cleaning import Segment
from edge.records.flash.index import place_of, slot_of
from edge.records.flash.log import Log
from edge.records.flash.segment import HEADER_BYTES, Record


def open_log(log: Log) -> bool:
    """Fill a new ``log`` with what is on its medium; whether a hint spared it the reading.

    Nothing is written.
    """
    names = log.medium.names()
    found = []
    for name in names:
        named = segment.parse_name(name)
        if named:
            found.append((named[0], name, named))
    found.sort()
    hint = _load_hint(log, names, found)
    known = len(hint.segments) if hint else 0
    for _, name, named in found[known:]:
        new = Segment(log.free_slot(), name, named)
        new.size = log.medium.size(name)
        log.add_segment(new)
    log.has_changed = known < len(log.segments)
    for place in range(known, len(log.segments)):
        is_last = place + 1 == len(log.segments) or log.segments[place + 1].first
        _read_segment(log, log.segments[place], is_last)
    if hint is None:
        log.wear.since = log.stamp
    return hint is not None


def write_hint(log: Log) -> None:
    """Write down the index of a log that is synced; not if damage made its counts doubtful."""
    old = hints.numbers(log.medium.names())
    if not log.is_exact:
        _remove(log, old)
        return
    if not log.has_changed:
        return
    hint = hints.Hint(log.salt, log.stamp)
    hint.segments = log.segments
    number = old[0] + 1 if old else 0
    name = hints.file_name(number)
    try:
        log.medium.create(name)
        for part in hints.encode(hint, log.index, log.bounds, log.wear):
            log.medium.append(name, part)
            log.wear.written += len(part) * (4 if isinstance(part, array) else 1)
        log.medium.sync(name)
        log.medium.close(name)
        log.medium.sync_names()
    except EdgeError:
        log.medium.remove(name)
        return
    log.has_changed = False
    _remove(log, old)


def _remove(log: Log, numbers: "list[int]") -> None:
    for number in numbers:
        log.medium.remove(hints.file_name(number))


def _load_hint(log: Log, names: "list[str]", found: "list") -> "hints.Hint | None":
    """The newest hint that speaks of the files that are there; ``log`` is filled from it."""
    for number in hints.numbers(names):
        name = hints.file_name(number)
        data = log.medium.read(name, 0, log.medium.size(name))
        listed = hints.segments_in(data, log.bounds.own)
        if listed is None or not _is_right(log, listed, found):
            continue
        hint = hints.decode(data, log.index, log.bounds, log.wear)
        log.salt, log.stamp = hint.salt, hint.stamp
        for known in hint.segments:
            log.add_segment(known)
        return hint
    return None


def _is_right(log: Log, listed: "list[Segment]", found: "list") -> bool:
    """Whether the oldest files are those listed, as long as they were."""
    if [known.name for known in listed] != [name for _, name, _ in found[: len(listed)]]:
        return False
    return not [known for known in listed if log.medium.size(known.name) != known.size]


def _read_segment(log: Log, found: Segment, is_last: bool) -> None:
    """Put all of a segment that counts into the index."""
    try:
        _read_records(log, found, is_last)
    except LinkError:
        log.damaged += 1  # the medium gives no more of it


def _read_records(log: Log, found: Segment, is_last: bool) -> None:
    settled = -1 if is_last else found.size
    for offset, _, record in log.scan(found):
        if record:
            _apply(log, found, offset, record)
        elif is_last and offset > settled:
            settled = _settled(log, found, offset)
            if settled < 0:
                log.torn += 1
                return
            log.damaged += 1
        else:
            log.damaged += 1


def _settled(log: Log, found: Segment, offset: int) -> int:
    """The last record behind ``offset`` before which all was on the medium; -1 if there is none."""
    last = -1
    for place, _, record in log.scan(found, offset):
        if record and record.alone:
            last = place
    return last


def _apply(log: Log, found: Segment, offset: int, record: Record) -> None:
    entry, head = log.find_head(record.key)
    size, place = record.size, place_of(found.slot, offset)
    log.stamp = max(log.stamp, record.stamp)
    if entry >= 0:
        before = segment.size_of(head)
        old = log.slots[slot_of(log.index.place(entry))]
        old.live -= before
        log.live -= before
        log.bounds.add(record.key, -1, HEADER_BYTES - before)
    if record.removed:
        found.removals += size
        if entry >= 0:
            log.index.remove(entry)
        return
    found.live += size
    log.live += size
    log.bounds.add(record.key, 1, size - HEADER_BYTES)
    if entry >= 0:
        log.index.move(entry, place)
    else:
        log.index.add(log.index.hash_of(record.key), place)
