"""Yamux: streams within one connection, each with a window the other end may fill.

    | version 0 | type | flags u16 | stream u32 | length u32 |  then, for data, length bytes

    (stream, frame)             -> stream
    none, SYN                   -> open        we RST it when too many are
    open, FIN                   -> remote end  and gone once we have sent FIN too
    open or remote end, RST     -> gone
    gone, anything but SYN      -> gone        it was on its way when we let go: drained
    open, data past its window  -> gone        we RST it
    any, SYN again, wrong parity, id 0, version, type -> RemoteError: the connection ends

Streams that the dialer opens are odd.  Spec: hashicorp/yamux and libp2p specs/yamux.
"""

from edge.errors import LimitError, RemoteError
from edge.swarm.stream_muxer import (
    GoneAway,
    GoneSilent,
    StreamData,
    StreamEnded,
    StreamOpened,
    StreamReset,
    WindowOpened,
)
from edge.system import const

PROTOCOL = "/yamux/1.0.0"
WINDOW_BYTES = 262144  # what each direction of a stream starts with, fixed by the spec
ANSWERS_MAX = 32  # pongs that may wait to be sent: a flood is not answered
UNANSWERED_MAX = 256  # streams we opened that the peer has not acknowledged
SMALL_BYTES = 32768  # payloads below are copied: a byte must not keep a whole 64 KiB frame alive

NORMAL = 0  # go-away and reset codes
PROTOCOL_ERROR = 1
SHUTDOWN = 0x1006

_DATA = const(0)
_WINDOW = const(1)
_PING = const(2)
_GO_AWAY = const(3)
_SYN = const(1)
_ACK = const(2)
_FIN = const(4)
_RST = const(8)
_U32_MAX = const(0xFFFFFFFF)
_HEADER = const(12)


class _Flow:
    """What both ends know of one stream."""

    __slots__ = ("send_window", "receive_window", "window", "consumed", "flags", "local_end",
                 "remote_end", "unanswered", "blocked")  # fmt: skip

    def __init__(self, flags: int) -> None:
        self.send_window = WINDOW_BYTES
        self.receive_window = WINDOW_BYTES  # what the peer may still send
        self.window = WINDOW_BYTES  # what receive_window is refilled to
        self.consumed = 0  # bytes read but not yet given back
        self.flags = flags  # SYN or ACK, owed with our first frame
        self.local_end = self.remote_end = False
        self.unanswered = flags == _SYN
        self.blocked = False  # someone waits for send_window


class Yamux:
    def __init__(self, dialing: bool, profile, streams_max: int = 256) -> None:
        """``profile``: LinkProfile; ``streams_max``: streams the peer may have open."""
        self._flows: dict = {}
        self._next_id = 1 if dialing else 2
        self._streams_max = streams_max
        self._inbound = 0
        self._unanswered = 0
        self._profile = profile
        self._head = bytearray()  # a header in pieces
        self._body = 0  # payload bytes of the current frame still to come
        self._body_id = 0
        self._body_end = False  # that frame ends the stream
        self._outbox = bytearray()
        self._answers = 0
        self._events: list = []
        self._heard = True
        self._asked = 0  # value of the ping that is out
        self._due = 0
        self.remote_gone = False  # the peer said go-away: open nothing

    # -- in

    def receive_data(self, data) -> None:
        """Bytes from the peer, in any pieces.  RemoteError is the connection's end."""
        self._heard = True
        view = memoryview(data)
        while view:
            if self._body:
                size = min(self._body, len(view))
                self._body -= size
                self._receive_body(view[:size])
                view = view[size:]
            elif not self._head and len(view) >= _HEADER:
                self._receive_header(view[:_HEADER])
                view = view[_HEADER:]
            else:
                size = _HEADER - len(self._head)
                self._head += view[:size]
                view = view[size:]
                if len(self._head) == _HEADER:
                    head, self._head = self._head, bytearray()
                    self._receive_header(head)

    def next_event(self):
        return self._events.pop(0) if self._events else None

    def _receive_header(self, head) -> None:
        kind = head[1]
        flags = head[3]
        stream_id = int.from_bytes(head[4:8], "big")
        length = int.from_bytes(head[8:12], "big")
        if head[0] or kind > _GO_AWAY:
            raise RemoteError("yamux: version {} type {}".format(head[0], kind))
        if kind == _PING:
            self._receive_ping(flags, length)
        elif kind == _GO_AWAY:
            self.remote_gone = True
            self._events.append(GoneAway(length))
        else:
            self._receive_frame(kind, flags, stream_id, length)

    def _receive_ping(self, flags: int, value: int) -> None:
        if flags & _SYN:
            if self._answers < ANSWERS_MAX:
                self._answers += 1
                self._put(_PING, _ACK, 0, value)
        elif value == self._asked:
            self._asked = 0

    def _receive_frame(self, kind: int, flags: int, stream_id: int, length: int) -> None:
        flow = self._flow(flags, stream_id)
        if flow and flags & (_ACK | _RST) and flow.unanswered:
            flow.unanswered = False
            self._unanswered -= 1
        if flags & _RST:
            if flow:
                self._forget(stream_id)
                self._events.append(StreamReset(stream_id, length if kind == _WINDOW else 0))
            if kind == _DATA:
                self._expect_body(stream_id, length, False)
        elif kind == _DATA:
            self._receive_data_header(flow, stream_id, length, bool(flags & _FIN))
        elif flow:
            flow.send_window = min(flow.send_window + length, _U32_MAX)
            if flow.blocked and flow.send_window:
                flow.blocked = False
                self._events.append(WindowOpened(stream_id))
            if flags & _FIN:
                self._end_remote(stream_id)

    def _flow(self, flags: int, stream_id: int):
        """The stream that a frame is about, opened by it or before; None for one that is gone."""
        flow = self._flows.get(stream_id)
        if flags & _SYN:
            if flow or not stream_id or stream_id & 1 == self._next_id & 1:
                raise RemoteError("yamux: cannot open stream {}".format(stream_id))
            return None if flags & _RST else self._accept(stream_id)
        if not stream_id:
            raise RemoteError("yamux: data for the session")
        return flow

    def _accept(self, stream_id: int):
        """A stream the peer opens; None if it has too many."""
        if self._inbound >= self._streams_max:
            self._put(_WINDOW, _RST, stream_id, 0)
            return None
        self._inbound += 1
        flow = self._flows[stream_id] = _Flow(_ACK)
        self._events.append(StreamOpened(stream_id))
        return flow

    def _receive_data_header(self, flow, stream_id: int, length: int, end: bool) -> None:
        if flow:
            if length > flow.receive_window or (flow.remote_end and length):
                self._forget(stream_id)
                self._put(_WINDOW, _RST, stream_id, 0)
                self._events.append(StreamReset(stream_id, PROTOCOL_ERROR))
                end = False
            flow.receive_window -= length
        self._expect_body(stream_id, length, end)

    def _expect_body(self, stream_id: int, length: int, end: bool) -> None:
        self._body, self._body_id, self._body_end = length, stream_id, end
        if end and not length:
            self._end_remote(stream_id)

    def _receive_body(self, data) -> None:
        if self._body_id in self._flows:
            if len(data) < SMALL_BYTES:
                data = bytes(data)
            self._events.append(StreamData(self._body_id, data))
        if self._body_end and not self._body:
            self._end_remote(self._body_id)

    def _end_remote(self, stream_id: int) -> None:
        flow = self._flows.get(stream_id)
        if flow and not flow.remote_end:
            flow.remote_end = True
            self._events.append(StreamEnded(stream_id))
            if flow.local_end:
                self._forget(stream_id)

    def _forget(self, stream_id: int) -> None:
        flow = self._flows.pop(stream_id)
        if flow.unanswered:
            self._unanswered -= 1
        if stream_id & 1 != self._next_id & 1:
            self._inbound -= 1

    # -- out

    def data_to_send(self):
        """Everything pending, given away."""
        data, self._outbox = self._outbox, bytearray()
        self._answers = 0
        return data

    def pending(self) -> int:
        """How many bytes wait for ``data_to_send``."""
        return len(self._outbox)

    def open_stream(self) -> int:
        """The id of a new stream; the peer learns of it with its first bytes."""
        if self.remote_gone:
            raise LimitError("the peer takes no more streams")
        if self._unanswered >= UNANSWERED_MAX or self._next_id > _U32_MAX:
            raise LimitError("{} streams wait for an answer".format(self._unanswered))
        stream_id = self._next_id
        self._next_id += 2
        self._unanswered += 1
        self._flows[stream_id] = _Flow(_SYN)
        return stream_id

    def send_data(self, stream_id: int, data) -> int:
        """Queue what the peer's window takes of ``data``; 0 means wait for WindowOpened."""
        flow = self._flows.get(stream_id)
        if flow is None:
            return 0
        view = memoryview(data)
        taken = min(len(view), flow.send_window)
        flow.blocked = not taken
        flow.send_window -= taken
        step = self._profile.frame_bytes_max - _HEADER  # a frame of ours is a frame of Noise
        for start in range(0, taken, step):
            part = view[start : min(start + step, taken)]
            self._put_flow(_DATA, flow, stream_id, len(part))
            self._outbox += part
        return taken

    def consumed(self, stream_id: int, size: int, eager: bool) -> bool:
        """``size`` bytes were read; ``eager``: the reader waits for more, so widen the window.

        True if the peer is to hear of it now.
        """
        flow = self._flows.get(stream_id)
        if flow is None or flow.remote_end:
            return False
        flow.consumed += size
        if flow.consumed < flow.window >> 1:
            return False
        if eager and flow.window < self._profile.window_bytes_max:
            flow.consumed += flow.window
            flow.window <<= 1
        flow.receive_window += flow.consumed
        self._put_flow(_WINDOW, flow, stream_id, flow.consumed)
        flow.consumed = 0
        return True

    def close_write(self, stream_id: int) -> None:
        """We send no more on this stream."""
        flow = self._flows.get(stream_id)
        if flow and not flow.local_end:
            self._put_flow(_WINDOW, flow, stream_id, 0, _FIN)
            flow.local_end = True
            if flow.remote_end:
                self._forget(stream_id)

    def is_open(self, stream_id: int) -> bool:
        """Whether either end may still send on this stream."""
        return stream_id in self._flows

    def reset(self, stream_id: int) -> None:
        """End both directions at once; the peer loses what it has not read."""
        flow = self._flows.get(stream_id)
        if flow:
            self._put_flow(_WINDOW, flow, stream_id, 0, _RST)
            self._forget(stream_id)

    def go_away(self, code: int) -> None:
        self._put(_GO_AWAY, 0, 0, code)

    def _put_flow(self, kind: int, flow, stream_id: int, length: int, flags: int = 0) -> None:
        self._put(kind, flags | flow.flags, stream_id, length)
        flow.flags = 0

    def _put(self, kind: int, flags: int, stream_id: int, length: int) -> None:
        self._outbox += (kind << 80 | flags << 64 | stream_id << 32 | length).to_bytes(12, "big")

    # -- time

    def deadline(self) -> int:
        """When ``handle_deadline`` wants to be called, in ms."""
        return self._due

    def handle_deadline(self, now: int) -> None:
        """Ask a silent peer whether it lives; give it up if the last question went unanswered."""
        profile = self._profile
        if self._heard:
            self._heard = False
            self._asked = 0
            self._due = now + profile.keepalive_ms
        elif self._asked:
            self._events.append(GoneSilent(self._asked))
            self._due = now + profile.keepalive_ms
        else:
            self._asked = now & _U32_MAX | 1
            self._put(_PING, _SYN, 0, self._asked)
            self._due = now + profile.answer_timeout_ms
