"""The ground: everything that depends on which Python runs and on which machine."""

import sys

MICROPYTHON = sys.implementation.name == "micropython"


def const(value: int) -> int:
    """Mark an integer constant; mpy-cross folds ``_NAME = const(1)`` away by the name ``const``."""
    return value


def forget(*names: str) -> None:
    """Drop modules that are needed once: on a chip, what they took is free again.

    Nobody may have kept anything of them but values.
    """
    for name in names:
        if sys.modules.pop(name, None):
            parent, _, child = name.rpartition(".")
            delattr(sys.modules[parent], child)
