"""The records of one segment file as bytes: pure, and able to go on behind whatever is damaged.

     0   1          mark
     1   1          length of the key, 1 to 80
     2   2          bit 15: removed, bit 14: alone, below: length of the value
     4   5          stamp: milliseconds of the store's own clock
     9   4          CRC-32 of bytes 1 to 8, key and value, begun with seed(salt, offset)
    13   key, value

The salt is in the file's name: nobody who can choose a value knows it, so no value holds bytes that
read as a record, and no record reads as one anywhere but where it was written.  ``alone`` says that
the record counts even if what is before it is missing: all of that was on the medium, or not waited
for.  Numbers are big-endian.  Spec: edge/records/README.md, "Local flash".
"""

from binascii import crc32
from collections import namedtuple

from edge.records import KEY_BYTES_MAX
from edge.records.stores import VALUE_BYTES_MAX
from edge.system import MICROPYTHON, const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARK = const(0xE5)
_MARK_BYTE = b"\xe5"
_REMOVED = const(0x8000)
_ALONE = const(0x4000)
_LENGTH = const(0x3FFF)
_STAMP_END = const(9)

HEADER_BYTES = 13
WINDOW_BYTES = 512 if MICROPYTHON else 65536  # read at once while scanning

# ``size``: bytes it takes; ``removed``: the key was removed, there is no value
Record = namedtuple("Record", ("key", "value", "stamp", "removed", "alone", "size"))


def file_name(number: int, salt: int, first: bool) -> str:
    """The name of segment ``number``; ``first``: nothing of this run of the program is before."""
    return "{:08x}{:08x}.{}".format(number, salt, "beg" if first else "seg")


def parse_name(name: str) -> "tuple[int, int, bool] | None":
    """Number, salt and whether it is the first of a run; None if no segment has that name."""
    try:
        number, salt, first = int(name[:8], 16), int(name[8:16], 16), name.endswith(".beg")
    except ValueError:
        return None
    return (number, salt, first) if name == file_name(number, salt, first) else None


def encode(record: Record, salt: int, offset: int) -> bytes:
    """The bytes of ``record`` at ``offset`` of the segment with ``salt``; its size is not used."""
    length = len(record.value)
    if record.removed:
        length |= _REMOVED
    if record.alone:
        length |= _ALONE
    head = bytes((len(record.key),)) + length.to_bytes(2, "big") + record.stamp.to_bytes(5, "big")
    body = record.key + record.value
    crc = crc32(body, crc32(head, _seed(salt, offset)))
    return _MARK_BYTE + head + crc.to_bytes(4, "big") + body


def size_of(head: bytes) -> int:
    """How many bytes the record that starts with ``head`` claims to take; 0 if it is none."""
    if len(head) < HEADER_BYTES or head[0] != _MARK or not 0 < head[1] <= KEY_BYTES_MAX:
        return 0
    length = (head[2] << 8 | head[3]) & _LENGTH
    return HEADER_BYTES + head[1] + length if length <= VALUE_BYTES_MAX else 0


def decode(data: bytes, salt: int, offset: int) -> "Record | None":
    """The record that ``data``, from ``offset`` of its segment, starts with; None if damaged."""
    size = size_of(data)
    if not size or len(data) < size:
        return None
    crc = crc32(data[1:_STAMP_END], _seed(salt, offset))
    crc = crc32(data[HEADER_BYTES:size], crc)
    if crc != int.from_bytes(data[_STAMP_END:HEADER_BYTES], "big"):
        return None
    flags = data[2] << 8
    middle = HEADER_BYTES + data[1]
    stamp = int.from_bytes(data[4:_STAMP_END], "big")
    key, value = data[HEADER_BYTES:middle], data[middle:size]
    return Record(key, value, stamp, flags & _REMOVED != 0, flags & _ALONE != 0, size)


def key_in(data: bytes) -> bytes:
    """The key in ``data``, which was found to be good when it was put into the index."""
    return data[HEADER_BYTES : HEADER_BYTES + data[1]]


def _seed(salt: int, offset: int) -> int:
    return (salt + offset) & 0xFFFFFFFF


class Window:
    """Reads on through a file in few large steps."""

    def __init__(self, read: "Callable[[int, int], bytes]") -> None:
        """``read(offset, size)``: bytes of the file, fewer only at its end."""
        self._read = read
        self._start = 0
        self._data = b""

    def at(self, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset`` on, fewer only at the end of the file."""
        skip = offset - self._start
        if skip < 0 or skip + size > len(self._data):
            self._start, skip = offset, 0
            self._data = self._read(offset, max(size, WINDOW_BYTES))
        return self._data[skip : skip + size]

    def find_mark(self, offset: int) -> int:
        """Where the next mark is, from ``offset`` on; -1 if there is none."""
        while True:
            data = self.at(offset, HEADER_BYTES)
            if not data:
                return -1
            found = self._data.find(_MARK_BYTE, offset - self._start)
            if found >= 0:
                return self._start + found
            offset = self._start + len(self._data)


def scan(window: Window, salt: int, offset: int = 0) -> "Iterator[tuple[int, int, Record | None]]":
    """All of a segment from ``offset`` on: (offset, size, record), or None for what is damaged."""
    damaged = -1
    while True:
        record = _record_at(window, salt, offset)
        if record:
            if damaged >= 0:
                yield damaged, offset - damaged, None
                damaged = -1
            yield offset, record.size, record
            offset += record.size
            continue
        if damaged < 0:
            damaged = offset
        found = window.find_mark(offset + 1)
        if found < 0:
            break
        offset = found
    rest = len(window.at(damaged, 1))
    if rest:
        yield damaged, 0, None  # up to the end


def _record_at(window: Window, salt: int, offset: int) -> "Record | None":
    size = size_of(window.at(offset, HEADER_BYTES))
    return decode(window.at(offset, size), salt, offset) if size else None
