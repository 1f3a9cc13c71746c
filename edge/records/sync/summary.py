"""Summary: the table of a store's records, kept in step with it, and the way back to their keys.

    store -- keys(), get() -----> a table of all that is followed, now and then
          -- watch() -----------> what has changed since

The table may be behind the store for a moment, or for an hour where a store does not tell that a
record has ended.  That costs a meeting some bytes and never a record.
"""

from edge.errors import printable
from edge.records import KEYS_MAX
from edge.records.stores.watchers import CHANGES_MAX
from edge.records.sync.reconciliation import common, is_within
from edge.records.sync.table import Table, name_of, row_of
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REBUILD_MS = 21600000 if MICROPYTHON else 3600000  # a table so old is made anew
KNOWN_MAX = 32 if MICROPYTHON else 8192  # keys that are found without looking through all
PAUSE_RECORDS = 1 if MICROPYTHON else 16  # looked at, before others may run
REFUSED_MAX = 16 if MICROPYTHON else 256  # rows we were given and did not take: not asked for again

_log = Log("sync")


class Summary:
    def __init__(self, store: "Any", judge: "Any", follows: "list[bytes]") -> None:
        """``store``: as edge.records describes it; ``judge``: edge.records.judge."""
        self.store = store
        self.follows = common(follows, follows)
        self.refused: dict = {}  # row -> when; the oldest is forgotten
        self._judge = judge
        self.current: Table | None = None  # of all that is followed
        self._made_ms = 0
        self._keys: dict = {}  # name -> key, of some: a row does not tell it
        self._late: list | None = None  # changes, while a table is being made
        self._changes: Any = None
        self._group = aio.Group(_log_error)
        self._lock = aio.Lock()
        self.on_change: Any = None  # function: called after something changed

    def start(self) -> None:
        self._changes = self.store.watch()
        self._group.spawn(self._follow(self._changes))

    async def stop(self) -> None:
        if self._changes:
            self.store.unwatch(self._changes)
        await self._group.cancel()

    async def table(self, prefixes: "list[bytes]") -> Table:
        """Of the records under ``prefixes``, which are among those followed.

        That of all is shared and changes with the store; another one is as it is now.
        """
        async with self._lock:
            if self.current is None or clock.monotonic_ms() - self._made_ms >= REBUILD_MS:
                await self._make()
        assert self.current is not None
        if prefixes == self.follows:
            return self.current
        rows = []
        pages = Pages(self.store, prefixes)
        while pages.has_more:
            for key in await pages.next():
                name = name_of(key)
                digest = self.current.digest(name)
                if digest:
                    rows.append(name + digest)
        return Table(rows)

    async def keys_of(self, names: "list[bytes]", prefixes: "list[bytes]") -> dict:
        """Name -> key, of all ``names``; b"" where there is none."""
        found = dict([(name, self._keys.get(name, b"")) for name in names])
        if b"" not in found.values():
            return found
        pages = Pages(self.store, prefixes)
        while pages.has_more:
            for key in await pages.next():
                name = name_of(key)
                self._remember(name, key)
                if name in found:
                    found[name] = key
        return found

    def set(self, key: bytes, value: "bytes | None") -> None:
        """``value`` is the best of ``key`` now."""
        if is_within(key, self.follows):
            name, digest = self.row(key, value)
            if self.current is not None:
                self.current.set(name, digest)
            if self._late is not None:
                self._late.append((name, digest))
            if value is None:
                self._keys.pop(name, None)
            else:
                if len(self._keys) >= KNOWN_MAX:
                    self._keys.popitem()
                self._keys[name] = key

    def row(self, key: bytes, value: "bytes | None") -> "tuple[bytes, bytes | None]":
        """Its name and its digest."""
        return name_of(key), self._judge.digest(key, value) if value else None

    def refuse(self, key: bytes, value: bytes) -> None:
        """Do not ask for ``value`` again.  RemoteError if it cannot even be read."""
        row = row_of(key, self._judge.digest(key, value))
        if len(self.refused) >= REFUSED_MAX:
            del self.refused[min([(self.refused[row], row) for row in self.refused])[1]]
        self.refused[row] = clock.monotonic_ms()

    def _remember(self, name: bytes, key: bytes) -> None:
        if len(self._keys) < KNOWN_MAX:
            self._keys[name] = key

    async def _make(self) -> None:
        late: list = []
        self._late = late
        try:
            table = Table(await self._rows())
        finally:
            self._late = None
        for name, digest in late:
            table.set(name, digest)
        self.current = table
        self._made_ms = clock.monotonic_ms()
        self.refused = {}

    async def _rows(self) -> "list[bytes]":
        """Of all that is followed."""
        rows = []
        pages = Pages(self.store, self.follows)
        while pages.has_more:
            for key in await pages.next():
                self._remember(name_of(key), key)
                value = await self.store.get(key)
                if value is not None:
                    rows.append(row_of(key, self._judge.digest(key, value)))
                if not len(rows) % PAUSE_RECORDS:
                    await aio.sleep_ms(0)
        return rows

    async def _follow(self, changes: aio.Queue) -> None:
        """Take over what changes; a queue that was full has dropped some."""
        try:
            while True:
                is_full = len(changes) >= CHANGES_MAX
                changed = await changes.get()
                self.set(changed.key, changed.value)
                if self.on_change and is_within(changed.key, self.follows):
                    self.on_change()
                if is_full:
                    self._made_ms -= REBUILD_MS
        except EOFError:
            pass


class Pages:
    """The keys of a store under several prefixes, none of which begins with another."""

    def __init__(self, store: "Any", prefixes: "list[bytes]") -> None:
        self._store = store
        self._prefixes = list(prefixes)
        self._after = b""

    @property
    def has_more(self) -> bool:
        return bool(self._prefixes)

    async def next(self) -> "list[bytes]":
        await aio.sleep_ms(0)
        if not self._prefixes:
            return []
        page = await self._store.keys(self._prefixes[0], self._after)
        if len(page) < KEYS_MAX:
            self._prefixes.pop(0)
            self._after = b""
        else:
            self._after = page[-1]
        return page


def _log_error(error: Exception) -> None:
    _log.error("the summary of the store: {}", printable(repr(error), 200))
