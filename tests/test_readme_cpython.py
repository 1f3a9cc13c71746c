"""Runs what README.md tells the reader to type, and holds it to what it says will be seen."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transports.serial.wire_cpython import Wire

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
TOUR = re.compile(r"<!-- tour -->\n```console\n(.*?)```", re.DOTALL)
CABLE = re.compile(r"<!-- cable -->\n```console\n(.*?)```", re.DOTALL)
PROGRAM = re.compile(r"<!-- program -->\n```python\n(.*?)```", re.DOTALL)
TOUR_TIMEOUT_S = 120
MARK = "@@"
FREE = ("edge doctor", "kill")  # may end with any exit code


def steps(tour: re.Pattern[str]) -> list[tuple[str, list[str]]]:
    """Each command of a tour and the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(tour.findall(README)).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def shape(line: str) -> str:
    """A line without what differs from run to run: ids, numbers, addresses, what is appended."""
    line = re.sub(r"12D3KooW\w+", "PEER", line)
    line = re.sub(r"/(ip[46]|serial)/\S+.*", "ADDRESS", line)
    line = re.sub(r"/\S*/(?=anna)", "/", line)
    line = re.sub(r"\b(to|from)(?= ADDRESS)", "AT", line)
    line = re.sub(r"\b(in|out)bound\b", "BOUND", line)  # the smaller id dials
    return re.sub(r"[\d.]+ (ms|s|[KMGk]?bit/s|MB)", "N", line)


def beginning(line: str) -> str:
    """What must be seen again: the words before anything that depends on the machine."""
    if line.startswith("{"):
        return '{"event":'
    return " ".join(re.split(r"\s+", shape(line))[:2])


def with_edge_on_path(folder: Path) -> dict[str, str]:
    """An environment with the command `edge` of this source, without installing it."""
    folder.mkdir()
    (folder / "edge").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m edge "$@"\n')
    (folder / "edge").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def in_bash(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``script``; whatever it leaves running ends with it."""
    line = ["bash", "-c", script]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment, start_new_session=True) as shell:  # fmt: skip
        try:
            output, noted = shell.communicate(timeout=TOUR_TIMEOUT_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(line, shell.returncode, output, noted)


@pytest.mark.slow
def test_the_tour_is_true(tmp_path) -> None:
    assert len(steps(TOUR)) > 12
    walk(steps(TOUR), tmp_path)


@pytest.mark.slow
def test_a_cable_is_enough(tmp_path) -> None:
    with Wire(tmp_path) as wire:
        ports = {"/dev/ttyUSB0": wire.a.link, "/dev/ttyAMA0": wire.b.link}
        there = []
        for command, shown in steps(CABLE):
            for port, link in ports.items():
                command = command.replace(port, shlex.quote(str(link)))
            there.append((command, shown))
        assert len(there) > 8
        walk(there, tmp_path)


def walk(tour: list[tuple[str, list[str]]], folder: Path) -> None:
    """Do it all in one shell, and see what is said to be seen."""
    script = ["set -u", f"cd {shlex.quote(str(folder))}"]
    for number, (command, _) in enumerate(tour):
        script += [command, f"echo '{MARK}' {number} $?"]
    done = in_bash("\n".join(script), with_edge_on_path(folder / "bin"))
    said = re.split(rf"^{MARK} \d+ (\d+)\n", done.stdout, flags=re.MULTILINE)
    for (command, shown), output, code in zip(tour, said[0::2], said[1::2], strict=False):
        assert code == "0" or command.startswith(FREE), f"{command}\n{output}\n{done.stderr}"
        seen = [beginning(line) for line in output.splitlines()]
        for line in shown:
            assert beginning(line) in seen, f"{command}: {line}\n{output}\n{done.stderr}"
    assert len(said) == 2 * len(tour) + 1, done.stdout + done.stderr


def test_the_program_is_true(tmp_path) -> None:
    (program,) = PROGRAM.findall(README)
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(tmp_path / "program.py")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    (promised,) = re.findall(r"# (b'.*')", program)
    assert done.stdout == promised + "\n", done.stderr
    assert done.stderr == ""


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_verbs_it_names_are_there() -> None:
    from edge.cli import COMMANDS
    from tools.__main__ import VERBS

    for verb in re.findall(r"python3 -m tools (\w+)", README):
        assert verb in [name for name, _ in VERBS]
    for verb in re.findall(r"^\$ edge (\w+)", README, re.MULTILINE):
        assert verb in [name for name, _, _ in COMMANDS]
