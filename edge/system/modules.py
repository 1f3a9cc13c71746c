"""Modules that are needed once: a chip forgets them, and what they took is free again."""

import sys


def forget(*names: str) -> None:
    """Drop these, of which nobody may have kept anything but values."""
    for name in names:
        if sys.modules.pop(name, None):
            parent, _, child = name.rpartition(".")
            delattr(sys.modules[parent], child)
