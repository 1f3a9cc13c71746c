"""Where each key's record lies: two flat arrays, 10 to 20 bytes a record, no object for any.

    hashes   32 salted bits of each key       a table with linear probing
    places   slot of the segment, offset      0: nothing here

A hash only says where to look: the key is in the record, and who asks compares it.
"""

from array import array

from edge.system import const
from edge.system.primitives import sha256

_OFFSET_BITS = const(20)
_OFFSET = const(0xFFFFF)
_SLOTS_MIN = const(16)

SEGMENT_BYTES_MAX = 1 << 20  # what an offset can say
SEGMENTS_MAX = 4095  # what a slot can say; slot 0 is never used


def place_of(slot: int, offset: int) -> int:
    return slot << _OFFSET_BITS | offset


def slot_of(place: int) -> int:
    return place >> _OFFSET_BITS


def offset_of(place: int) -> int:
    return place & _OFFSET


class Index:
    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self.used = 0
        self._clear(_SLOTS_MIN)

    def hash_of(self, key: bytes) -> int:
        return int.from_bytes(sha256(self._salt + key)[:4], "big")

    def first(self, wanted: int) -> int:
        """An entry whose key may have the hash ``wanted``; -1 if there is none."""
        return self._from(wanted & (len(self._hashes) - 1), wanted)

    def next(self, entry: int) -> int:
        """One more entry with the same hash as ``entry``; -1 if there is none."""
        return self._from((entry + 1) & (len(self._hashes) - 1), self._hashes[entry])

    def place(self, entry: int) -> int:
        return self._places[entry]

    def move(self, entry: int, place: int) -> None:
        self._places[entry] = place

    def add(self, wanted: int, place: int) -> None:
        if self.used * 5 >= len(self._hashes) * 4:
            self._grow()
        self._put(wanted, place)
        self.used += 1

    def remove(self, entry: int) -> None:
        """Entries behind it move up, so that probing never meets a gap too early."""
        hashes, places = self._hashes, self._places
        mask = len(hashes) - 1
        free = entry
        place = (entry + 1) & mask
        while places[place]:
            home = hashes[place] & mask
            if (place - home) & mask >= (place - free) & mask:
                hashes[free], places[free] = hashes[place], places[place]
                free = place
            place = (place + 1) & mask
        places[free] = 0
        self.used -= 1

    def find_place(self, wanted: int, place: int) -> int:
        """The entry of the hash ``wanted`` that says ``place``; -1 if there is none."""
        entry = self.first(wanted)
        while entry >= 0 and self._places[entry] != place:
            entry = self.next(entry)
        return entry

    def has_within(self, start: int, stop: int) -> bool:
        """Whether anything lies at a place from ``start`` on, before ``stop``."""
        return any(start <= place < stop for place in self._places)

    def drop_slots(self, slots: "set[int]") -> int:
        """Forget all that lies in these segments; how many there were."""
        hashes, places, before = self._hashes, self._places, self.used
        self._clear(len(hashes))
        self.used = 0
        for entry, place in enumerate(places):
            if place and place >> _OFFSET_BITS not in slots:
                self._put(hashes[entry], place)
                self.used += 1
        return before - self.used

    def dump(self) -> "list[array]":
        return [self._hashes, self._places]

    def load(self, salt: bytes, used: int, arrays: "list[array]") -> None:
        self._salt, self.used = salt, used
        self._hashes, self._places = arrays

    def _from(self, entry: int, wanted: int) -> int:
        hashes, places = self._hashes, self._places
        mask = len(hashes) - 1
        while places[entry]:
            if hashes[entry] == wanted:
                return entry
            entry = (entry + 1) & mask
        return -1

    def _put(self, wanted: int, place: int) -> None:
        places = self._places
        mask = len(places) - 1
        entry = wanted & mask
        while places[entry]:
            entry = (entry + 1) & mask
        self._hashes[entry] = wanted
        places[entry] = place

    def _grow(self) -> None:
        hashes, places = self._hashes, self._places
        self._clear(2 * len(hashes))
        for entry, place in enumerate(places):
            if place:
                self._put(hashes[entry], place)

    def _clear(self, slots: int) -> None:
        self._hashes = array("I", bytes(4 * slots))
        self._places = array("I", bytes(4 * slots))
