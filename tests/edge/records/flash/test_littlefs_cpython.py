"""Power cuts at every program and erase of a flash chip under MicroPython's littlefs and FAT."""

import os
import re
import subprocess
from pathlib import Path

from tests import needs

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("flash_chip.py")
TIMEOUT_S = 300
# A sector of FAT that is garbage takes the file system with it, so FAT has no mode 2.
RUNS = (("lfs", "4096", "0", "1", "2", "mutants"), ("lfs", "512", "2"),
        ("fat", "512", "0", "1", "mutants"))  # fmt: skip
CUTS_LEAST = {"lfs": 200, "fat": 120}


def test_every_program_and_erase_is_a_cut_point():
    program = needs.micropython()
    environment = {**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"}
    running = [
        subprocess.Popen(
            [program, "-X", "heapsize=4m", str(SCRIPT), *run],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for run in RUNS
    ]  # fmt: skip
    try:
        told = [process.communicate(timeout=TIMEOUT_S)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    for run, process, text in zip(RUNS, running, told, strict=True):
        assert process.returncode == 0, f"{run}\n{text}"
        _check(run, text)


def _check(run: tuple[str, ...], text: str) -> None:
    for mode in run[2:]:
        if mode == "mutants":
            assert "survived" not in text, text
            assert text.count("caught ") == 2, text
        else:
            passed = re.search(rf"^passed {mode} (\d+) cut points$", text, re.MULTILINE)
            assert passed, f"{run} {mode}\n{text}"
            assert int(passed[1]) >= CUTS_LEAST[run[0]]
