"""The log that the local flash store writes, pure of files but for its Medium, and of tasks.

    stores/flash.py     the shell: judges, bounds, durability, watching
    log.py              what is where; append, find, clean       index.py     where each key lies
    segment.py          the bytes of a record, scanning          cleaning.py  what to clean
    hint.py             the index on the medium                  wear.py      what all that costs
    medium.py           the files                            recovery.py  opening, hint or not
    walk.py             every live record, one after the other

Segments are files that are created, appended to and removed: nothing is ever renamed, truncated or
overwritten, so that a power cut can only take the end of what was not synced yet.
Spec: edge/records/README.md, "Local flash".
"""

from collections import namedtuple

from edge.errors import LimitError
from edge.system import MICROPYTHON

# Bytes of a segment file, bytes of all of them together with what is to be cleaned, and whether a
# file of one segment's size is kept to be given up when the medium is full.
Layout = namedtuple("Layout", ("segment_bytes", "space_bytes", "keeps_reserve"))
LAYOUT = Layout(8192, 262144, True) if MICROPYTHON else Layout(1 << 20, 1 << 30, True)

# The flash below, for its expected life: bytes, bytes erased at once, times each can be erased.
Flash = namedtuple("Flash", ("bytes", "erase_bytes", "cycles"))
FLASH = Flash(1 << 20, 4096, 100000) if MICROPYTHON else Flash(8 << 30, 1 << 19, 3000)


class MediumFull(LimitError):
    """There is no room on the medium, whatever the bounds of the store say."""


class Medium:
    """The contract of what holds the files; LinkError if it fails, MediumFull if it is full."""

    def names(self) -> "list[str]":
        """The names of all files."""
        raise NotImplementedError

    def create(self, name: str) -> None:
        """Begin a file that is to be appended to."""
        raise NotImplementedError

    def append(self, name: str, data: bytes) -> None:
        """Write at the end of a file that was created and is not closed."""
        raise NotImplementedError

    def reserve(self, name: str, size: int) -> int:
        """Make a file that takes ``size`` bytes of the medium; how many had to be written."""
        raise NotImplementedError

    def sync(self, name: str) -> None:
        """Returns once all that was appended is on the medium.  May be called in a thread."""
        raise NotImplementedError

    def sync_names(self) -> None:
        """Returns once what was created and removed is so on the medium."""
        raise NotImplementedError

    def close(self, name: str) -> None:
        """Nothing more is appended; closing one that is not open does nothing."""
        raise NotImplementedError

    def read(self, name: str, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset`` on, fewer only at the end; what was appended, too."""
        raise NotImplementedError

    def size(self, name: str) -> int:
        """How many bytes the file has."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove the file."""
        raise NotImplementedError

    def stop(self) -> None:
        """Close every file."""
