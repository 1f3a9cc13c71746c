"""The keys a node provides, across restarts: a line of hex for each, which people can edit."""

import binascii

from edge.errors import LocalError
from edge.routing import KEY_BYTES_MAX
from edge.system import MICROPYTHON, files

FILE_SIZE_MAX = 4096 if MICROPYTHON else 262144  # bytes


def load(path: str) -> "list[bytes]":
    """The keys in the file, in their order; lines that are none are left out.

    LocalError if it cannot be read.
    """
    keys = []
    for line in (files.read(path, FILE_SIZE_MAX) or b"").split(b"\n"):
        try:
            key = binascii.unhexlify(line.strip())
        except ValueError:
            continue
        if 0 < len(key) <= KEY_BYTES_MAX and key not in keys:
            keys.append(key)
    return keys


def save(path: str, keys: "list[bytes]") -> None:
    """Write ``keys``.  LocalError if there are too many for the file, or it cannot be written."""
    data = b"".join([binascii.hexlify(key) + b"\n" for key in keys])
    if len(data) > FILE_SIZE_MAX:
        raise LocalError("{} keys are too many to be provided".format(len(keys)))
    files.write_atomic(path, data, private=True)
