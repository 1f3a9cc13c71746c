"""How long things take on a bus of a given rate.  Section 7 of README.md."""

from edge.system import const
from transports.link.line import FAIR_BYTES_MAX, fair_bytes

ANSWER_MS = 25  # until the first byte of an answer, where nothing else was measured
ANSWER_MS_MAX = 250
GAP_MS = 20  # silence within an answer, then it is over
QUIET_MS = 3  # silence before anyone speaks unasked
BURST_MS = 85  # of one who has much to say, while nobody else has
CYCLE_MS = 200  # of a cycle in which all have much to say
SPARSE = 25  # what is said to all takes at most one part in so many of the time
LEAD_MS = 15  # latency of two good adapters
CYCLES_MAX = 3  # without a word of the master, then there is none
TOLD_MS_MAX = 1000  # of a cycle as told: a master speaks in every turn, not just every cycle
_POLL = const(15)  # bytes on the line, with the zero before
_LAST = const(12)
_FRAME = const(48)  # what a full frame has besides its payload


class Pace:
    def __init__(self, bytes_per_s: int) -> None:
        """``bytes_per_s``: 0 where nobody knows."""
        self.bytes_per_s = bytes_per_s
        fair = fair_bytes(bytes_per_s) if bytes_per_s else FAIR_BYTES_MAX
        self.frame_bytes = fair + _FRAME
        self.burst_bytes = max(self.frame_bytes, self.bytes(BURST_MS), 1)
        # A turn that is full both ways.
        self.turn_ms = 2 * self.duration(self.burst_bytes) + ANSWER_MS + GAP_MS

    def duration(self, size: int) -> int:
        return -(-size * 1000 // self.bytes_per_s) if self.bytes_per_s else 0

    def bytes(self, duration_ms: int) -> int:
        return self.bytes_per_s * duration_ms // 1000 if self.bytes_per_s else 65535

    def seldom(self, interval_ms: int, takes_ms: int) -> int:
        """How often to say to all what takes so long."""
        return max(interval_ms, takes_ms * SPARSE)

    def credit(self, busy: int) -> int:
        """Bytes for each of so many who have much to say."""
        fair = self.bytes(CYCLE_MS // 2 // max(1, busy))
        return min(65535, max(self.frame_bytes, min(fair, self.burst_bytes)))

    def cycle_ms(self, nodes: int, latency_ms: int) -> int:
        """The limit: so many polls and empty answers, ``latency_ms`` from either to the other."""
        return self.duration(nodes * (_POLL + _LAST)) + nodes * 2 * latency_ms
