"""Finds or fetches a MicroPython for this machine.

The unix port out of the Debian archive, with the libc it needs, unpacked into the cache.  32-bit
words where the processor can (i386 on x86, armhf on arm), because a chip has them.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tools import Missing, cache, debian, say

# Debian's architecture here -> the one to fetch.
FETCHED = {"amd64": "i386", "i386": "i386", "arm64": "armhf", "armhf": "armhf"}
# What viper code is compiled for, by the number MicroPython gives in sys.implementation._mpy.
MARCH = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")


def find() -> str:
    """The path of a MicroPython that runs here; fetched on first need."""
    chosen = os.environ.get("MICROPYTHON")
    if chosen:
        return chosen
    fetched = FETCHED.get(debian.architecture(), "")
    folder = cache() / f"micropython-{fetched or 'none'}"
    program = folder / "micropython"
    if _version(program):
        return str(program)
    if not fetched:
        return _installed()
    _fetch(folder, fetched)
    if not _version(program):
        raise Missing(f"{program} was fetched and does not run here; set MICROPYTHON to one")
    return str(program)


def march(program: str) -> str:
    """mpy-cross's name of the processor ``program`` runs native code of."""
    command = [program, "-c", "import sys; print(sys.implementation._mpy >> 10)"]
    return MARCH[int(subprocess.run(command, capture_output=True, text=True).stdout)]


def _installed() -> str:
    found = shutil.which("micropython")
    if not found:
        raise Missing("no MicroPython: install one (macOS: brew install micropython)")
    return found


def _version(program: Path) -> str:
    try:
        command = [str(program), "-c", "import sys; print(sys.version)"]
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def _fetch(folder: Path, architecture: str) -> None:
    say(f"fetching MicroPython ({architecture}, 16 MB) into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    archive = debian.Archive(folder / "apt", architecture)
    for package in archive.download("micropython"):
        debian.unpack(package, folder / "root")
    archive.close()
    _write_wrapper(folder)


def _write_wrapper(folder: Path) -> None:
    """A `micropython` that brings its own dynamic linker and libc."""
    root = folder / "root"
    library = min(root.rglob("libc.so.6")).parent
    linker = min([*root.rglob("ld-linux*.so*"), *root.rglob("ld64.so*")])
    binary = root / "usr/bin/micropython"
    program = folder / "micropython"
    program.write_text(f'#!/bin/sh\nexec {linker} --library-path {library} {binary} "$@"\n')
    program.chmod(0o755)
