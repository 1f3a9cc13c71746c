"""Bytes that arrived and are not yet understood.

        +--- peek(), take() ---+----------- append() ---+
front   | understood next      | arrived last           |   back
        +----------------------+------------------------+
"""

from edge.errors import RemoteError
from edge.wire import varint


class Buffer:
    """A queue of bytes: append at the back, take from the front, or take nothing.

    A plain bytearray is enough: CPython moves a start pointer when its front is cut off, and on a
    chip a buffer is a few hundred bytes.
    """

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def append(self, data: bytes) -> None:
        self._data += data

    def peek(self) -> bytearray:
        """All that is here, to look at until the next call: never keep or change it."""
        return self._data

    def take(self, size: int) -> bytes:
        """The first ``size`` bytes, removed; only what is there may be asked for."""
        data = self._data
        assert 0 <= size <= len(data)
        taken = bytes(memoryview(data)[:size])
        data[:size] = b""
        return taken

    def take_frame(self, size_max: int) -> "bytes | None":
        """The next message that ``varint.frame`` wrote, or None while it is incomplete.

        A length above ``size_max`` bytes is refused before the message is waited for.
        """
        data = self._data
        prefix = varint.decode(data)
        if prefix is None:
            return None
        size, start = prefix
        if size > size_max:
            raise RemoteError("message of {} bytes, limit {}".format(size, size_max))
        if len(data) < start + size:
            return None
        return self.take(start + size)[start:]
