"""Starts the real `edge` command as a process and talks with it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
WAIT_S = 20  # for a line; generous, because machines that test are busy


def command(*arguments: str, prefix: tuple[str, ...] = ()) -> list[str]:
    return [*prefix, sys.executable, "-m", "edge", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("EDGE_DATA", "NOTIFY_SOCKET")}
    path = os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**kept, "PYTHONPATH": path, **more}


def edge(*arguments: str, check: int | None = 0, prefix: tuple[str, ...] = (), given: str = "",
         **more: str) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run one command to its end; ``check`` is the exit code it must have (None: any)."""
    done = subprocess.run(command(*arguments, prefix=prefix), input=given, capture_output=True,
                          text=True, timeout=60, env=environment(**more))  # fmt: skip
    if check is not None:
        assert done.returncode == check, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    assert "Traceback" not in done.stderr, done.stderr
    return done


class Running:
    """`edge run --json`: its events one by one."""

    def __init__(self, data: Path, *arguments: str, prefix: tuple[str, ...] = (), **more: str):
        line = command("run", "--json", "--data", str(data), *arguments, prefix=prefix)
        self.data = data
        self._events: queue.Queue[dict | None] = queue.Queue()
        self.noted: list[str] = []
        self.told: list[dict] = []  # the events taken so far
        self.peer_id = ""
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment(**more))  # fmt: skip
        self._threads = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_notes, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_error) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        self.process.stdout.close()
        self.process.stderr.close()

    def _read_events(self) -> None:
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def _read_notes(self) -> None:
        for line in self.process.stderr:
            self.noted.append(line.rstrip("\n"))

    def event(self, name: str, timeout_s: float = WAIT_S, **fields) -> dict:
        """The next event of that name with those fields; others before it are passed over."""
        return self.next_event(timeout_s, event=name, **fields)

    def next_event(self, timeout_s: float = WAIT_S, **fields) -> dict:
        """The next event with those fields; others before it are passed over."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                event = self._events.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                event = None
            if event is None:
                raise AssertionError(f"no event {fields} within {timeout_s} s\n" + self.said())
            self.told.append(event)
            if all(event.get(key) == value for key, value in fields.items()):
                return event

    def ready(self) -> dict:
        ready = self.event("ready")
        self.peer_id = ready["peer_id"]
        return ready

    def said(self) -> str:
        told = [json.dumps(event) for event in self.told]
        return "\n".join([f"exit code {self.process.poll()}", *self.noted, *told])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)


def lines(text: str) -> list[dict]:
    """JSON lines, parsed."""
    return [json.loads(line) for line in text.splitlines()]
