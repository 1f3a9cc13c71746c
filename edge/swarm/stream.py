"""A stream: one duplex, flow-controlled byte stream of one protocol within a connection."""

from edge.errors import LinkError, LocalError, RemoteError
from edge.system import MICROPYTHON, aio

READ_BYTES_MAX = 65536  # what one read gives at most unless asked otherwise
# Chunks below this are gathered: a chunk costs more than its bytes.
SMALL_BYTES = 512 if MICROPYTHON else 4096

OPEN = "open"
ENDED = "ended"  # the peer will send no more
RESET = "reset"


class Stream:
    """What a protocol reads and writes.  One task reads, one task writes.

    ``protocol`` is None until agreed.  Reading a stream that was reset, or whose connection is
    gone, raises LinkError; RemoteError if the peer broke the negotiation.
    """

    __slots__ = ("id", "protocol", "connection", "negotiation", "opened_ms", "_state", "_chunks",
                 "_error", "_changed", "_write_closed")  # fmt: skip

    def __init__(self, connection, stream_id: int, negotiation, now: int) -> None:
        self.id = stream_id
        self.protocol = None
        self.connection = connection
        self.negotiation = negotiation  # the core that agrees on the protocol; then None
        self.opened_ms = now
        self._state = OPEN
        self._chunks: list = []
        self._error = None
        self._changed = aio.Signal()
        self._write_closed = False

    @property
    def remote_peer(self):
        return self.connection.remote_peer

    @property
    def unread(self) -> int:
        """Bytes that have arrived and were not read."""
        return sum([len(chunk) for chunk in self._chunks])

    # -- for the protocol

    async def read(self, size_max: int = READ_BYTES_MAX) -> bytes:
        """Up to ``size_max`` bytes, at least one; ``b""`` when the peer has ended the stream."""
        while not self._chunks:
            if self._state != OPEN:
                if self._error:
                    raise self._error
                return b""
            self.connection.push()
            await self._changed.wait()
        chunk = self._chunks[0]
        if len(chunk) <= size_max:
            self._chunks.pop(0)
        else:
            chunk, self._chunks[0] = chunk[:size_max], memoryview(chunk)[size_max:]
        self.connection.consumed(self, len(chunk), not self._chunks)
        return bytes(chunk)

    async def read_exactly(self, size: int) -> bytes:
        """``size`` bytes.  EOFError if the stream ends before."""
        parts = []
        while size:
            part = await self.read(size)
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def write(self, data) -> None:
        """Write all of ``data``; waits for the peer's window and for the medium."""
        rest = memoryview(data)
        connection = self.connection
        while rest:
            self._require_writable()
            if not connection.is_ready_for(len(rest)):
                await connection.drained()
                continue
            taken = connection.send_data(self, rest)
            if taken:
                rest = rest[taken:]
                if rest or not connection.has_room():
                    await aio.sleep_ms(0)  # other streams come first, then
            else:
                await self._changed.wait()
        connection.push()

    async def close_write(self) -> None:
        """Tell the peer that no more will come.  Reading goes on."""
        if not self._write_closed and self._state != RESET:
            self._write_closed = True
            self.connection.close_write(self)
            self._changed.fire()

    async def close(self) -> None:
        """Close both ways in order: what was written arrives, what was not read is dropped."""
        await self.close_write()
        self.fail(LinkError("stream closed here"))
        self.connection.abandon(self)

    def reset(self) -> None:
        """Close both ways at once; the peer's reads and writes fail."""
        self.fail(LinkError("stream reset here"))
        self.connection.reset_stream(self)

    def _require_writable(self) -> None:
        if self._write_closed:
            raise LocalError("write after close")
        if self._state == RESET:
            raise self._error or LinkError("stream reset")

    # -- for the connection

    def receive(self, data) -> None:
        """Bytes of the agreed protocol."""
        chunks = self._chunks
        if len(data) < SMALL_BYTES:
            if chunks and isinstance(chunks[-1], bytearray) and len(chunks[-1]) < SMALL_BYTES:
                chunks[-1] += data
            else:
                chunks.append(bytearray(data))
        else:
            chunks.append(data)
        self._changed.fire()

    def end(self) -> None:
        """The peer will send no more."""
        if self._state == OPEN:
            self._state = ENDED
            if self.negotiation:
                self._error = RemoteError("the peer closed before a protocol was agreed")
            self._changed.fire()

    def fail(self, error: Exception, lose: bool = True) -> None:
        """Both directions are over; ``lose``: what was not read is lost too."""
        if self._state == RESET:
            return
        if lose:
            self.connection.release(self.unread)
            self._chunks = []
        if lose or self._state == OPEN:
            self._error = error
        self._state = RESET
        self._changed.fire()

    def wake(self) -> None:
        """Something a reader or writer waits for may have changed."""
        self._changed.fire()

    async def agreed(self) -> None:
        """Wait until the protocol is agreed.  RemoteError or LinkError if it will not be."""
        while self.negotiation:
            if self._error:
                raise self._error
            await self._changed.wait()
