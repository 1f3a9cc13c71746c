"""Tasks and waiting: the part of asyncio both Pythons agree on, and what MicroPython's lacks.

Everything above this room waits through these names.  Rules that keep both Pythons alike: every
task belongs to a Group, nobody cancels itself, a timeout is integer milliseconds.
"""

import asyncio
from asyncio import CancelledError, Event, Lock, current_task

from edge.system import MICROPYTHON

if MICROPYTHON:
    from edge.system.aio_chip import Group, Signal, in_thread, run, sleep_ms, wait_for_ms
else:
    from edge.system.aio_posix import Group, Signal, in_thread, run, sleep_ms, wait_for_ms

__all__ = (
    "CancelledError", "Event", "Group", "Lock", "Queue", "Signal", "TimeoutError",
    "current_task", "in_thread", "run", "sleep_ms", "wait_for_ms",
)  # fmt: skip

TimeoutError = asyncio.TimeoutError  # MicroPython has no builtin of that name


class Queue:
    """First in, first out, at most ``size_max`` items; closed by its producer."""

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._items: list = []
        self._changed = Signal()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    async def put(self, item) -> None:
        """Append ``item``, waiting for room.  EOFError once the queue is closed."""
        while len(self._items) >= self._size_max and not self._closed:
            await self._changed.wait()
        if self._closed:
            raise EOFError
        self.put_nowait(item)

    def put_nowait(self, item) -> bool:
        """Append ``item`` if there is room; False if there is none or the queue is closed."""
        if self._closed or len(self._items) >= self._size_max:
            return False
        self._items.append(item)
        self._changed.fire()
        return True

    async def get(self):
        """The oldest item.  EOFError once the queue is closed and empty."""
        while not self._items:
            if self._closed:
                raise EOFError
            await self._changed.wait()
        item = self._items.pop(0)
        self._changed.fire()
        return item

    def close(self) -> None:
        """No more items: what is queued can still be taken."""
        self._closed = True
        self._changed.fire()
