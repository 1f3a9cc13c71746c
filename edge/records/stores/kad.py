"""kad-record-store: records in the networks that edge.routing.kad takes part in.

    put -- judge -- kept here, told again every 22 h --> the peers closest to the key, a quorum
    get -- the peers closest to the key, all networks --> judged --> the best; who has a worse one
                                                                     is given it

Our own network takes records of every namespace, the LAN's and the public one /pk and /ipns.
Spec: edge/records/README.md, "kad-record-store".
"""

from edge.errors import EdgeError, LimitError, RemoteError, printable
from edge.records import UnkeptError
from edge.records.stores import QUOTA, Quota, admission
from edge.records.stores.memory import MemoryStore
from edge.records.stores.ranked import Ranked
from edge.routing.kad.lookup import PUBLISHED_MAX
from edge.system import aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

QUORUM = 2  # more than one of two of the peers that are to keep a record must have taken it
GRACE_MS = 2000  # for the other networks, once one has given a value
GET_MS = 60000  # at most, for all

_log = Log("kad")


class KadStore:
    name = "kad"

    def __init__(
        self, judge: "Any", networks: "list[Any]", own: bytes = b"", quota: "Quota | None" = None
    ) -> None:
        """``networks``: KadRoutings, which the node starts and stops; ``own``: the bytes of this
        node's peer id; ``quota``: of what this node puts and tells again."""
        self._judge = judge
        self._networks = networks
        self._mine = MemoryStore(judge, own, quota or _quota())
        self._unkept: set = set()  # keys that too few keep
        self._group = aio.Group(_log_error)
        self._counts = {"corrected": 0, "refused": 0}

    async def start(self) -> None:
        await self._mine.start()

    async def stop(self) -> None:
        await self._group.cancel()
        await self._mine.stop()

    async def put(self, key: bytes, value: bytes) -> bool:
        """Have ``value`` kept by the peers closest to ``key``, now and every 22 hours.

        UnkeptError if too few of them are there: it is tried again by itself.  LimitError if no
        network takes records of that namespace.
        """
        key, value = bytes(key), bytes(value)
        admission.check(self._judge, key, value)
        networks = self._networks_of(key)
        if not networks:
            raise LimitError("no network keeps records like {}".format(printable(key)))
        for kad in networks:
            held = kad.held_value(key)
            if held is not None and _is_valid(self._judge, key, held):
                admission.compare(self._judge, key, value, held)
        is_new = await self._mine.put(key, value)
        if not is_new and key not in self._unkept:
            return False
        await self._spread(networks, key, value)
        return is_new

    async def get(self, key: bytes) -> "bytes | None":
        values = await self.get_all(key)
        return values[0] if values else None

    async def get_all(self, key: bytes) -> "list[bytes]":
        """What this node has put and what those closest to the key keep."""
        key = bytes(key)
        found = Ranked(self._judge, key)
        own = await self._mine.get(key)
        if own is not None:
            found.add(own, "here")
        await self._ask(key, found)
        self._counts["refused"] += found.refused
        if own is not None and found.values and self._judge.compare(key, found.values[0], own) > 0:
            await self._replace(key, found.values[0])
        return found.values

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        """Of what this node has put: nobody can list a network."""
        return await self._mine.keys(prefix, after)

    async def remove(self, key: bytes) -> bool:
        """Keep it here and tell it no more; what others keep ends by itself, within 48 h."""
        key = bytes(key)
        self._forget(key)
        return await self._mine.remove(key)

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        return self._mine.watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._mine.unwatch(queue)

    async def sync(self) -> None:
        """UnkeptError if there is a record that too few keep."""
        for key in list(self._unkept):
            value = await self._mine.get(key)
            if value is None:
                self._unkept.discard(key)
            else:
                await self._spread(self._networks_of(key), key, value)

    def status(self) -> dict:
        status: dict = dict(self._counts)
        status["networks"] = [kad.name for kad in self._networks]
        status["unkept"] = len(self._unkept)
        status.update(self._mine.status())
        return status

    # -- writing

    def _networks_of(self, key: bytes) -> list:
        """The networks that keep records of the namespace of ``key``."""
        namespace = key.split(b"/", 2)[1]
        return [
            kad for kad in self._networks
            if namespace in [name.encode() for name in kad.validators()]
        ]  # fmt: skip

    async def _spread(self, networks: list, key: bytes, value: bytes) -> None:
        """Have it kept.  UnkeptError if nowhere is a quorum, RemoteError if one has a better."""
        self._unkept.add(key)
        results: list = []
        async with aio.Group(_log_error) as group:
            for kad in networks:
                group.spawn(self._put_into(kad, key, value, results))
            await group.join()
        if True in results:
            self._unkept.discard(key)
            return
        await self._refuse_older(networks, key, value)
        raise UnkeptError("{}: too few peers keep it yet".format(printable(key)))

    async def _put_into(self, kad, key: bytes, value: bytes, results: list) -> None:
        """Adds to ``results`` whether so many took it that whoever asks later meets one."""
        try:
            took = await kad.put_value(key, value)
        except EdgeError as error:
            _log.debug("{}: {}: {}", kad.name, printable(key), printable(error, 200))
            return
        is_held = kad.held_value(key) is not None
        wanted = min(kad.replication(), len(kad.table) + is_held)
        is_kept = took > 0 and took + is_held > wanted // QUORUM
        results.append(is_kept)
        if not is_kept:  # soon again, not in 22 h
            kad.published.told(key, 0, clock.monotonic_ms(), 0)
            kad.upkeep.wake()

    async def _refuse_older(self, networks: list, key: bytes, value: bytes) -> None:
        """Those who did not take it may know a better one."""
        found = Ranked(self._judge, key)
        for kad in networks:
            for other in await kad.get_values(key):
                found.add(other, kad.name)
        if found.values and self._judge.compare(key, found.values[0], value) > 0:
            self._forget(key)
            await self._mine.remove(key)
            raise RemoteError("old record: others keep a better one")

    async def _replace(self, key: bytes, value: bytes) -> None:
        """Others keep a better one than this node has put: tell that one from now on."""
        try:
            await self._mine.put(key, value)
        except EdgeError as error:
            _log.debug("{}: {}", printable(key), printable(error, 200))
        self._counts["corrected"] += 1
        for kad in self._networks_of(key):
            if key in kad.published:
                kad.published.add(key, clock.monotonic_ms(), value)
        self._unkept.discard(key)

    def _forget(self, key: bytes) -> None:
        self._unkept.discard(key)
        for kad in self._networks:
            kad.forget_value(key)

    # -- reading

    async def _ask(self, key: bytes, found: Ranked) -> None:
        """All networks at once; once one has given values, the others have GRACE_MS."""
        changed = aio.Signal()
        left = self._networks_of(key) if key.count(b"/") > 1 else []
        asking = list(left)

        async def ask(kad) -> None:
            try:
                for value in await kad.get_values(key):
                    found.add(value, kad.name)
            finally:
                asking.remove(kad)
                changed.fire()

        due = clock.monotonic_ms() + GET_MS
        async with aio.Group(_log_error) as group:
            for kad in left:
                group.spawn(ask(kad))
            while asking:
                now = clock.monotonic_ms()
                if found.values and len(asking) < len(left):
                    due = min(due, now + GRACE_MS)
                if due <= now:
                    return
                await changed.wait_ms(due - now)


def _is_valid(judge: "Any", key: bytes, value: bytes) -> bool:
    try:
        judge.check(key, value)
    except RemoteError:
        return False
    return True


def _quota() -> Quota:
    """What one node tells again and again is bounded by what kad tells."""
    return Quota(PUBLISHED_MAX, QUOTA.bytes_max, PUBLISHED_MAX // 2, QUOTA.per_owner_bytes_max)


def _log_error(error: Exception) -> None:
    _log.error("{!r}", error)


def open_store(name: str, node: "Any") -> "KadStore | None":
    """Over the networks that the node's routing takes part in; None if there are none."""
    routings = node.routing.routings if node.routing else []
    networks = [one for one in routings if one.name.startswith("kad-")]
    return KadStore(node.judge, networks, node.peer_id.to_bytes()) if networks else None
