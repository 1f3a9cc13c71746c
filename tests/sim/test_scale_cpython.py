"""Kademlia finds its way: 10 to 10,000 nodes, with a fifth gone, with a fifth hostile."""

import json
import os
import subprocess
import sys

import pytest

from tests.sim import scenario
from tests.sim.scenario import GONE, HEALTHY, SCENARIOS, Plan
from tools import ROOT

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FINDING = ("find_peer", "find_providers", "get_closest")


def check(told: dict) -> None:
    """The rate that was promised, and a price that grows as the logarithm of the size does."""
    operations, log2 = told["operations"], told["log2"]
    for kind in FINDING:
        assert operations[kind]["rate"] >= told["bar"], (told["scenario"], operations[kind])
    assert operations["provide"]["rate"] == 1
    assert operations["find_peer"]["false_answers"] == 0
    for kind in ("find_peer", "find_providers"):
        assert operations[kind]["hops"] <= log2 / 2, operations[kind]
        assert operations[kind]["requests"] <= 2 * log2 + 3, operations[kind]
    assert operations["provide"]["requests"] <= 6 * log2, operations["provide"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_ten(name: str):
    check(scenario.run(Plan(10, seed=5, operations=200, settle_ms=5 * MINUTE_MS, idle_ms=0), name))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_hundred(name: str):
    check(scenario.run(Plan(100, seed=5, operations=200, settle_ms=MINUTE_MS, idle_ms=0), name))


@pytest.mark.slow
def test_a_thousand():
    """Attackers turn: they are in every table, and known to be good."""
    plan = Plan(1000, seed=5, operations=200, given=900, settle_ms=MINUTE_MS, idle_ms=0)
    for told in scenario.run_each(plan, list(SCENARIOS)):
        check(told)


@pytest.mark.slow
def test_four_hundred_that_joined_among_the_hostile():
    plan = Plan(400, seed=6, operations=200, settle_ms=MINUTE_MS, idle_ms=0)
    check(scenario.run(plan, "mixed"))


@pytest.mark.slow
def test_ten_thousand():
    plan = Plan(10_000, seed=5, operations=200, given=9900, settle_ms=MINUTE_MS // 2, idle_ms=0)
    for told in scenario.run_each(plan, [HEALTHY, GONE, "eclipse", "liar", "mixed"]):
        check(told)


@pytest.mark.slow
def test_a_quiet_network_costs_little():
    """In the second hour, three questions for each contact at most, searches included.

    A question and its answer are four messages: each is sent and received.
    """
    plan = Plan(60, operations=10, settle_ms=MINUTE_MS)
    told = scenario.run(plan, HEALTHY)
    assert told["idle"]["messages"] <= 3 * 4 * told["table"], told["idle"]
    assert told["idle"]["wakeups"] <= 3 * told["idle"]["messages"], told["idle"]


# -- what the numbers are worth


def test_a_seed_gives_the_same_again():
    """Also in a process whose sets have another order."""
    code = (
        "import json; from tests.sim import scenario; from tests.sim.scenario import Plan;"
        "plan = Plan(30, seed=7, operations=40, settle_ms=60000, quiet_ms=0, idle_ms=600000);"
        "print(json.dumps([scenario.run(plan, name) for name in ('healthy', 'mixed')]))"
    )
    said = []
    for order in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": order}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert not done.returncode, done.stderr
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]
    other = scenario.run(
        Plan(30, seed=8, operations=40, settle_ms=60000, quiet_ms=0, idle_ms=600000), HEALTHY
    )
    assert other != said[0][0]


@pytest.mark.slow
def test_attackers_do_harm(monkeypatch: pytest.MonkeyPatch):
    """Were they four in five, hardly anybody would be found: the bars above mean something."""
    monkeypatch.setattr(scenario, "SHARE", 0.8)
    plan = Plan(200, seed=3, operations=60, settle_ms=MINUTE_MS, idle_ms=0)
    for name in ("eclipse", "liar"):
        told = scenario.run(plan, name)["operations"]
        assert told["find_peer"]["rate"] < 0.3, told
        assert told["find_providers"]["rate"] < 0.3, told
