"""A meeting: the reconciliation of two stores over one stream.

stream <--> Reconciliation <--> store: put() judges what comes, get() gives what is wanted
"""

from edge.errors import EdgeError, LimitError, LinkError, RemoteError, printable
from edge.records.sync import ROOM_BYTES
from edge.records.sync.reconciliation import Got, Met, Reconciliation
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records.sync.summary import Summary

ANSWER_MS = 60000  # for the peer to answer: it may have to look at all of its records
MEETING_MS = 900000  # for one meeting; the next one goes on
SHARE_MS = 60000  # for one while others wait
REFUSED_MAX = 16 if MICROPYTHON else 64  # records that are none, of one meeting
FULL_MAX = 16 if MICROPYTHON else 64  # records that find no room here
RESOLVED_MAX = 64 if MICROPYTHON else 4096  # names whose keys are looked up at once

_log = Log("sync")


class Meeting:
    """One end of one stream."""

    def __init__(
        self, stream: "Any", summary: "Summary", is_opener: bool, is_awaited: "Any" = None
    ) -> None:
        """``is_awaited``: function that tells whether others wait for this meeting to end."""
        self.stored = 0  # records that were better than ours, or new
        self.sent = 0
        self.refused = 0
        self.full = 0
        self._stream = stream
        self._is_awaited = is_awaited
        self._summary = summary
        self._store = summary.store
        self._core = Reconciliation(summary.follows, is_opener, ROOM_BYTES)
        self._table: Any = None
        self._prefixes: list[bytes] = []
        self._keys: dict = {}  # name -> key, of some that are owed

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left for the next meeting."""
        return self._core.is_complete

    async def run(self) -> None:
        """Until both have the best of both; RemoteError, LinkError or LimitError before that."""
        started = clock.monotonic_ms()
        core = self._core
        while True:
            try:
                data = await aio.wait_for_ms(self._exchange(), ANSWER_MS)
            except aio.TimeoutError:
                raise LinkError("no answer to records within {} ms".format(ANSWER_MS))
            if core.finished:
                return
            core.receive_data(data)
            event = core.next_event()
            while event:
                await self._handle(event)
                event = core.next_event()
            limit = SHARE_MS if self._is_awaited and self._is_awaited() else MEETING_MS
            if clock.monotonic_ms() - started > limit:
                raise LimitError("a meeting of more than {} ms".format(limit))

    async def _exchange(self) -> bytes:
        """Say what there is to say, and hear something."""
        data = self._core.data_to_send()
        if data:
            await self._stream.write(data)
        if self._core.finished:
            return b""
        heard = await self._stream.read()
        if not heard:
            self._core.receive_end()
        return heard

    async def _handle(self, event: "Any") -> None:
        if isinstance(event, Got):
            await self._take(event)
        elif isinstance(event, Met):
            self._prefixes = event.prefixes
            self._table = await self._summary.table(event.prefixes)
            self._core.begin(self._table, self._summary.refused)
        else:
            await self._give()
            self._core.speak()

    async def _take(self, got: Got) -> None:
        try:
            if await self._store.put(got.key, got.value):
                self.stored += 1
            self._set(got.key, got.value)
        except RemoteError as error:
            if not str(error).startswith("old record"):
                self._refuse(got, error)
            elif not got.is_answer:
                self._core.answer(got.key)
        except LimitError as error:
            self._refuse(got, error)

    def _set(self, key: bytes, value: "bytes | None") -> None:
        self._summary.set(key, value)
        if self._table is not self._summary.current:  # one of this meeting alone
            self._table.set(*self._summary.row(key, value))

    def _refuse(self, got: Got, error: EdgeError) -> None:
        """A peer may judge otherwise, by another clock or of another version: some are forgiven."""
        _log.debug("{} not taken: {}", printable(got.key), printable(error, 200))
        self._summary.refuse(got.key, got.value)
        if isinstance(error, LimitError):
            self.full += 1
            if self.full > FULL_MAX:
                raise error
            return
        self.refused += 1
        if self.refused > REFUSED_MAX:
            raise RemoteError("more than {} records that are none".format(REFUSED_MAX))

    async def _give(self) -> None:
        """Offer what is owed until the message is full."""
        names = self._core.owed(RESOLVED_MAX)
        while names:
            for at, name in enumerate(names):
                if name not in self._keys:
                    self._keys = await self._summary.keys_of(names[at:], self._prefixes)
                key = self._keys[name]
                value = await self._store.get(key) if key else None
                if value is None:
                    self._table.set(name, None)
                if not self._core.offer(key, value):
                    return
                self.sent += value is not None
            names = self._core.owed(RESOLVED_MAX)
