"""Which rate to speak at: begin low, agree on more, go back when it does not carry.

              SETTLE_MS after the ends met
    lowest  ------------------------------->  highest rate both have and that has not failed
            <-------------------------------
              nothing heard there for TRIAL_MS, later for SILENCE_MS,
              only noise for NOISE_MS, or mostly noise

Both ends follow the same rules on what they hear, and whoever is alone up there comes back: they
meet at the lowest rate again, whatever was lost.  A rate that failed is not tried again in this
session, and one that never carried anything not in later ones.
"""

TYPES_RATES = 1  # of an option in a hello: rates of 4 bytes each
RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1500000, 2000000, 3000000)
RATES_MAX = 16  # of the peer that are looked at
SETTLE_MS = 300
TRIAL_MS = 700
SILENCE_MS = 2000  # an idle session is heard every second
NOISE_MS = 400
STEADY_MS = 5000  # a rate that carried for so long and then no more has not failed
BREAKS_MAX = 3  # nor if it was shorter, but not more often than this in a row
SAMPLE_CHUNKS = 64  # after so many it is looked at how many were damaged


class Ladder:
    def __init__(self, lowest: int, highest: int) -> None:
        self.rate = self._lowest = lowest
        self._own = [rate for rate in RATES if lowest < rate < highest]
        if highest > lowest:
            self._own.append(highest)
        self._failed: list = []
        self._carried: list = []  # frames, at some time
        self._breaks = 0  # in a row, each soon after the last
        self._rungs: list = []  # both have them, above the lowest
        self._switch_at: int | None = None
        self._changed_at = 0
        self._heard_at = 0
        self._noise_at: int | None = None  # since the last frame
        self._is_proved = False
        self._seen = (0, 0)  # frames, damaged chunks
        self._sampled = (0, 0)

    def options(self) -> bytes:
        """What a hello says about it."""
        rates = b"".join([rate.to_bytes(4, "big") for rate in self._own[-RATES_MAX:]])
        return bytes((TYPES_RATES, len(rates))) + rates if rates else b""

    def restart(self, now: int) -> bool:
        """A new session: begin low.  Whether that is another rate."""
        self._rungs = []
        self._breaks = 0
        self._switch_at = None
        self._seen = self._sampled = (0, 0)
        return self._go(self._lowest, now)

    def come_back(self, now: int) -> bool:
        """The port was away: begin low.  The session may go on, and both may go up again when they
        hear each other.  Whether that is another rate."""
        self._switch_at = None
        return self._go(self._lowest, now)

    def agree(self, options: bytes, now: int) -> None:
        """The ends have met; ``options`` are the peer's."""
        theirs = _rates_in(options)
        common = [rate for rate in self._own if rate in theirs and rate not in self._failed]
        self._rungs = common
        if common:
            self._switch_at = now + SETTLE_MS

    def count(self, frames: int, damaged: int, now: int) -> None:
        """How many of each this session has received."""
        if frames > self._seen[0]:
            self._heard_at = now
            self._noise_at = None
            self._is_proved = True
            if self.rate not in self._carried:
                self._carried.append(self.rate)
            if self.rate == self._lowest and self._rungs and self._switch_at is None:
                self._switch_at = now + SETTLE_MS
        elif damaged > self._seen[1] and self._noise_at is None:
            self._noise_at = now
        self._seen = frames, damaged

    def deadline(self) -> "int | None":
        if self.rate == self._lowest:
            return self._switch_at
        if not self._is_proved:
            return self._changed_at + TRIAL_MS  # until then the other end may still be below
        due = self._heard_at + SILENCE_MS
        if self._noise_at is not None:
            due = min(due, self._noise_at + NOISE_MS)
        return self._changed_at if self._is_mostly_noise() else due

    def _is_mostly_noise(self) -> bool:
        frames, damaged = self._seen[0] - self._sampled[0], self._seen[1] - self._sampled[1]
        if frames + damaged < SAMPLE_CHUNKS:
            return False
        if damaged > frames:
            return True
        self._sampled = self._seen
        return False

    def handle_deadline(self, now: int) -> bool:
        """Whether ``rate`` is another now."""
        due = self.deadline()
        if due is None or now < due:
            return False
        if self.rate == self._lowest:
            self._switch_at = None
            return self._go(self._rungs[-1], now)
        if self.rate in self._rungs and self._has_failed(now):
            self._rungs.remove(self.rate)
        if (
            not self._is_proved and self.rate not in self._carried
        ):  # what carried once may do so in the next session
            self._failed.append(self.rate)
        return self._go(self._lowest, now)

    def _has_failed(self, now: int) -> bool:
        """Whether the rate is at fault.  What carried, and then no more, was perhaps left by the
        other end because its port was away; not so again and again."""
        if not self._is_proved or self._is_mostly_noise():
            return True
        self._breaks = 0 if now - self._changed_at >= STEADY_MS else self._breaks + 1
        return self._breaks > BREAKS_MAX

    def _go(self, rate: int, now: int) -> bool:
        is_other = rate != self.rate
        self.rate = rate
        self._changed_at = self._heard_at = now
        self._noise_at = None
        self._is_proved = False
        self._sampled = self._seen
        return is_other


def _rates_in(options: bytes) -> list:
    """Those of a peer's hello; of what cannot be read, none."""
    at = 0
    while at + 2 <= len(options):
        kind, end = options[at], at + 2 + options[at + 1]
        if kind == TYPES_RATES:
            data = options[at + 2 : end]
            starts = range(0, min(len(data) - 3, 4 * RATES_MAX), 4)
            return [int.from_bytes(data[start : start + 4], "big") for start in starts]
        at = end
    return []
