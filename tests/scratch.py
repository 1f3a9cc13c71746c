"""A folder for the length of a test, on both Pythons."""

import os

from edge.system import entropy


class Folder:
    """``with Folder() as path:`` an empty folder, removed afterwards with all it holds."""

    def __init__(self, parent: str = "") -> None:
        parent = parent or os.getenv("TMPDIR") or "/tmp"
        self.path = parent + "/edge-test-" + entropy.random_bytes(8).hex()

    def __enter__(self) -> str:
        os.mkdir(self.path)
        return self.path

    def __exit__(self, *_error) -> None:
        _remove_all(self.path)


def names(path: str) -> "list[str]":
    """Every name in the folder ``path``, the unfinished ones too."""
    return sorted(os.listdir(path))


def put(path: str, data: bytes) -> None:
    """Write a file by the shortest way, as a user or a power cut might have left it."""
    with open(path, "wb") as file:
        file.write(data)


def get(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _remove_all(path: str) -> None:
    for name in os.listdir(path):
        inner = path + "/" + name
        if os.stat(inner)[0] & 0x4000:
            _remove_all(inner)
        else:
            os.remove(inner)
    os.rmdir(path)
