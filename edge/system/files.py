"""Small files that are old or new after a power cut, never half, and errors that say what to do.

How a file is replaced depends on what the system can do: files_posix and files_flash, which raise
OSError. Folders and names are plain strings with "/".
"""

import os

from edge.errors import LocalError
from edge.system import MICROPYTHON, const

if MICROPYTHON:
    from edge.system import files_flash as _system
else:
    from edge.system import files_posix as _system  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NOT_PERMITTED = const(1)  # numbers, as MicroPython's errno lacks half of the names
_NOT_FOUND = const(2)
_NO_ACCESS = const(13)
_EXISTS = const(17)
_NO_SPACE = const(28)
_READ_ONLY = const(30)

READ_SIZE_MAX = 1 << 20  # bytes, unless the caller says otherwise

allocate = _system.allocate
make_hole = getattr(_system, "make_hole", None)  # where files can have some
sync_data = getattr(_system, "sync_data", _system.sync)
sync = _system.sync
sync_folder = _system.sync_folder


def read(path: str, size_max: int = READ_SIZE_MAX) -> "bytes | None":
    """All of the file, None if there is none."""
    try:
        name = _system.current(path)
        size = os.stat(name)[6]
        if size > size_max:
            raise LocalError(f"cannot read {path}: larger than {size_max} bytes")
        with open(name, "rb") as file:
            return file.read(size or -1)  # a pipe tells no size
    except OSError as error:
        if error.errno == _NOT_FOUND:
            return None
        raise _failure("read", path, error)


def write_atomic(path: str, data: bytes, private: bool = False) -> None:
    """Make ``data`` the content of the file: old or new, whenever the power goes.

    A private file is never readable by others, not even briefly. One writer per file and process.
    """
    _try("write", path, _system.replace, path, data, private)


def write_new(path: str, data: bytes, private: bool = True) -> None:
    """Create the file; LocalError, and nothing touched, if there is one."""
    _try("create", path, _system.create, path, data, private)


def append(path: str, data: bytes) -> None:
    """Add ``data`` to the end, on the medium when this returns; stopped early, a part of it."""
    _try("write", path, _append, path, data)


def remove(path: str) -> None:
    """Remove the file; it may already be gone."""
    if exists(path):
        _try("remove", path, _system.remove, path)


def exists(path: str) -> bool:
    """Whether there is a file or folder of that name."""
    try:
        os.stat(_system.current(path))
    except OSError:
        return False
    return True


def make_dir(path: str, private: bool = False) -> None:
    """Make the folder and those above it that are missing."""
    _try("make the folder", path, _system.make_dir, path, private)


def list_dir(path: str) -> "list[str]":
    """The names in a folder, sorted, without unfinished writes; empty if there is no folder."""
    names = _try("list", path, os.listdir, path) if exists(path) else []
    return sorted([name for name in names if not name.endswith(".part")])


def tighten(path: str) -> bool:
    """Take a file of ours away from group and others; whether they could get at it before."""
    return bool(_try("make private", path, _system.tighten, path))


def _append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)
        sync(file)


def _try(doing: str, path: str, call: "Callable[..., Any]", *args: object) -> "Any":
    try:
        return call(*args)
    except OSError as error:
        raise _failure(doing, path, error)


def _failure(doing: str, path: str, error: OSError) -> LocalError:
    """What to tell the user: which file, what is wrong, what to do."""
    number = error.errno
    if number == _NO_SPACE:
        why = "the disk is full; free some space or choose another folder"
    elif number in (_NO_ACCESS, _NOT_PERMITTED):
        why = "permission denied; become the owner of it and its folder, or choose another folder"
    elif number == _READ_ONLY:
        why = "the file system is read-only; remount it or choose another folder"
    elif number == _NOT_FOUND:
        why = "its folder does not exist"
    elif number == _EXISTS:
        why = "it exists"
    else:
        why = str(error)
    return LocalError(f"cannot {doing} {path}: {why}")
