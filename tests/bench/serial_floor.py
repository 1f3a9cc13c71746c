"""What the emulated line itself does: raw bytes through it, with nothing but reads and writes.

here  <->  port a  <->  the line, a process  <->  port b  <->  a process that echoes or counts
"""

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import termios
import time
import tty
from pathlib import Path
from typing import Any

from tests.transports.serial.wire_cpython import BITS, WireProcess

BAUD = 115200
ECHO_BYTES = 55
ECHOES = 30
REST_S = 0.02
FLOW_S = 3  # of the line's time
UNPACED_BYTES = 64 << 20
WAIT_S = 30


def measure(quick: bool = False) -> dict:
    """Of 115200: share of its rate, and milliseconds that an echo takes beyond its line time; of
    a line without a rate: MB/s, and milliseconds of an echo."""
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        with WireProcess(Path(folder)) as wire:
            size = BAUD // BITS * (1 if quick else FLOW_S)
            share = flow(wire, size) / (BAUD / BITS)
            echo_ms = echo(wire) - 2 * ECHO_BYTES * BITS / BAUD * 1000
        with WireProcess(Path(folder), is_paced=False) as wire:
            unpaced = flow(wire, UNPACED_BYTES // (4 if quick else 1)) / 1e6
            found = {"share": share, "echo_ms": echo_ms, "unpaced_mb_s": unpaced}
            return {**found, "unpaced_echo_ms": echo(wire), "lost": wire.counters()["overruns"]}


def open_raw(path: str) -> int:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    attributes = termios.tcgetattr(port)
    attributes[4] = attributes[5] = termios.B115200
    termios.tcsetattr(port, termios.TCSANOW, attributes)
    return port


def start(what: str, wire: WireProcess, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", __name__, what, str(wire.b.link), *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said(child)
    return child


def said(child: subprocess.Popen[str]) -> Any:
    assert child.stdout
    if not select.select([child.stdout], [], [], WAIT_S)[0]:
        child.kill()
        raise RuntimeError("the line does not carry what it is given")
    return json.loads(child.stdout.readline())


def flow(wire: WireProcess, size: int) -> float:
    """Bytes a second."""
    child = start("count", wire, str(size))
    port = open_raw(str(wire.a.link))
    began, left = time.monotonic(), size
    while left:
        left -= os.write(port, bytes(min(left, 4096)))
    took = said(child) - began
    os.close(port)
    child.wait()
    return size / took


def echo(wire: WireProcess) -> float:
    """Milliseconds of the median one."""
    child = start("echo", wire)
    port = open_raw(str(wire.a.link))
    times = []
    for _ in range(ECHOES):
        began, left = time.monotonic(), ECHO_BYTES
        os.write(port, bytes(left))
        while left:
            left -= len(os.read(port, left))
        times.append((time.monotonic() - began) * 1000)
        time.sleep(REST_S)
    child.kill()
    child.wait()
    os.close(port)
    return statistics.median(times)


def main(what: str, path: str, size: str = "0") -> None:
    """The far end."""
    port = open_raw(path)
    print("true", flush=True)
    while what == "echo":
        got = b""
        while len(got) < ECHO_BYTES:  # all of it first, as who reads frames
            got += os.read(port, ECHO_BYTES - len(got))
        os.write(port, got)
    left = int(size)
    while left > 0:
        left -= len(os.read(port, 65536))
    print(json.dumps(time.monotonic()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
