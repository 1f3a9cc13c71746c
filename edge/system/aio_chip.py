"""Waiting on MicroPython."""

import asyncio
from asyncio import Event, sleep_ms

__all__ = ("Signal", "run", "sleep_ms", "wait_for_ms")


def run(coroutine):
    """Run ``coroutine`` to its end on a fresh loop: what an earlier run left is forgotten."""
    asyncio.new_event_loop()
    return asyncio.run(coroutine)


async def wait_for_ms(coroutine, timeout_ms: int):
    """The result of ``coroutine``, or TimeoutError after ``timeout_ms`` (at most 6 days)."""
    return await asyncio.wait_for_ms(coroutine, timeout_ms)


class Signal:
    """Wakes all who wait now; remembers nothing."""

    def __init__(self) -> None:
        self._event = None

    async def wait(self) -> None:
        if self._event is None:
            self._event = Event()
        self._event.clear()
        await self._event.wait()

    def fire(self) -> None:
        if self._event is not None:
            self._event.set()
