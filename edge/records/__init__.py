"""The distributed record store: values under keys that nobody has to be trusted for.

    key     /ipns/<peer id bytes>      the first segment, the namespace, says who judges
    value   bytes that prove themselves to its validator

A validator is a module or an object, by its namespace in validators/:

    validate(key, value, now_unix_ms)      RemoteError says why ``value`` is none for ``key``
    select(key, values) -> int             which of ``values``, all valid, is the best

``validate`` asks nobody and remembers nothing: what it needs is in the key and the value, so that
every node comes to the same end.  ``select`` is a total order: whoever holds the same values picks
the same one, in whatever order they came, and only identical bytes are equal.

Time.  A board may not know it: its clock starts at some date of long ago, or at zero.  What it does
know is that it is not earlier than this program, so ``EARLIEST_UNIX_MS`` is what a clock that is
behind is taken for.  What has ended by then is refused on every machine.  What ends later is
accepted by one that cannot tell, and its signature and its order still hold: old values lose
against newer ones, and whoever asks for the value judges it by a clock of its own.  A clock that
runs ahead refuses what is still good; it is right again as soon as it is set.
"""

EARLIEST_UNIX_MS = 1793491200000  # 2026-11-01: it is later wherever this runs
KEY_BYTES_MAX = 80  # as go, rust and js


def not_before(now_unix_ms: int) -> int:
    """The time it is at least, in ms since 1970, where the clock says ``now_unix_ms``."""
    return max(now_unix_ms, EARLIEST_UNIX_MS)
