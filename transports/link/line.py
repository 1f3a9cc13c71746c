"""What is known of the medium: how fast, how far, how bad.  Section 6 of README.md."""

from edge.system import const

FRAME_BYTES_MIN = 24  # payload; smaller frames would be mostly header
ROUND_TRIP_MS = 100  # assumed until measured
TIMEOUT_MS_MIN = 10
REPORT_DELAY_MS = 20  # a report may wait so long for company
TIMEOUT_MS_MAX = 30000
LEAD_MS = 10  # of line time may wait in the driver before the next frame joins it
FAIR_BYTES_MIN = 400  # a slow line cannot afford headers more often
FAIR_BYTES_MAX = 1024
_HEADER = const(10)
_MEMORY_BYTES = const(16384)  # the error rate is that of about so many bytes
_SCALE = const(64)  # losses are counted in 64ths, so that halving keeps something


def fair_bytes(bytes_per_s: int) -> int:
    """What may be sent in one piece: about 55 ms, as what is urgent waits for it; never so much
    that the peer takes it for silence."""
    return min(FAIR_BYTES_MAX, max(min(FAIR_BYTES_MIN, 2 * bytes_per_s), bytes_per_s // 18))


class Line:
    """One direction of a medium, as its sender sees it."""

    def __init__(self, bytes_per_s: int, payload_max: int) -> None:
        """``bytes_per_s``: 0 where nobody knows, and the medium itself says when it is full."""
        self._taken_max = payload_max  # by the receiver, and by us
        self._queued = 0  # thousandths of bytes in the driver, by our reckoning
        self._drained_at = 0
        self.retune(bytes_per_s)

    def retune(self, bytes_per_s: int) -> None:
        """Begin, or go on at another rate: what was learned at the last one is forgotten."""
        self.bytes_per_s = bytes_per_s
        fair = fair_bytes(bytes_per_s) if bytes_per_s else self._taken_max
        self.payload_max = min(self._taken_max, fair)
        self.frame_bytes = self.payload_max  # payload of the next frame
        self.round_trip = ROUND_TRIP_MS
        self.shortest = 0  # round trip; 0 until measured
        self._variance = ROUND_TRIP_MS // 4
        self._carried = 0  # bytes whose fate is known, decaying
        self._lost = 0  # frames of those, in 64ths

    def limit(self, payload_max: int) -> None:
        """What the receiver takes."""
        self._taken_max = min(self._taken_max, payload_max)
        self.payload_max = min(self.payload_max, payload_max)
        self.frame_bytes = min(self.frame_bytes, payload_max)

    def duration(self, size: int) -> int:
        """How many ms ``size`` bytes take."""
        return -(-size * 1000 // self.bytes_per_s) if self.bytes_per_s else 0

    def queued(self, now: int) -> int:
        """How many bytes the driver should still hold."""
        drained = (now - self._drained_at) * self.bytes_per_s
        self._queued = max(0, self._queued - drained)
        self._drained_at = now
        return self._queued // 1000

    def room_at(self, now: int, lead_ms: int = LEAD_MS) -> int:
        """When the next frame should join the driver's queue; ``now`` if at once."""
        excess = self.queued(now) - self.bytes_per_s * lead_ms // 1000
        return now + self.duration(excess) if excess > 0 else now

    def sent(self, size: int, now: int) -> None:
        self.queued(now)
        self._queued += size * 1000

    def emptied(self, now: int) -> None:
        """The driver's queue is gone, with the port."""
        self._queued, self._drained_at = 0, now

    def measured(self, round_trip: int) -> None:
        if not self.shortest:
            self.shortest = self.round_trip = max(1, round_trip)
            self._variance = round_trip // 2
            return
        self.shortest = max(1, min(self.shortest, round_trip))
        self._variance += (abs(round_trip - self.round_trip) - self._variance) // 4
        self.round_trip += (round_trip - self.round_trip) // 8

    def timeout(self, under_way: int) -> int:
        """How long an answer may take while ``under_way`` bytes are.  Never backed off: what makes
        a wire lose frames is noise, and silence does not cure noise."""
        waiting = self.duration(under_way * 6 // 5)
        timeout = self.round_trip + 4 * self._variance + waiting + TIMEOUT_MS_MIN
        timeout += self.report_delay()  # as the peer's, by the same rate
        return min(TIMEOUT_MS_MAX, max(TIMEOUT_MS_MIN, timeout))

    def window(self) -> int:
        """How many bytes may be under way: two round trips and an eighth of a second."""
        if not self.bytes_per_s:
            return 65536
        span = 2 * (self.shortest or ROUND_TRIP_MS) + 125
        return max(4 * (self.payload_max + _HEADER), self.bytes_per_s * span // 1000)

    def report_delay(self) -> int:
        """How long a report may wait for company."""
        return (
            5
            if not self.bytes_per_s
            else min(REPORT_DELAY_MS, max(2, self.duration(self.payload_max)))
        )

    def resolved(self, size: int, arrived: bool) -> None:
        """A frame of ``size`` bytes arrived or did not.

        With e errors a byte and h bytes of header, frames of sqrt(h / e) bytes carry the most.
        """
        self._carried += size if arrived else size // 2
        self._lost += 0 if arrived else _SCALE
        if self._carried > _MEMORY_BYTES:
            self._carried //= 2
            self._lost //= 2
        best = (_HEADER * (self._carried + 4096) * _SCALE / (self._lost + 1)) ** 0.5
        self.frame_bytes = min(self.payload_max, max(FRAME_BYTES_MIN, int(best)))
