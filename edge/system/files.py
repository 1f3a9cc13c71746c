"""Small files that are either old or new after a power cut, never half.

CPython      replaces with one rename: edge.system.files_posix.
MicroPython  FAT removes before it renames, so a replacement takes steps, each safe to stop after:

    step                      on the medium afterwards      read() finds
    write   name.part         name, torn name.part          old (or no file)
    rename  to name.new       name, name.new                old
    remove  name              name.new                      new
    rename  to name           name                          new

A name.new is therefore always whole. Folders and names are plain strings with "/".
"""

import os

from edge.errors import LocalError
from edge.system import MICROPYTHON, const

_NOT_PERMITTED = const(1)  # numbers, as MicroPython's errno lacks half of the names
_NOT_FOUND = const(2)
_NO_ACCESS = const(13)
_NO_SPACE = const(28)
_READ_ONLY = const(30)

READ_SIZE_MAX = 1 << 20  # bytes, unless the caller says otherwise


def failure(doing: str, path: str, error: OSError) -> LocalError:
    """What to tell the user about ``error``: which file, what is wrong, what to do."""
    number = error.errno
    if number == _NO_SPACE:
        why = "the disk is full; free some space or choose another folder"
    elif number == _NO_ACCESS or number == _NOT_PERMITTED:
        why = "permission denied; become the owner of it and its folder, or choose another folder"
    elif number == _READ_ONLY:
        why = "the file system is read-only; remount it or choose another folder"
    elif number == _NOT_FOUND:
        why = "its folder does not exist"
    else:
        why = str(error)
    return LocalError("cannot {} {}: {}".format(doing, path, why))


def read(path: str, size_max: int = READ_SIZE_MAX) -> "bytes | None":
    """All of the file, None if there is none."""
    try:
        name = _current(path)
        size = os.stat(name)[6]
        if size > size_max:
            raise LocalError("cannot read {}: larger than {} bytes".format(path, size_max))
        with open(name, "rb") as file:
            return file.read(size or -1)  # a pipe tells no size
    except OSError as error:
        if error.errno == _NOT_FOUND:
            return None
        raise failure("read", path, error)


def append(path: str, data: bytes) -> None:
    """Add ``data`` to the end, on the medium when this returns; stopped early, a part of it."""
    try:
        with open(path, "ab") as file:
            file.write(data)
            sync(file)
    except OSError as error:
        raise failure("write", path, error)


def remove(path: str) -> None:
    """Remove the file; it may already be gone."""
    try:
        _remove(path)
    except OSError as error:
        if error.errno != _NOT_FOUND:
            raise failure("remove", path, error)


def exists(path: str) -> bool:
    """Whether there is a file or folder of that name."""
    return _is_there(_current(path))


def list_dir(path: str) -> "list[str]":
    """The names in a folder, sorted, without unfinished writes; empty if there is no folder."""
    try:
        names = os.listdir(path)
    except OSError as error:
        if error.errno == _NOT_FOUND:
            return []
        raise failure("list", path, error)
    return sorted([name for name in names if not name.endswith(".part")])


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


if MICROPYTHON:

    def sync(file) -> None:
        """Bring what was written to ``file`` to the medium."""
        file.flush()

    def write_atomic(path: str, data: bytes, private: bool = False) -> None:
        """Make ``data`` the content of the file, old or new whenever the power goes."""
        part = path + ".part"
        try:
            _settle(path)
            with open(part, "wb") as file:
                file.write(data)
                sync(file)
            if _is_there(path):
                os.rename(part, path + ".new")
                os.remove(path)
                part = path + ".new"
            os.rename(part, path)
        except OSError as error:
            try:
                os.remove(path + ".part")
            except OSError:
                pass
            raise failure("write", path, error)

    def write_new(path: str, data: bytes, private: bool = True) -> None:
        """Create the file; LocalError, and nothing touched, if there is one."""
        if exists(path):
            raise LocalError("cannot create {}: it exists".format(path))
        write_atomic(path, data)

    def make_dir(path: str, private: bool = False) -> None:
        """Make the folder and those above it that are missing."""
        end = 0
        while end >= 0:
            end = path.find("/", end + 1)
            folder = path if end < 0 else path[:end]
            try:
                os.mkdir(folder)
            except OSError as error:
                if not _is_folder(folder):
                    raise failure("make the folder", path, error)

    def _is_folder(path: str) -> bool:
        return _is_there(path) and os.stat(path)[0] & 0x4000 != 0

    def tighten(path: str) -> bool:
        """Nothing to do: chips know no users."""
        return False

    def _current(path: str) -> str:
        new = path + ".new"
        return new if not _is_there(path) and _is_there(new) else path

    def _settle(path: str) -> None:
        """Finish what a power cut stopped: after this, there is no name.new."""
        new = path + ".new"
        if _is_there(new):
            if _is_there(path):
                os.remove(new)
            else:
                os.rename(new, path)

    def _remove(path: str) -> None:
        _settle(path)
        os.remove(path)

else:
    from edge.system.files_posix import make_dir, sync, tighten, write_atomic, write_new

    _remove = os.remove

    def _current(path: str) -> str:
        return path
