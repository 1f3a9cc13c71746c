"""mDNS-record-store: asks the link who has a record; what a node holds it answers with.

    put -- held: a store of this node -- offered: who asks for the key is answered
    get -- question --> everyone on the link
           short values, or who has a long one --> fetched --> judged --> the best

Nothing is announced and nothing that is heard is believed: every value is judged, and what a node
keeps it was given by put.  Spec: edge/records/README.md, "mDNS-record-store".
"""

from edge.errors import EdgeError, LimitError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.mdns.values import OFFERED_MAX
from edge.records.stores import VALUE_BYTES_MAX
from edge.records.stores.ranked import Ranked
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log
from edge.system.primitives import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records import RecordStore

SETTLE_MS = 200  # who has a value has answered by then, unless it has answered much lately
GRACE_MS = 1500  # for a value that is being fetched where another is known
GET_MS = 12000  # at most, for all
FETCHES_MAX = 1 if MICROPYTHON else 4  # at once, for one search
HASHES_MAX = 2 if MICROPYTHON else 8  # of long values that are fetched for one search
HOLDERS_MAX = 3  # asked for one of them, one after the other
UNUSED_MS = 10000  # a connection that was made to fetch is closed after that

_PREFIX = b"/"  # of the keys that are fetched

_log = Log("mdns")


class MdnsStore:
    name = "mdns"

    def __init__(self, judge: "Any", discovery: "Any", fetch: "Any", held: "RecordStore") -> None:
        """``discovery``: as edge.mdns describes it; ``fetch``: edge.swarm.protocols.fetch;
        ``held``: where this node keeps what it answers with, started and stopped with this."""
        self._judge = judge
        self._discovery = discovery
        self._values = discovery.values(self._load)
        self._fetch = fetch
        self._held = held
        self.follows_near = False  # whether what is held is another store's, and followed
        self._group = aio.Group(_log_error)
        self._changes: Any = None
        self._counts = {"asked": 0, "told": 0, "fetched": 0, "refused": 0}

    def serve_from(self, held: "RecordStore") -> None:
        """Before the start: answer with what ``held`` has, which somebody else starts and stops."""
        self._held = held
        self.follows_near = True

    async def start(self) -> None:
        if not self.follows_near:
            await self._held.start()
        self._fetch.serve(_PREFIX, self._look_up)
        self._changes = self._held.watch()
        self._group.spawn(self._follow(self._changes))
        keys = await self._held.keys()
        for key in keys[:OFFERED_MAX]:
            self._values.offer(key)
        if len(keys) > OFFERED_MAX:
            _log.warn("of {} records {} can be offered on a link", len(keys), OFFERED_MAX)

    async def stop(self) -> None:
        if self._changes is None:
            return
        self._held.unwatch(self._changes)
        self._changes = None
        await self._group.cancel()
        self._fetch.withdraw(_PREFIX)
        self._values.withdraw_all()
        if not self.follows_near:
            await self._held.stop()

    async def put(self, key: bytes, value: bytes) -> bool:
        """Keep ``value`` here and answer with it.  LimitError if too many are offered already."""
        key = bytes(key)
        is_new = not self._values.has(key)
        if is_new and self._values.offered >= OFFERED_MAX:
            raise LimitError("{} records are offered on the link already".format(OFFERED_MAX))
        is_stored = await self._held.put(key, value)
        self._values.offer(key)
        return is_stored

    async def get(self, key: bytes) -> "bytes | None":
        values = await self.get_all(key)
        return values[0] if values else None

    async def get_all(self, key: bytes) -> "list[bytes]":
        """What this node holds and what others on the link do, who are asked each time."""
        key = bytes(key)
        own = await self._held.get_all(key)
        search = _Search(self, key)
        for value in own:
            search.found.add(value, "here")
        self._counts["asked"] += 1
        queue = self._discovery.ask(key, sha256(own[0]) if own else None)
        try:
            await search.run(queue)
        finally:
            self._discovery.end(queue)
            self._counts["refused"] += search.found.refused
        return search.found.values

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        """Of what is held here: a link cannot be listed."""
        return await self._held.keys(prefix, after)

    async def remove(self, key: bytes) -> bool:
        """Keep it here no more; others on the link may."""
        self._values.withdraw(bytes(key))
        return await self._held.remove(key)

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        return self._held.watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._held.unwatch(queue)

    async def sync(self) -> None:
        await self._held.sync()

    def status(self) -> dict:
        status = dict(self._counts)
        status["offered"] = self._values.offered
        return status

    async def _load(self, key: bytes) -> "bytes | None":
        """What to answer with."""
        try:
            value = await self._held.get(key)
        except EdgeError as error:
            _log.warn("{}: {}", printable(key), printable(error, 200))
            return None
        self._counts["told"] += value is not None
        return value

    async def _look_up(self, key: bytes) -> "bytes | None":
        """What is fetched from here."""
        return await self._held.get(key) if self._values.has(key) else None

    async def _follow(self, changes: aio.Queue) -> None:
        """Offer what others put into the store that we answer from."""
        while True:
            try:
                change = await changes.get()
            except EOFError:
                return
            if change.value is None:
                self._values.withdraw(change.key)
                continue
            try:
                self._values.offer(change.key)
            except LimitError as error:
                _log.debug("{}: {}", printable(change.key), error)

    async def fetch(self, found: "Any", key: bytes) -> "bytes | None":
        """The value of ``key`` that the peer ``found`` on the link has."""
        target = PeerInfo(PeerId(bytes(found.peer_id)), found.addresses)
        swarm = self._fetch.swarm
        was_connected = swarm.connections(target.peer_id)
        value = await self._fetch.fetch(target, key, VALUE_BYTES_MAX)
        self._counts["fetched"] += value is not None
        if not was_connected:
            self._group.spawn(self._let_go(target.peer_id))
        return value

    async def _let_go(self, peer_id: PeerId) -> None:
        """Close a connection that nobody has found another use for."""
        await aio.sleep_ms(UNUSED_MS)
        swarm = self._fetch.swarm
        for connection in swarm.connections(peer_id):
            if not connection.streams and not swarm.wants(peer_id):
                await connection.close()


class _Search:
    """What one question finds out."""

    def __init__(self, store: MdnsStore, key: bytes) -> None:
        self._store = store
        self._key = key
        self.found = Ranked(store._judge, key)
        self._holders: dict = {}  # hash -> Founds that say they have what has it, not asked yet
        self._told: dict = {}  # hash -> how many have said so
        self._waiting: list = []  # hashes
        self._fetching: list = []  # hashes
        self._heard: list = []  # hashes of values looked at
        self._is_over = False
        self._changed = aio.Signal()
        self._group = aio.Group(_log_error)

    async def run(self, queue: aio.Queue) -> None:
        """Until there is a value and time has passed for a better one, or no answer will come."""
        began = clock.monotonic_ms()
        async with self._group:
            self._group.spawn(self._listen(queue))
            while True:
                due = began + GET_MS
                is_busy = self._fetching or self._waiting
                if self.found.values:
                    due = began + SETTLE_MS + (GRACE_MS if is_busy else 0)
                left = due - clock.monotonic_ms()
                if left <= 0 or (self._is_over and not is_busy):
                    break
                await self._changed.wait_ms(left)
            self._waiting = []  # whoever is stopped now begins nothing new

    async def _listen(self, queue: aio.Queue) -> None:
        try:
            while True:
                told = await queue.get()
                if told.value is not None:
                    self._take(told.value, told.digest, "the link")
                else:
                    self._fetch_from(told.digest, told.holder)
                self._changed.fire()
        except EOFError:
            self._is_over = True
            self._changed.fire()

    def _take(self, value: bytes, digest: bytes, source: str) -> None:
        if digest not in self._heard and self.found.add(value, source):
            self._heard.append(digest)

    def _fetch_from(self, digest: bytes, holder) -> None:
        count = self._told.get(digest, 0)
        if count >= HOLDERS_MAX or (not count and len(self._told) >= HASHES_MAX):
            return
        self._told[digest] = count + 1
        self._holders.setdefault(digest, []).append(holder)
        if digest not in self._waiting + self._fetching:
            self._waiting.append(digest)
        self._start()

    def _start(self) -> None:
        while self._waiting and len(self._fetching) < FETCHES_MAX:
            digest = self._waiting.pop(0)
            self._fetching.append(digest)
            self._group.spawn(self._get(digest))

    async def _get(self, digest: bytes) -> None:
        """Fetch what has this hash from one of those who say they have it."""
        holders = self._holders[digest]
        try:
            while holders and digest not in self._heard:
                await self._get_from(holders.pop(0))  # others may come behind it meanwhile
        finally:
            self._fetching.remove(digest)
            self._start()
            self._changed.fire()

    async def _get_from(self, holder) -> None:
        source = PeerId(bytes(holder.peer_id)).short
        try:
            value = await self._store.fetch(holder, self._key)
        except EdgeError as error:
            _log.debug("{}: {}", source, printable(error, 200))
            return
        if value is not None:
            self._take(value, sha256(value), source)


def _log_error(error: Exception) -> None:
    _log.error("{!r}", error)


def open_store(name: str, node: "Any") -> "MdnsStore | None":
    """None where discovery is off, or by a responder that cannot ask."""
    from edge.records.stores.memory import MemoryStore
    from edge.swarm.protocols.fetch import Fetch

    if not node.discovery or not node.discovery.can_probe:
        return None
    node.fetch = node.fetch or Fetch(node.swarm)
    held = MemoryStore(node.judge, node.peer_id.to_bytes())
    return MdnsStore(node.judge, node.discovery, node.fetch, held)
