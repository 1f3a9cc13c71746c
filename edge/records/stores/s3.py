"""s3-record-store: records in a bucket that many nodes share, and a queue while it is out of reach.

    put -- judge -- read, compare, write if nobody else did -- bucket
               \\-- out of reach: queue, a store of this machine -- handed on when it is back

No node overwrites a better record: a write names what it was compared with, and is refused if
that is no longer there.  Nothing is deleted but by remove().  Spec: edge/records/README.md, "S3".
"""

from edge.errors import EdgeError, LimitError, LinkError, LocalError, RemoteError
from edge.records import KEY_BYTES_MAX, KEYS_MAX, names
from edge.records.stores import Quota, admission
from edge.records.stores.s3_bucket import Bucket, Held, Settings
from edge.records.stores.s3_uplink import Turns, Uplink
from edge.records.stores.watchers import Watchers
from edge.system import aio, entropy
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROUNDS_MAX = 10  # of reading, comparing and writing while others write the same record
ROUND_MS = 20  # the pause after a write that came too late is at most so long, then twice ..
PAUSE_MS = 50  # after a round through the queue that failed, whatever the uplink says
HANDED_ON_MAX = 4  # records of the queue at once
AGE_SLACK_MS = 60000  # a record is not written again to make it older by less
INVALID_MAX = 1024  # objects that are known not to be records: not listed
POLLED_MAX = 16384  # objects, some 400 bytes of memory each
QUEUE = Quota(16384, 16777216, 4096, 4194304)  # of what cannot be handed on yet: 16 MiB

_log = Log("s3")


class S3Store:
    name = "s3"

    def __init__(self, judge: "Any", settings: Settings, queue: "Any", own: bytes = b"") -> None:
        """``queue``: a RecordStore for nothing but what cannot be handed on yet; it is started and
        stopped with this one, survives a restart if it does, and has the bounds that it has.
        ``own``: the bytes of this node's peer id."""
        self._judge = judge
        self._uplink = Uplink()
        self._bucket = Bucket(settings, own, self._uplink)
        self._place = settings.bucket
        self._queue = queue
        self._queued: set = set()  # keys of what is in the queue
        self._turns = Turns()
        self._handing_on = aio.Lock()
        self._watchers = Watchers()
        self._invalid: dict = {}  # name -> tag
        self._seen: dict | None = None  # key -> tag, when the bucket was last looked through
        self._poll_ms = 1000 * settings.poll_s
        self._failed_key = b""  # the rest of the queue comes before it
        self._counts = {"handed_on": 0, "refused": 0, "conflicts": 0, "invalid": 0}
        self._group = aio.Group(_log_error)

    async def start(self) -> None:
        """Opens the queue alone: whether the bucket can be reached shows in status()."""
        await self._queue.start()
        page = await self._queue.keys()
        while page:
            self._queued.update(page)
            page = await self._queue.keys(b"", page[-1])
        if self._queued:
            _log.info("{} records wait to be handed on", len(self._queued))
            self._uplink.changed.set()
        self._group.spawn(self._run())
        if self._poll_ms:
            self._group.spawn(self._poll())

    async def stop(self) -> None:
        await self._group.cancel()
        self._watchers.close()
        await self._queue.stop()

    async def put(self, key: bytes, value: bytes) -> bool:
        """As of any store.  Out of reach, what is judged better than what is queued is queued:
        LimitError if the queue is full, LocalError where waiting would not help."""
        key, value = bytes(key), bytes(value)
        admission.check(self._judge, key, value)
        async with self._turns.of(key):
            queued = await self._queue_get(key)
            order = admission.compare(self._judge, key, value, queued)
            if order == admission.SAME:
                return False
            try:
                order = await self._exchange(key, value)
            except LinkError as error:
                _log.info("queued: {}", error)
                await self._enqueue(key, value, error)
            else:
                await self._dequeue(key)
            if order == admission.NEWER:
                self._watchers.tell(key, value)
        return order == admission.NEWER

    async def get(self, key: bytes) -> "bytes | None":
        found = await self.get_all(key)
        return found[0] if found else None

    async def get_all(self, key: bytes) -> "list[bytes]":
        """What is queued and what is in the bucket; the former alone if that is out of reach."""
        key = bytes(key)
        queued = await self._queue_get(key)
        try:
            there = await self._current(key, await self._bucket.get(_name(self._bucket, key)))
        except (LinkError, LocalError):
            if queued is None:
                raise
            there = None
        found = [value for value in (there, queued) if value is not None]
        if len(found) < 2:
            return found
        order = self._judge.compare(key, there, queued)
        if order:
            return found[::order]
        left, queued_left = [self._judge.lifetime_ms(key, value) for value in found]
        return found[1:] if left is not None and queued_left < left else found[:1]

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        prefix, after = bytes(prefix), bytes(after)
        found = {key for key in self._queued if key.startswith(prefix) and key > after}
        start = max(after.hex(), _before(prefix.hex()))
        listed = 0
        async for page in self._bucket.pages("records", start):
            for name, tag in page:
                key = _key_of(name)
                if key > after and key.startswith(prefix) and self._invalid.get(name) != tag:
                    found.add(key)
                    listed += 1
            if listed >= KEYS_MAX or not page or page[-1][0][: len(prefix) * 2] > prefix.hex():
                break
        return sorted(found)[:KEYS_MAX]

    async def remove(self, key: bytes) -> bool:
        """LinkError while the bucket is out of reach: this is not queued."""
        key = bytes(key)
        name = _name(self._bucket, key)
        async with self._turns.of(key):
            held = await self._bucket.get(name)
            if held is not None:
                await self._bucket.delete(name)
                self._saw(key, None)
            found = await self._dequeue(key) or held is not None
            if found:
                self._watchers.tell(key, None)
        return found

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        """What this node puts, removes, or finds better in the bucket than what it had queued; and
        with poll_s what others did, that much later."""
        return self._watchers.watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._watchers.unwatch(queue)

    async def sync(self) -> None:
        """Returns once all that was put is in the bucket or, as long as that is out of reach, for
        sure in the queue; LinkError or LocalError if the queue is in memory alone."""
        try:
            while self._queued:
                await self._hand_on_all()
        except (LinkError, LocalError):
            if self._queue.name == "memory":
                raise
            await self._queue.sync()

    def status(self) -> dict:
        error = self._uplink.error
        return {
            "bucket": self._place,
            "reachable": error is None,
            "error": str(error) if error else "",
            "retry_in_ms": self._uplink.retry_in_ms(),
            "requests": self._bucket.requests,
            "queued": len(self._queued),
            "queue": self._queue.name,
            **self._counts,
        }

    # -- the bucket

    async def _exchange(self, key: bytes, value: bytes) -> int:
        """Write ``value`` if it is better than what is there; what it is beside that."""
        name = _name(self._bucket, key)
        written_as = admission.SAME  # what a try was that may have succeeded without our knowing
        for turn in range(ROUNDS_MAX):
            held = await self._bucket.get(name)
            there = await self._current(key, held)
            order = admission.compare(self._judge, key, value, there)
            if order == admission.OLDER_AGE and there and not self._is_older(key, value, there):
                order = admission.SAME
            if order == admission.SAME:
                return written_as
            tag = await self._bucket.put(name, value, held.tag if held else None)
            if tag:
                self._saw(key, tag)
                return order
            written_as = order
            self._counts["conflicts"] += 1
            await aio.sleep_ms(entropy.random_below(ROUND_MS * 2**turn))
        raise LinkError("s3: others wrote the same record {} times meanwhile".format(ROUNDS_MAX))

    def _is_older(self, key: bytes, value: bytes, there: bytes) -> bool:
        left, most = self._judge.lifetime_ms(key, value), self._judge.lifetime_ms(key, there)
        return left + AGE_SLACK_MS < most

    async def _current(self, key: bytes, held: "Held | None") -> "bytes | None":
        """What the object says now; None, and said so, if it is no valid record of ``key``."""
        name = key.hex()
        if held is None:
            self._invalid.pop(name, None)
            return None
        value = None
        if held.data is None:
            _log.warn("dropped what is too long for a record: {}", names.text_of(key))
        else:
            try:
                ages = self._judge.aged(key, held.data, 1) != held.data
                held_ms = await self._bucket.held_ms(held) if ages else 0
                value = admission.current(self._judge, key, held.data, held_ms)
            except RemoteError as error:
                _log.warn("dropped what is no record of {}: {}", names.text_of(key), error)
        if value is None:
            self._counts["invalid"] += 1
            if len(self._invalid) < INVALID_MAX:
                self._invalid[name] = held.tag
        else:
            self._invalid.pop(name, None)
        return value

    # -- what others do

    def _saw(self, key: bytes, tag: "str | None") -> None:
        """We did this ourselves, and who watches has heard of it."""
        if self._seen is not None:
            self._seen[key] = tag

    async def _poll(self) -> None:
        while True:
            try:
                await self._look_through()
            except EdgeError as error:
                _log.info("{}", error)
            await aio.sleep_ms(self._poll_ms)

    async def _look_through(self) -> None:
        """Tell of all whose tag is another than last time."""
        now: dict = {}
        async for page in self._bucket.pages("records", ""):
            now.update([(_key_of(name), tag) for name, tag in page])
            if len(now) > POLLED_MAX:
                raise LimitError("s3: at most {} objects can be watched".format(POLLED_MAX))
        now.pop(b"", None)
        before, self._seen = self._seen, now
        if before is None:
            return
        for key in now:
            if before.get(key) != now[key]:
                value = await self.get(key)
                if value is not None:
                    self._watchers.tell(key, value)
        for key in before:
            if before[key] and key not in now:
                self._watchers.tell(key, None)

    # -- the queue

    async def _queue_get(self, key: bytes) -> "bytes | None":
        return await self._queue.get(key) if key in self._queued else None

    async def _enqueue(self, key: bytes, value: bytes, why: LinkError) -> None:
        try:
            await self._queue.put(key, value)
        except LimitError as error:
            raise LimitError("{}; and the queue is full: {}".format(why, error))
        self._queued.add(key)
        self._uplink.changed.set()

    async def _dequeue(self, key: bytes) -> bool:
        if key not in self._queued:
            return False
        self._queued.discard(key)
        return await self._queue.remove(key)

    async def _run(self) -> None:
        """Hand on what is queued, whenever there is something and the way may be open."""
        while True:
            self._uplink.changed.clear()
            wait_ms = self._uplink.retry_in_ms()
            if self._queued and not wait_ms:
                try:
                    await self._hand_on_all()
                except EdgeError as error:
                    _log.info("{} records wait: {}", len(self._queued), error)
                    await aio.sleep_ms(PAUSE_MS)
                continue
            try:
                if self._queued:
                    await aio.wait_for_ms(self._uplink.changed.wait(), wait_ms)
                else:
                    await self._uplink.changed.wait()
            except aio.TimeoutError:
                pass

    async def _hand_on_all(self) -> None:
        """One round through the queue; the first error ends it, and what it was of comes last in
        the next one: a record that the server does not take holds up no other."""
        async with self._handing_on:
            keys = sorted(self._queued, key=lambda key: (key > self._failed_key, key))
            errors: list = []
            async with aio.Group() as group:
                for _ in range(min(HANDED_ON_MAX, len(keys))):
                    group.spawn(self._hand_on_some(keys, errors))
                await group.join()
            if errors:
                raise errors[0]

    async def _hand_on_some(self, keys: list, errors: list) -> None:
        while keys and not errors:
            key = keys.pop()
            try:
                await self._hand_on(key)
            except Exception as error:
                self._failed_key = key
                errors.append(error)

    async def _hand_on(self, key: bytes) -> None:
        async with self._turns.of(key):
            value = await self._queue_get(key)
            if value is not None:
                try:
                    await self._exchange(key, value)
                    self._counts["handed_on"] += 1
                except RemoteError as error:
                    await self._refused(key, error)
            await self._dequeue(key)

    async def _refused(self, key: bytes, error: RemoteError) -> None:
        self._counts["refused"] += 1
        _log.info("not handed on: {}: {}", names.text_of(key), error)
        better = await self._current(key, await self._bucket.get(_name(self._bucket, key)))
        if better is not None:
            self._watchers.tell(key, better)


def _name(bucket: Bucket, key: bytes) -> str:
    return bucket.name("records/" + admission.check_key(key).hex())


def _key_of(name: str) -> bytes:
    """The key in the name of an object; b"" if it is none of ours."""
    try:
        key = bytes.fromhex(name)
    except ValueError:
        return b""
    return key if key.hex() == name and len(key) <= KEY_BYTES_MAX else b""


def _before(digits: str) -> str:
    """A text before all that begin with ``digits``, and behind most others."""
    if not digits or digits[-1] == "0":
        return digits[:-1]
    return digits[:-1] + "0123456789abcdef"["0123456789abcdef".index(digits[-1]) - 1] + "z"


def _log_error(error: Exception) -> None:
    _log.error("{}", error)


def open_store(name: str, node: "Any") -> S3Store:
    """The bucket of [s3] in the node's configuration, and a queue in a folder of its own."""
    settings, own = Settings(node.config.s3), node.peer_id.to_bytes()
    path = node.home.records_path
    if not path:
        from edge.records.stores.memory import MemoryStore

        return S3Store(node.judge, settings, MemoryStore(node.judge, own, QUEUE), own)
    from edge.records.flash.medium import FileMedium
    from edge.records.stores.flash import FlashStore, sized

    options = sized(QUEUE.bytes_max)._replace(quota=QUEUE)
    medium: Any = FileMedium(path + "-s3")
    queue = FlashStore(node.judge, medium, own, options)
    return S3Store(node.judge, settings, queue, own)
