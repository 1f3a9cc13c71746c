"""A serial line of two ptys, paced by the clock: rates, bit errors, lost bytes, bursts, overruns,
ports that are pulled and come back under another name.

    port a  <->  pty  <->  thread: rate, faults  <->  pty  <->  port b
            folder/a                                  folder/b     links, as in /dev/serial/by-id

An end transmits at the rate its port is set to.  Where the other end is set to another, or the
line cannot carry it, noise arrives.  A byte arrives when its last bit would; bytes that follow
each other are handed over once a millisecond, as the FIFO of a UART does.  A line that is not paced
loses nothing: who writes waits for who reads.

`Wire` is a thread of this process, `WireProcess` the same in a process of its own, which neither
slows down nor waits for what is tried on it.
"""

import bisect
import collections
import ctypes
import fcntl
import json
import os
import random
import select
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SLICE_S = 0.001
CATCH_UP_S = 0.03  # a UART goes on while this thread waits for its turn
AHEAD_BYTES = 65536  # held of a line that is not paced
BITS = 10  # a byte with its start and stop bits
TIMES_MAX = 200000  # handings-over that are remembered
TCGETS2 = 0x802C542A  # Linux: rates that termios has no names for
RATE_AT = 40  # in termios2
PR_SET_TIMERSLACK = 29
SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}


@dataclass
class Faults:
    bit_error_rate: float = 0.0  # of the eight bits between start and stop
    loss_rate: float = 0.0  # of bytes
    bursts_per_s: float = 0.0
    burst_ms: float = 20.0
    seed: int = 1


class Side:
    """A port and its pty; the port is a link in a folder."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = self.slave = -1

    def plug(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.link.symlink_to(os.ttyname(self.slave))

    def unplug(self) -> None:
        self.link.unlink()
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def rate(self) -> int:
        try:
            state = fcntl.ioctl(self.slave, TCGETS2, bytes(64))
            return int(struct.unpack_from("I", state, RATE_AT)[0])
        except OSError:
            return SPEEDS.get(termios.tcgetattr(self.slave)[5], 0)

    def unread(self) -> int:
        """Bytes that have arrived and wait for a program."""
        return int(struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0])

    def take(self, size: int) -> bytes:
        """What a program wrote."""
        try:
            return os.read(self.master, size) if size > 0 else b""
        except BlockingIOError:
            return b""

    def give(self, data: bytes | bytearray) -> int:
        """How many bytes of ``data`` there was room for."""
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0


class Hits:
    """Which bits, or bytes, of a direction are hit: always the same ones for one seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._rate = self._left = 0.0  # to the next one

    def of(self, size: int, rate: float) -> list[int]:
        """Which of the next ``size``."""
        if rate != self._rate:
            self._rate = rate
            self._left = self._random.expovariate(rate) if rate else 0.0
        if not rate:
            return []
        found = []
        while self._left < size:
            found.append(int(self._left))
            self._left = found[-1] + 1 + self._random.expovariate(rate)
        self._left -= size
        return found


class Direction:
    """Bytes one way."""

    def __init__(self, source: Side, target: Side, faults: Faults, seed: int) -> None:
        self.source, self.target, self.faults = source, target, faults
        self.random = random.Random(seed)
        self.queue = bytearray()
        self.carried = self.overruns = 0
        self.due: float | None = None  # when something is to be handed over
        self.takes = True  # what a program writes
        self.is_full = False  # not paced: there is no room at the target
        self.times: collections.deque = collections.deque(maxlen=TIMES_MAX)  # (when, carried)
        self._bits, self._bytes = Hits(f"bits {seed}"), Hits(f"bytes {seed}")
        self._free_at = 0.0  # when the line has carried what it was given
        self._was_busy = False
        self._burst = (0.0, 0.0)

    def step(self, now: float, wire: "Wire") -> None:
        self.due, self.is_full = None, False
        self.takes = self.source.master >= 0
        if not self.takes:
            self.queue.clear()
            return
        rate = self.source.rate() if wire.is_paced else 0
        if rate:
            self._paced(now, rate, wire)
        else:
            self._unpaced(now)

    def _paced(self, now: float, rate: int, wire: "Wire") -> None:
        byte_s, ahead = BITS / rate, 64 + int(rate / BITS * CATCH_UP_S)
        self.queue += self.source.take(ahead - len(self.queue))
        if not self._was_busy:
            self._free_at = max(self._free_at, now)
        self._free_at = max(self._free_at, now - CATCH_UP_S)
        size = min(len(self.queue), int((now - self._free_at) / byte_s + 1e-6))
        if size > 0:
            self._free_at += size * byte_s
            self._carry(bytes(self.queue[:size]), now, rate, wire)
            del self.queue[:size]
        self._was_busy = bool(self.queue)
        self.takes = len(self.queue) < ahead
        if self.queue:
            self.due = min(self._free_at + len(self.queue) * byte_s, now + max(SLICE_S, byte_s))

    def _carry(self, data: bytes, now: float, rate: int, wire: "Wire") -> None:
        self._count(len(data), now)
        if self.target.master < 0:
            return
        is_noise = rate != self.target.rate() or rate > wire.baud_max
        data = self.random.randbytes(len(data)) if is_noise else self._damaged(data, now)
        room = len(data)
        if wire.fifo_bytes:
            room = max(0, min(room, wire.fifo_bytes - self.target.unread()))
        self.overruns += len(data) - (self.target.give(data[:room]) if room else 0)

    def _unpaced(self, now: float) -> None:
        data = self.source.take(AHEAD_BYTES - len(self.queue))
        if data and self.target.master >= 0:
            self.queue += self._damaged(data, now)
        if self.queue and self.target.master >= 0:
            size = self.target.give(self.queue)
            self._count(size, now)
            del self.queue[:size]
        elif self.target.master < 0:
            self.queue.clear()
        self.takes = len(self.queue) < AHEAD_BYTES
        self.is_full = bool(self.queue)

    def _count(self, size: int, now: float) -> None:
        self.carried += size
        self.times.append((now, self.carried))

    def carried_until(self, moment: float) -> int:
        """Bytes handed over by ``moment``, of those not long ago."""
        at = bisect.bisect_right(self.times, moment, key=lambda entry: entry[0])
        return int(self.times[at - 1][1]) if at else 0

    def _damaged(self, data: bytes, now: float) -> bytes:
        faults = self.faults
        if faults.bursts_per_s and self._is_burst(now):
            return self.random.randbytes(len(data))
        bits = self._bits.of(len(data) * 8, faults.bit_error_rate)
        lost = self._bytes.of(len(data), faults.loss_rate)
        if not bits and not lost:
            return data
        out = bytearray(data)
        for bit in bits:
            out[bit // 8] ^= 1 << bit % 8
        for byte in reversed(lost):
            del out[byte]
        return bytes(out)

    def _is_burst(self, now: float) -> bool:
        """They come in time, whether or not there is something to hit."""
        faults = self.faults
        while now > self._burst[1]:
            start = max(now - 1, self._burst[1])
            start += self.random.expovariate(faults.bursts_per_s)
            self._burst = (start, start + faults.burst_ms / 1000 * (0.5 + self.random.random()))
        return now >= self._burst[0]


class Wire(threading.Thread):
    """Two ports and what is between them; a context manager."""

    def __init__(self, folder: Path, faults: Faults | None = None, **how: int) -> None:
        """``baud_max``: what the line can carry; ``is_paced`` False: any rate; ``fifo_bytes``: what
        a port holds for its program before it loses bytes (as much as a pty)."""
        super().__init__(daemon=True)
        faults = faults or Faults()
        self.baud_max = how.get("baud_max", 4000000)
        self.is_paced = how.get("is_paced", True)
        self.fifo_bytes = how.get("fifo_bytes", 0)
        self.a, self.b = Side(folder / "a"), Side(folder / "b")
        self.there = Direction(self.a, self.b, faults, faults.seed)
        self.back = Direction(self.b, self.a, faults, faults.seed + 1)
        self.lock = threading.Lock()
        self.is_running = True
        self._bell, self._ring = os.pipe()

    def __enter__(self) -> "Wire":
        self.a.plug()
        self.b.plug()
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_running = False
        os.write(self._ring, b"!")
        self.join()
        for side in (self.a, self.b):
            if side.master >= 0:
                side.unplug()
        os.close(self._bell)
        os.close(self._ring)

    def run(self) -> None:
        while self.is_running:
            with self.lock:
                now = time.monotonic()
                self.there.step(now, self)
                self.back.step(now, self)
                reads, writes, pause_s = self._awaited()
            try:
                if self._bell in select.select(reads, writes, [], pause_s)[0]:
                    os.read(self._bell, 64)
            except OSError:
                pass  # unplugged meanwhile

    def _awaited(self) -> tuple[list[int], list[int], float | None]:
        """Whom to wait for: to read from, to write to, and how long."""
        ways = (self.there, self.back)
        reads = [way.source.master for way in ways if way.takes]
        writes = [way.target.master for way in ways if way.is_full]
        dues = [way.due for way in ways if way.due is not None]
        pause_s = max(0.0, min(dues) - time.monotonic()) if dues else None
        return [self._bell, *reads], writes, pause_s

    def unplug(self, side: Side) -> float:
        """At what moment."""
        with self.lock:
            side.unplug()
            os.write(self._ring, b"!")
            return time.monotonic()

    def plug(self, side: Side) -> float:
        with self.lock:
            side.plug()
            os.write(self._ring, b"!")
            return time.monotonic()

    def inject(self, side: Side, data: bytes) -> None:
        """Let ``data`` arrive at ``side``, whoever sent it."""
        with self.lock:
            os.write(side.master, data)

    def counters(self) -> dict:
        """Bytes so far: "there" and "back" that were carried, "overruns" that were lost so."""
        overruns = self.there.overruns + self.back.overruns
        return {"there": self.there.carried, "back": self.back.carried, "overruns": overruns}

    def between(self, moments: list) -> list:
        """Bytes ``(there, back)`` that were handed over in each ``(from, to)``."""
        with self.lock:
            ways = (self.there, self.back)
            return [
                [way.carried_until(end) - way.carried_until(start) for way in ways]
                for start, end in moments
            ]


# -- a process of its own


class WireProcess:
    """A Wire elsewhere: the same ports, the same words."""

    def __init__(self, folder: Path, faults: Faults | None = None, **how: int) -> None:
        self.a, self.b = Side(folder / "a"), Side(folder / "b")
        asked = {"folder": str(folder), "faults": asdict(faults or Faults()), "how": how}
        self._command = [sys.executable, "-m", __name__, json.dumps(asked)]
        self._process: Any = None

    def __enter__(self) -> "WireProcess":
        root = Path(__file__).resolve().parents[3]
        self._process = subprocess.Popen(
            self._command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def unplug(self, side: Side) -> float:
        return self._ask("unplug", side.link.name)

    def plug(self, side: Side) -> float:
        return self._ask("plug", side.link.name)

    def inject(self, side: Side, data: bytes) -> None:
        self._ask("inject", side.link.name, data.hex())

    def counters(self) -> dict:
        return self._ask("counters")

    def between(self, moments: list) -> list:
        return self._ask("between", moments)

    def _ask(self, *words: Any) -> Any:
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the line has ended")
        return json.loads(line)


class _Punctual(Wire):
    """A thread that gets a processor when it is due, where that is allowed."""

    def run(self) -> None:
        if self.is_paced:
            try:
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
            except (AttributeError, OSError):
                pass
        try:
            ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)
        except (AttributeError, OSError):
            pass
        super().run()


def _serve(asked: dict) -> None:
    """Until the input ends."""
    with _Punctual(Path(asked["folder"]), Faults(**asked["faults"]), **asked["how"]) as wire:
        _say(True)
        for line in sys.stdin:
            word, *arguments = json.loads(line)
            if word in ("unplug", "plug", "inject"):
                arguments[0] = getattr(wire, arguments[0])
            if word == "inject":
                arguments[1] = bytes.fromhex(arguments[1])
            _say(getattr(wire, word)(*arguments))


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
