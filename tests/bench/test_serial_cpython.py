"""The benchmark of serial lines runs, and judges by what it found; no timing is held here."""

import json
import subprocess
import sys

from tests.bench.results import MISSED, UNJUDGED
from tests.bench.results import OK as REACHED
from tests.bench.serial import QUICK, TARGETS, Report
from tests.bench.serial_lines import LINES, Found
from tools import FAILED, OK, ROOT, USAGE

BY_KEY = {line.key: line for line in LINES}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "bench", "serial", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_two_lines():
    done = bench("--quick", "--lines", "clean,replug", "--only", "edge,serial", "--json")
    assert done.returncode in (OK, FAILED), done.stderr
    told = json.loads(done.stdout)
    assert 0.5 < told["floor"]["share"] < 1.01 and told["floor"]["lost"] == 0
    edge, serial, pulled = told["rows"]
    assert [row["rival"] for row in told["rows"]] == ["edge", "serial", "edge"]
    assert edge["failures"] == pulled["failures"] == []
    assert pulled["medians"]["resume"] > 0
    for name in ("connect_s", "set_up_there", "set_up_back", "ping", "goodput", "beside"):
        assert edge["medians"][name] > 0, name
    assert 64 < edge["medians"]["ping_bytes"] < 400
    assert edge["medians"]["ping_ratio"] > 0.9
    assert edge["medians"]["share"] <= 100.5
    assert serial["medians"]["set_up_back"] > 100, serial


def test_what_cannot_be_measured_is_a_usage_error():
    for option, value in (("--lines", "wet-string"), ("--only", "cobol")):
        done = bench(option, value)
        assert done.returncode == USAGE and value in done.stderr


def found_of(bound: float, target) -> Found:
    found = Found()
    found.values[target.value] = bound
    return found


def test_verdicts():
    for target in TARGETS:
        report = Report(list(LINES), ["edge"], QUICK, {})
        assert report.verdict(target) == UNJUDGED
        line = BY_KEY[target.line]
        report.add(line, "edge", found_of(target.bound, target))
        assert report.verdict(target) == REACHED
        worse = target.bound * (0.9 if target.more else 1.1)
        for _ in range(2):
            report.add(line, "edge", found_of(worse, target))
        assert report.verdict(target) == MISSED and report.missed()


def test_a_run_that_failed_is_a_miss_and_is_told():
    report = Report(list(LINES), ["edge", "serial"], QUICK, {"load": "0"})
    report.floor = {"share": 1, "echo_ms": 0, "unpaced_mb_s": 1, "unpaced_echo_ms": 1, "lost": 0}
    report.add(BY_KEY["clean"], "edge", found_of(99, TARGETS[0]))
    report.add(BY_KEY["clean"], "edge", Found({}, ["goodput: gone"]))
    report.add(BY_KEY["bursts"], "serial", Found({}, ["link died"]))
    assert report.verdict(TARGETS[0]) == MISSED
    text = report.text()
    assert "clean, edge, 2 runs: goodput: gone" in text
    assert "bursts, serial, 1 runs: link died" in text and "failed" in text
    assert "MISSED: goodput, 115200" in text
