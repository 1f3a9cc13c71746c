"""Time: a monotonic clock for everything, and the wall clock, which on a board may be wrong."""

import time

from edge.system import MICROPYTHON

if MICROPYTHON:
    # ticks wrap within days: what has passed since the last look is added up.
    _last = time.ticks_ms()
    _total = 0
    _EPOCH_S = 0 if time.gmtime(0)[0] == 1970 else 946684800  # some ports count from 2000

    def monotonic_ms() -> int:
        """Milliseconds since some moment in the past; never goes back, never wraps."""
        global _last, _total
        now = time.ticks_ms()
        _total += time.ticks_diff(now, _last)
        _last = now
        return _total

    def monotonic_us() -> int:
        """Microseconds for measuring durations of seconds; finer where the machine can."""
        return monotonic_ms() * 1000

    def unix_ms() -> int:
        """Milliseconds since 1970 as the machine believes them."""
        return (time.time_ns() // 1000000) + _EPOCH_S * 1000

else:

    def monotonic_ms() -> int:
        """Milliseconds since some moment in the past; never goes back, never wraps."""
        return time.monotonic_ns() // 1000000

    def monotonic_us() -> int:
        """Microseconds for measuring durations of seconds; finer where the machine can."""
        return time.monotonic_ns() // 1000

    def unix_ms() -> int:
        """Milliseconds since 1970 as the machine believes them."""
        return time.time_ns() // 1000000
