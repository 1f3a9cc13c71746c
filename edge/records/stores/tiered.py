"""Tiered: several stores as one, near ones first.

    put -- judge --> nearest durable store: acknowledged --> nearer ones, at once
                                                         \\-> each farther one, behind: a queue of
                                                             keys, retried, never in anyone's way
    get -- nearest valid answer --> asked behind it: is there a better one farther away?
                                    the better one is put back to those that hold worse

The queues are lost with the program.  What was in them is found again by comparing what the near
store holds with the far one, at the start and now and then: there is no second log.
"""

from edge.errors import EdgeError, LimitError, LinkError, LocalError, RemoteError, printable
from edge.records import KEYS_MAX, UnkeptError
from edge.records.stores import admission
from edge.records.stores.watchers import Watchers
from edge.records.sync.nearby import Nearby
from edge.records.sync.tier import RETRY_MS, Tier
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STORES_MAX = 8
VOLATILE = ("memory", "mdns")  # stores that keep nothing over a restart: they acknowledge nothing
REMOVALS_MAX = 32 if MICROPYTHON else 1024  # keys that a store has still to forget
FAR_MS = 20000  # for a store behind the nearest durable one to do what it was asked
REFRESH_MS = 600000  # a record is asked for behind a near answer this often
REFRESHED_MAX = 16 if MICROPYTHON else 1024  # keys of which is known when that was
REFRESHING_MAX = 2 if MICROPYTHON else 8  # at once
LOOK_MS = 10  # at least, between two looks for what is to be done
COMPARE_MS = 21600000  # between two comparisons of near and far
COMPARE_PAUSE_MS = 20  # between two records of one
TOLD_MAX = 8 if MICROPYTHON else 256  # changes that are not told twice

NEAR = "near"  # how to read: the nearest answer, and a look behind it
MISSING = "missing"  # the nearest answer; farther ones are asked only where there is none
BEST = "best"  # the best of all
READ = (NEAR, MISSING, BEST)

_log = Log("records")


def open_store(name: str, node: "Any") -> "TieredStore":
    """Of the stores that the node is configured for."""
    from edge.records import stores

    names = [one for one in node.config.records if one != name]
    found = [stores.open_store(one, node) for one in names]
    return TieredStore(node.judge, [store for store in found if store is not None])


class TieredStore:
    name = "tiered"

    def __init__(self, judge: "Any", stores: "list[Any]", read: str = NEAR) -> None:
        """``stores``: as edge.records describes them, the nearest first; ``read``: one of READ."""
        if not 0 < len(stores) <= STORES_MAX or read not in READ:
            raise LocalError("1 to {} stores, read {}".format(STORES_MAX, " or ".join(READ)))
        self._judge = judge
        self._read = read
        self._tiers = [Tier(store, place) for place, store in enumerate(stores)]
        self._watchers = Watchers()
        self._told: dict = {}  # key -> what was last told of it
        self._following = False
        self._refreshed: dict = {}  # key -> when
        self._refreshing = 0
        self._removals = 0  # until now: what was read before one is not put back after it
        self._group = aio.Group(_log_error)

    @property
    def _durable(self) -> int:
        """The place of the nearest store that acknowledges; the nearest if none does."""
        kept = [tier.place for tier in self._tiers if tier.store.name not in VOLATILE]
        return kept[0] if kept else 0

    def _far_ms(self, tier: Tier) -> int:
        return FAR_MS if tier.place > self._durable else 0

    async def start(self) -> None:
        """Start all; one that cannot is left out, and said so.  LinkError if none can."""
        started = []
        for tier in self._tiers:
            try:
                await tier.store.start()
                started.append(tier)
            except EdgeError as error:
                _log.warn("{} takes no part: {}", tier.store.name, printable(error, 200))
        if not started:
            raise LinkError("none of the stores of records can be opened")
        for place, tier in enumerate(started):
            tier.place = place
        self._tiers = started
        for tier in started if len(started) > 1 else ():
            follows = getattr(tier.store, "follows_near", False)  # it tells the near store
            if tier.place > self._durable and not follows:
                tier.compare_at = clock.monotonic_ms()
            if tier.place >= self._durable:
                self._group.spawn(self._keep_up(tier))

    async def stop(self) -> None:
        await self._group.cancel()
        self._watchers.close()
        for tier in self._tiers:
            await tier.store.stop()

    # -- writing

    async def put(self, key: bytes, value: bytes) -> bool:
        """As of any store, acknowledged by the nearest durable one that works."""
        key, value = bytes(key), bytes(value)
        admission.check_key(key)
        taker, is_new = await self._acknowledge(key, value)
        for tier in self._tiers:
            if tier.place < self._durable:
                await self._put_near(tier, key, value)
            elif tier is not taker and (is_new or tier.place < taker.place):
                tier.push(key)
        if is_new:
            self._tell(key, value)
        return is_new

    async def _acknowledge(self, key: bytes, value: bytes) -> "tuple[Tier, bool]":
        """Which store has taken it, and whether it was new there."""
        candidates = self._tiers[self._durable :]
        candidates = [tier for tier in candidates if tier.is_up()] or candidates
        why = ""
        for tier in candidates:
            async with tier.lock:
                tier.removals.discard(key)
            try:
                return tier, await tier.ask(tier.store.put(key, value), self._far_ms(tier))
            except LinkError as error:
                why = why or str(error)
        raise LinkError("no store takes the record: {}".format(why))

    async def _put_near(self, tier: Tier, key: bytes, value: bytes) -> None:
        """To a store that is there to be quick: whether it takes it changes nothing.  But if it
        has a better one, the durable ones are behind."""
        try:
            await self._cache(tier, key, value)
        except RemoteError:
            self._push_others(tier, key)
            raise
        except EdgeError as error:
            _log.debug("{}: {}", tier.store.name, printable(error, 200))

    def _push_others(self, tier: Tier, key: bytes) -> None:
        """``tier`` has a better one than they."""
        for other in self._tiers[self._durable :]:
            if other is not tier:
                other.push(key)

    async def _cache(self, tier: Tier, key: bytes, value: bytes) -> None:
        """Put it there, or nothing at all: rather that than keep a worse one."""
        try:
            await tier.ask(tier.store.put(key, value))
        except LimitError:
            await self._forget(tier, key)

    async def remove(self, key: bytes) -> bool:
        """Forget it everywhere; a store that cannot now does so when it answers again, unless
        this program has ended before that."""
        key = bytes(key)
        self._removals += 1
        found = False
        for tier in self._tiers:
            async with tier.lock:
                if key in tier.behind:
                    tier.behind.remove(key)
                try:
                    if not tier.is_up():
                        raise LinkError(tier.error)
                    found = await self._forget(tier, key) or found
                except LinkError:
                    if len(tier.removals) >= REMOVALS_MAX:
                        raise
                    tier.removals.add(key)
        if found:
            self._tell(key, None)
        return found

    async def _forget(self, tier: Tier, key: bytes) -> bool:
        return await tier.ask(tier.store.remove(key), self._far_ms(tier))

    # -- reading

    async def get(self, key: bytes) -> "bytes | None":
        """LinkError only if no store answers at all."""
        key = bytes(key)
        if self._read == BEST:
            found = await self.get_all(key)
            return found[0] if found else None
        removals = self._removals
        failed = None
        for tier in self._tiers:
            try:
                value = await self._get(tier, key)
            except LinkError as error:
                failed = error
                continue
            if value is not None:
                self._behind_answer(tier, key, value, removals)
                return value
        if failed and not [tier for tier in self._tiers if not tier.error]:
            raise failed
        return None

    async def _get(self, tier: Tier, key: bytes) -> "bytes | None":
        if key in tier.removals:
            return None
        if not tier.is_up():
            raise LinkError(tier.error)
        return await tier.ask(tier.store.get(key), self._far_ms(tier))

    def _behind_answer(self, tier: Tier, key: bytes, value: bytes, removals: int) -> None:
        """Put the answer of ``tier`` to nearer ones, and see whether farther ones have a better."""
        if tier.place:
            self._group.spawn(self._repair(key, value, self._tiers[: tier.place], removals))
        now = clock.monotonic_ms()
        is_last = tier.place == len(self._tiers) - 1
        if self._read != NEAR or is_last or self._refreshing >= REFRESHING_MAX:
            return
        if now - self._refreshed.get(key, -REFRESH_MS) >= REFRESH_MS:
            if len(self._refreshed) >= REFRESHED_MAX:
                self._refreshed = {}
            self._refreshed[key] = now
            self._group.spawn(self._refresh(key))

    async def _refresh(self, key: bytes) -> None:
        self._refreshing += 1
        try:
            await self.get_all(key)
        finally:
            self._refreshing -= 1

    async def get_all(self, key: bytes) -> "list[bytes]":
        """Of all stores that answer; those that hold worse than the best are given it."""
        key = bytes(key)
        removals = self._removals
        held: dict = {}  # place -> value

        async def ask(tier: Tier) -> None:
            try:
                held[tier.place] = await self._get(tier, key)
            except LinkError as error:
                _log.debug("{}", error)

        async with aio.Group(_log_error) as group:
            for tier in self._tiers:
                group.spawn(ask(tier))
            await group.join()
        found = self._ordered(key, [held[place] for place in sorted(held) if held[place]])
        if found:
            await self._mend(key, found[0], held, removals)
        return found

    def _ordered(self, key: bytes, values: "list[bytes]") -> "list[bytes]":
        """``values`` without those that are the same record, the best first."""
        found: list[bytes] = []
        for value in values:
            orders = [self._judge.compare(key, value, other) for other in found]
            if 0 not in orders:
                found.insert(len([order for order in orders if order < 0]), value)
        return found

    async def _mend(self, key: bytes, best: bytes, held: dict, removals: int) -> None:
        """Whoever holds worse than ``best`` gets it; and who is nearer than one that has it."""
        has = [place for place in held if held[place]
               and not self._judge.compare(key, held[place], best)]  # fmt: skip
        near = []
        for tier in self._tiers:
            if tier.place in has or tier.place not in held:
                continue
            if tier.place < max(has):
                near.append(tier)
            elif held[tier.place]:
                tier.push(key)
        await self._repair(key, best, near, removals)

    async def _repair(self, key: bytes, value: bytes, tiers: "list[Tier]", removals: int) -> None:
        """Put ``value`` to ``tiers``, unless something was removed since it was read."""
        for tier in reversed(tiers):
            if removals != self._removals or not tier.is_up():
                continue
            try:
                if tier.place < self._durable:
                    await self._cache(tier, key, value)
                elif await tier.ask(tier.store.put(key, value), self._far_ms(tier)):
                    self._tell(key, value)
            except EdgeError as error:
                _log.debug("{} is not mended: {}", tier.store.name, printable(error, 200))

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        """Of all stores that answer."""
        found: set[bytes] = set()
        for tier in self._tiers:
            try:
                if tier.is_up():
                    page = await tier.ask(tier.store.keys(prefix, after), self._far_ms(tier))
                    found.update([key for key in page if key not in tier.removals])
            except LinkError as error:
                _log.debug("{}", error)
        return sorted(found)[:KEYS_MAX]

    def nearby(self) -> Nearby:
        """What is near, read without asking anybody; what is put there goes farther, too."""
        return Nearby(self)

    def nearest(self) -> "Any":
        """The store that acknowledges."""
        return self._tiers[self._durable].store

    # -- watching

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        """What is put and removed here, and what any of the stores says by itself."""
        queue = self._watchers.watch(prefix)
        if not self._following:
            self._following = True
            for tier in self._tiers:
                self._group.spawn(self._follow(tier, tier.store.watch()))
        return queue

    def unwatch(self, queue: aio.Queue) -> None:
        self._watchers.unwatch(queue)

    def _tell(self, key: bytes, value: "bytes | None") -> None:
        """That ``value`` is the best now, unless that was the last that was told."""
        if self._following and self._told.get(key, b"") != value:
            if len(self._told) >= TOLD_MAX:
                self._told = {}
            self._told[key] = value
            self._watchers.tell(key, value)

    async def _follow(self, tier: Tier, changes: aio.Queue) -> None:
        """Tell what a store says, if it is news that still holds."""
        try:
            while True:
                key, value = await changes.get()
                try:
                    if self._is_news(key, value) and await self._holds(tier, key, value):
                        self._tell(key, value)
                except LinkError as error:
                    _log.debug("{}", error)
        except EOFError:
            pass

    def _is_news(self, key: bytes, value: "bytes | None") -> bool:
        """Whether it is not worse than what was told and still holds."""
        told = self._told.get(key)
        if not told or not value:
            return told != value or key not in self._told
        try:
            self._judge.check(key, told)
        except RemoteError:
            return True
        return self._judge.compare(key, value, told) > 0

    async def _holds(self, tier: Tier, key: bytes, value: "bytes | None") -> bool:
        """Whether it still has ``value``, and it is not only new to that store; or, if it had
        nothing, no store up to the durable one."""
        if value is not None:
            held = await self._get(tier, key)
            if held is None or self._judge.compare(key, held, value):
                return False
            durable = self._tiers[self._durable]
            known = None if tier is durable else await self._get(durable, key)
            return known is None or self._judge.compare(key, known, value) < 0
        for other in self._tiers[: self._durable + 1]:
            if await self._get(other, key) is not None:
                return False
        return True

    # -- keeping up

    async def _keep_up(self, tier: Tier) -> None:
        """Hand on what ``tier`` has not got, and compare when it is time."""
        while True:
            wait_ms = tier.retry_ms()
            if not wait_ms:
                try:
                    await self._hand_on_all(tier)
                    wait_ms = await self._compare_if_due(tier)
                    wait_ms = 0 if tier.behind or tier.removals else wait_ms  # come meanwhile
                except (EdgeError, MemoryError) as error:
                    _log.debug("{}", printable(error, 200))
                    wait_ms = tier.retry_ms() or RETRY_MS
            await tier.changed.wait_ms(min(max(wait_ms, LOOK_MS), COMPARE_MS))

    async def _hand_on_all(self, tier: Tier) -> None:
        while tier.removals or tier.behind:
            async with tier.lock:
                if tier.removals:
                    key = min(tier.removals)
                    await self._forget(tier, key)
                    tier.removals.discard(key)
                elif tier.behind:
                    await self._hand_on(tier, tier.behind.pop(0))
        tier.changed.fire()

    async def _hand_on(self, tier: Tier, key: bytes) -> None:
        """The best that another one has of ``key``, to ``tier``; or the other way round."""
        tier.in_hand = 1
        try:
            value = await self._elsewhere(tier, key)
            if value is not None:
                await self._offer(tier, key, value)
        except LinkError:
            if key not in tier.behind:
                tier.behind.insert(0, key)
            raise
        finally:
            tier.in_hand = 0

    async def _elsewhere(self, tier: Tier, key: bytes) -> "bytes | None":
        """What the nearest of the others that has ``key`` has."""
        for other in self._tiers:
            if other is not tier and not other.error:
                value = await self._get(other, key)
                if value is not None:
                    return value
        return None

    async def _offer(self, tier: Tier, key: bytes, value: bytes) -> None:
        removals = self._removals
        try:
            await tier.ask(tier.store.put(key, value), self._far_ms(tier))
        except UnkeptError as error:
            _log.debug("{}", error)
        except (RemoteError, LimitError) as error:
            better = None  # there is none where there is only no room, and asking may be loud
            if isinstance(error, RemoteError):
                better = await tier.ask(tier.store.get(key), self._far_ms(tier))
            if better is not None and self._judge.compare(key, better, value) > 0:
                await self._repair(key, better, self._tiers[: tier.place], removals)
                self._push_others(tier, key)
                return
            tier.refused += 1
            _log.info("{} refuses {}: {}", tier.store.name, printable(key), printable(error, 200))

    async def _compare_if_due(self, tier: Tier) -> int:
        """Find what ``tier`` has not got; ms until the next time."""
        due = tier.compare_at
        if due is None:
            return COMPARE_MS
        now = clock.monotonic_ms()
        if now >= due:
            tier.overflowed = False
            await self._compare(tier)
            if not tier.overflowed:
                tier.compare_at = now + COMPARE_MS
        return COMPARE_MS if tier.compare_at is None else tier.compare_at - clock.monotonic_ms()

    async def _compare(self, tier: Tier) -> None:
        """All that the durable store holds: first what ``tier`` does not list, then what it holds
        of the rest."""
        near = self._tiers[self._durable]
        if near is tier:
            near = self._tiers[(tier.place + 1) % len(self._tiers)]
        after = b""
        while True:
            page = await near.ask(near.store.keys(b"", after), self._far_ms(near))
            if not page:
                return
            listed = await self._listed(tier, after, page[-1])
            for key in sorted(page, key=lambda key: (key in listed, key)):
                await self._hand_on_all(tier)  # what is new goes first
                async with tier.lock:
                    await self._hand_on(tier, key)
                await aio.sleep_ms(COMPARE_PAUSE_MS if key in listed else 0)
            after = page[-1]

    async def _listed(self, tier: Tier, after: bytes, last: bytes) -> "set[bytes]":
        """The keys that ``tier`` lists behind ``after``, up to ``last``."""
        found: set[bytes] = set()
        while after < last:
            page = await tier.ask(tier.store.keys(b"", after), self._far_ms(tier))
            found.update([key for key in page if key <= last])
            after = page[-1] if len(page) == KEYS_MAX else last
        return found

    async def sync(self) -> None:
        """Returns once every store has what was put, and it is durable there; LinkError says which
        one has not, as the nearest durable one always has."""
        for tier in self._tiers:
            while tier.behind or tier.removals or tier.overflowed or tier.lock.locked():
                if not tier.is_up():
                    raise LinkError("{} is behind: {}".format(tier.store.name, tier.error))
                await tier.changed.wait_ms(LOOK_MS)
            await tier.ask(tier.store.sync())

    def status(self) -> dict:
        return {"read": self._read, "tiers": [tier.status() for tier in self._tiers]}


def _log_error(error: Exception) -> None:
    _log.error("{}", printable(repr(error), 200))
