"""Randomness fit for keys: the operating system's, and nothing else."""

import os


def random_bytes(size: int) -> bytes:
    return os.urandom(size)


def random_below(bound: int) -> int:
    """A number from 0 to ``bound`` - 1; the bias of the reduction is below 2**-32."""
    return int.from_bytes(os.urandom(12), "big") % bound
