"""The flash record store beside SQLite and a bare fsync loop: rates, bytes written, memory."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import records_rivals as rivals
from tests.bench.programs import machine
from tests.bench.results import MISSED, OK, UNJUDGED, number
from tests.bench.routing import columns
from tools import BUILD, FAILED, USAGE, Missing, say
from tools import OK as DONE

METHOD = """\
how it is measured:
  Rates are on the file system of --folder, by turns.  The store's judge accepts everything, as
  SQLite does.  A group is 64 puts that are asked for at once, and a transaction of SQLite; "lazy"
  is group commit once a second, which may lose what was put since, and synchronous=NORMAL.
  Bytes written are what reaches the disk of a QEMU guest: /sys/block/vda/stat after a sync, on
  ext4, with its journal, cleaning and checkpoints, once the log has been filled and cleaned before.
  Where there is no QEMU they are not judged; what the store itself writes always is.
  Opening and memory are those of a new process, after a clean stop, and after a kill.

examples:
  python3 -m tools bench records                    everything; about five minutes
  python3 -m tools bench records --quick            fewer puts, no guest, no LAN
  python3 -m tools bench records --folder /mnt/sd   on another medium
  python3 -m tools bench records --no-guest --json

exit codes: 0 all targets reached, 1 a target was missed, 2 bad command line
"""
GROUP = 64
VALUE_BYTES = 300
KEYS = 1000
TURNS, QUICK_TURNS = 40, 5
PUTS = {"each": 20, "group": 4 * GROUP, "lazy": 16 * GROUP}  # of a turn
OPENED = 100_000  # records in the store that is opened
SMALL_BYTES = 100  # of a value, there and on MicroPython
CHIP_HEAP_BYTES = 24 * 1024
MODES = (("each", 1, False), ("group", GROUP, False), ("lazy", GROUP, True))

# What one process of the store is asked: opens it, says how long that took and what memory it took.
OPENING = """
import json, sys, time, gc
from tests.bench import records_rivals as rivals
def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096
empty = rivals.Edge(sys.argv[1] + "/none")
empty.write(rivals.items(100, 10, 100), 10)
gc.collect()
before, began = resident(), time.monotonic()
store = rivals.Edge(sys.argv[1])
took, after = time.monotonic() - began, resident()
status = store.store.status()
there = store.read([rivals.KEY % n for n in range(0, int(sys.argv[2]), 97)])
print(json.dumps({"s": took, "bytes": after - before, "records": status["records"],
                  "there": there}), flush=True)
if len(sys.argv) > 3:
    store.close()
"""

# key, title, rivals it has, bound of edge (at most, or at least the rival's), its unit
ROWS = (
    ("puts_each", "durable puts/s, each", None, ""),
    ("puts_group", "durable puts/s, in groups of 64", None, ""),
    ("puts_lazy", "puts/s, lazy", None, ""),
    ("gets", "gets/s", None, ""),
    ("device_each", "bytes to the disk per byte put, each", "sqlite", ""),
    ("device_group", "bytes to the disk per byte put, in groups of 64", "sqlite", ""),
    ("device_lazy", "bytes to the disk per byte put, lazy", "sqlite", ""),
    ("steady", "  with records of 1,000 bytes", 1.3, ""),
    ("own", "bytes to the file system per byte put, with cleaning", 1.3, ""),
    ("open", "opening 100,000 records, ms", 500, "ms"),
    ("open_scan", "  without a hint, ms", None, ""),
    ("ram", "memory of one record of these, bytes", 64, "B"),
    ("lan", "read on ten nodes of a LAN by mDNS alone, median, ms", 300, "ms"),
    ("chip", "MicroPython: 200 records of 100 bytes, heap, bytes", CHIP_HEAP_BYTES, "B"),
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools bench records", description=__doc__, epilog=METHOD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="fewer puts, no guest, no LAN")
    parser.add_argument("--no-guest", action="store_true", help="count no bytes on a disk")
    parser.add_argument("--no-lan", action="store_true", help="no nodes in namespaces")
    parser.add_argument("--folder", type=Path, default=BUILD, help="where to write (build/)")
    asked = parser.parse_args(argv)
    if asked.folder != BUILD and not asked.folder.is_dir():
        say(f"there is no folder {asked.folder}")
        return USAGE
    asked.folder.mkdir(exist_ok=True)
    began, report = time.monotonic(), Report()
    with tempfile.TemporaryDirectory(prefix="edge-bench-", dir=asked.folder) as folder:
        rates(report, Path(folder), asked.quick)
        opening(report, Path(folder), OPENED // 10 if asked.quick else OPENED)
    chip(report)
    if not asked.quick and not asked.no_lan:
        lan(report)
    if not asked.quick and not asked.no_guest:
        device(report)
    report.took_s = round(time.monotonic() - began)
    print(json.dumps(report.as_dict(), indent=1) if asked.json else report.text())
    return FAILED if report.missed() else DONE


class Report:
    """What came of it, for people and for programs."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, float]] = {key: {} for key, *_ in ROWS}
        self.notes: list[str] = []
        self.took_s = 0

    def verdict(self, key: str, bound: float | str | None) -> str:
        if bound is None:
            return ""
        ours = self.values[key].get("edge")
        limit = self.values[key].get(bound) if isinstance(bound, str) else bound
        if ours is None or limit is None:
            return UNJUDGED
        return OK if ours < limit or (ours == limit and not isinstance(bound, str)) else MISSED

    def missed(self) -> list[str]:
        return [title.strip() for key, title, bound, _ in ROWS
                if self.verdict(key, bound) == MISSED]  # fmt: skip

    def as_dict(self) -> dict:
        rows = [{"key": key, "title": title.strip(), "values": self.values[key],
                 "bound": bound, "verdict": self.verdict(key, bound)}
                for key, title, bound, _ in ROWS]  # fmt: skip
        return {"machine": machine(), "seconds": self.took_s, "rows": rows,
                "missed": self.missed(), "notes": self.notes}  # fmt: skip

    def text(self) -> str:
        lines = [["", *rivals.RIVALS, "target", "verdict"]]
        for key, title, bound, unit in ROWS:
            values = [number(self.values[key].get(name)) for name in rivals.RIVALS]
            target = "" if bound is None else f"< {bound}"
            if isinstance(bound, float | int):
                target = f"<= {bound:g} {unit}".strip()
            lines.append([title, *values, target, self.verdict(key, bound)])
        missed = self.missed()
        verdict = "MISSED: " + "; ".join(missed) if missed else "every target judged is reached"
        about = "\n".join(f"{name:16} {text}" for name, text in machine().items())
        parts = [about, columns(lines), *self.notes, f"{self.took_s / 60:.1f} minutes; {verdict}"]
        return "\n\n".join(parts)


# -- rates


def rates(report: Report, folder: Path, quick: bool) -> None:
    """Medians of many short turns: what a disk takes for a sync changes by the second."""
    turns = QUICK_TURNS if quick else TURNS
    for mode, group, lazy in MODES:
        opened = {}
        for name in rivals.RIVALS:
            place = folder / f"{mode}-{name}"
            place.mkdir()
            opened[name] = rivals.open_rival(name, str(place), lazy)
            opened[name].write(rivals.items(KEYS, KEYS, VALUE_BYTES, seed=2), GROUP)
        for name, seconds in take_turns(opened, (mode, group), turns).items():
            report.values[f"puts_{mode}"][name] = PUTS[mode] / statistics.median(seconds)
        for name, rival in opened.items():
            began = time.perf_counter()
            if mode == "group" and rival.read([rivals.KEY % n for n in range(KEYS)]):
                report.values["gets"][name] = KEYS / (time.perf_counter() - began)
            rival.close()


def take_turns(opened: dict, asked: tuple[str, int], turns: int) -> dict[str, list[float]]:
    """Seconds that each turn of each rival took."""
    mode, group = asked
    taken: dict[str, list[float]] = {name: [] for name in opened}
    for turn in range(turns):
        puts = rivals.items(PUTS[mode], KEYS, VALUE_BYTES, seed=3 + turn)
        for name, rival in opened.items():
            began = time.perf_counter()
            rival.write(puts, group)
            taken[name].append(time.perf_counter() - began)
    return taken


# -- opening and memory


def opening(report: Report, folder: Path, count: int) -> None:
    place = folder / "opened"
    place.mkdir()
    store = rivals.Edge(str(place), lazy=True)
    some = [(rivals.KEY % n, b"%d " % n + bytes(SMALL_BYTES - 8)) for n in range(count)]
    store.write(some, 1000)
    store.close()
    clean = opened(place, count, clean=True)
    report.values["open"]["edge"] = clean["s"] * 1000
    report.values["ram"]["edge"] = clean["bytes"] / count
    for hint in place.glob("edge/*.hint"):
        hint.unlink()
    report.values["open_scan"]["edge"] = opened(place, count, clean=False)["s"] * 1000
    if count != OPENED:
        report.notes.append(f"--quick: {count:,} records were opened.")


def opened(place: Path, count: int, clean: bool) -> dict:
    """Told by a process of its own; not ``clean``: it just ends."""
    (place / "none").mkdir(exist_ok=True)
    command = [sys.executable, "-c", OPENING, str(place), str(count), *(["clean"] * clean)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    if told["records"] != count or told["there"] != len(range(0, count, 97)):
        raise RuntimeError(f"of {count} records {told} are there")
    return told


# -- MicroPython


def chip(report: Report) -> None:
    """The heap that is left in use; it is done in no more than the bound."""
    from tests.micropython.run import Board

    script = Path(__file__).parent / "records_chip.py"
    try:
        with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
            board = Board(Path(folder))
            command = [board.program, "-X", "heapsize=1m", str(script), folder + "/records"]
            done = subprocess.run(
                [*command, str(CHIP_HEAP_BYTES)], env={"MICROPYPATH": f"{folder}:.frozen"},
                capture_output=True, text=True,
            )  # fmt: skip
    except Missing as reason:
        report.notes.append(f"MicroPython is left out: {reason}")
        return
    if done.returncode:
        raise RuntimeError("on MicroPython: " + done.stdout + done.stderr)
    told = json.loads(done.stdout)
    held = told["heap_bytes"] if told["found"] == 200 else CHIP_HEAP_BYTES + 1
    report.values["chip"]["edge"] = held
    report.notes.append(
        f"MicroPython had {CHIP_HEAP_BYTES // 1024} KB of heap beside the code; "
        + ("that was enough." if told["found"] == 200 else "that was not enough.")
    )


# -- a LAN


def lan(report: Report) -> None:
    from tests.bench import records_lan

    if os.geteuid():
        report.notes.append("The LAN is left out: it needs root.")
        return
    report.values["lan"]["edge"] = records_lan.milliseconds()


# -- bytes that reach a disk


def device(report: Report) -> None:
    from tests.bench.records_guest import Unavailable, measure

    measured = [
        {"name": name, "lazy": lazy, "group": group, "size": VALUE_BYTES, "keys": KEYS,
         "count": 1500 if mode == "each" else 12800, "key": f"device_{mode}"}
        for mode, group, lazy in MODES for name in rivals.RIVALS
    ]  # fmt: skip
    measured += [
        {"name": name, "lazy": True, "group": GROUP, "size": 1000, "keys": KEYS, "count": 9600,
         "key": "steady"} for name in rivals.RIVALS
    ]  # fmt: skip
    try:
        for told in measure(measured):
            report.values[told["key"]][told["name"]] = told["written"] / told["put"]
            if told["key"] == "device_lazy" and told["name"] == "edge":
                report.values["own"]["edge"] = told["own_written"] / told["put"]
    except Unavailable as reason:
        report.notes.append(f"Bytes on a disk are left out: {reason}")
