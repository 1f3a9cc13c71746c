"""Numbers for our own peer records that rise even where no clock does.

A peer that knows a record of ours ignores those that are not numbered higher. So the last number is
kept in a file. It is nanoseconds since 1970 where the clock allows, as in go, which counts faster
than the others: an identity that comes from another implementation is not taken for an old one.
"""

from edge.errors import printable
from edge.system import clock, files
from edge.system.log import Log

_CLOCK_MAX = (1 << 63) - 1  # a clock that is further ahead is wrong, and must leave room to rise
_SEQ_MAX = (1 << 64) - 1

_log = Log("identity")


def after(stored: int, unix_ms: int) -> int:
    """The number behind ``stored`` at the time ``unix_ms``, which may be wrong."""
    return min(max(stored + 1, min(unix_ms * 1000000, _CLOCK_MAX)), _SEQ_MAX)


def next_seq(path: str) -> int:
    """A number higher than all before; it is on the medium when this returns."""
    data = files.read(path) or b"0"
    stored = 0
    if len(data) <= 20 and data.isdigit():
        stored = int(data)
    else:
        _log.warn("{} holds no number, going by the clock: {}", path, printable(data))
    seq = after(stored, clock.unix_ms())
    files.write_atomic(path, str(seq).encode(), private=True)
    return seq
