"""A chip on this machine: the firmware on MicroPython, in ROMFS, in a chip's heap."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from tools.chip import image, micropython

HEAP = "64k"
START_TIMEOUT_S = 30
ANSWER_TIMEOUT_S = 60
LINES_MAX = 200  # of what it printed that are kept
KINDS = {"node": "interfaces", "sensor": "ports"}  # program -> what only its settings have


def build(folder: Path, program: str, application: Path | None = None) -> None:
    """All that a chip of the unix port starts from, but its settings."""
    image.build("unix", folder, program, application)
    image.build_rom(folder, folder / image.ROM)
    image.build_boot(folder, image.families()["unix"]["march"])
    shutil.copy(image.FIRMWARE / "main.py", folder)


class Chip:
    """One node; ``with Chip(folder) as chip`` runs it."""

    def __init__(
        self,
        folder: Path,
        peers: tuple[str, ...] = (),
        heap: str = HEAP,
        on: tuple[str, ...] = (),
        **config: object,
    ) -> None:
        """``peers``: multiaddrs with /p2p that it dials; ``on``: a command that runs it elsewhere;
        ``config``: more of config.json, which tells a node and a sensor from a leaf.  An image that
        is in ``folder`` already is used."""
        self.folder = folder
        self.heap = heap
        self.peer_id = ""
        self.printed: deque[str] = deque(maxlen=LINES_MAX)
        self._address = f"/ip4/127.0.0.1/tcp/{free_port()}"
        self._ready = threading.Event()
        self.heap_bytes = 0  # in use after the last command
        self._asked = ""
        self._answer: list[str] = []
        self._answered = threading.Event()
        if not (folder / image.ROM).exists():
            kinds = [kind for kind in KINDS if KINDS[kind] in config]
            build(folder, kinds[0] if kinds else "leaf")
        self._on = on
        values = {"listen": [self._address], "peers": list(peers), **config}
        (folder / "config.json").write_text(json.dumps(values))

    @property
    def address(self) -> str:
        """Where peers dial it."""
        return f"{self._address}/p2p/{self.peer_id}"

    @property
    def text(self) -> str:
        """The last of what it printed."""
        return "\n".join(self.printed)

    def until_it_says(self, text: str, timeout_s: float) -> None:
        """Wait until ``text`` is among what it printed."""
        until = time.monotonic() + timeout_s
        while text not in self.text:
            assert time.monotonic() < until, self.text
            time.sleep(0.1)

    def ask(self, command: str, timeout_s: float = ANSWER_TIMEOUT_S) -> list[str]:
        """What a node's console answers to ``command``: see firmware/console.py."""
        assert self._process.stdin is not None
        self._answered.clear()
        self._answer = []
        self._asked = command
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._answered.wait(timeout_s), self.text
        return self._answer

    def start(self, console: int, **how: bool) -> "subprocess.Popen[Any]":
        """The program by itself, with a ``console`` that somebody else looks after."""
        system = [*self._on, micropython.find(), "-X", "heapsize=" + self.heap]
        return subprocess.Popen(
            [*system, "-m", "rom", image.ROM, "main.py"],
            cwd=self.folder,
            env={**os.environ, "MICROPYPATH": ":.frozen"},
            stdin=console,
            stdout=console,
            stderr=subprocess.STDOUT,
            **how,
        )

    def __enter__(self) -> "Chip":
        """Also after it was ended: with what it has kept."""
        self._ready.clear()
        self._process = self.start(subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._ready.wait(START_TIMEOUT_S)
        if not self.peer_id or self._process.poll() is not None:
            self.__exit__()
            raise AssertionError("the chip did not start:\n" + self.text)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._reader.join()
        self._process.wait()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed.append(line.rstrip())
            if line.startswith("peer id"):
                self.peer_id = line.split()[-1]
            if line.startswith("listening"):
                self._ready.set()
            if self._asked and line.startswith(self._asked + " "):
                self._hear(line.rstrip().removeprefix(self._asked + " "))
        self._ready.set()  # it ended

    def _hear(self, line: str) -> None:
        """A line of the answer to the last command; the last one says how much heap is in use."""
        if line.startswith("end "):
            self.heap_bytes = int(line.split()[1])
            self._asked = ""
            self._answered.set()
        else:
            self._answer.append(line)


def free_port() -> int:
    """A TCP port of the loopback nobody listens on now; a chip cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
