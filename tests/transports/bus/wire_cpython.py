"""A half-duplex bus of ptys in a process of its own, paced by the clock.

    port 0 .. port n  <->  ptys  <->  one pair of wires (who talk at once garble each other)

Commands, a line each: ``babble N`` (N talk all the time who have no port), ``cut I 1`` (port I
hears and says nothing), ``errors N`` (about one byte in N is damaged), ``echo 1``.
"""

import os
import random
import select
import subprocess
import sys
import time
import tty
from pathlib import Path

SLICE_S = 0.001
CATCH_UP_S = 0.02  # the wires go on while this process waits for its turn
BITS = 10  # a byte with its start and stop bits


class Tap:
    """A port and what waits to go over the wires from it."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.queue = bytearray()
        self.is_cut = False

    def read(self) -> None:
        try:
            self.queue += os.read(self.master, 4096)
        except BlockingIOError:
            pass

    def write(self, data: bytes) -> None:
        try:
            os.write(self.master, data)
        except BlockingIOError:
            pass  # nobody reads: an overrun


class Wires:
    def __init__(self, count: int, baud: int, seed: int) -> None:
        self.taps = [Tap() for _ in range(count)]
        self.rate = baud / BITS
        self.random = random.Random(seed)
        self.babblers = self.errors = self.echo = 0
        self.credit = 0.0

    def is_busy(self) -> bool:
        return bool(self.babblers or any(tap.queue for tap in self.taps))

    def obey(self, words: list[str]) -> None:
        if words[0] == "cut":
            self.taps[int(words[1])].is_cut = words[2] == "1"
        elif words[0] == "babble":
            self.babblers = int(words[1])
        elif words[0] == "errors":
            self.errors = int(words[1])
        else:
            self.echo = int(words[1])

    def step(self, seconds: float) -> None:
        """Carry what the wires carry in that time."""
        self.credit = min(self.credit + seconds * self.rate, CATCH_UP_S * self.rate)
        size = int(self.credit)
        self.credit -= size
        if not size:
            return
        said: list[tuple[Tap | None, bytes]] = []
        for tap in self.taps:
            data, tap.queue = bytes(tap.queue[:size]), tap.queue[size:]
            if data and not tap.is_cut:
                said.append((tap, data))
        said += [(None, self.random.randbytes(size)) for _ in range(self.babblers)]
        for speaker, data in said:
            heard = self.random.randbytes(len(data)) if len(said) > 1 else self._damaged(data)
            for tap in self.taps:
                if not tap.is_cut and (tap is not speaker or self.echo):
                    tap.write(heard)

    def _damaged(self, data: bytes) -> bytes:
        if not self.errors:
            return data
        out = bytearray(data)
        for at in range(len(out)):
            if not self.random.randrange(self.errors):
                out[at] ^= 1 << self.random.randrange(8)
        return bytes(out)

    def run(self) -> None:
        """Until nobody gives commands any more."""
        files = [sys.stdin.fileno()] + [tap.master for tap in self.taps]
        last = time.monotonic()
        while True:
            was_busy = self.is_busy()
            ready, _, _ = select.select(files, [], [], SLICE_S if was_busy else None)
            if was_busy and ready:
                time.sleep(SLICE_S)
            if sys.stdin.fileno() in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                self.obey(line.split())
            for tap in self.taps:
                tap.read()
            now = time.monotonic()
            if was_busy:
                self.step(now - last)
            else:
                self.credit = 0.0
            last = now


class Wire:
    """The bus, in its own process; a context manager.  ``ports`` are links in ``folder``."""

    def __init__(self, folder: Path, count: int, baud: int = 115200, seed: int = 1) -> None:
        self.ports = [folder / "port{}".format(number) for number in range(count)]
        self._arguments = [str(number) for number in (count, baud, seed)]

    def __enter__(self) -> "Wire":
        command = [sys.executable, "-u", __file__, *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdout is not None
        for port, name in zip(self.ports, self._process.stdout.readline().split(), strict=True):
            port.symlink_to(name)
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        for port in self.ports:
            port.unlink()

    def say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")


if __name__ == "__main__":
    wires = Wires(*[int(word) for word in sys.argv[1:4]])
    print(*[os.ttyname(tap.slave) for tap in wires.taps], flush=True)
    wires.run()
