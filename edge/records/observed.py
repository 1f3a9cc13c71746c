"""Time as far as it is known: what a clock says, what was observed before, and beats of beacons.

    wall clock  >= what is known    it is trusted, and observed
                <  what is known    it was set back or never set: it is later than that

What was observed is kept over a restart, at most an hour of it lost.  A clock that was ahead for a
while leaves a time that is too late, and what is good is refused as ended: ``forget`` is for that.
"""

from edge.errors import RemoteError
from edge.records import EARLIEST_UNIX_MS
from edge.system import MICROPYTHON, clock, const, primitives
from edge.wire import protobuf

BEACONS_MAX = 8 if MICROPYTHON else 64  # whose newest beat is remembered
SAVE_MS = 3600000  # what is new is written once an hour

_SUM_SIZE = const(8)
_UNIX_MS_MAX = 253402300800000  # the year 9999: nobody who is right says more

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable


class Time:
    """``wall``, ``monotonic``: clocks in ms; a program has the machine's."""

    def __init__(
        self, wall: "Callable" = clock.unix_ms, monotonic: "Callable" = clock.monotonic_ms
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._beats: dict = {}  # peer id of a beacon -> [newest beat, when it was of use]
        self._followed: set = set()
        self._uses = 0
        self._since = monotonic()
        self._observed = EARLIEST_UNIX_MS
        self._saved = b""
        self._saved_at: int | None = None

    @property
    def earliest_unix_ms(self) -> int:
        """It is at least so late; what this says never goes back."""
        return self._look()[0]

    @property
    def latest_unix_ms(self) -> "int | None":
        """It is at most so late; None if nobody can say."""
        return self._look()[1]

    def _look(self) -> "tuple[int, int | None]":
        """(the earliest, the latest) it may be; a wall clock that is believed is observed."""
        earliest, wall = self._floor(), self._wall()
        if not earliest <= wall < _UNIX_MS_MAX:
            return earliest, None
        self.observe(wall)
        return wall, wall

    def _floor(self) -> int:
        """What was observed, and what has passed since by a clock that is at most 3 % fast."""
        passed = self._monotonic() - self._since
        return self._observed + passed - passed // 32

    def observe(self, unix_ms: int) -> None:
        """Somebody who is believed says that it is at least so late."""
        if self._floor() < unix_ms < _UNIX_MS_MAX:
            self._observed = unix_ms
            self._since = self._monotonic()

    def forget(self) -> None:
        """The user says that what was observed is wrong; beats stay."""
        self._observed = EARLIEST_UNIX_MS
        self._since = self._monotonic()

    # -- beats

    def beat(self, beacon: bytes) -> int:
        """The newest beat known of the peer id ``beacon``; 0 if none is."""
        held = self._beats.get(beacon)
        return held[0] if held else 0

    def follow(self, beacon: bytes) -> None:
        """The user relies on ``beacon``: strangers' beacons, however many, do not displace it."""
        self._followed.add(beacon)

    def learn(self, beacon: bytes, beat: int) -> int:
        """``beat`` was proven; the newest known now."""
        held = self._beats.get(beacon)
        if not held:
            self._make_room()
            held = self._beats[beacon] = [0, 0]
        self._uses += 1
        held[0] = max(held[0], beat)
        held[1] = self._uses
        return held[0]

    def _make_room(self) -> None:
        """Forget the beacon that was of no use for longest, if there are too many."""
        rows = [(self._beats[one][1], one) for one in self._beats if one not in self._followed]
        if len(rows) >= BEACONS_MAX:
            del self._beats[min(rows)[1]]

    # -- over a restart

    def encode(self) -> bytes:
        """What ``load`` takes."""
        body = protobuf.encode_uint(1, self.earliest_unix_ms)
        for beacon in sorted(self._beats, key=lambda one: self._beats[one][1]):
            row = protobuf.encode_bytes(1, beacon)
            row += protobuf.encode_uint(2, self._beats[beacon][0])
            body += protobuf.encode_bytes(2, row)
        return primitives.sha256(body)[:_SUM_SIZE] + body

    def load(self, data: bytes) -> None:
        """Know again what ``encode`` gave; RemoteError if it is not that."""
        body = bytes(data[_SUM_SIZE:])
        if primitives.sha256(body)[:_SUM_SIZE] != data[:_SUM_SIZE]:
            raise RemoteError("what was observed cannot be read")
        observed, rows = protobuf.parse(body, "uB")
        self.observe(observed or 0)
        for row in rows:
            beacon, beat = protobuf.parse(row, "bu")
            self.learn(beacon or b"", beat or 0)

    def to_save(self, now: int, stopping: bool = False) -> "bytes | None":
        """What to write at the monotonic time ``now``, once an hour and at the end."""
        if self._saved_at is not None and not stopping and now - self._saved_at < SAVE_MS:
            return None
        self._saved_at = now
        data = self.encode()
        if data == self._saved:
            return None
        self._saved = data
        return data
