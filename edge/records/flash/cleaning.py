"""Which segment to clean: copy what is live of it to the end of the log, then remove its file.

The log may be some times as long as what is live in it.  So the segment that is cleaned is mostly
dead, and little is written twice: with four times the space, one byte in fifty.

A removal is copied as long as there is an older segment, which may hold what it removes; in the
oldest one it has done its work.  When there is little to gain elsewhere, the oldest is cleaned, so
that every removal comes to an end.
"""

from edge.system import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.flash import Layout

_RATIO = const(4)  # the log is as many times as long as what is live
_SEGMENTS_MIN = const(4)  # that are not worth cleaning
_SHORT_MAX = const(16)  # segments more than a log of that length needs: each run begins one


class Segment:
    """What is known of one segment file; counts are in bytes."""

    __slots__ = ("first", "live", "name", "number", "removals", "salt", "size", "slot", "suspect")

    def __init__(self, slot: int, name: str, named: "tuple[int, int, bool]") -> None:
        """``named``: what edge.records.flash.segment reads in the name."""
        self.slot = slot
        self.name = name
        self.number, self.salt, self.first = named
        self.size = 0
        self.live = 0
        self.removals = 0
        self.suspect = False  # it could not be synced: what is in it may not be on the medium


def is_needed(total: int, live: int, layout: "Layout") -> bool:
    """Whether the log, of ``total`` bytes, has become too long, and could be shorter."""
    return total > limit(live, layout) and total - live >= layout.segment_bytes


def limit(live: int, layout: "Layout") -> int:
    """How long the log may be, in bytes."""
    long = max(_RATIO * live, _SEGMENTS_MIN * layout.segment_bytes)
    return min(long, layout.space_bytes - 2 * layout.segment_bytes)


def count_max(live: int, layout: "Layout") -> int:
    """How many segments there may be."""
    return _SHORT_MAX + 2 * limit(live, layout) // layout.segment_bytes


def shortest(segments: "list[Segment]", active: "Segment | None") -> "Segment | None":
    """The one that takes the least to be cleaned, for there are too many."""
    best = None
    for segment in segments:
        if segment is not active and (best is None or _needed(segment) < _needed(best)):
            best = segment
    return best


def _needed(segment: Segment) -> int:
    return segment.live + segment.removals


def choose(segments: "list[Segment]", active: "Segment | None") -> "Segment | None":
    """The one to clean, of ``segments``, oldest first; None if nothing is gained by any."""
    closed = [segment for segment in segments if segment is not active]
    if not closed:
        return None
    dead = sum([segment.size - segment.live for segment in closed])
    best = closed[0]
    gain = best.size - best.live
    if dead and sum([segment.removals for segment in closed]) * 4 > dead:
        return best
    for segment in closed:
        if segment.size - segment.live - segment.removals > gain:
            best, gain = segment, segment.size - segment.live - segment.removals
    return best if dead else None


def half_dead(segments: "list[Segment]", active: "Segment | None") -> "list[Segment]":
    """Those whose cleaning needs little room and gives much: for a medium that is full."""
    found = []
    for segment in segments:
        needed = segment.live + (segment.removals if segment is not segments[0] else 0)
        if segment is not active and needed * 2 <= segment.size:
            found.append(segment)
    return found
