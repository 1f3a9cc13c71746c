"""A serial line of two ptys, paced by the clock: rates, bit errors, lost bytes, bursts, overruns,
ports that are pulled and come back under another name.

    port a  <->  pty  <->  thread: rate, faults  <->  pty  <->  port b
            folder/a                                  folder/b     links, as in /dev/serial/by-id

An end transmits at the rate its port is set to.  Where the other end is set to another, or the
line cannot carry it, noise arrives.
"""

import os
import random
import termios
import threading
import time
import tty
from dataclasses import dataclass
from pathlib import Path

SLICE_S = 0.001
SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}
CATCH_UP_S = 0.03  # a UART goes on while this thread waits for its turn
BITS = 10  # a byte with its start and stop bits


@dataclass
class Faults:
    bit_error_rate: float = 0.0
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
        return SPEEDS.get(termios.tcgetattr(self.slave)[5], 0)


class Direction:
    """Bytes one way."""

    def __init__(self, source: Side, target: Side, faults: Faults, seed: int) -> None:
        self.source, self.target, self.faults = source, target, faults
        self.random = random.Random(seed)
        self.queue = bytearray()
        self.credit = 0.0
        self.carried = self.overruns = 0
        self._burst = (0.0, 0.0)

    def step(self, seconds: float, now: float, wire: "Wire") -> None:
        if self.source.master < 0:
            self.queue.clear()
            return
        rate = self.source.rate() if wire.is_paced else 0
        size = self._take(rate, seconds)
        if not size:
            return
        data, self.queue = bytes(self.queue[:size]), self.queue[size:]
        self.carried += size
        if self.target.master < 0:
            return
        is_noise = rate and (rate != self.target.rate() or rate > wire.baud_max)
        data = self.random.randbytes(size) if is_noise else self._damaged(data, now)
        try:
            self.overruns += len(data) - os.write(self.target.master, data)
        except BlockingIOError:
            self.overruns += len(data)

    def _take(self, rate: int, seconds: float) -> int:
        """How many bytes have been carried by now."""
        ahead = 65536 if not rate else 64 + int(rate / BITS * CATCH_UP_S)
        try:
            if len(self.queue) < ahead:
                self.queue += os.read(self.source.master, ahead - len(self.queue))
        except BlockingIOError:
            pass
        if not rate:
            return len(self.queue)
        self.credit = min(self.credit + seconds * rate / BITS, rate / BITS * CATCH_UP_S)
        size = min(len(self.queue), int(self.credit))
        self.credit = self.credit - size if size < len(self.queue) else min(self.credit - size, 1.0)
        return size

    def _damaged(self, data: bytes, now: float) -> bytes:
        faults, out = self.faults, bytearray(data)
        if faults.bursts_per_s:
            while now > self._burst[1]:
                start = max(now - 1, self._burst[1])
                start += self.random.expovariate(faults.bursts_per_s)
                self._burst = (start, start + faults.burst_ms / 1000 * (0.5 + self.random.random()))
            if now >= self._burst[0]:
                return self.random.randbytes(len(out))
        for bit in self._hits(len(out) * 8, faults.bit_error_rate):
            out[bit // 8] ^= 1 << bit % 8
        for byte in reversed(self._hits(len(out), faults.loss_rate)):
            del out[byte]
        return bytes(out)

    def _hits(self, size: int, rate: float) -> list[int]:
        """Which of ``size`` are hit, each with probability ``rate``."""
        found: list[int] = []
        at = -1
        while rate:
            at += 1 + int(self.random.expovariate(rate))
            if at >= size:
                break
            found.append(at)
        return found


class Wire(threading.Thread):
    """Two ports and what is between them; a context manager."""

    def __init__(self, folder: Path, faults: Faults | None = None, **how: int) -> None:
        """``baud_max``: what the line can carry; ``is_paced`` False: any rate."""
        super().__init__(daemon=True)
        faults = faults or Faults()
        self.baud_max = how.get("baud_max", 4000000)
        self.is_paced = how.get("is_paced", True)
        self.a, self.b = Side(folder / "a"), Side(folder / "b")
        self.there = Direction(self.a, self.b, faults, faults.seed)
        self.back = Direction(self.b, self.a, faults, faults.seed + 1)
        self.lock = threading.Lock()
        self.is_running = True

    def __enter__(self) -> "Wire":
        self.a.plug()
        self.b.plug()
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_running = False
        self.join()
        for side in (self.a, self.b):
            if side.master >= 0:
                side.unplug()

    def run(self) -> None:
        last = time.monotonic()
        while self.is_running:
            now = time.monotonic()
            with self.lock:
                self.there.step(now - last, now, self)
                self.back.step(now - last, now, self)
            last = now
            time.sleep(SLICE_S)

    def unplug(self, side: Side) -> None:
        with self.lock:
            side.unplug()

    def plug(self, side: Side) -> None:
        with self.lock:
            side.plug()

    def inject(self, side: Side, data: bytes) -> None:
        """Let ``data`` arrive at ``side``, whoever sent it."""
        with self.lock:
            os.write(side.master, data)
