"""Records in the heap, one a key, gone with the program: for chips without files, and for tests."""

from edge.errors import LimitError
from edge.records import KEYS_MAX, RecordStore
from edge.records.stores import QUOTA, Quota, admission
from edge.records.stores.bounds import Bounds
from edge.records.stores.watchers import Watchers
from edge.system import aio, clock, entropy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SWEEP_MS = 600000  # between two searches for what has ended, when there is no room


def open_store(name: str, node: "Any") -> "MemoryStore":
    return MemoryStore(node.judge, node.peer_id.to_bytes())


class MemoryStore(RecordStore):
    name = "memory"

    def __init__(self, judge: "Any", own: bytes = b"", quota: Quota = QUOTA) -> None:
        """``judge``: edge.records.judge; ``own``: the bytes of this node's peer id."""
        self._judge = judge
        self._held: dict = {}  # key -> (value, when it came)
        self._bounds = Bounds(quota, own, entropy.random_bytes(8))
        self._watchers = Watchers()
        self._swept: int | None = None

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self._watchers.close()

    async def put(self, key: bytes, value: bytes) -> bool:
        key, value = bytes(key), bytes(value)
        admission.check(self._judge, key, value)
        held = self._current(key)
        order = admission.compare(self._judge, key, value, held)
        if order == admission.SAME:
            return False
        more = len(value) - len(self._held[key][0]) if held is not None else len(key) + len(value)
        self._check_room(key, int(held is None), more)
        self._bounds.add(key, int(held is None), more)
        self._held[key] = (value, clock.monotonic_ms())
        if order == admission.NEWER:
            self._watchers.tell(key, value)
        return order == admission.NEWER

    async def get(self, key: bytes) -> "bytes | None":
        return self._current(bytes(key))

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        now = clock.monotonic_ms()
        found = []
        for key, (value, since) in self._held.items():
            is_meant = key.startswith(prefix) and key > after
            if is_meant and admission.lasts(self._judge, key, value, now - since):
                found.append(key)
        return sorted(found)[:KEYS_MAX]

    async def remove(self, key: bytes) -> bool:
        key = bytes(key)
        if key not in self._held:
            return False
        self._drop(key)
        return True

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        return self._watchers.watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._watchers.unwatch(queue)

    async def sync(self) -> None:
        pass

    def status(self) -> dict:
        return {"records": self._bounds.records, "bytes": self._bounds.bytes}

    def _check_room(self, key: bytes, more_records: int, more_bytes: int) -> None:
        try:
            self._bounds.check(key, more_records, more_bytes)
        except LimitError:
            now = clock.monotonic_ms()
            if self._swept is not None and now - self._swept < SWEEP_MS:
                raise
            self._swept = now
            for other, (value, since) in list(self._held.items()):
                if other != key and not admission.lasts(self._judge, other, value, now - since):
                    self._drop(other)
            self._bounds.check(key, more_records, more_bytes)

    def _current(self, key: bytes) -> "bytes | None":
        """What is held for ``key``; dropped here and now if it has become invalid."""
        if key not in self._held:
            return None
        value, since = self._held[key]
        value = admission.current(self._judge, key, value, clock.monotonic_ms() - since)
        if value is None:
            self._drop(key)
        return value

    def _drop(self, key: bytes) -> None:
        value, _ = self._held.pop(key)
        self._bounds.add(key, -1, -len(key) - len(value))
        self._watchers.tell(key, None)
