"""Replacing files where there are users, folders to sync and a rename that replaces.

A file is written under a name of its own beside its place, synced, renamed into it, and then the
folder is synced. Whatever fails, the name of its own is gone afterwards. CPython only.
"""

import errno
import os
from collections.abc import Callable
from typing import BinaryIO

_OTHERS = 0o077  # what group and others may do with a file

remove = os.remove


def sync(file: BinaryIO) -> None:
    """Bring what was written to ``file`` to the medium."""
    file.flush()
    os.fsync(file.fileno())


def sync_data(file: BinaryIO) -> None:
    """As sync, but for when that was: one write less where nothing else has changed."""
    file.flush()
    if hasattr(os, "fdatasync"):
        os.fdatasync(file.fileno())
    else:
        os.fsync(file.fileno())


def make_hole(file: BinaryIO, size: int) -> bool:
    """Make ``file`` longer; whether by a hole, for which nothing is written."""
    before = os.fstat(file.fileno()).st_blocks
    file.truncate(size)
    return os.fstat(file.fileno()).st_blocks == before


def allocate(file: BinaryIO, size: int) -> int:
    """Have ``file``, which is new, take ``size`` bytes of the medium; how many were written."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return 0
    return file.write(bytes(size))


def replace(path: str, data: bytes, private: bool) -> None:
    _write(path, data, private, os.replace)


def create(path: str, data: bytes, private: bool) -> None:
    _write(path, data, private, _place_new)


def _write(path: str, data: bytes, private: bool, place: Callable[[str, str], None]) -> None:
    part = f"{path}.{os.getpid()}.part"
    if os.path.lexists(part):
        os.remove(part)  # of an earlier process of our number
    try:
        _write_part(part, data, 0o600 if private else 0o666)
        place(part, path)
    except BaseException:
        if os.path.lexists(part):
            os.remove(part)
        raise
    sync_folder(os.path.dirname(path) or ".")


def _write_part(part: str, data: bytes, mode: int) -> None:
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(fd, "wb") as file:
        file.write(data)
        sync(file)


def _place_new(part: str, path: str) -> None:
    """Rename without replacing: a second name, which must be free, then the first one goes."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: FAT, some network ones
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "exists") from None
        os.rename(part, path)
    else:
        os.remove(part)


def sync_folder(path: str) -> None:
    """Bring the names in a folder to the medium."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # a folder one may write but not list
    try:
        os.fsync(fd)
    except OSError:
        pass  # a file system that cannot; the rename itself is done
    finally:
        os.close(fd)


def make_dir(path: str, private: bool) -> None:
    os.makedirs(path, 0o700 if private else 0o777, exist_ok=True)


def tighten(path: str) -> bool:
    """As with ssh, a file of another owner (a mounted secret) is that owner's business."""
    state = os.stat(path)
    if state.st_uid != os.geteuid() or not state.st_mode & _OTHERS:
        return False
    os.chmod(path, 0o600)
    return True


def current(path: str) -> str:
    return path
