"""The benchmark of the record stores runs, and judges by what it found."""

import json
import subprocess
import sys

from tests.bench import records_rivals as rivals
from tests.bench.records import MODES, ROWS, Report
from tests.bench.results import MISSED, UNJUDGED
from tests.bench.results import OK as REACHED
from tools import FAILED, OK, ROOT, USAGE


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "bench", "records", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_quick():
    done = bench("--quick", "--json")
    assert done.returncode in (OK, FAILED), done.stderr
    told = {row["key"]: row for row in json.loads(done.stdout)["rows"]}
    assert list(told) == [key for key, *_ in ROWS]
    for key in ("puts_each", "puts_group", "puts_lazy"):
        assert set(told[key]["values"]) == set(rivals.RIVALS)
        assert all(value > 0 for value in told[key]["values"].values())
    assert set(told["gets"]["values"]) == {"edge", "sqlite"}
    for key in ("open", "ram", "chip"):
        assert told[key]["verdict"] == REACHED, told[key]
    assert told["device_each"]["verdict"] == UNJUDGED


def test_a_folder_that_is_not_there_is_a_usage_error():
    done = bench("--folder", "/nowhere/at/all")
    assert done.returncode == USAGE and "/nowhere/at/all" in done.stderr


def test_verdicts():
    report = Report()
    assert report.missed() == []
    report.values["device_each"] = {"edge": 5.0, "sqlite": 5.0}
    report.values["steady"] = {"edge": 1.3}
    report.values["open"] = {"edge": 600}
    judged = {row["key"]: row["verdict"] for row in report.as_dict()["rows"]}
    assert judged["device_each"] == MISSED and judged["device_group"] == UNJUDGED
    assert judged["steady"] == REACHED and judged["open"] == MISSED and judged["gets"] == ""
    assert "bytes to the disk per byte put, each" in report.text()


def test_rivals_hold_what_was_put(tmp_path):
    some = rivals.items(300, 40, 50)
    keys = sorted({key for key, _ in some})
    for name in ("edge", "sqlite"):
        for mode, group, lazy in MODES:
            folder = tmp_path / f"{name}-{mode}"
            folder.mkdir()
            for _ in range(2):  # made, and opened again
                rival = rivals.open_rival(name, str(folder), lazy)
                rival.write(some, group)
                assert rival.read([*keys, b"/edge/nobody"]) == len(keys)
                rival.close()
