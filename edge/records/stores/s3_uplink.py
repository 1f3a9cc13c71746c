"""Is the way to the server open?  Who asks while it is not is told at once; who waits, backs off.

it failed --- 1 s --- 2 s --- 4 s .. 5 min     the next try to hand on what is queued
          \\-- at most 5 s                      until then everyone else hears the same error
it worked --- both end
"""

from edge.system import aio, clock, entropy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.errors import EdgeError

RETRY_MS_MIN = 1000  # after the first failure; doubled by each further one
RETRY_MS_MAX = 300000
DOUBT_MS_MAX = 5000  # how long after a failure nobody else tries: a timeout takes that long


class Uplink:
    def __init__(self) -> None:
        self.error: EdgeError | None = None  # the last failure, until something works
        self.changed = aio.Event()  # it works again, or there is something new to hand on
        self._delay = 0
        self._retry_at = 0
        self._doubt_until = 0

    def check(self) -> None:
        """The last error again if it is so fresh that trying would be of no use."""
        if self.error and clock.monotonic_ms() < self._doubt_until:
            raise type(self.error)(str(self.error))

    def failed(self, error: "EdgeError") -> None:
        now = clock.monotonic_ms()
        self.error = error
        if now >= self._retry_at:  # else it is of a moment that has failed already
            delay = min(max(2 * self._delay, RETRY_MS_MIN), RETRY_MS_MAX)
            self._delay = delay - entropy.random_below(max(delay // 4, 1))
            self._retry_at = now + self._delay
        self._doubt_until = now + min(self._delay, DOUBT_MS_MAX)

    def worked(self) -> None:
        if self.error:
            self.error = None
            self._delay = self._retry_at = 0
            self.changed.set()

    def retry_in_ms(self) -> int:
        """Until what is queued is to be tried again."""
        return max(self._retry_at - clock.monotonic_ms(), 0)


class Slots:
    """``async with slots:`` at most so many at once."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._freed = aio.Signal()

    async def __aenter__(self) -> None:
        while not self._free:
            await self._freed.wait()
        self._free -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free += 1
        self._freed.fire()


class Turns:
    """``async with turns.of(key):`` one at a time for each key."""

    def __init__(self) -> None:
        self._slots: dict = {}  # key -> [Slots, how many are there or wait]

    def of(self, key: bytes) -> "_Turn":
        return _Turn(self._slots, key)


class _Turn:
    def __init__(self, slots: dict, key: bytes) -> None:
        self._slots = slots
        self._key = key

    async def __aenter__(self) -> None:
        row = self._slots.setdefault(self._key, [Slots(1), 0])
        row[1] += 1
        try:
            await row[0].__aenter__()
        except BaseException:
            self._leave(row)
            raise

    async def __aexit__(self, *_: object) -> None:
        row = self._slots[self._key]
        await row[0].__aexit__()
        self._leave(row)

    def _leave(self, row: list) -> None:
        row[1] -= 1
        if not row[1]:
            del self._slots[self._key]
