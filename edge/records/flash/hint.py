"""The index on the medium, so that opening reads no segment: a cache, never the truth.

    numbers       as below, u32 in the machine's own order: a hint of another machine is none
    segments      slot, number, salt, first, size, live, removals of each
    arrays        of the index and of the bounds
    CRC-32        of all before, 4 bytes big-endian

It says all up to byte ``size`` of the segment ``number``; what was appended later is scanned.
"""

from array import array
from binascii import crc32

from edge.records.flash import segment as codec
from edge.records.flash.cleaning import Segment
from edge.system import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.flash.index import Index
    from edge.records.flash.wear import Wear
    from edge.records.stores.bounds import Bounds

_MAGIC = const(0x45484E31)
_WORDS = const(24)  # before the segments
_SEGMENT_WORDS = const(7)
SUFFIX = ".hint"


def file_name(number: int) -> str:
    return "{:08x}{}".format(number, SUFFIX)


def numbers(names: "list[str]") -> "list[int]":
    """The numbers of the hints among the files, newest first."""
    found = []
    for name in names:
        try:
            if name.endswith(SUFFIX) and file_name(int(name[:8], 16)) == name:
                found.append(int(name[:8], 16))
        except ValueError:
            pass
    return sorted(found, reverse=True)


class Hint:
    """What a hint says beside the arrays."""

    def __init__(self, salt: bytes, stamp: int) -> None:
        """``salt`` of the hashes, ``stamp``: the store's clock."""
        self.salt = salt
        self.stamp = stamp
        self.segments: list = []


def encode(hint: Hint, index: "Index", bounds: "Bounds", wear: "Wear") -> "list":
    """The parts of a hint, to be written one after the other."""
    arrays = index.dump() + bounds.dump()
    words = [_MAGIC, index.used, len(hint.segments)] + [len(part) for part in arrays]
    words += _halves(int.from_bytes(hint.salt, "big")) + [crc32(bounds.own)]
    words += _halves(hint.stamp)
    for count in wear.counts():
        words += _halves(count)
    words += [0] * (_WORDS - len(words))
    for segment in hint.segments:
        words += [segment.slot, segment.number, segment.salt, int(segment.first)]
        words += [segment.size, segment.live, segment.removals]
    parts = [array("I", words)] + arrays
    crc = 0
    for part in parts:
        crc = crc32(part, crc)
    return parts + [crc.to_bytes(4, "big")]


def segments_in(data: bytes, own: bytes) -> "list[Segment] | None":
    """The segments that a hint speaks of; None if it is damaged, or another node's."""
    size = len(data) - 4
    if size < 4 * _WORDS or size % 4:
        return None
    if crc32(memoryview(data)[:size]) != int.from_bytes(data[size:], "big"):
        return None
    words = array("I", data[: 4 * _WORDS])
    if words[0] != _MAGIC or words[11] != crc32(own):
        return None
    segments = []
    for number in range(words[2]):
        start = 4 * (_WORDS + number * _SEGMENT_WORDS)
        segments.append(_segment(array("I", data[start : start + 4 * _SEGMENT_WORDS])))
    return segments


def decode(data: bytes, index: "Index", bounds: "Bounds", wear: "Wear") -> Hint:
    """Fill ``index``, ``bounds`` and ``wear`` from a hint that is not damaged."""
    words = array("I", data[: 4 * _WORDS])
    salt = _whole(words, 9).to_bytes(8, "big")
    hint = Hint(salt, _whole(words, 12))
    hint.segments = segments_in(data, bounds.own) or []
    offset = 4 * (_WORDS + len(hint.segments) * _SEGMENT_WORDS)
    arrays = []
    for count in words[3:9]:
        arrays.append(array("I", data[offset : offset + 4 * count]))
        offset += 4 * count
    index.load(salt, words[1], arrays[:2])
    bounds.load(salt, arrays[2:])
    wear.load([_whole(words, place) for place in (14, 16, 18, 20, 22)])
    return hint


def _segment(words: "array") -> Segment:
    named = (words[1], words[2], words[3] == 1)
    segment = Segment(words[0], codec.file_name(*named), named)
    segment.size, segment.live, segment.removals = words[4], words[5], words[6]
    return segment


def _halves(value: int) -> "list[int]":
    return [value >> 32 & 0xFFFFFFFF, value & 0xFFFFFFFF]


def _whole(words: "array", place: int) -> int:
    return words[place] << 32 | words[place + 1]
