"""What only a large heap and a clock can show."""

import time

from edge.wire.buffer import Buffer


def _seconds_to_take_all(size: int) -> float:
    buffer = Buffer()
    buffer.append(bytes(size))
    begin = time.perf_counter()
    while len(buffer):
        buffer.take(16)
    return time.perf_counter() - begin


def test_small_takes_of_much_data_cost_in_proportion():
    small = min(_seconds_to_take_all(1 << 18) for _ in range(3))
    large = min(_seconds_to_take_all(1 << 22) for _ in range(3))
    assert large < 16 * small * 6  # a front that is shifted each time would be 16 times this
