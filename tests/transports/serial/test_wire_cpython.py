"""The emulated line: as fast as its rate, as bad as its faults, and the same for each seed."""

import os
import random
import termios
import threading
import time
import tty
from pathlib import Path

import pytest

from tests.transports.serial.wire_cpython import Faults, Side, Wire, WireProcess

BAUD = 115200
SIZE = 11520  # a second of it


def open_port(side: Side, speed: int = termios.B115200) -> int:
    port = os.open(side.link, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    attributes = termios.tcgetattr(port)
    attributes[4] = attributes[5] = speed
    termios.tcsetattr(port, termios.TCSANOW, attributes)
    return port


def carried(wire, data: bytes, wait_s: float = 2) -> tuple[bytes, float]:
    """What arrives at b of what is written to a, until nothing more comes; seconds to the last."""
    source, target = open_port(wire.a), open_port(wire.b)
    os.set_blocking(target, False)
    writer = threading.Thread(target=write_all, args=(source, data))
    began = last = time.monotonic()
    writer.start()
    got = bytearray()
    while len(got) < len(data) and time.monotonic() - last < wait_s:
        try:
            got += os.read(target, 65536)
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.0005)
    writer.join()
    os.close(source)
    os.close(target)
    return bytes(got), last - began


def write_all(port: int, data: bytes) -> None:
    while data:
        data = data[os.write(port, data) :]


@pytest.mark.parametrize("kind", [Wire, WireProcess])
def test_a_line_is_never_faster_than_its_rate(tmp_path: Path, kind):
    data = random.Random(1).randbytes(SIZE // 2)
    with kind(tmp_path) as wire:
        got, took_s = carried(wire, data)
        assert got == data
        print(f"{len(data) / took_s:.0f} B/s")
        assert 0.495 < took_s < 2
        counted = wire.counters()
        assert counted == {"there": len(data), "back": 0, "overruns": 0}
        now = time.monotonic()
        assert wire.between([[now - 20, now], [now, now + 1]]) == [[len(data), 0], [0, 0]]


@pytest.mark.parametrize("kind", [Wire, WireProcess])
def test_without_a_rate_nothing_is_lost(tmp_path: Path, kind):
    data = random.Random(2).randbytes(4 << 20)
    with kind(tmp_path, is_paced=False) as wire:
        got, took_s = carried(wire, data, 5)
        assert got == data and wire.counters()["overruns"] == 0
        print(f"{len(data) / took_s / 1e6:.1f} MB/s")


def test_faults_are_those_of_the_seed(tmp_path: Path):
    """However the bytes are handed over."""
    data, found = bytes(200000), []
    for seed in (3, 3, 4):
        faults = Faults(bit_error_rate=1e-4, loss_rate=1e-4, seed=seed)
        with Wire(tmp_path, faults, is_paced=False) as wire:
            found.append(carried(wire, data, 1)[0])
    assert found[0] == found[1] != found[2]
    assert 5 < len(data) - len(found[0]) < 60
    flipped = sum(byte.bit_count() for byte in found[0])
    assert 100 < flipped < 230


def test_bursts_are_noise(tmp_path: Path):
    with Wire(tmp_path, Faults(bursts_per_s=8, burst_ms=20, seed=2)) as wire:
        got, _ = carried(wire, bytes(SIZE))
    hit = sum(byte != 0 for byte in got)
    assert len(got) == SIZE and SIZE * 0.02 < hit < SIZE * 0.6


def test_other_rates_hear_noise(tmp_path: Path):
    data = random.Random(1).randbytes(200)
    with Wire(tmp_path) as wire:
        source, target = open_port(wire.a), open_port(wire.b, termios.B9600)
        os.write(source, data)
        got = b""
        while len(got) < len(data):
            got += os.read(target, 200)
        assert got != data
        os.close(source)
        os.close(target)


def test_a_small_buffer_overruns(tmp_path: Path):
    with Wire(tmp_path, fifo_bytes=16) as wire:
        source = open_port(wire.a)
        target = open_port(wire.b)
        os.write(source, bytes(100))
        time.sleep(0.3)
        assert 0 < len(os.read(target, 200)) < 100
        assert wire.counters()["overruns"] > 50
        os.close(source)
        os.close(target)


@pytest.mark.parametrize("kind", [Wire, WireProcess])
def test_ports_vanish_and_return(tmp_path: Path, kind):
    with kind(tmp_path) as wire:
        port = open_port(wire.b)
        wire.unplug(wire.b)
        assert not os.path.lexists(wire.b.link)
        with pytest.raises(OSError):
            if not os.read(port, 1):  # as some systems say it
                raise OSError
        os.close(port)
        wire.plug(wire.b)
        port = open_port(wire.b)
        wire.inject(wire.b, b"noise")
        assert os.read(port, 10) == b"noise"
        os.close(port)
