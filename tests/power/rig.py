"""Cuts the power of a guest that writes records, again and again, and judges what is left."""

import random
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.power import machine
from tests.power.disk import Disk, Server
from tests.power.ledger import Ledger
from tools import BUILD, ROOT

DISK_MB = 48
OPEN_S = 0.6  # about how long it takes from the start of a guest until it writes
WRITE_S_MAX = 0.25
REQUESTS_MAX = 150  # of a run, to the disk, before a cut that is set by them
OPERATIONS_MAX = 3000  # of a run: no cut comes later
ANSWER_TIMEOUT_S = 30
# How a run writes: durability, and whether a batch of operations is done at once.
MANNERS = (("each", False), ("each", True), ({"records": 6}, False), ({"ms": 20}, False))
KEPT = BUILD / "power"
JOB = "tests.power.writer"


@dataclass
class Cuts:
    """What came of it."""

    done: int = 0
    operations: int = 0  # acknowledged
    beyond: int = 0  # found, though their acknowledgement did not come through
    while_opening: int = 0
    ways: dict[str, int] = field(default_factory=dict)
    flushes: int = 0
    bytes_written: int = 0
    statuses: list[dict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Cuts") -> None:
        for name in ("done", "operations", "beyond", "while_opening", "flushes", "bytes_written"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for way, count in other.ways.items():
            self.ways[way] = self.ways.get(way, 0) + count
        self.problems += other.problems
        self.statuses += other.statuses


def freeze(folder: Path, *jobs: str, also: str = "tests/power/*.py") -> machine.Frozen:
    """A guest with the product, and ``jobs`` of the files ``also`` loaded."""
    patterns = ("edge/**/*.py", "tests/__init__.py", "tests/guests/*.py", "tests/power/*.py", also)
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    files = {"code/" + path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
    files["code/preloaded"] = "\n".join(jobs).encode()
    frozen = machine.Frozen(folder, files, DISK_MB)
    frozen.freeze()
    return frozen


def run(count: int, seed: int, guests: int = 1, mutant: str = "") -> Cuts:
    """``count`` cuts, by ``guests`` guests side by side, each with a disk of its own."""
    began, total = time.monotonic(), Cuts()
    with tempfile.TemporaryDirectory(prefix="edge-power-") as folder:
        frozen = freeze(Path(folder), JOB)
        shares = [count // guests + (i < count % guests) for i in range(guests)]
        with ThreadPoolExecutor(guests) as pool:
            rigs = [Rig(frozen, Path(folder, str(i)), seed * 1000 + i, mutant)
                    for i in range(guests)]  # fmt: skip
            for cuts in pool.map(lambda rig, share: rig.run(share), rigs, shares):
                total.add(cuts)
    total.seconds = time.monotonic() - began
    return total


class Rig:
    """One disk, and the guests that come and go."""

    def __init__(self, frozen: machine.Frozen, folder: Path, seed: int, mutant: str = "") -> None:
        self._frozen = frozen
        self._folder = folder
        self._chance = random.Random(seed)
        self._mutant = mutant
        folder.mkdir()
        self._disk = Disk(new_disk(folder / "image"))
        self._server = Server(self._disk, folder / "nbd")
        self._ledger = Ledger()
        self._before = ""
        self._found = b""
        self._unordered = False  # several operations at once, any of which may have been done
        self.cuts = Cuts()

    def run(self, count: int) -> Cuts:
        """Stops at the first problem, or once what the last cut has left has been judged."""
        for number in range(1, count + 1):
            self._cut(number)
            if self.cuts.problems:
                break
        else:
            self._cut(count + 1, last=True)
        if not self.cuts.problems:
            self._check_filesystem()
        self._server.close()
        self.cuts.operations = self._ledger.puts
        self.cuts.beyond = self._ledger.beyond
        self.cuts.flushes = self._disk.flushes
        self.cuts.bytes_written = self._disk.bytes_written
        return self.cuts

    def _cut(self, number: int, last: bool = False) -> None:
        durability, together = self._chance.choice(MANNERS)
        self._unordered = together
        orders = {
            "call": JOB, "run": number, "durability": durability, "together": together,
            "mutant": self._mutant, "most": OPERATIONS_MAX,
            "entropy": self._chance.randbytes(32).hex(),
        }  # fmt: skip
        opening_s = self._chance.uniform(0, OPEN_S)
        early = self._chance.random() < 0.15 and not last
        self._found = bytes(self._disk.medium)
        self._server.stop_after = 0
        self._server.serve_next()
        guest = self._frozen.thaw(f"driver=nbd,server.type=unix,server.path={self._folder}/nbd")
        try:
            guest.send_order(orders)
            if self._opens(guest, opening_s if early else ANSWER_TIMEOUT_S) and not last:
                self._write(guest, number)
            elif early:
                self.cuts.while_opening += 1
        except machine.MachineError as error:
            self.cuts.problems.append(f"cut {number}: {error}")
        finally:
            guest.close()
        self._server.wait(ANSWER_TIMEOUT_S)
        if not last:
            way = self._disk.cut(self._chance)
            self._before = f"cut {number}, cache {way}, {durability}, together {together}"
            self.cuts.ways[way] = self.cuts.ways.get(way, 0) + 1
            self.cuts.done += 1

    def _opens(self, guest: machine.Running, timeout_s: float) -> bool:
        """Whether the store has opened in time; what is in it is judged."""
        told = guest.read_told(timeout_s)
        if told is None:
            if timeout_s >= ANSWER_TIMEOUT_S:
                raise machine.MachineError("the store does not open")
            return False
        if "error" in told:
            raise machine.MachineError("the store does not open: " + told["error"])
        wrong = self._ledger.check(told["found"])
        if wrong:
            self._keep(wrong)
        self.cuts.statuses = [told["status"]]
        return not self.cuts.problems

    def _keep(self, wrong: list[str]) -> None:
        """Tell what is wrong, and leave the disk, as it was found, for who wants to look."""
        KEPT.mkdir(parents=True, exist_ok=True)
        image = KEPT / f"{self._folder.name}.ext4"
        image.write_bytes(self._found)
        self.cuts.problems += [f"after {self._before}, disk in {image}:", *wrong]

    def _write(self, guest: machine.Running, number: int) -> None:
        """Let it write for a while, or for a number of the disk's requests."""
        first = self._ledger.begin(number, self._unordered)
        seconds = self._chance.uniform(0.002, WRITE_S_MAX)
        by_request = self._chance.random() < 0.5
        if by_request:
            self._server.stop_after = self._chance.randint(1, REQUESTS_MAX)
            seconds = WRITE_S_MAX * 8
        guest.send_line(str(first))
        ends, before = time.monotonic() + seconds, self._ledger.acked
        while (left_s := ends - time.monotonic()) > 0 and not self._server.stopped.is_set():
            self._acknowledge(guest.read_line(min(left_s, 0.02)))
        if not by_request and seconds > WRITE_S_MAX / 2:
            self._see_it_write(guest, before)
        guest.kill()
        for line in guest.lines_left():
            self._acknowledge(line)

    def _see_it_write(self, guest: machine.Running, before: int) -> None:
        ends = time.monotonic() + ANSWER_TIMEOUT_S
        while self._ledger.acked == before:
            if time.monotonic() > ends:
                raise machine.MachineError("nothing is written any more")
            self._acknowledge(guest.read_line(0.02))

    def _acknowledge(self, line: str | None) -> None:
        kind, _, rest = (line or "").partition(" ")
        if kind == "a":
            self._ledger.acknowledge(int(rest))
        elif kind == "A":
            self._ledger.acknowledge_through(int(rest))
        elif line and line != "end":
            raise machine.MachineError("the store does not write: " + line)

    def _check_filesystem(self) -> None:
        """ext4 has got over it, too: what was lost was not the file system's fault."""
        image = self._folder / "image"
        image.write_bytes(self._disk.medium)
        done = subprocess.run(["e2fsck", "-fp", image], capture_output=True, text=True)
        if done.returncode > 1:
            self.cuts.problems.append("e2fsck: " + done.stdout + done.stderr)


def new_disk(path: Path) -> bytes:
    """An empty ext4."""
    with path.open("wb") as image:
        image.truncate(DISK_MB << 20)
    command = ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-E", "lazy_itable_init=0", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()
