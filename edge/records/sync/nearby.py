"""What is near of several stores used as one, as a store: for who compares stores.

get, keys, watch <-- the nearest durable store: nobody far away is asked for every record
put -------------> all of them, as ever
"""

from edge.system import aio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.stores.tiered import TieredStore


class Nearby:
    """Reads the nearest durable store; puts to all."""

    name = "nearby"

    def __init__(self, tiered: "TieredStore") -> None:
        self.put = tiered.put
        self._nearest = tiered.nearest

    async def get(self, key: bytes) -> "bytes | None":
        return await self._nearest().get(key)

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        return await self._nearest().keys(prefix, after)

    def watch(self, prefix: bytes = b"") -> aio.Queue:
        return self._nearest().watch(prefix)

    def unwatch(self, queue: aio.Queue) -> None:
        self._nearest().unwatch(queue)
