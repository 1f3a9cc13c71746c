"""Waiting on MicroPython."""

import asyncio
from asyncio import core, sleep_ms

__all__ = ("Group", "Signal", "in_thread", "run", "sleep_ms", "wait_for_ms")

ERRORS_MAX = 16  # of tasks nobody asked after, that a group keeps


def run(coroutine):
    """Run ``coroutine`` to its end on a fresh loop: what an earlier run left is forgotten."""
    asyncio.new_event_loop()
    return asyncio.run(coroutine)


async def wait_for_ms(coroutine, timeout_ms: int):
    """The result of ``coroutine``, or TimeoutError after ``timeout_ms`` (at most 6 days)."""
    return await asyncio.wait_for_ms(coroutine, timeout_ms)


async def in_thread(call, *args):
    """The result of ``call(*args)``; here everything waits for it."""
    return call(*args)


class Signal:
    """Wakes all who wait now; remembers nothing.  As asyncio's Event waits, in half of the heap."""

    def __init__(self) -> None:
        self._waiting = None  # for the signal alone
        self._sleeping: list = []  # until then

    def wait(self):
        if self._waiting is None:
            self._waiting = core.TaskQueue()
        self._waiting.push(core.cur_task)
        core.cur_task.data = self._waiting  # where a cancellation finds the task
        yield

    def wait_ms(self, timeout_ms: int):
        """Whether it came within ``timeout_ms``.  The task sleeps, and is woken earlier: a second
        task, as asyncio would have it, takes 400 bytes."""
        task = core.cur_task
        self._sleeping.append(task)
        core._task_queue.push(task, core.ticks_add(core.ticks(), timeout_ms))
        try:
            yield
        finally:
            is_late = task in self._sleeping
            if is_late:
                self._sleeping.remove(task)
        return not is_late

    def fire(self) -> None:
        waiting = self._waiting
        while waiting and waiting.peek():
            core._task_queue.push(waiting.pop())
        sleeping, self._sleeping = self._sleeping, []
        for task in sleeping:
            if task.data is None:  # else it is cancelled, which a second push would undo
                core._task_queue.remove(task)
                core._task_queue.push(task)


class Group:
    """Owns tasks: each ends by itself or with the group, and no failure is lost.

    asyncio calls a task's ``state`` when it has ended: so it needs no coroutine around its own.
    """

    def __init__(self, on_error=None) -> None:
        self._tasks: list = []
        self._on_error = on_error
        self.errors: list[Exception] = []  # what tasks failed with, if nobody else was told
        self._changed = Signal()
        self._end = self._ended

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, coroutine):
        """Start ``coroutine`` as a task of this group."""
        task = core.create_task(coroutine)
        task.state = self._end
        self._tasks.append(task)
        return task

    def _ended(self, task, error) -> None:
        self._tasks.remove(task)
        self._changed.fire()
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            try:
                if self._on_error:
                    self._on_error(error)
                elif len(self.errors) < ERRORS_MAX:
                    self.errors.append(error)
            except MemoryError:
                pass  # not even enough to tell

    async def join(self) -> None:
        """Wait until every task has ended by itself."""
        while self._tasks:
            await self._changed.wait()

    async def cancel(self) -> None:
        """Cancel every task but the caller's and wait for their ends."""
        others = [task for task in self._tasks if task is not core.cur_task]
        for task in others:
            task.cancel()
        while [task for task in others if task in self._tasks]:
            await self._changed.wait()

    async def __aenter__(self) -> "Group":
        return self

    async def __aexit__(self, *exception) -> None:
        await self.cancel()
