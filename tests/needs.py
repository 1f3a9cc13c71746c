"""What a test needs beyond Python: a missing tool skips the test for a user, fails it in CI."""

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def missing(reason: str) -> NoReturn:
    """Skip the running test for ``reason``; in CI nothing may be missing, so there it fails."""
    if IN_CI:
        pytest.fail("CI lacks what a test needs: " + reason, pytrace=False)
    pytest.skip(reason)


def tool(name: str, install: str = "") -> str:
    """The path of the program ``name``."""
    found = shutil.which(name)
    if not found:
        missing(f"no `{name}` on PATH" + (f" ({install})" if install else ""))
    return found


def module(name: str) -> None:
    """A Python module that is not one of the project's own dependencies."""
    if importlib.util.find_spec(name) is None:
        missing(f"no Python module `{name}`: python3 -m tools test installs it")


def root() -> None:
    """The right to make network namespaces."""
    if os.geteuid() != 0:
        missing("needs root (network namespaces)")


def micropython() -> str:
    """A MicroPython that runs here, fetched if need be."""
    from tools import Missing
    from tools.chip import micropython

    try:
        return micropython.find()
    except Missing as reason:
        missing(str(reason))
