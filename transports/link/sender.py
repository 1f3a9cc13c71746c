"""What is under way and what was lost: the sending half of a session.  Section 5 of README.md.

    buffer   |== acknowledged: gone ==|---- sent ----|---- not yet ----|
                                      acknowledged   fresh             acknowledged + len(buffer)

A byte that was sent and not acknowledged is in a frame under way, or known to have arrived, or
waits to be sent again.  A wire keeps the order: when a report names a frame, the fate of all before
it is known.
"""

from edge.system import const
from transports.link.line import Line
from transports.link.message import CREDIT_BYTES, OVERHEAD_BYTES, Data, Report

FRAMES_MAX = 48  # under way
_HISTORY = const(32)  # frames a report tells of
_SILENT_MAX = const(8)  # frames in a row; more is no noise, but a cable that was pulled


class Sender:
    def __init__(self, line: Line, buffer_bytes_max: int) -> None:
        self._line = line
        self._buffer = bytearray()
        self._buffer_max = buffer_bytes_max
        self.acknowledged = 0
        self.resent = 0  # frames
        self.under_way = 0  # bytes on the line
        self.ahead_bytes = 0  # so much may wait, where turns are long; 0: one piece
        self._fresh = 0
        self._limit = 0  # up to where the receiver has room
        self.granted = 0  # at the beginning: what it can hold
        self._ordinal = 0
        self._frames: list = []  # (ordinal, start, end, sent_at), oldest first
        self._again: list = []  # (start, end), in order, apart from each other
        self._silent = 0  # frames given up since a report told of any

    def grant(self, credit: int) -> None:
        """Room that the receiver has from the beginning."""
        self._limit = self.granted = credit * CREDIT_BYTES

    def room(self) -> int:
        """How many bytes may be given now.  Where the rate is known one piece, when the last one is
        sent: order is decided late, and a word does not share a frame with what follows it."""
        room = self._buffer_max - len(self._buffer)
        if not self._line.bytes_per_s:
            return room
        if self.ahead_bytes:
            return max(0, min(room, self.ahead_bytes - self._unsent()))
        return 0 if self._unsent() else min(room, self._line.payload_max)

    def _unsent(self) -> int:
        return self.acknowledged + len(self._buffer) - self._fresh

    def give(self, data: "bytes | memoryview") -> int:
        taken = min(len(data), self.room())
        self._buffer += data[:taken]
        return taken

    @property
    def is_done(self) -> bool:
        """Whether all that was given has arrived."""
        return not self._buffer

    def waits(self) -> bool:
        """Whether something is unacknowledged, or waits for room at the receiver."""
        return bool(self._frames or self._buffer)

    def has_frame(self) -> bool:
        """Whether a frame could be sent now."""
        if len(self._frames) >= FRAMES_MAX or self.under_way >= self._line.window():
            return False
        return bool(self._again) or self._fresh < self._end()

    def _end(self) -> int:
        return min(self._limit, self.acknowledged + len(self._buffer))

    def next_frame(self, now: int, is_empty: bool = False) -> Data:
        """The next piece of the stream, or an empty one, which only asks for a report."""
        size = self._line.frame_bytes
        if is_empty:
            start = end = self._fresh
        elif self._again:
            start, end = self._again.pop(0)
            if end - start > size:
                self._again.insert(0, (start + size, end))
                end = start + size
            self.resent += 1
        else:
            start = self._fresh
            end = min(start + self._even(size), self._end())
            end = self._fresh = max(start, end)
        self._ordinal += 1
        self._frames.append((self._ordinal, start, end, now))
        self.under_way += end - start + OVERHEAD_BYTES
        base = self.acknowledged
        return Data(self._ordinal, start, bytes(self._buffer[start - base : end - base]))

    def _even(self, size: int) -> int:
        """At most ``size``, so that the last frame of what waits is not a short one."""
        unsent = self._unsent()
        return -(-unsent // -(-unsent // size)) if unsent else size

    def receive_report(self, report: Report, now: int) -> bool:
        """Whether anything became known."""
        acknowledged = report.acknowledged
        if acknowledged < self.acknowledged or acknowledged > self._fresh:
            return False
        moved = acknowledged > self.acknowledged
        if moved:
            self._buffer[: acknowledged - self.acknowledged] = b""
            self.acknowledged = acknowledged
        self._limit = max(self._limit, acknowledged + report.credit * CREDIT_BYTES)
        resolved = self._resolve(report, now)
        if moved or resolved:
            self._again = [
                (max(start, acknowledged), end) for start, end in self._again if end > acknowledged
            ]
        return moved or resolved

    def _resolve(self, report: Report, now: int) -> bool:
        last = self._ordinal - ((self._ordinal - report.ordinal) & 255)
        count = 0
        for ordinal, start, end, sent_at in self._frames:
            if ordinal > last:
                break
            count += 1
            behind = last - ordinal
            arrived = behind < _HISTORY and report.heard >> behind & 1 == 1
            if arrived and not behind:
                self._line.measured(now - sent_at)
            arrived = arrived or start < end <= report.acknowledged
            size = end - start + OVERHEAD_BYTES
            self.under_way -= size
            self._line.resolved(size, arrived)
            if not arrived:
                self._repeat(start, end)
        self._frames = self._frames[count:]
        if count:
            self._silent = 0
        return count > 0

    def _repeat(self, start: int, end: int) -> None:
        """Send that part of the stream again: joined with what it touches."""
        start = max(start, self.acknowledged)
        if start >= end:
            return
        apart = []
        for other in self._again:
            if other[1] < start or other[0] > end:
                apart.append(other)
            else:
                start, end = min(start, other[0]), max(end, other[1])
        apart.append((start, end))
        apart.sort()
        self._again = apart

    def lose_oldest(self) -> None:
        """Nothing was heard for too long: the oldest frame goes again, and its report, if one
        comes, tells of all others."""
        if self._frames:
            _, start, end, _ = self._frames.pop(0)
            size = end - start + OVERHEAD_BYTES
            self.under_way -= size
            self._silent += 1
            if self._silent <= _SILENT_MAX:
                self._line.resolved(size, False)
            self._repeat(start, end)
        if not self._frames and not self._again:
            self._repeat(self.acknowledged, self._fresh)

    def lose_all(self, queued: int = 0) -> None:
        """The line was cut: nothing that was under way can be counted on but the last ``queued``
        bytes, which are not on it yet."""
        self._silent = _SILENT_MAX
        while self._frames and self.under_way > queued:
            self.lose_oldest()
