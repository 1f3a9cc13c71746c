"""Runs shared test files on MicroPython, each in a fresh process with a chip-sized heap.

The shared core and its tests are compiled to .mpy and packed into a ROMFS image, which lies outside
of the heap as a chip's flash does; device.py runs there.  The core is compiled as for a chip,
without asserts and line numbers; to find a fault, ``debug`` keeps both and gives more heap.
"""

import linecache
import os
import re
import shutil
import subprocess
from pathlib import Path

from tools import ROOT, sources
from tools.chip import compiler, image, micropython

HEAP = "112k"
DEBUG_HEAP = "2m"
FILE_TIMEOUT_S = 600
DEVICE = Path(__file__).parent / "device.py"


class Board:
    """A build folder and the MicroPython that runs in it."""

    def __init__(self, folder: Path, debug: bool = False) -> None:
        self.folder = folder
        self.heap = DEBUG_HEAP if debug else HEAP
        self.program = micropython.find()
        march = micropython.march(self.program)
        optimise = 0 if debug else image.OPTIMISE
        self.refused = compiler.compile_files(sources.shared(), folder, march, optimise)
        self.refused |= compiler.compile_files(sources.shared_test_support(), folder, march)
        compiler.compile_one(DEVICE, folder / "device.mpy", march, 0, DEVICE.name)
        self.rom = folder / image.ROM
        image.build_rom(folder, self.rom)
        image.build_boot(folder, march)
        for data in (ROOT / "tests").glob("vectors/**/*.[!p]*"):
            if data.is_file() and "__pycache__" not in data.parts:
                target = folder / data.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(data, target)

    def run(self, test: Path) -> tuple[bool, str]:
        """Whether every test of the file ``test`` passed, and what was printed."""
        name = sources.relative(test)
        if name in self.refused:
            return False, self.refused[name]
        module = name.removesuffix(".py").replace("/", ".")
        command = [self.program, "-X", f"heapsize={self.heap}", "-m", "rom", str(self.rom)]
        command += ["device", module]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**os.environ, "MICROPYPATH": ".frozen"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=FILE_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as late:
            text = (late.stdout or b"").decode("utf-8", "replace")
            return False, text + f"killed after {FILE_TIMEOUT_S} s"
        text = done.stdout.decode("utf-8", "replace").rstrip()
        if done.returncode == 0:
            return True, text
        text = with_source_lines(text)
        if "ImportError" in text:
            text += "".join(f"\nmpy-cross refused {n}: {why}" for n, why in self.refused.items())
        return False, text


def with_source_lines(text: str) -> str:
    """``text`` with the source line under each line of a MicroPython traceback."""
    lines = []
    for line in text.splitlines():
        lines.append(line)
        place = re.match(r'  File "(.+\.py)", line (\d+)', line)
        if place:
            source = linecache.getline(str(ROOT / place[1]), int(place[2])).strip()
            lines += ["    " + source] if source else []
    return "\n".join(lines)
