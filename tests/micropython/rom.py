"""Gives MicroPython's unix port what a chip has: a ROMFS image in memory that is not heap.

    micropython -m rom IMAGE MODULE ARGUMENTS    MODULE's main(*ARGUMENTS) decides the exit code
    micropython -m rom IMAGE SCRIPT.py           runs a script that imports from the image

It is compiled beforehand, as on a chip the system does this without any heap.
"""

import os
import sys

import ffi
import uctypes
import vfs

_PROT_READ = 1
_MAP_PRIVATE = 2


def mount(path):
    """Map the image at ``path`` and make it the only place imports come from."""
    mmap = ffi.open(None).func("P", "mmap", "PLiiil")
    size = os.stat(path)[6]
    with open(path, "rb") as image:
        start = mmap(0, size, _PROT_READ, _MAP_PRIVATE, image.fileno(), 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(start, size)), "/rom")
    sys.path[:] = ["/rom", ".frozen"]


mount(sys.argv[1])
if sys.argv[2].endswith(".py"):
    execfile(sys.argv[2])  # noqa: F821 - MicroPython has it; unlike exec() it keeps no text
else:
    sys.exit(__import__(sys.argv[2], None, None, ("*",)).main(*sys.argv[3:]))
