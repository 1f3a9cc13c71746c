"""What happens by itself: contacts asked for a sign of life, discoveries, our records told again.

    table, discoveries, own records, what we keep for others --- the earliest deadline --- one timer

Whoever changes a deadline calls wake().  Where nothing is due a node sleeps until something is.
"""

from edge.errors import EdgeError, printable
from edge.routing.kad.message import FIND_NODE, Message
from edge.system import MICROPYTHON, aio, clock, entropy
from edge.system.log import Log

CHECKS_MAX = 1 if MICROPYTHON else 4  # contacts being asked for a sign of life
PAUSE_LEAST_MS = 1000  # between two looks at the clock that nobody asked for
PAUSE_MOST_MS = 86400000
REPUBLISH_MS = 79200000  # 22 h: how often our records are told again
RETRY_MS = 60000  # after nobody was told; twice as long each time
RETRY_MAX_MS = 3600000
JITTER_MS = 3600000  # by which records told together drift apart

_log = Log("kad")


class Published:
    """Our own keys, or values, and when to tell of each again."""

    def __init__(self) -> None:
        self._rows: dict = {}  # key -> [due, pause after failures, value or None, since]

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def keys(self) -> list:
        return sorted(self._rows)

    def held(self, key: bytes) -> tuple:
        """``(value, when it was added)``."""
        return self._rows[key][2], self._rows[key][3]

    def add(self, key: bytes, now: int, value: "bytes | None" = None) -> None:
        """Tell of ``key``, which is being told of now, from now on."""
        self._rows[key] = [now + REPUBLISH_MS, 0, value, now]

    def remove(self, key: bytes) -> None:
        self._rows.pop(key, None)

    def due(self, now: int) -> "bytes | None":
        """The key that has waited longest to be told of."""
        waiting = [(row[0], key) for key, row in self._rows.items() if row[0] <= now]
        return min(waiting)[1] if waiting else None

    def told(self, key: bytes, count: int, now: int, jitter: int) -> None:
        """``count`` peers were told; ``jitter`` ms keep keys told together from staying so."""
        row = self._rows.get(key)
        if row is None:
            return
        row[1] = 0 if count else min(max(2 * row[1], RETRY_MS), RETRY_MAX_MS)
        row[0] = now + (row[1] or REPUBLISH_MS) - jitter

    def hasten(self, now: int) -> None:
        """There are peers to tell now: keys nobody was told of need not wait."""
        for row in self._rows.values():
            if row[1]:
                row[0] = min(row[0], now)

    def deadline(self) -> "int | None":
        return min([row[0] for row in self._rows.values()]) if self._rows else None


class _Chore:
    """Something to do when its time has come, by one task at a time."""

    def __init__(self, deadline, work) -> None:
        self.deadline = deadline  # () -> ms, or None
        self.work = work  # async (now) -> None
        self.busy = False


class Upkeep:
    """``discoveries``: as edge.routing.kad.discovery describes them."""

    def __init__(self, kad, discoveries) -> None:
        self._kad = kad
        self._discoveries = discoveries
        self._woken = aio.Signal()
        self._check_next = aio.Event()
        self._chores = [
            _Chore(kad.table.check_deadline, self._check_all),
            _Chore(self._publish_deadline, self._publish),
        ]
        for discovery in discoveries:
            self._chores.append(_Chore(discovery.deadline, discovery.discover))

    def wake(self) -> None:
        """Something may be due earlier than it was."""
        self._woken.fire()
        self._check_next.set()

    async def run(self) -> None:
        """For ever."""
        for discovery in self._discoveries:
            discovery.start(self._kad)
        while True:
            now = clock.monotonic_ms()
            try:
                due = self._begin(now)
            except MemoryError:
                due = now
            pause = PAUSE_MOST_MS if due is None else due - now
            await self._woken.wait_ms(min(max(pause, PAUSE_LEAST_MS), PAUSE_MOST_MS))

    def _begin(self, now: int) -> "int | None":
        """Set to work on all that is due; when the next thing will be, as far as is known."""
        kad = self._kad
        kad.choose_mode()
        coming = []
        for chore in self._chores:
            due = None if chore.busy else chore.deadline()
            if due is None:
                continue
            if due <= now:
                kad.spawn(self._do(chore, now))
                chore.busy = True
            else:
                coming.append(due)
        if kad.server:
            coming += kad.server.expire(now)
        return min(coming) if coming else None

    async def _do(self, chore: _Chore, now: int) -> None:
        try:
            await chore.work(now)
        except EdgeError as error:
            _log.info("{}: {}", self._kad.name, printable(error, 200))
        finally:
            chore.busy = False
            self._woken.fire()

    # -- contacts

    async def _check_all(self, _: int) -> None:
        """Ask all contacts that were silent for long, a few at once."""
        table = self._kad.table
        async with aio.Group(self._kad.report) as group:
            while True:
                self._check_next.clear()
                room = len(group) < CHECKS_MAX
                contact = table.to_check(clock.monotonic_ms()) if room else None
                if contact:
                    group.spawn(self._check(contact))
                elif len(group):
                    await self._check_next.wait()
                else:
                    return

    async def _check(self, contact) -> None:
        """Whoever answers lives, and is a server."""
        try:
            await self._kad.ask(contact, Message(FIND_NODE, self._kad.own_id, None, (), ()))
        except EdgeError as error:
            _log.debug("{}: {}", self._kad.name, printable(error, 200))
        finally:
            self._check_next.set()

    # -- our own records

    def _publish_deadline(self) -> "int | None":
        due = [records.deadline() for records, _ in self._kad.records]
        known = [ms for ms in due if ms is not None]
        return min(known) if known else None

    async def _publish(self, _: int) -> None:
        """Tell of our keys and values again, one after the other."""
        kad = self._kad
        for records, tell in kad.records:
            while True:
                key = records.due(clock.monotonic_ms())
                if key is None:
                    break
                told = 0
                try:
                    told = await tell(kad, key)
                finally:  # a search that fails is a reason to try later, not to try for ever
                    jitter = entropy.random_below(JITTER_MS if told else PAUSE_LEAST_MS)
                    records.told(key, told, clock.monotonic_ms(), jitter)
