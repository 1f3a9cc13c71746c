"""The files of a log in one folder: on ext4, f2fs, littlefs and FAT alike.

The file that is written is also read through the same handle: littlefs and FAT show to others only
what was synced.
"""

from edge.errors import LinkError, LocalError
from edge.records.flash import Medium, MediumFull
from edge.system import MICROPYTHON, const, files

_NO_SPACE = const(28)  # numbers, as MicroPython's errno lacks half of the names
_NO_QUOTA = const(122)
_READERS_MAX = const(1) if MICROPYTHON else 16  # files kept open for reading


class FileMedium(Medium):
    def __init__(self, folder: str) -> None:
        files.make_dir(folder, private=True)
        self._folder = folder
        self._writers: dict = {}  # name -> file
        self._readers: list = []  # (name, file), the one used last at the end

    def names(self) -> "list[str]":
        return files.list_dir(self._folder)

    def create(self, name: str) -> None:
        self._writers[name] = self._open_new(name, "ab+")

    def append(self, name: str, data: bytes) -> None:
        file = self._writers[name]
        self._try(name, file.seek, 0, 2)  # it may have been read meanwhile
        start = 0
        while start < len(data):
            written = self._try(name, file.write, memoryview(data)[start:])
            if not written:
                raise LinkError(f"cannot write {self._path(name)}")
            start += written

    def reserve(self, name: str, size: int) -> int:
        file = self._open_new(name, "ab")
        try:
            return self._try(name, files.allocate, file, size)
        finally:
            file.close()

    def _open_new(self, name: str, mode: str):
        file = self._try(name, open, self._path(name), mode, 0)
        try:
            files.tighten(self._path(name))
        except LocalError:
            pass  # a file system without users; the folder is private where there are some
        return file

    def sync(self, name: str) -> None:
        self._try(name, files.sync, self._writers[name])

    def sync_names(self) -> None:
        self._try("", files.sync_folder, self._folder)

    def close(self, name: str) -> None:
        file = self._writers.pop(name, None)
        if file:
            self._try(name, file.close)

    def read(self, name: str, offset: int, size: int) -> bytes:
        file = self._writers.get(name) or self._reader(name)
        self._try(name, file.seek, offset)
        return self._try(name, file.read, size)

    def size(self, name: str) -> int:
        file = self._writers.get(name) or self._reader(name)
        return self._try(name, file.seek, 0, 2)

    def remove(self, name: str) -> None:
        self.close(name)
        self._forget(name)
        try:
            files.remove(self._path(name))
        except LocalError as error:
            raise LinkError(str(error))

    def stop(self) -> None:
        """Close every file."""
        for name in list(self._writers):
            self.close(name)
        while self._readers:
            self._readers.pop()[1].close()

    def _reader(self, name: str):
        for number, (known, file) in enumerate(self._readers):
            if known == name:
                if number + 1 < len(self._readers):
                    self._readers.append(self._readers.pop(number))
                return file
        if len(self._readers) >= _READERS_MAX:
            self._readers.pop(0)[1].close()
        file = self._try(name, open, self._path(name), "rb", 0)
        self._readers.append((name, file))
        return file

    def _forget(self, name: str) -> None:
        for known, file in self._readers:
            if known == name:
                file.close()
        self._readers = [item for item in self._readers if item[0] != name]

    def _path(self, name: str) -> str:
        return self._folder + "/" + name

    def _try(self, name: str, call, *args):
        try:
            return call(*args)
        except OSError as error:
            if error.errno in (_NO_SPACE, _NO_QUOTA):
                raise MediumFull(f"the medium of {self._folder} is full; free some space")
            raise LinkError(f"{self._path(name)}: {error}")
