"""Holds the sizes that are steady enough to hold: of a chip's image and of an idle node.

The numbers are the ones that were promised; what is measured stands beside them in the report.
MB means MiB, 2**20 bytes, as VmRSS of /proc counts (its kB are 1024 bytes); the 26 MB of a bare
Python that leave a node its 30 and 36 were measured so.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tools import ROOT
from tools.chip import image

MB = 2**20
# The image lies in flash, where code is run and texts are read in place (tools/chip/image.py).
CHIP_FLASH_BYTES = 64 * 1024  # .mpy files of the leaf: half of a ROMFS partition's 128 KB
CHIP_NODE_FLASH_BYTES = 112 * 1024  # of the program that finds others: leaves room for data
CHIP_SENSOR_FLASH_BYTES = 96 * 1024  # of the one on a cable
CHIP_HEAP_BYTES = 48 * 1024  # the leaf once it talks: of 64 KB, 16 are left for connections
CHIP_SENSOR_HEAP_BYTES = 64 * 1024  # the sensor, once it has judged a record: of 112 KB
NODE_MODULES = 280  # imported by a node that speaks TCP only
NODE_RSS_BYTES = 30 * MB  # idle, TCP, Noise, yamux, identify, ping
NODE_MDNS_RSS_BYTES = 36 * MB
SETTLE_S = 1.0  # after which a node counts as idle
START_TIMEOUT_S = 30

# Runs `edge` and leaves the number of modules it has imported in a file.
COUNTING = """
import atexit, sys
from edge.cli import main
path = sys.argv.pop(1)
atexit.register(lambda: open(path, "w").write(str(len(sys.modules))))
sys.exit(main())
"""


class Running(NamedTuple):
    """A started node."""

    pid: int
    address: str  # of the loopback, with /p2p


def chip_files() -> list[str]:
    """What is too large of the .mpy files, measured for the family with the longest code."""
    wrong = []
    bounds = CHIP_FLASH_BYTES, CHIP_NODE_FLASH_BYTES, CHIP_SENSOR_FLASH_BYTES
    for program, bound in zip(image.PROGRAMS, bounds, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            sizes = image.build("esp32", Path(folder), program)
        wrong += over(f"bytes of a {program}'s .mpy files in flash", sum(sizes.values()), bound)
    return wrong


def chip_heap() -> list[str]:
    """What the leaf or the sensor and the ciphers take of the heap, imported from a ROMFS image."""
    wrong = []
    for program, bound in (("leaf", CHIP_HEAP_BYTES), ("sensor", CHIP_SENSOR_HEAP_BYTES)):
        heap = sum(image.weights(program).values())
        wrong += over(f"bytes of heap with {program} and ciphers loaded from ROMFS", heap, bound)
    return wrong


def node_modules() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "modules"
        with node(Path(folder), "--no-mdns", start=("-c", COUNTING, str(counted))):
            pass
        return over("modules of a TCP-only node", int(counted.read_text()), NODE_MODULES)


def node_memory() -> list[str]:
    wrong = []
    for options, bound in ((("--no-mdns",), NODE_RSS_BYTES), ((), NODE_MDNS_RSS_BYTES)):
        with tempfile.TemporaryDirectory() as folder, node(Path(folder), *options) as running:
            time.sleep(SETTLE_S)
            name = " ".join(["bytes of RSS of an idle node", *options])
            wrong += over(name, rss_bytes(running.pid), bound)
    return wrong


def over(what: str, measured: float, bound: float) -> list[str]:
    """A sentence if ``measured`` is above ``bound``; says what was measured either way."""
    print(f"  {measured:>10,} {what} (at most {bound:,})", flush=True)
    return [f"{measured:,} {what}: at most {bound:,}"] if measured > bound else []


def rss_bytes(pid: int) -> int:
    if not Path("/proc/self/statm").exists():  # macOS
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
        return int(shown.stdout) * 1024
    resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def node(folder: Path, *options: str, start: tuple[str, ...] = ("-m", "edge")) -> Iterator[Running]:
    """A node on a free port of the loopback, with its data in ``folder``/data."""
    command = [sys.executable, *start, "run", "--json", "--data", str(folder / "data")]
    command += ["--listen", "/ip4/127.0.0.1/tcp/0", *options]
    with (folder / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            assert process.stdout is not None
            heard = select.select([process.stdout], [], [], START_TIMEOUT_S)[0]
            first = json.loads((heard and process.stdout.readline()) or "{}")
            if first.get("event") != "ready":
                process.kill()
                process.wait(START_TIMEOUT_S)
                errors.seek(0)
                raise RuntimeError("`edge run` does not get ready: " + errors.read()[-400:])
            yield Running(process.pid, first["addresses"][0])
        finally:
            process.terminate()
            process.communicate(timeout=START_TIMEOUT_S)
