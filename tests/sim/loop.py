"""An event loop on virtual time: waiting costs nothing, and the same seed gives the same run.

    with Ground(seed) as ground:           clock and entropy of edge.system are the ground's now
        ground.run(coroutine)              an hour of waiting takes as long as what is done in it

The selector has no sockets and never sleeps: asked to wait, it moves the clock on.
"""

import asyncio
import contextvars
import random
import selectors
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from edge.system import clock, entropy, log

START_MS = 10_000_000  # nodes may have a past
RESOLUTION_S = 1e-6  # timers due so soon are due: a float of years is no finer
FAILURES_SHOWN = 3
UNIX_START_MS = 1_800_000_000_000  # the wall clock at that moment

# Whose code is running; an object with wake(), or None.  Tasks inherit it from who starts them.
NODE: contextvars.ContextVar = contextvars.ContextVar("node", default=None)


class Standstill(Exception):
    """Every task waits for something that no clock will bring."""


class VirtualSelector(selectors.BaseSelector):
    """Watches nothing; advances ``now_s`` by whatever it is asked to wait."""

    def __init__(self) -> None:
        self.now_s = START_MS / 1000

    def select(self, timeout: float | None = None) -> list:
        if timeout is None:
            raise Standstill("nothing is scheduled and nobody is ready")
        if timeout > 0:
            self.now_s += timeout
        return []

    def register(self, fileobj, events, data=None):
        raise NotImplementedError("a simulated node has no sockets")

    unregister = register  # type: ignore[assignment]

    def get_map(self) -> dict:
        return {}


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over that selector; a timer that fires wakes the node it belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = VirtualSelector()
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        return self._selector.now_s

    def now_ms(self) -> int:
        return round(self._selector.now_s * 1000)

    def call_at(self, when, callback, *args, context=None):
        node = NODE.get() if context is None else context.get(NODE)
        if node is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, _wake, node, callback, args, context=context)

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self._selector.now_s + delay, callback, *args, context=context)

    def call_unowned(self, delay_s: float, callback: Callable, *args: Any) -> None:
        """Later, by nobody's processor: what the links between the nodes do."""
        super().call_at(self._selector.now_s + delay_s, callback, *args)

    def _process_events(self, event_list: list) -> None:
        pass

    def _write_to_self(self) -> None:
        pass  # there is one thread


def _wake(node: Any, callback: Callable, args: tuple) -> None:
    node.wake()
    callback(*args)


class Failed(Exception):
    """Code of a node has raised what it should not, or logged an error."""


class Ground:
    """The ground of a simulation: one loop, one clock, one source of randomness."""

    def __init__(self, seed: int) -> None:
        self.loop = VirtualLoop()
        self.random = random.Random(seed)  # of the world around the nodes
        self._entropy = random.Random(seed + 1)  # of the nodes
        self._kept: tuple = ()
        self._failures: list[str] = []

    def __enter__(self) -> "Ground":
        self._kept = (
            clock.monotonic_ms, clock.monotonic_us, clock.unix_ms,
            entropy.random_bytes, entropy.random_below,
        )  # fmt: skip
        now_ms = self.loop.now_ms
        clock.monotonic_ms = now_ms
        clock.monotonic_us = lambda: now_ms() * 1000
        clock.unix_ms = lambda: now_ms() - START_MS + UNIX_START_MS
        entropy.random_bytes = self._entropy.randbytes
        entropy.random_below = self._entropy.randrange
        self.loop.set_exception_handler(self._raised)
        log.set_sink(self._logged)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.run_until_complete(_end_all())
        self.loop.close()
        log.set_sink()
        (clock.monotonic_ms, clock.monotonic_us, clock.unix_ms,
         entropy.random_bytes, entropy.random_below) = self._kept  # fmt: skip

    def run(self, coroutine: Coroutine) -> Any:
        """The result of ``coroutine``; tasks it started go on waiting until the next run()."""
        result = self.loop.run_until_complete(coroutine)
        if self._failures:
            raise Failed("\n".join(self._failures[:FAILURES_SHOWN]))
        return result

    def _raised(self, _: asyncio.AbstractEventLoop, context: dict) -> None:
        error = context.get("exception")
        trace = traceback.format_exception(error) if error else []
        self._failures.append("".join([context["message"], "\n", *trace]))

    def _logged(self, level: str, name: str, text: str) -> None:
        if level == "error":
            self._failures.append(f"{name}: {text}")


async def _end_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
