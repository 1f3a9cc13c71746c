"""The local flash store: records in a log on the machine's own files, which power cuts do not take.

    put -- judged, within bounds -- appended --+-- each: waits for the medium, with all who wait
                                               +-- ms, records: returns; synced after so many
    too long a log -- cleaned meanwhile        a full medium -- the reserve is given up, cleaned

Durability: "each", a put that has returned is on the medium; or {"ms": 1000, "records": 64}, either
or both: a power cut takes at most what was put in that time, and at most that many, and always the
newest.  sync() waits for all.  Spec: edge/records/README.md, "Local flash".
"""

from collections import namedtuple

from edge.errors import EdgeError, LimitError, LinkError, LocalError, RemoteError, printable
from edge.records import KEYS_MAX, RecordStore
from edge.records.flash import FLASH, LAYOUT, Layout, Medium, MediumFull, cleaning, recovery
from edge.records.flash.log import SIZE_MAX, Log
from edge.records.flash.segment import HEADER_BYTES
from edge.records.flash.walk import Walk
from edge.records.flash.wear import Wear
from edge.records.stores import QUOTA, Quota, admission
from edge.records.stores.bounds import Bounds
from edge.records.stores.watchers import Watchers
from edge.system import MICROPYTHON, aio, clock, const, files
from edge.system.log import Log as Voice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records.flash.cleaning import Segment

BYTES_MAX = 65536 if MICROPYTHON else 960000000  # of keys and values in one store
SYNC_MS_MAX = 3600000  # that a put may wait to be synced
SWEEP_MS = 600000  # between two searches for what has ended, when there is no room
USED_MS = 600000  # of use that are worth being remembered if nothing else has changed
FULL_MS = 10000  # after which a medium that was full is tried again
_STEP_BYTES = const(4096) if MICROPYTHON else 65536  # copied before others have their turn
_ATTEMPTS = const(2)
_OWNERS = const(8)  # each may have that part of the store
_SEGMENTS = const(16)  # of live records, in a store that is not large
_SEGMENT_BYTES_MIN = const(4096)

Options = namedtuple("Options", ("quota", "durability", "layout", "flash"))
OPTIONS = Options(QUOTA, "each", LAYOUT, FLASH)

_log = Voice("flash store")


def open_store(name: str, node: "Any") -> "FlashStore | None":
    """In the folder that the node has for records; None if it has no files."""
    path, config = node.home.records_path, node.config
    if not path:
        return None
    options = sized(min(config.records_bytes_max, BYTES_MAX), config.records_commit_ms)
    return FlashStore(node.judge, open_medium(path), node.peer_id.to_bytes(), options)


def open_medium(folder: str) -> Medium:
    """The files in ``folder``, in the way that writes least there."""
    if files.make_hole is None:
        from edge.records.flash.medium import FileMedium

        return FileMedium(folder)
    from edge.records.flash.medium_posix import RoomyMedium

    return RoomyMedium(folder)


def sized(bytes_max: int, commit_ms: int = 0) -> Options:
    """Options of a store for ``bytes_max`` bytes of records; ``commit_ms`` 0: each is synced."""
    records = QUOTA.records_max
    quota = Quota(records, bytes_max, records // _OWNERS, bytes_max // _OWNERS)
    segment = max(_SEGMENT_BYTES_MIN, min(bytes_max // _SEGMENTS, LAYOUT.segment_bytes))
    layout = Layout(segment, 4 * bytes_max + 8 * segment, LAYOUT.keeps_reserve)
    return Options(quota, {"ms": commit_ms} if commit_ms else "each", layout, FLASH)


class FlashStore(RecordStore):
    name = "flash"

    def __init__(
        self, judge: "Any", medium: Medium, own: bytes = b"", options: Options = OPTIONS
    ) -> None:
        """``judge``: edge.records.judge; ``own``: the bytes of this node's peer id."""
        self._judge = judge
        self._medium = medium
        self._options = options
        self._sync_ms, self._sync_records = _durability(options.durability)
        self._bounds = Bounds(options.quota, own, b"")
        self._log = Log(medium, options.layout, self._bounds, Wear(options.flash))
        self._log.ordered = self._sync_records != 1
        self._watchers = Watchers()
        self._group = aio.Group(_say)
        self._synced = aio.Signal()
        self._cleaned = aio.Signal()
        self._syncing = self._waiting = self._cleaning = self._running = False
        self._failed = 0  # of what was appended, up to here the last sync failed
        self._error = ""
        self._since = self._swept = self._full_until = 0

    # the contract

    async def start(self) -> None:
        log = self._log
        hinted = await aio.in_thread(recovery.open_log, log)
        self._since = clock.monotonic_ms() - log.stamp
        self._running = True
        if log.damaged:
            _log.warn("{} damaged places, what was there is lost", log.damaged)
        if log.torn:
            _log.info("{} torn ends: what was not yet on the medium is not there", log.torn)
        _log.info("{} records{}", log.index.used, "" if hinted else ", all read: there was no hint")

    async def stop(self) -> None:
        if not self._running:
            return
        self._running = False
        self._watchers.close()
        try:
            await self._commit()
            await self._group.cancel()
            self._log.sync()
            now = self._now()
            self._log.has_changed |= now - self._log.stamp >= USED_MS
            self._log.stamp = now
            recovery.write_hint(self._log)
        finally:
            await self._group.cancel()
            self._medium.stop()

    async def put(self, key: bytes, value: bytes) -> bool:
        key, value = bytes(key), bytes(value)
        admission.check(self._judge, key, value)
        order = admission.SAME
        for attempt in range(_ATTEMPTS):
            await self._ready(HEADER_BYTES + len(key) + len(value))
            try:
                order = self._append(key, value)
                break
            except MediumFull:
                if attempt or not await self._make_room():
                    raise
        await self._settle()
        return order == admission.NEWER

    async def get(self, key: bytes) -> "bytes | None":
        key = bytes(key)
        _, record = self._find(key)
        if not record:
            return None
        value = admission.current(self._judge, key, record.value, self._now() - record.stamp)
        if value is None:
            await self._forget(key, record)
        return value

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        found: list = []
        walk = Walk(self._log)
        record = await walk.next()
        while record:
            key = record.key
            if key.startswith(prefix) and key > after and self._lasts(record):
                found.append(key)
            if len(found) > 2 * KEYS_MAX:
                found = sorted(set(found))[:KEYS_MAX]
            record = await walk.next()
        return sorted(set(found))[:KEYS_MAX]

    async def remove(self, key: bytes) -> bool:
        key = bytes(key)
        for attempt in range(_ATTEMPTS):
            await self._ready(HEADER_BYTES + len(key))
            found = self._find(key)
            if found[1] is None:
                return False
            try:
                self._log.remove(key, self._now(), found)
                self._full_until = 0
                break
            except MediumFull:
                if attempt:
                    raise
                await self._make_room(False)
        self._watchers.tell(key, None)
        await self._settle()
        return True

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        return self._watchers.watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._watchers.unwatch(queue)

    async def sync(self) -> None:
        await self._commit()

    def status(self) -> dict:
        log = self._log
        status = {
            "records": log.index.used,
            "bytes": self._bounds.bytes,
            "own_records": self._bounds.own_records,
            "own_bytes": self._bounds.own_bytes,
            "log_bytes": log.total,
            "segments": len(log.segments),
            "damaged": log.damaged,
            "torn": log.torn,
            "unsynced": log.appended - log.durable,
        }
        status.update(log.wear.status(self._now()))
        return status

    # what edge store does

    async def check(self) -> "list[tuple[str, int, int, int]]":
        """Read everything: (file, records, how many are live, damaged places) of each segment."""
        found = []
        for segment in list(self._log.segments):
            if segment in self._log.segments:
                found.append((segment.name,) + self._count(segment))
                await aio.sleep_ms(0)
        return found

    async def repair(self) -> int:
        """Clean every segment with a damaged place; how many."""
        repaired = 0
        await self._claim_cleaning()
        try:
            for segment in list(self._log.segments):
                if segment is not self._log.active and self._count(segment)[2]:
                    await self._clean_one(segment)
                    repaired += 1
        finally:
            self._end_cleaning()
        return repaired

    # within

    def _lasts(self, record) -> bool:
        held_ms = self._now() - record.stamp
        return admission.lasts(self._judge, record.key, record.value, held_ms)

    def _now(self) -> int:
        """The store's own clock: goes on where it was, and counts only while the store is open."""
        return clock.monotonic_ms() - self._since

    def _find(self, key: bytes) -> tuple:
        before = self._log.damaged
        found = self._log.find(key)
        if self._log.damaged != before:
            _log.warn("what was held for {} is damaged, and lost", printable(key))
        return found

    def _append(self, key: bytes, value: bytes) -> int:
        """Judge ``value`` beside what is held and append it, without a wait in between."""
        found = self._find(key)
        record, held, now = found[1], None, self._now()
        if record:
            held = admission.current(self._judge, key, record.value, now - record.stamp)
        order = admission.compare(self._judge, key, value, held)
        if order != admission.SAME:
            self._check_room()
            size = len(key) + len(value) + HEADER_BYTES
            more = size - record.size if record else size - HEADER_BYTES
            try:
                self._bounds.check(key, int(record is None), more)
            except LimitError:
                self._sweep_soon()
                raise
            self._log.put(key, value, now, found)
        if order == admission.NEWER:
            self._watchers.tell(key, value)
        return order

    async def _forget(self, key: bytes, record) -> None:
        """Remove what became invalid, unless something else is there by now."""
        try:
            await self._ready(HEADER_BYTES + len(key))
            found = self._find(key)
            if found[1] == record:
                self._log.remove(key, self._now(), found)
                self._watchers.tell(key, None)
        except EdgeError as error:
            _say(error)

    async def _ready(self, size: int) -> None:
        """Wait until a record of that size can be appended without waiting for the medium."""
        log = self._log
        while self._running:
            limit = cleaning.limit(log.live, log.layout)
            if self._syncing and self._is_barred(size):
                await self._synced.wait()
            elif log.active and log.is_full(size) and log.durable < log.appended:
                await self._commit()
            elif self._cleaning and (log.is_short or log.total > limit + limit // 2):
                await self._cleaned.wait()
            else:
                return
        raise LocalError("the store is not open")

    def _is_barred(self, size: int) -> bool:
        """Whether a record of that size may not be appended during a sync."""
        return self._log.ordered or self._log.is_full(size)

    async def _settle(self) -> None:
        """After something was appended: as durable as was asked for, and the log not too long."""
        log = self._log
        if self._sync_records and log.appended - log.durable >= self._sync_records:
            await self._commit()
        elif self._sync_ms and log.appended > log.durable and not self._waiting:
            self._waiting = True
            self._group.spawn(self._sync_later())
        if not self._cleaning and log.victim():
            self._cleaning = True
            self._group.spawn(self._clean())

    async def _sync_later(self) -> None:
        await aio.sleep_ms(self._sync_ms)
        self._waiting = False
        await self._commit()

    async def _commit(self) -> None:
        """Wait until all that was appended is on the medium: one sync for all who wait."""
        log = self._log
        wanted = log.appended
        while log.durable < wanted:
            if not self._syncing:
                self._syncing = True
                self._group.spawn(self._sync())
            await self._synced.wait()
            if log.durable < wanted <= self._failed:
                raise LinkError(self._error)

    async def _sync(self) -> None:
        log, token = self._log, None
        try:
            log.rescue()
            token = log.begin_sync()
            if token:
                await aio.in_thread(log.sync_medium, token)
                log.end_sync(token)
            self._failed = 0
        except EdgeError as error:
            if token:
                log.fail_sync(token)
            self._failed, self._error = log.appended, str(error)
        finally:
            self._syncing = False
            self._synced.fire()

    async def _clean(self) -> None:
        """Until the log is short enough."""
        try:
            victim = self._log.victim()
            while victim:
                await self._clean_one(victim)
                if self._log.is_short and self._options.layout.keeps_reserve:
                    self._log.keep_reserve()
                victim = self._log.victim()
        finally:
            self._end_cleaning()

    async def _clean_one(self, segment: "Segment") -> None:
        log, copied = self._log, 0
        copies = log.copy(segment)
        while True:
            while self._syncing and self._is_barred(SIZE_MAX):
                await self._synced.wait()
            size = next(copies, 0)
            if not size:
                break
            copied += size
            if copied >= _STEP_BYTES:
                copied = 0
                await aio.sleep_ms(0)
        await self._commit()
        log.drop(segment)
        await aio.in_thread(self._medium.sync_names)

    async def _claim_cleaning(self) -> None:
        while self._cleaning:
            await self._cleaned.wait()
        self._cleaning = True

    def _end_cleaning(self) -> None:
        self._cleaning = False
        self._cleaned.fire()

    async def _make_room(self, keeps_reserve: bool = True) -> bool:
        """The medium is full: give up the reserve, and clean; whether that gained anything."""
        log = self._log
        if keeps_reserve and clock.monotonic_ms() < self._full_until:
            return False
        await self._claim_cleaning()
        before = log.total
        try:
            log.spend_reserve()
            for segment in cleaning.half_dead(log.segments, log.active):
                await self._clean_one(segment)
            if keeps_reserve and self._options.layout.keeps_reserve:
                log.keep_reserve()
        except MediumFull as error:
            _say(error)
        finally:
            self._end_cleaning()
        if log.total < before:
            return True
        self._full_until = clock.monotonic_ms() + FULL_MS
        return False

    def _check_room(self) -> None:
        """What is reserved is not for puts."""
        log = self._log
        if clock.monotonic_ms() >= self._full_until:
            if log.has_reserve or not self._options.layout.keeps_reserve:
                return
            log.keep_reserve()
            if log.has_reserve:
                return
        raise MediumFull("the medium of the records is full; free some space")

    def _sweep_soon(self) -> None:
        """There is no room: look for what has ended, for those who come later."""
        now = clock.monotonic_ms()
        if not self._swept or now - self._swept >= SWEEP_MS:
            self._swept = now
            self._group.spawn(self._sweep())

    async def _sweep(self) -> None:
        walk = Walk(self._log)
        record = await walk.next()
        while record:
            if self._has_ended(record):
                await self._forget(record.key, record)
            record = await walk.next()

    def _has_ended(self, record) -> bool:
        try:
            value = self._judge.aged(record.key, record.value, self._now() - record.stamp)
            left = self._judge.lifetime_ms(record.key, value)
        except RemoteError:
            return True
        return left is not None and left <= 0

    def _count(self, segment: "Segment") -> "tuple[int, int, int]":
        records = damaged = 0
        for offset, size, record in self._log.scan(segment):
            records += record is not None
            damaged += record is None and (size > 0 or not self._log.is_torn(segment, offset))
        return records, len([True for _ in self._log.live_of(segment)]), damaged


def _durability(setting: "str | dict") -> "tuple[int, int]":
    """Milliseconds and records after which to sync, 0 for never; records 1: each put waits."""
    if setting == "each":
        return 0, 1
    if not isinstance(setting, dict):
        raise LocalError("durability is each, ms or records, not {}".format(printable(setting)))
    milliseconds, records = setting.get("ms", 0), setting.get("records", 0)
    if not 0 <= milliseconds <= SYNC_MS_MAX or records < 0 or not milliseconds + records:
        raise LocalError("durability is each, or ms from 1 to {} or records".format(SYNC_MS_MAX))
    return milliseconds, records


def _say(error: Exception) -> None:
    _log.warn("{}", error)
