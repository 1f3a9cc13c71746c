"""The files of a log where a file can have room that is not written: fewer bytes for each sync.

    0            end                    room
    | records     | a hole, read as zeros |

A file that grows is more than data to sync: its new length is written down too, by ext4 as four
blocks for a record of one line.  So a file is made longer ahead of what is appended, by a hole,
and cut to what is in it when it is closed.  A power cut leaves the hole, which is what a power cut
may leave at the end of a log anyway.  CPython only.
"""

from edge.errors import LinkError
from edge.records.flash.medium import FileMedium
from edge.system import files

ROOM_BYTES = 65536  # ahead of what is appended


class RoomyMedium(FileMedium):
    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._ends: dict[str, int] = {}  # of what was appended, by name of the file
        self._rooms: dict[str, int] = {}
        self._has_holes = True  # until the file system writes zeros instead

    def create(self, name: str) -> None:
        self._writers[name] = self._open_new(name, "wb+")
        self._ends[name] = self._rooms[name] = 0

    def append(self, name: str, data: bytes) -> None:
        file, rest = self._writers[name], memoryview(data).cast("B")
        end = self._ends[name] + len(rest)
        if end > self._rooms[name]:
            self._make_room(name, end)
        self._try(name, file.seek, self._ends[name])
        while rest:
            written = self._try(name, file.write, rest)
            if not written:
                raise LinkError(f"cannot write {self._path(name)}")
            rest = rest[written:]
        self._ends[name] = end

    def read(self, name: str, offset: int, size: int) -> bytes:
        if name in self._ends:
            size = max(0, min(size, self._ends[name] - offset))
        return super().read(name, offset, size)

    def size(self, name: str) -> int:
        return self._ends[name] if name in self._ends else super().size(name)

    def sync(self, name: str) -> None:
        self._try(name, files.sync_data, self._writers[name])

    def close(self, name: str) -> None:
        end = self._ends.pop(name, None)
        if end is not None and self._rooms.pop(name) > end:
            try:
                self._try(name, self._writers[name].truncate, end)
                self.sync(name)  # so that a hole is never left before a later file
            except LinkError:
                pass  # it stays: zeros are no record
        super().close(name)

    def _make_room(self, name: str, end: int) -> None:
        room = -(-end // ROOM_BYTES) * ROOM_BYTES
        if self._has_holes:
            self._has_holes = self._try(name, files.make_hole, self._writers[name], room)
        self._rooms[name] = room if self._has_holes else end
