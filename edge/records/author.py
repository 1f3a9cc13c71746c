"""Author: makes the next record of a name that this node owns, and puts it into a store.

what is known of the name --> version, or link of the chain --> signed --> store
"""

from edge.errors import LocalError
from edge.identity.peer_id import PeerId
from edge.records import names
from edge.records.record import Record, create, decode
from edge.records.schemes import CHAIN, FOREVER
from edge.system import aio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.identity.keys import PrivateKey
    from edge.records import RecordStore


class Author:
    def __init__(self, private: "PrivateKey", store: "RecordStore") -> None:
        self._private = private
        self._store = store
        self._one_by_one = aio.Lock()  # else two records have the same version
        self.peer_id = PeerId.from_public_key(private.public)

    async def put(self, path: str, value: bytes, rule: tuple = FOREVER) -> Record:
        """Say that ``path`` of this node is ``value`` from now on; the record that says so.

        ``rule``: from a scheme; of a chain only its number counts.  LocalError if it cannot be
        said so; LimitError, LinkError: see RecordStore.put.
        """
        key = names.edge_key(self.peer_id, path)
        async with self._one_by_one:
            held = await self._store.get(key)
            if rule[0] == CHAIN:
                data = self._extend(key, value, held)
            else:
                version = decode(held).record.version + 1 if held else 0
                data = create(self._private, key, value, version, rule)
            await self._store.put(key, data)
        return decode(data).record

    def _extend(self, key: bytes, value: bytes, held: "bytes | None") -> bytes:
        from edge.records.schemes import chain

        if held and decode(held).record.scheme != CHAIN:
            raise LocalError("this name has a record that is in no chain; take another name")
        return chain.extend(self._private, key, value, held)
