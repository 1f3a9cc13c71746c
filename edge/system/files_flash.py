"""Replacing files where a rename may remove its target first, as FAT does on chips.

Every step is safe to stop after:

    step                      on the medium afterwards      read as
    write   name.part         name, torn name.part          old (or no file)
    rename  to name.new       name, name.new                old
    remove  name              name.new                      new
    rename  to name           name                          new

A name.new is therefore always whole, and counts only where there is no name.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


def sync(file: "BinaryIO") -> None:
    """Bring what was written to ``file`` to the medium: MicroPython's flush does."""
    file.flush()


def allocate(file: "BinaryIO", size: int) -> int:
    """Have ``file``, which is new, take ``size`` bytes of the medium; how many were written."""
    for start in range(0, size, 256):
        file.write(bytes(min(256, size - start)))
    sync(file)
    return size


def sync_folder(path: str) -> None:
    """FAT and littlefs bring names to the medium at once."""


def replace(path: str, data: bytes, private: bool) -> None:
    """Make ``data`` the content of the file; chips know no users to be private from."""
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
    except OSError:
        if _is_there(path + ".part"):
            os.remove(path + ".part")
        raise


def create(path: str, data: bytes, private: bool) -> None:
    if _is_there(current(path)):
        raise OSError(17, "exists")
    replace(path, data, private)


def remove(path: str) -> None:
    _settle(path)
    os.remove(path)


def make_dir(path: str, private: bool) -> None:
    end = 0
    while end >= 0:
        end = path.find("/", end + 1)
        folder = path if end < 0 else path[:end]
        try:
            os.mkdir(folder)
        except OSError:
            if not (_is_there(folder) and os.stat(folder)[0] & 0x4000):
                raise


def tighten(path: str) -> bool:
    return False


def current(path: str) -> str:
    """Where the content is: where a power cut left it, if there was one."""
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


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
