"""Mutates inputs, feeds them to a target, keeps what makes it say something new.

    corpus --pick--> mutate --> target(data) --EdgeError or silence--> new text? into the corpus
                                             --anything else---------> shrink, save, report

The same seed makes the same inputs on every machine.
"""

import hashlib
import importlib
import random
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError

Target = Callable[[bytes], object]

FOLDER = Path(__file__).parent
INPUT_BYTES_MAX = 4096
CORPUS_MAX = 2000  # inputs kept of one run
HANG_S = 10
SHRINK_TRIES = 2000
# Numbers at the edges of what formats count with.
EDGES = (b"\0", b"\x7f", b"\x80", b"\xff", b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff")
EDGES += (b"\xff" * 8 + b"\x7f", b"\xff" * 9 + b"\x01", b"\x80" * 10, b"\x80\x00", b"\n", b"\r\n")


class Hang(Exception):
    """A target took longer than HANG_S over one input."""


@dataclass
class Finding:
    """An input that made a target raise what it must not."""

    name: str
    data: bytes
    trace: str

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}-{hashlib.sha256(self.data).hexdigest()[:12]}"
        path.write_bytes(self.data)
        return path


def targets() -> dict[str, Target]:
    """All targets of all targets_*.py files."""
    found: dict[str, Target] = {}
    for path in sorted(FOLDER.glob("targets_*.py")):
        for name, target in importlib.import_module("tests.fuzz." + path.stem).TARGETS.items():
            if name in found:
                raise ValueError(f"two fuzz targets are called {name}")
            found[name] = target
    return found


def corpus(name: str) -> list[bytes]:
    files = sorted(p for p in FOLDER.glob(f"corpus/{name}/*") if p.is_file())
    return [path.read_bytes() for path in files]


def fuzz(
    name: str, target: Target, seed: int, seconds: float, rounds: int = 1 << 60
) -> tuple[int, Finding | None]:
    """Feed ``target`` until the time or the rounds are over; how many inputs, and the finding."""
    rng = random.Random(f"{name}/{seed}")
    pool = corpus(name) or [b""]
    said: set[str] = set()
    until = time.monotonic() + seconds
    count = 0
    for data in _inputs(rng, pool):
        if count >= rounds or time.monotonic() >= until:
            break
        count += 1
        text, trace = attempt(target, data)
        if trace:
            small = shrink(target, data, text)
            return count, Finding(name, small, attempt(target, small)[1])
        if text not in said and len(pool) < CORPUS_MAX:
            said.add(text)
            pool.append(data)
    return count, None


def _inputs(rng: random.Random, pool: list[bytes]) -> Iterator[bytes]:
    """The corpus as it is, then what mutation makes of it and of what joins it."""
    yield from list(pool)
    while True:
        yield mutate(rng, pool)


def attempt(target: Target, data: bytes) -> tuple[str, str]:
    """What ``target`` said to ``data`` (numbers left out), and the traceback if it must not."""
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    try:
        target(data)
    except EdgeError as error:
        return type(error).__name__ + re.sub(r"[0-9a-f]*\d[0-9a-f]*", "N", str(error)), ""
    except Exception as error:
        return type(error).__name__, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "", ""


def _on_alarm(*_: object) -> None:
    raise Hang(f"no end within {HANG_S} s")


def mutate(rng: random.Random, pool: list[bytes]) -> bytes:
    data = bytearray(rng.choice(pool))
    for _ in range(1 + int(rng.expovariate(0.7))):
        place = rng.randrange(len(data) + 1)
        size = min(1 + int(rng.expovariate(0.2)), 64)
        rng.choice(MUTATIONS)(rng, data, place, size, pool)
    return bytes(data[:INPUT_BYTES_MAX])


def _flip(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    if place < len(data):
        data[place] ^= 1 << rng.randrange(8)


def _nudge(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    if place < len(data):
        data[place] = (data[place] + rng.randrange(-4, 5)) & 255


def _insert(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    data[place:place] = rng.randbytes(size)


def _remove(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    del data[place : place + size]


def _repeat(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    data[place:place] = data[place : place + size] * rng.randrange(1, 4)


def _edge(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    edge = rng.choice(EDGES)
    data[place : place + rng.choice((0, len(edge)))] = edge


def _cut(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    del data[place:]


def _splice(rng: random.Random, data: bytearray, place: int, size: int, pool: list[bytes]) -> None:
    other = rng.choice(pool)
    data[place:] = other[rng.randrange(len(other) + 1) :]


MUTATIONS = (_flip, _nudge, _insert, _remove, _repeat, _edge, _cut, _splice)


def shrink(target: Target, data: bytes, text: str) -> bytes:
    """A shorter input that fails the same way: cut ever smaller pieces out while it does."""
    step, tries = len(data) // 2, 0
    while step and text != Hang.__name__:
        start = 0
        while start < len(data) and tries < SHRINK_TRIES:
            shorter = data[:start] + data[start + step :]
            tries += 1
            said, trace = attempt(target, shorter)
            if trace and said == text:
                data = shorter
            else:
                start += step
        step //= 2
    return data
