"""Records as one stream of bytes, to be kept elsewhere or carried to another store: pure.

    "edge records 1\\n"
    for each record: varint length, key, varint length, value, CRC-32 of all these (4, big-endian)
    at the end: one zero byte, number of records (4), CRC-32 of both

The CRC finds what was damaged on the way, the end what was cut off.  Whether a value is true is for
the store to judge that it is put into.
"""

from binascii import crc32

from edge.errors import RemoteError
from edge.records import KEY_BYTES_MAX
from edge.records.stores import VALUE_BYTES_MAX
from edge.wire import varint

HEAD = b"edge records 1\n"
_END = b"\x00"


def encode(key: bytes, value: bytes) -> bytes:
    """One record of a stream."""
    return _with_crc(varint.frame(key) + varint.frame(value))


def end(count: int) -> bytes:
    """The end of a stream of ``count`` records."""
    return _with_crc(_END + count.to_bytes(4, "big"))


class Reader:
    """Takes a stream in pieces of any size, gives records."""

    def __init__(self) -> None:
        self._data = b""
        self._has_head = False
        self.count = 0
        self.is_complete = False  # the end was there

    def receive_data(self, data: bytes) -> None:
        self._data += data

    def next_record(self) -> "tuple[bytes, bytes] | None":
        """Key and value; None until there is more, or at the end.  RemoteError if damaged."""
        if not self._has_head:
            if not self._data.startswith(HEAD[: len(self._data)]):
                raise RemoteError("this is no export of records")
            if len(self._data) < len(HEAD):
                return None
            self._data = self._data[len(HEAD) :]
            self._has_head = True
        record = self._record() if self._data and not self.is_complete else None
        if self.is_complete and self._data:
            raise RemoteError("there is something behind the end of the export")
        return record

    def _record(self) -> "tuple[bytes, bytes] | None":
        if self._data[:1] == _END:
            self._read_end()
            return None
        key, middle = self._field(0, KEY_BYTES_MAX)
        value, size = self._field(middle, VALUE_BYTES_MAX) if middle else (b"", 0)
        if not size or len(self._data) < size + 4:
            return None
        self._take(size)
        self.count += 1
        return key, value

    def _read_end(self) -> None:
        if len(self._data) < 9:
            return
        count = int.from_bytes(self._data[1:5], "big")
        self._take(5)
        if count != self.count:
            raise RemoteError("the export had {} records, here are {}".format(count, self.count))
        self.is_complete = True

    def _field(self, offset: int, size_max: int) -> "tuple[bytes, int]":
        """The bytes there and where they end; 0 while they are not all there."""
        found = varint.decode(self._data, offset)
        if found is None:
            return b"", 0
        size, start = found
        if size > size_max:
            raise RemoteError("damaged: a part of {} bytes".format(size))
        stop = start + size
        return (self._data[start:stop], stop) if len(self._data) >= stop else (b"", 0)

    def _take(self, size: int) -> None:
        crc = int.from_bytes(self._data[size : size + 4], "big")
        if crc32(self._data[:size]) != crc:
            raise RemoteError("damaged behind record {}".format(self.count))
        self._data = self._data[size + 4 :]


def _with_crc(data: bytes) -> bytes:
    return data + crc32(data).to_bytes(4, "big")
