"""Every verb says what it does, and what it was asked wrongly."""

import subprocess
import sys

import pytest

from tools import FAILED, MISSING, OK, ROOT, USAGE, Missing, venv
from tools.__main__ import VERBS

NAMES = [name for name, _ in VERBS]


def tools(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("verb", NAMES)
def test_help_shows_examples_and_exit_codes(verb: str):
    done = tools(verb, "--help")
    assert done.returncode == OK
    assert (
        "examples:\n  python3 -m tools " + verb in done.stdout or "what is checked" in done.stdout
    )
    assert "exit codes: " in done.stdout


def test_overview_names_every_verb():
    done = tools("--help")
    assert done.returncode == OK and all(f"  {name} " in done.stdout for name in NAMES)
    assert tools().returncode == USAGE


def test_a_wrong_verb_is_a_usage_error():
    done = tools("tset")
    assert done.returncode == USAGE and "'tset'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "taste"],
        ["bench", "nothing"],
        ["fuzz", "nothing"],
        ["mpy", "test", "README.md"],
        ["mpy", "run"],
        ["firmware", "--family", "abacus"],
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: list[str]):
    assert tools(*arguments).returncode == USAGE


def test_missing_things_have_their_own_exit_code(monkeypatch: pytest.MonkeyPatch):
    from tools import __main__

    def cannot(argv: list[str]) -> int:
        raise Missing("no abacus: apt install abacus")

    monkeypatch.setattr("tools.run.main", cannot)
    monkeypatch.setattr(sys, "argv", ["tools", "run"])
    assert __main__.main() == MISSING != FAILED


def test_a_python_without_venv_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(venv, "PYTHON", tmp_path / "none")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Missing, match="apt install python3-venv"):
        venv.enter()
