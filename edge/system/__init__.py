"""The ground: everything that depends on which Python runs and on which machine."""

import sys

MICROPYTHON = sys.implementation.name == "micropython"


def const(value: int) -> int:
    """Mark an integer constant; mpy-cross folds ``_NAME = const(1)`` away by the name ``const``."""
    return value
