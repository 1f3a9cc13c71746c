"""The benchmark runs, and has a row for all that is to be reached; no number is held here."""

import asyncio
import json
import subprocess
import sys

import pytest

from tests.bench.results import LANGUAGES, MISSED, OK, ROWS, UNJUDGED, Results, Row
from tests.bench.rounds import Effort, Run, take_turns
from tests.interop.peers.client import PeerError
from tools import FAILED, ROOT, USAGE
from tools import OK as DONE


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_quick_and_alone():
    done = bench("--quick", "--only", "edge", "--idle", "2", "--json")
    assert done.returncode in (DONE, FAILED), done.stderr
    told = json.loads(done.stdout)
    assert [row["key"] for row in told["rows"]] == [row.key for row in ROWS]
    for row in told["rows"]:
        samples = row["values"]["edge"].get("samples")
        if row["key"].endswith("sends"):  # nothing, within two seconds
            assert samples == [0] or samples, row
        else:
            assert samples, row
        assert row["values"]["js"]["missing"]
        assert row["verdict"] in (OK, MISSED, UNJUDGED, "")
    assert told["versions"]["edge"].startswith("libp2p-edge/")


def test_an_unknown_language_is_a_usage_error():
    done = bench("--only", "edge,cobol")
    assert done.returncode == USAGE and "cobol" in done.stderr


# -- verdicts


MORE = Row("churn", "", 5, "/s", True, "js")
LESS = Row("rss", "", 30, "MB")


@pytest.mark.parametrize(
    ("row", "samples", "verdict"),
    [
        (LESS, {"edge": [40, 29, 28]}, OK),
        (LESS, {"edge": [40, 31, 28]}, MISSED),
        (LESS, {"js": [90]}, UNJUDGED),
        (MORE, {"edge": [500], "js": [100, 101, 90]}, OK),
        (MORE, {"edge": [499], "js": [100, 101, 90]}, MISSED),
        (MORE, {"edge": [499]}, UNJUDGED),
        (Row("pss", ""), {"edge": [40]}, ""),
    ],
)
def test_verdict_is_that_of_the_medians(row: Row, samples: dict, verdict: str):
    results = Results()
    results.samples = {(row.key, lang): values for lang, values in samples.items()}
    assert results.verdict(row) == verdict


def test_what_edge_cannot_do_is_missed():
    results = Results()
    results.fail(("rss",), "edge", "edge failed: no memory at all")
    assert results.verdict(LESS) == MISSED


def test_table_says_why_a_cell_is_empty():
    results = Results()
    results.add("rss", "edge", 27.04)
    results.add("rss", "js", 100)
    results.fail(tuple(row.key for row in ROWS), "go", "no go: `go` is not on PATH")
    table = results.table()
    assert "(a) no go: `go` is not on PATH" in table
    head, line = [text.split() for text in table.splitlines()[0:3:2]]
    assert head[: len(LANGUAGES)] == list(LANGUAGES)
    assert line == ["idle", "RSS,", "MB", "27.0", "-", "100", "(a)", "-", "0.27x", "<=", "30", "MB",
                    "0.90x", "ok"]  # fmt: skip


# -- turns


def test_turns_are_taken_and_a_failure_ends_only_its_own():
    run = Run(["edge", "js", "go"], Effort(True, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1))
    order = []

    async def turn(lang: str) -> None:
        order.append(lang)
        if order.count("js") == 2 and lang == "js":
            raise PeerError("gone")
        run.results.add("churn", lang, 1)

    asyncio.run(take_turns(run, ("churn",), run.langs, 3, turn))
    assert order == ["edge", "js", "go", "edge", "js", "go", "edge", "go"]
    assert run.results.reasons == {("churn", "js"): "js failed: gone"}
