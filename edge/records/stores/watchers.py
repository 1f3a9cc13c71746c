"""Who watches a store: bounded queues of what has changed under a prefix."""

from edge.errors import LimitError
from edge.records import Changed
from edge.system import MICROPYTHON, aio

WATCHERS_MAX = 4 if MICROPYTHON else 64  # of one store
CHANGES_MAX = 8 if MICROPYTHON else 256  # that wait to be read; later ones are dropped


class Watchers:
    def __init__(self) -> None:
        self._queues: list = []

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        """A queue of each Changed from now on whose key starts with ``prefix``."""
        if len(self._queues) >= WATCHERS_MAX:
            raise LimitError("a store has at most {} watchers".format(WATCHERS_MAX))
        queue = aio.Queue(CHANGES_MAX)
        self._queues.append((bytes(prefix), queue))
        return queue

    def unwatch(self, queue: aio.Queue) -> None:
        """Close ``queue``; it may be closed already."""
        queue.close()
        self._queues = [item for item in self._queues if item[1] is not queue]

    def tell(self, key: bytes, value: "bytes | None") -> None:
        """``value`` is now held for ``key``, or nothing is."""
        for prefix, queue in self._queues:
            if key.startswith(prefix):
                queue.put_nowait(Changed(key, value))

    def close(self) -> None:
        for _, queue in self._queues:
            queue.close()
        self._queues = []
