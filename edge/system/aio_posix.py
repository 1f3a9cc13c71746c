"""Waiting on CPython's event loop."""

import asyncio

run = asyncio.run


async def sleep_ms(duration_ms: int) -> None:
    await asyncio.sleep(duration_ms / 1000)


async def wait_for_ms(coroutine, timeout_ms: int):
    """The result of ``coroutine``, or TimeoutError after ``timeout_ms``."""
    async with asyncio.timeout(timeout_ms / 1000):  # no extra task, unlike wait_for
        return await coroutine


async def in_thread(call, *args):
    """The result of ``call(*args)``, which waits for a disk, while other tasks go on."""
    return await asyncio.to_thread(call, *args)


class Signal:
    """Wakes all who wait now; remembers nothing.  A tenth of the size of an Event."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future] | None = None

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = [waiter]
        else:
            self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if self._waiters and waiter in self._waiters:
                self._waiters.remove(waiter)

    async def wait_ms(self, timeout_ms: int) -> bool:
        """Whether it came within ``timeout_ms``."""
        try:
            await wait_for_ms(self.wait(), timeout_ms)
        except TimeoutError:
            return False
        return True

    def fire(self) -> None:
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)


class Group:
    """Owns tasks: each ends by itself or with the group, and no failure is lost."""

    def __init__(self, on_error=None) -> None:
        self._tasks: dict = {}  # number -> (task, coroutine)
        self._last = 0
        self._on_error = on_error
        self.errors: list[Exception] = []  # what tasks failed with, if nobody else was told
        self._ended = Signal()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, coroutine) -> asyncio.Task:
        """Start ``coroutine`` as a task of this group."""
        self._last += 1
        task = asyncio.create_task(self._run(self._last, coroutine))
        self._tasks[self._last] = (task, coroutine)
        return task

    async def _run(self, number: int, coroutine) -> None:
        try:
            await coroutine
        except Exception as error:
            if self._on_error:
                self._on_error(error)
            elif len(self.errors) < 16:
                self.errors.append(error)
        finally:
            self._tasks.pop(number, None)
            self._ended.fire()

    async def join(self) -> None:
        """Wait until every task has ended by itself."""
        while self._tasks:
            await self._ended.wait()

    async def cancel(self) -> None:
        """Cancel every task but the caller's and wait for their ends."""
        mine = asyncio.current_task()
        others = [item for item in self._tasks.items() if item[1][0] is not mine]
        for _, (task, _) in others:
            task.cancel()
        for number, (task, coroutine) in others:
            try:
                await task
            except asyncio.CancelledError:
                if not task.done():
                    raise  # it was us who were cancelled
            coroutine.close()  # one that never started would complain
            self._tasks.pop(number, None)

    async def __aenter__(self) -> "Group":
        return self

    async def __aexit__(self, *exception) -> None:
        await self.cancel()
