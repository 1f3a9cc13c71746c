"""Each fuzz target for a moment, always with the same inputs; `python3 -m tools fuzz` goes on."""

from pathlib import Path

import pytest

from edge.errors import RemoteError
from tests.fuzz import engine

SEED = 1
ROUNDS = 3000
SECONDS = 10.0  # at most, on a slow machine

TARGETS = engine.targets()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_garbage_is_refused_in_order(name: str):
    count, finding = engine.fuzz(name, TARGETS[name], SEED, SECONDS, ROUNDS)
    assert finding is None, f"\n{finding.data!r}\n{finding.trace}"
    assert count > 0


def _wants_a_code(data: bytes) -> None:
    """Lets out an IndexError three honest refusals deep."""
    for position, letter in enumerate(b"edge"):
        if data[position : position + 1] != bytes([letter]):
            raise RemoteError("wrong letter after " + "x" * position)
    data[1000]


def test_the_engine_finds_and_shrinks():
    count, finding = engine.fuzz("sample", _wants_a_code, SEED, 60.0)
    assert finding is not None and finding.data == b"edge"
    assert "IndexError" in finding.trace
    assert engine.fuzz("sample", _wants_a_code, SEED, 60.0)[0] == count


def test_a_hang_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "HANG_S", 0.05)

    def hang(data: bytes) -> None:
        while True:
            pass

    assert "Hang" in engine.attempt(hang, b"")[1]


def test_findings_are_kept(tmp_path: Path):
    saved = engine.Finding("sample", b"\0\1", "trace").save(tmp_path)
    assert saved.read_bytes() == b"\0\1" and saved.name.startswith("sample-")
