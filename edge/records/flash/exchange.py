"""Everything out of a store, or into it, as the stream that edge.records.flash.transfer says."""

from edge.errors import LimitError, RemoteError
from edge.records.flash import transfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


async def export_records(store: "Any", write: "Callable[[bytes], Any]", prefix: bytes = b"") -> int:
    """Give every record under ``prefix`` to ``write(bytes)``; how many there were."""
    count = 0
    write(transfer.HEAD)
    keys = await store.keys(prefix)
    while keys:
        for key in keys:
            value = await store.get(key)
            if value is not None:
                write(transfer.encode(key, value))
                count += 1
        keys = await store.keys(prefix, keys[-1])
    write(transfer.end(count))
    return count


async def import_records(store: "Any", read: "Callable[[], bytes]") -> dict:
    """Put all that ``read()`` gives until it gives b"": how many were stored, were the same, or
    were refused.  RemoteError if the stream is damaged or has no end; what came before is in."""
    reader = transfer.Reader()
    counts = {"stored": 0, "same": 0, "refused": 0}
    data = read()
    while data:
        reader.receive_data(data)
        record = reader.next_record()
        while record:
            counts[await _put(store, record[0], record[1])] += 1
            record = reader.next_record()
        data = read()
    await store.sync()
    if not reader.is_complete:
        raise RemoteError("the export ends in the middle, after {} records".format(reader.count))
    return counts


async def _put(store: "Any", key: bytes, value: bytes) -> str:
    try:
        return "stored" if await store.put(key, value) else "same"
    except (LimitError, RemoteError):
        return "refused"
