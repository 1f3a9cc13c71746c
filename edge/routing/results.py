"""Results: what a search finds, as it finds it.

    routing -- add(PeerInfo) .. finish() --> Results -- async for, first() --> as they come
                                                    \\- all(), ordered() ----> the closest first

A search is a task; who closes its results ends it.
"""

from edge.errors import EdgeError
from edge.identity.peer_info import PeerInfo
from edge.routing.closeness import distance
from edge.system import aio

ADDRESSES_MAX = 16  # of one peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Results:
    """At most ``count`` peers for ``key``.  One task reads them."""

    def __init__(self, key: bytes, count: int) -> None:
        self.key = key
        self.count = count
        self.finished = False
        self.error: Any = None  # the EdgeError that ended the search early
        self.task: Any = None
        self.begun = False  # the task has: one that is cancelled before would never end
        self._found: dict = {}  # PeerId -> PeerInfo
        self._fresh: list = []  # PeerIds that next() has still to give
        self._changed = aio.Signal()

    def __len__(self) -> int:
        return len(self._found)

    # -- for the routing

    def add(self, info: PeerInfo) -> bool:
        """Give a peer, or more addresses of one that was given; False if there are enough."""
        known = self._found.get(info.peer_id)
        if known is None and len(self._found) >= self.count:
            return False
        told = known.addresses if known else []
        new = [address for address in info.addresses if address not in told]
        if new or not known:
            self._found[info.peer_id] = PeerInfo(info.peer_id, (told + new)[:ADDRESSES_MAX])
            if info.peer_id not in self._fresh:
                self._fresh.append(info.peer_id)
            self._changed.fire()
        return len(self._found) < self.count

    def finish(self) -> None:
        """There will be no more."""
        self.finished = True
        self._changed.fire()

    # -- for who asked

    async def next(self) -> "PeerInfo | None":
        """The next peer, as they come; None after the last one."""
        while not self._fresh:
            if self.finished:
                return None
            await self._changed.wait()
        return self._found[self._fresh.pop(0)]

    def __aiter__(self) -> "Results":
        return self

    async def __anext__(self) -> PeerInfo:
        info = await self.next()
        if info is None:
            raise StopAsyncIteration
        return info

    async def first(self) -> "PeerInfo | None":
        """The first peer, None if there is none; the search ends with it."""
        try:
            return await self.next()
        finally:
            await self.close()

    async def all(self) -> "list[PeerInfo]":
        """Every peer, the closest first, once the search has ended."""
        try:
            while not self.finished:
                await self._changed.wait()
        finally:
            await self.close()
        return self.ordered()

    def ordered(self) -> "list[PeerInfo]":
        """The peers found until now, the closest first."""
        key = self.key
        return sorted(self._found.values(), key=lambda info: distance(key, info.peer_id.to_bytes()))

    async def close(self) -> None:
        """End the search; what was found can still be read."""
        task, self.task = self.task, None
        if task and self.begun and not self.finished:
            task.cancel()
            await aio.sleep_ms(0)
        self.finish()


def search(group: aio.Group, key: bytes, count: int, function) -> Results:
    """The results of ``await function(results)``, a task of ``group`` from now on."""
    results = Results(key, count)
    results.task = group.spawn(_run(function, results))
    return results


async def _run(function, results: Results) -> None:
    results.begun = True
    try:
        if not results.finished:
            await function(results)
    except EdgeError as error:
        results.error = error
    finally:
        results.finish()
