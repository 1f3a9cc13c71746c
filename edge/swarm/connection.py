"""A connection: the one pump between the bytes of a link and the tasks that use its streams.

read -> upgrader -> events -> streams, handlers        one task per connection: run()
streams -> muxer -> upgrader -> push                    no task: whoever wrote sends;
                                                        a flush task while the link is full
"""

from edge.errors import EdgeError, LimitError, LinkError, RemoteError
from edge.swarm.protocol_muxer import Refused, multistream
from edge.swarm.stream import Stream
from edge.swarm.stream_muxer import (
    GoneAway,
    GoneSilent,
    StreamData,
    StreamEnded,
    StreamOpened,
    StreamReset,
    WindowOpened,
)
from edge.swarm.transport import is_slow
from edge.system import MICROPYTHON, aio, clock

CHUNK_BYTES_MAX = 4096 if MICROPYTHON else 262144  # what one stream queues before others may
MUXER_HEADER_BYTES = 12  # with this a chunk fills one frame of a slow medium
URGENT_BYTES_MAX = 256  # that wait while a slow medium is full, and go first then
ANSWERS_BYTES_MAX = 4096 if MICROPYTHON else 262144  # unsent, to a peer that does not read
CLOSE_TIMEOUT_MS = 1000  # how long a closing connection may take to say so
ABANDONED_MS = 60000  # a stream we closed whose peer does not: reset after this
UNREAD_BYTES_MAX = 8192 if MICROPYTHON else 4194304  # of all streams, before we stop reading
# Of all connections together, before those that hold more than their share stop reading, too.
UNREAD_IN_ALL_BYTES_MAX = 16384 if MICROPYTHON else 33554432
UNREAD_SHARE_BYTES = 2048 if MICROPYTHON else 65536
STALL_TIMEOUT_MS = 8000  # how long we stop before the stream nobody reads is reset; go gives 10 s

INBOUND = "inbound"
OUTBOUND = "outbound"


class Connection:
    """A secure, muxed connection to one peer."""

    __slots__ = (
        "remote_peer", "remote_public_key", "direction", "opened_ms", "identified", "pushed_ms",
        "known", "_raw", "_upgrader", "_muxer", "_swarm", "_streams", "_abandoned", "_unsent",
        "_flushing", "_drained", "_unread", "_room", "error", "goodbye", "leaving", "closed",
        "_chunk", "_urgent", "_has_room",
    )  # fmt: skip

    def __init__(self, raw, upgrader, upgraded, direction: str, swarm) -> None:
        """``swarm`` gives: handlers (protocol -> handler), spawn(coroutine), handle(stream)."""
        self.remote_peer = upgraded.peer_id
        self.remote_public_key = upgraded.public_key
        self.direction = direction
        self.opened_ms = clock.monotonic_ms()
        self.identified = None  # what the peer told of itself, see identify
        self.pushed_ms = None  # when identify-push was last heeded
        self.known = ()  # protocols the peer is known to speak
        self._raw = raw
        self._upgrader = upgrader
        self._muxer = upgrader.muxer
        self._swarm = swarm
        self._streams: dict = {}
        self._abandoned: dict = {}  # id -> when to reset it
        self._unsent = b""
        self._flushing = False
        self._drained = aio.Signal()
        slow = self.is_slow
        frame = raw.profile.frame_bytes_max
        self._chunk = frame - MUXER_HEADER_BYTES if slow else CHUNK_BYTES_MAX
        self._urgent = URGENT_BYTES_MAX if slow else 0
        self._has_room = getattr(raw, "has_room", _always)
        self._unread = 0  # bytes that wait in streams for their readers
        self._room = aio.Signal()
        self.error = None  # why it ended, if not in order
        self.goodbye = False  # either end said that it goes
        self.leaving = False  # either end wants no more streams
        self.closed = False

    @property
    def remote_address(self):
        return self._raw.remote_address

    @property
    def local_address(self):
        return self._raw.local_address

    @property
    def profile(self):
        return self._raw.profile

    @property
    def is_slow(self) -> bool:
        return is_slow(self._raw.profile)

    @property
    def streams(self) -> list:
        return list(self._streams.values())

    # -- the pump

    async def run(self) -> None:
        """Move bytes until either end closes.  Never raises but for cancellation."""
        try:
            self._dispatch()
            self.push()
            while not self.closed:
                data = await self._raw.read()
                if not len(data):
                    break
                self._upgrader.receive_data(data)
                self._dispatch()
                if not self.push() and self._muxer.pending() > ANSWERS_BYTES_MAX:
                    raise LimitError("the peer reads none of its answers")
                if self._is_full():
                    await self._wait_for_readers()
        except RemoteError as error:
            self.error = error
            self._muxer.go_away(1)
            self._try_push()
        except EdgeError as error:
            if not self.closed:
                self.error = error
        finally:
            self.closed = self.leaving = True
            self._count_unread(-self._unread)
            self._fail_streams()
            await self._raw.close()
            # With its keys half of what a connection holds; events and tasks may hold on to it.
            self._upgrader = None

    def _fail_streams(self) -> None:
        error = self.error or LinkError("connection closed")
        for stream in self.streams:
            stream.fail(error, lose=False)
        self._streams = {}
        self._drained.fire()

    async def _wait_for_readers(self) -> None:
        """Read no more off the link until the streams are read; then give up the fullest one."""
        try:
            await aio.wait_for_ms(self._unread_again(), STALL_TIMEOUT_MS)
        except aio.TimeoutError:
            if not self._is_full():
                return  # readers of other connections have made room
            fullest = None
            for stream in self.streams:
                if fullest is None or stream.unread > fullest.unread:
                    fullest = stream
            if fullest and fullest.unread:
                fullest.fail(LimitError("{} bytes were not read".format(fullest.unread)))
                self.reset_stream(fullest)

    async def _unread_again(self) -> None:
        while self._is_full() and not self.closed:
            await self._room.wait()

    def _is_full(self) -> bool:
        """Whether more is unread than one may have, or than all may while others have as much."""
        mine = self._unread
        in_all = mine > UNREAD_SHARE_BYTES and self._swarm.unread > UNREAD_IN_ALL_BYTES_MAX
        return in_all or mine > UNREAD_BYTES_MAX

    def _count_unread(self, size: int) -> None:
        self._unread += size
        self._swarm.unread += size

    def release(self, size: int) -> None:
        """``size`` unread bytes are gone; those of a connection that is over do not count."""
        if size and not self.closed:
            self._count_unread(-size)
            if not self._is_full():
                self._room.fire()

    def _dispatch(self) -> None:
        next_event = self._upgrader.next_event
        streams = self._streams
        event = next_event()
        while event:
            kind = type(event)
            if kind is StreamOpened:
                self._opened(event.id)
            elif kind is GoneSilent:
                raise LinkError("no answer from the peer")
            elif kind is GoneAway:
                self.goodbye = self.leaving = True
            else:
                stream = streams.get(event.id)
                if stream:
                    self._tell(stream, kind, event)
                elif not self._muxer.is_open(event.id):
                    self._abandoned.pop(event.id, None)
            event = next_event()

    def _tell(self, stream, kind, event) -> None:
        if kind is StreamData:
            if stream.negotiation:
                self._negotiate(stream, event.data)
            else:
                self._count_unread(len(event.data))
                stream.receive(event.data)
        elif kind is StreamEnded:
            stream.end()
            self._drop_if_over(stream)
        elif kind is StreamReset:
            self._streams.pop(event.id)
            stream.fail(LinkError("stream reset by the peer"))
            self._drained.fire()
        elif kind is WindowOpened:
            stream.wake()

    def push(self) -> bool:
        """Send what is pending as far as the medium takes it now; True when nothing is left."""
        if self.closed:
            return True
        if self._try_push():
            return True
        self._start_flush()
        return False

    def _start_flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._swarm.spawn(self._flush())

    def _try_push(self) -> bool:
        try:
            while True:
                if not self._unsent:
                    if self._muxer.pending() and not self._has_room():
                        return False  # what goes first is decided when it goes
                    data = self._upgrader.data_to_send()
                    if not data:
                        return True
                    self._unsent = memoryview(data)
                self._unsent = self._unsent[self._raw.write_some(self._unsent) :]
                if self._unsent:
                    return False
                self._unsent = b""
        except LinkError:
            self._unsent = b""  # the reading side learns why and ends the connection
            return True

    async def _flush(self) -> None:
        try:
            await self._raw.writable()
            while not self.closed and not self._try_push():
                await self._raw.writable()
        except LinkError:
            pass
        finally:
            self._flushing = False
            self._drained.fire()

    def has_room(self) -> bool:
        """Whether nothing waits for the medium."""
        return self.push() and self._has_room()

    def is_ready_for(self, size: int) -> bool:
        """Whether a stream may queue ``size`` bytes now: when nothing waits for the medium, and few
        bytes also before, so that words need not wait for bulk."""
        if self.has_room() or self._muxer.pending() + size <= self._urgent:
            return True
        self._start_flush()
        return False

    async def drained(self) -> None:
        """Wait until the medium has taken what was pending; may return before."""
        if self._flushing:
            await self._drained.wait()

    # -- streams

    def _opened(self, stream_id: int) -> None:
        core = multistream.Listener(self._swarm.handlers)
        self._streams[stream_id] = Stream(self, stream_id, core, clock.monotonic_ms())

    def _negotiate(self, stream, data) -> None:
        core = stream.negotiation
        try:
            core.receive_data(data)
        except RemoteError as error:
            stream.fail(error)
            self.reset_stream(stream)
            return
        answer = core.data_to_send()
        if answer:
            self._muxer.send_data(stream.id, answer)
        event = core.next_event()
        if isinstance(event, Refused):
            stream.fail(RemoteError("the peer speaks none of {}".format(event.protocols)))
            self.reset_stream(stream)
            return
        trailing = event.trailing if event else b""
        self._muxer.consumed(stream.id, len(data) - len(trailing), False)
        if event:
            stream.protocol = event.protocol
            stream.negotiation = None
            if trailing:
                self._count_unread(len(trailing))
                stream.receive(trailing)
            else:
                stream.wake()
            if isinstance(core, multistream.Listener):
                self._swarm.handle(stream)

    async def new_stream(self, protocols) -> Stream:
        """A stream of the first of ``protocols`` the peer takes.

        Where the peer is known to speak the only one asked for, nothing is waited for: the offer
        travels with the first bytes written.  RemoteError if it speaks none of them.
        """
        if self.leaving:
            raise LinkError("connection closed")
        core = multistream.Dialer(protocols)
        stream_id = self._muxer.open_stream()
        stream = Stream(self, stream_id, core, clock.monotonic_ms())
        self._streams[stream_id] = stream
        self._muxer.send_data(stream_id, core.data_to_send())
        if len(protocols) == 1 and protocols[0] in self.known:
            stream.protocol = protocols[0]
            return stream
        self.push()
        try:
            await aio.wait_for_ms(stream.agreed(), self.profile.negotiate_timeout_ms)
        except aio.TimeoutError:
            stream.reset()
            raise LinkError("no answer to {}".format(protocols))
        except BaseException:
            stream.reset()
            raise
        return stream

    def send_data(self, stream, data) -> int:
        return self._muxer.send_data(stream.id, memoryview(data)[: self._chunk])

    def consumed(self, stream, size: int, eager: bool) -> None:
        self.release(size)
        if self._muxer.consumed(stream.id, size, eager):
            self.push()
        elif eager:
            self._drop_if_over(stream)

    def close_write(self, stream) -> None:
        self._muxer.close_write(stream.id)
        self._drop_if_over(stream)
        self.push()
        self._drained.fire()  # its own writer may be among those who wait

    def _drop_if_over(self, stream) -> None:
        if not self._muxer.is_open(stream.id) and not stream.unread:
            self._streams.pop(stream.id, None)

    def abandon(self, stream) -> None:
        """Nobody reads this stream any more; its end is awaited, but not for ever."""
        if self._muxer.is_open(stream.id):
            self._abandoned[stream.id] = clock.monotonic_ms() + ABANDONED_MS
        self._streams.pop(stream.id, None)

    def reset_stream(self, stream) -> None:
        self._streams.pop(stream.id, None)
        self._muxer.reset(stream.id)
        self.push()
        self._drained.fire()

    # -- time and end

    def deadline(self) -> int:
        return self._muxer.deadline()

    def handle_deadline(self, now: int) -> None:
        """Keepalive; streams that never agreed on a protocol or never ended."""
        if now >= self._muxer.deadline():
            self._muxer.handle_deadline(now)
        limit = now - self.profile.negotiate_timeout_ms
        for stream in self.streams:
            if stream.negotiation and stream.opened_ms < limit:
                stream.fail(LinkError("no protocol agreed in time"))
                self.reset_stream(stream)
        for stream_id in [key for key, due in self._abandoned.items() if due <= now]:
            del self._abandoned[stream_id]
            self._muxer.reset(stream_id)
        try:
            self._dispatch()
        except LinkError as error:
            self.error = error
            self._swarm.spawn(self._let_go())
        self.push()

    async def close(self) -> None:
        """Say go-away, send what is pending, let go."""
        if self.closed:
            return
        self.goodbye = self.leaving = True
        self._muxer.go_away(0)
        try:
            while not self.push():
                await aio.wait_for_ms(self.drained(), CLOSE_TIMEOUT_MS)
        except aio.TimeoutError:
            pass
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        """End the pump, wherever it waits."""
        self.closed = self.leaving = True
        self._room.fire()
        await self._raw.close()


def _always() -> bool:
    return True
