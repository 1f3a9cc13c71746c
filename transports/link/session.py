"""One session with whoever is at the other end of a line.  Sections 3 to 7 of README.md.

    WAITING --WELCOME, or a frame of this session--> OPEN --CLOSE, silence, another epoch--> CLOSED

A session is for one peer that was switched on once.  A cable that is pulled and put back does not
end it; a peer that lost its memory does, at once.  For another peer or another start there is
another session, with another epoch.
"""

from collections import namedtuple

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON, const
from transports.link import frames, message
from transports.link.line import Line
from transports.link.receiver import Receiver
from transports.link.sender import Sender

VERSION = 1
OLDEST_VERSION = 1
FEATURES = 0  # none yet: bits that both ends set are used
HELLO_INTERVAL_MS = 100  # while nobody answers
KEEPALIVE_MS = 1000  # of silence, then the peer is asked
HELLO_SILENCE_MS = 2000  # then the peer may be in another session: hello as at the beginning
SILENCE_MS_MAX = 10000  # then the session is over
CONSOLE_IDLE_MS = 200  # then text without a zero after it is given out
CONSOLE_BYTES_MAX = 512 if MICROPYTHON else 8192
BUFFER_BYTES_MAX = 2048 if MICROPYTHON else 32640  # in each direction
OPTIONS_BYTES_MAX = 255
_BURST_FRAMES = const(32)  # at once, on a line without a rate
_REPORT_FRAMES = const(4)  # then a report is due at once

WAITING = 0
OPEN = 1
CLOSED = 2

Opened = namedtuple("Opened", ("version", "features", "options"))
Closed = namedtuple("Closed", ("reason",))
Counters = namedtuple("Counters", ("frames", "damaged", "resent", "repeated", "overlong"))


class Session:
    """A reliable ordered stream of bytes each way."""

    def __init__(self, epoch: int, bytes_per_s: int, now: int, options: bytes = b"") -> None:
        """``epoch``: 1 to 2**32 - 1, never the same twice.  ``options``: told to the peer."""
        if not 0 < epoch <= 0xFFFFFFFF or len(options) > OPTIONS_BYTES_MAX:
            raise LocalError("expected an epoch of 32 bits, not 0, and at most 255 bytes")
        self.state = WAITING
        self.line = Line(bytes_per_s, min(frames.PAYLOAD_BYTES_MAX, BUFFER_BYTES_MAX // 4))
        self.sender = Sender(self.line, BUFFER_BYTES_MAX)
        self.receiver = Receiver(BUFFER_BYTES_MAX)
        self.console = bytearray()  # text between frames, the last of it
        self.epoch = epoch
        self.peer_epoch = 0
        self.damaged = 0  # chunks that were neither frames nor text
        self.is_mirrored = False  # our own hello has come back, or somebody drew the same epoch
        self.arrived = 0  # frames
        self._options = options
        self._reader = frames.Reader()
        self._events: list = []
        self._out: list = []  # encoded HELLO, WELCOME and CLOSE
        self._is_up = True
        self._hello_at: int | None = now
        self._report_at: int | None = None
        self._timeout_at: int | None = None
        self._asked_at = now
        self._heard_at = now
        self._console_at: int | None = None
        self._unreported = 0  # frames since the last report
        self._told = self.receiver.credit() * message.CREDIT_BYTES  # room the peer knows of
        self._asks = False  # for a report, with an empty frame if need be
        self._spoke_at = now - CONSOLE_IDLE_MS
        self._now = now
        self._tag_in = self._tag_out = 0
        self._agreed: Opened | None = None

    # what the owner does

    def send(self, data: "bytes | memoryview") -> int:
        """How many bytes of ``data`` were taken; 0 if there is no room now."""
        if self.state == CLOSED:
            raise LinkError("the link session is over")
        return self.sender.give(data)

    def read(self, size_max: int) -> bytes:
        """What arrived, at most ``size_max`` bytes; also after the end.  b"" if nothing waits."""
        data = self.receiver.read(size_max)
        edge = self.receiver.expected + self.receiver.credit() * message.CREDIT_BYTES
        if self.state == OPEN and edge - self._told >= BUFFER_BYTES_MAX // 2:
            self._report_at = self._now  # the peer may wait for room
        return data

    def next_event(self) -> "Opened | Closed | None":
        return self._events.pop(0) if self._events else None

    def counters(self) -> Counters:
        sent_again, repeated = self.sender.resent, self.receiver.repeated
        return Counters(self.arrived, self.damaged, sent_again, repeated, self._reader.overlong)

    def take_console(self) -> bytes:
        """What the far board wrote between the frames."""
        text, self.console = self.console, bytearray()
        return bytes(text)

    def close(self, reason: str = "closed here") -> None:
        """Tell the peer; nothing is sent again."""
        if self.state != CLOSED:
            if self.peer_epoch:
                self._out = [frames.encode(message.encode(None, None, self._tag_out))]
            self._end(reason)

    def line_lost(self, now: int) -> None:
        """The port is gone.  The session waits, SILENCE_MS_MAX, for it to come back."""
        self._is_up = False
        self._reader.take()
        self._console_at = None

    def line_restored(self, now: int) -> None:
        """There is a port again: say who is here, and send again what was on the way."""
        self._is_up = True
        self._reader.take()
        self._heard_at = now
        self.line.emptied(now)
        self.sender.lose_all()
        self._timeout_at = None
        self._hello_at = now
        self._spoke_at = now - CONSOLE_IDLE_MS

    def hasten(self, now: int) -> None:
        """A report that waits for company need not wait any longer."""
        if self._report_at is not None:
            self._report_at = min(self._report_at, now)

    def rate_changed(self, bytes_per_s: int, now: int) -> None:
        """The port speaks at another rate from now on, and the peer's too, if all goes well."""
        self.line.retune(bytes_per_s)
        self.line_restored(now)

    # time

    def deadline(self) -> "int | None":
        """When handle_deadline or data_to_send has something to do; None: never."""
        if self.state == CLOSED:
            return None
        over = self._heard_at + SILENCE_MS_MAX
        if not self._is_up:
            return over if self.state == OPEN else None
        times = [self._hello_at, self._console_at]
        if self.state == OPEN:
            times += [over, self._report_at, self._timeout_at]
            times.append(max(self._heard_at, self._asked_at) + KEEPALIVE_MS)
            if self.sender.has_frame():
                times.append(self.line.room_at(self._now))
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def handle_deadline(self, now: int) -> None:
        """Do what is due; then ask for data_to_send."""
        self._now = now
        if self._console_at is not None and now >= self._console_at:
            self._console_at = None
            if frames.is_text(self._reader.pending):
                self._no_frame(self._reader.take())
        if self.state != OPEN:
            return
        if now - self._heard_at >= SILENCE_MS_MAX:
            self._end("nothing heard for {} s".format(SILENCE_MS_MAX // 1000))
        elif self._timeout_at is not None and now >= self._timeout_at:
            self._timeout_at = None
            self.sender.lose_oldest()
            self._asks = not self.sender.has_frame()
        elif now - max(self._heard_at, self._asked_at) >= KEEPALIVE_MS:
            self._asks = True

    # bytes out

    def data_to_send(self, now: int) -> bytes:
        """What to write to the line now.  b"" if nothing, or while the line is busy."""
        self._now = now
        if not self._is_up:
            return b""
        if self._hello_at is not None and now >= self._hello_at:
            self._put_hello(message.HELLO)
            self._hello_at = now + HELLO_INTERVAL_MS + self.line.duration(4 * len(self._out[-1]))
        out, self._out = self._out, []
        for frame in out:
            self.line.sent(len(frame), now)
        if self.state == OPEN:
            self._fill(out, now)
        if not out:
            return b""
        if now - self._spoke_at >= CONSOLE_IDLE_MS:
            out.insert(0, b"\0")  # ends whatever else was written to the line meanwhile
        self._spoke_at = now
        return b"".join(out)

    def _fill(self, out: list, now: int) -> None:
        for _ in range(_BURST_FRAMES):
            if not self.sender.has_frame() or self.line.room_at(now) > now:
                break
            self._put(out, self.sender.next_frame(now), now)
        if self._asks:
            self._asked_at = now
            self._put(out, self.sender.next_frame(now, True), now)
        if self._is_report_due(now):
            self._put(out, None, now)
        if not self.sender.waits():
            self._timeout_at = None
        elif self._timeout_at is None:
            self._timeout_at = now + self.line.timeout(self.sender.under_way)

    def _is_report_due(self, now: int) -> bool:
        return self._report_at is not None and now >= self._report_at

    def _put(self, out: list, data: "message.Data | None", now: int) -> None:
        report = None
        if self._is_report_due(now) or data and self._report_at is not None:
            report = self.receiver.report()
            self._told = self.receiver.expected + report.credit * message.CREDIT_BYTES
            self._report_at = None
            self._unreported = 0
        frame = frames.encode(message.encode(data, report, self._tag_out))
        if data:
            self._asks = False
        self.line.sent(len(frame), now)
        out.append(frame)

    def _put_hello(self, kind: int) -> None:
        hello = message.Hello(
            VERSION,
            OLDEST_VERSION,
            self.epoch,
            self.peer_epoch,
            FEATURES,
            frames.PAYLOAD_BYTES_MAX,
            self.receiver.credit(),
            self._options,
        )
        self._out = [frames.encode(message.encode_hello(kind, hello))]

    # bytes in

    def receive_data(self, data: "bytes | memoryview", now: int) -> None:
        """Any bytes; those that mean nothing are counted."""
        self._now = now
        for chunk in self._reader.receive_data(data):
            if self.state == CLOSED:
                return
            self._receive_chunk(chunk, now)
        self._console_at = now + CONSOLE_IDLE_MS if self._reader.pending else None

    def _receive_chunk(self, chunk: bytes, now: int) -> None:
        body = frames.decode(chunk)
        if body and body[0] in (message.HELLO, message.WELCOME):
            hello = message.decode_hello(body)
            if hello:
                self.arrived += 1
                self._meet(body[0], hello, now)
                return
        elif body and self.peer_epoch:
            expected, acknowledged = self.receiver.expected, self.sender.acknowledged
            frame = message.decode(body, self._tag_in, expected, acknowledged)
            if frame:
                self.arrived += 1
                self._receive_frame(frame, now)
                return
        self._no_frame(chunk)

    def _no_frame(self, chunk: bytes) -> None:
        if frames.is_text(chunk):
            self.console += chunk
            excess = len(self.console) - CONSOLE_BYTES_MAX
            if excess > 0:
                self.console[:excess] = b""
        else:
            self.damaged += 1

    def _meet(self, kind: int, hello: message.Hello, now: int) -> None:
        if hello.epoch == self.epoch:
            self.is_mirrored = True
            return
        if hello.oldest > VERSION or hello.newest < OLDEST_VERSION:
            told = (OLDEST_VERSION, VERSION, hello.oldest, hello.newest)
            self._end("expected link versions {} to {}, the peer has {} to {}".format(*told))
            return
        if self.state == OPEN and hello.epoch != self.peer_epoch:
            self._end("the peer started again")
            return
        if kind == message.WELCOME and hello.echo != self.epoch:
            return  # meant for whoever was here before
        if self.state == WAITING:
            self.peer_epoch = hello.epoch
            self._tag_in = message.tag(hello.epoch, self.epoch)
            self._tag_out = message.tag(self.epoch, hello.epoch)
            self._agreed = Opened(
                min(VERSION, hello.newest), FEATURES & hello.features, hello.options
            )
            self.line.limit(hello.payload_max)
            self.sender.grant(hello.credit)
        elif kind == message.HELLO and hello.echo == self.epoch and self.state == OPEN:
            self._peer_is_back(now)
        if kind == message.HELLO:
            self._put_hello(message.WELCOME)
        if hello.echo == self.epoch:
            self._is_answered(now)

    def _peer_is_back(self, now: int) -> None:
        """Its port was gone: what was under way did not arrive, but what our driver still has."""
        self.sender.lose_all(self.line.queued(now))
        self._timeout_at = None
        self._asks = not self.sender.has_frame()

    def _is_answered(self, now: int) -> None:
        """The peer knows this session."""
        self._heard_at = now
        frames_ms = self.line.duration(4 * self.line.payload_max)
        self._hello_at = now + HELLO_SILENCE_MS + frames_ms
        if self.state == WAITING:
            self.state = OPEN
            self._events.append(self._agreed)

    def _receive_frame(self, frame: tuple, now: int) -> None:
        self._is_answered(now)
        data, report = frame
        if not data and not report:
            self._end("closed by the peer")
            return
        if report and self.sender.receive_report(report, now):
            self._timeout_at = None
        if data:
            in_order = self.receiver.accept(data)
            self._unreported += 1
            due = now
            if in_order and data.payload and self._unreported < _REPORT_FRAMES:
                due = now + self.line.report_delay()
            if self._report_at is None or due < self._report_at:
                self._report_at = due

    def _end(self, reason: str) -> None:
        self.state = CLOSED
        self._hello_at = None
        self._events.append(Closed(reason))
