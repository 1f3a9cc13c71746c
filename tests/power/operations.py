"""What is done to the store: operation ``n`` is the same in every run but for its contents.

An operation that was cut off is done again by the next run, with that run's number in its value:
what comes back from the dead is told from what was written again.
"""

from collections import namedtuple
from hashlib import sha256

KEYS = 48
VALUE_BYTES_MAX = 900
REMOVED_EACH = 16  # one of so many operations removes its key

Operation = namedtuple("Operation", ("key", "is_removal", "size"))


def operation(n: int) -> Operation:
    mixed = (n * 2654435761 + 40503) & 0xFFFFFFFF
    mixed = ((mixed ^ mixed >> 15) * 2246822519) & 0xFFFFFFFF
    mixed ^= mixed >> 13
    size = 20 + (mixed >> 8) % (VALUE_BYTES_MAX - 20)
    return Operation(mixed % KEYS, (mixed >> 20) % REMOVED_EACH == 0, size)


def key_of(number: int) -> bytes:
    return b"/edge/\x00\x04self/%d" % number


def value_of(n: int, run: int) -> bytes:
    head = b"%d %d " % (n, run)
    size = operation(n).size
    return (head + sha256(head).digest() * (size // 32 + 1))[: max(size, len(head))]


def read_value(key: int, value: bytes) -> list[int] | str:
    """(n, run) that ``value`` of ``key`` was written by, or what is wrong with it."""
    parts = value.split(b" ", 2)
    try:
        n, run = int(parts[0]), int(parts[1])
    except (ValueError, IndexError):
        return f"not a value: {value[:40]!r}"
    if operation(n).key != key or operation(n).is_removal:
        return f"operation {n} did not write this key"
    return [n, run] if value == value_of(n, run) else f"operation {n} of run {run}, changed"
