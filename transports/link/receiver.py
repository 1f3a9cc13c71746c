"""What came and what is missing: the receiving half of a session.  Section 5 of README.md."""

from edge.system import const
from transports.link.message import CREDIT_BYTES, Data, Report

PARTS_MAX = 64  # pieces ahead of a gap
_CREDIT_MAX = const(255)


class Receiver:
    def __init__(self, buffer_bytes_max: int) -> None:
        self._max = min(buffer_bytes_max, _CREDIT_MAX * CREDIT_BYTES)
        self.expected = 0  # the first byte that is missing
        self.repeated = 0  # frames that brought nothing new
        self._ready = bytearray()
        self._parts: list = []  # (start, bytes) ahead of the gap, in order
        self._ordinal = 0
        self._heard = 0

    def __len__(self) -> int:
        return len(self._ready)

    def credit(self) -> int:
        return (self._max - len(self._ready)) // CREDIT_BYTES

    def report(self) -> Report:
        return Report(self.expected, self._ordinal, self._heard, self.credit())

    def read(self, size_max: int) -> bytes:
        data = bytes(self._ready[:size_max])
        self._ready[: len(data)] = b""
        return data

    def accept(self, data: Data) -> bool:
        """Whether it came in order, after the one before it."""
        start, payload = data.sequence, data.payload
        end = start + len(payload)
        if end > self.expected + self._max - len(self._ready):
            return False
        if payload and end <= self.expected:
            self.repeated += 1
        elif payload and not self._store(max(start, self.expected), payload, end):
            return False
        return self._hear(data.ordinal)

    def _store(self, start: int, payload: bytes, end: int) -> bool:
        payload = payload[len(payload) - (end - start) :]
        if start == self.expected:
            self._ready += payload
            self.expected = end
            self._join()
            return True
        if len(self._parts) >= PARTS_MAX:
            return False
        kept = []  # what the new piece covers is dropped, what covers it makes it needless
        for part in self._parts:
            if part[0] <= start and part[0] + len(part[1]) >= end:
                self.repeated += 1
                return True
            if part[0] < start or part[0] + len(part[1]) > end:
                kept.append(part)
        if sum([len(part[1]) for part in kept]) + len(payload) > self._max:
            return False
        kept.append((start, payload))
        kept.sort()
        self._parts = kept
        return True

    def _join(self) -> None:
        while self._parts and self._parts[0][0] <= self.expected:
            start, payload = self._parts.pop(0)
            fresh = payload[self.expected - start :]
            self._ready += fresh
            self.expected += len(fresh)

    def _hear(self, ordinal: int) -> bool:
        """Note that the frame came; False if frames before it did not, or it came again."""
        step = (ordinal - self._ordinal) & 255
        if step == 0:
            return False
        if step >= 256 - 32:  # older than the last: repeated by a fault of the medium
            return False
        self._heard = ((self._heard << step) | 1) & 0xFFFFFFFF if step < 32 else 1
        self._ordinal = ordinal
        return step == 1
