"""Two ends on a ladder of rates, in virtual time: they meet, whatever a rate does."""

from tests import kit
from transports.serial.ladder import Ladder

LOW, MIDDLE, HIGH = 115200, 460800, 921600
STEP_MS = 20


class Ends:
    """Two ladders; what one says every 100 ms the other hears, if the rate is the same and good."""

    def __init__(self, carries, late_ms: int = 0, high: int = HIGH) -> None:
        """``carries(rate, direction)``: whether a frame gets through."""
        self.ladders = [Ladder(LOW, HIGH), Ladder(LOW, high)]
        self.counts = [[0, 0], [0, 0]]  # frames, damaged
        self.carries = carries
        self.late_ms = late_ms
        self.now = 1000
        self.met = [False, False]

    def run(self, duration_ms: int) -> list:
        end = self.now + duration_ms
        while self.now < end:
            self.now += STEP_MS
            for index in (0, 1):
                if not self.met[index] and self.now >= 1000 + index * self.late_ms:
                    self.met[index] = True
                    self.ladders[index].agree(self.ladders[1 - index].options(), self.now)
                if self.now % 100 == 0:
                    self._say(index)
                self.ladders[index].handle_deadline(self.now)
        return [ladder.rate for ladder in self.ladders]

    def _say(self, index: int) -> None:
        mine, theirs = self.ladders[index], self.ladders[1 - index]
        arrives = mine.rate == theirs.rate and self.carries(mine.rate, index)
        counts = self.counts[1 - index]
        counts[0 if arrives else 1] += 1
        theirs.count(counts[0], counts[1], self.now)


def test_the_highest_both_have():
    assert Ends(lambda rate, way: True).run(1000) == [HIGH, HIGH]
    assert Ends(lambda rate, way: True, 0, MIDDLE).run(1000) == [MIDDLE, MIDDLE]
    assert Ends(lambda rate, way: True, 0, LOW).run(1000) == [LOW, LOW]


def test_ends_that_meet_at_different_times():
    for late_ms in (20, 100, 200, 400):
        assert Ends(lambda rate, way: True, late_ms).run(3000) == [HIGH, HIGH], late_ms


def test_one_that_does_not_carry():
    ends = Ends(lambda rate, way: rate <= MIDDLE)
    assert ends.run(6000) == [MIDDLE, MIDDLE]
    assert ends.run(20000) == [MIDDLE, MIDDLE]


def test_one_that_carries_one_way_only():
    for deaf in (0, 1):
        ends = Ends(lambda rate, way, deaf=deaf: rate == LOW or way != deaf)
        assert ends.run(30000) == [LOW, LOW]


def test_one_that_goes_bad_later():
    bad = []
    ends = Ends(lambda rate, way: rate < HIGH or not bad)
    assert ends.run(2000) == [HIGH, HIGH]
    bad.append(True)
    rates = ends.run(5000)
    assert rates[0] == rates[1] < HIGH


def test_a_peer_that_starts_again_is_met_below():
    ends = Ends(lambda rate, way: True)
    ends.run(2000)
    assert ends.ladders[1].restart(ends.now)
    ends.ladders[1].agree(b"", ends.now)
    assert ends.run(600) == [LOW, LOW]


def test_options_nobody_can_read():
    for options in (b"\x01", b"\x01\xff\0", b"\x07\x00", b"\x01\x03abc", b"\x05\x02ab\x01\x00"):
        ladder = Ladder(LOW, HIGH)
        ladder.agree(options, 0)
        assert ladder.deadline() is None


def test_unknown_options_are_passed_over():
    ladder, other = Ladder(LOW, HIGH), Ladder(LOW, HIGH)
    ladder.agree(b"\x07\x02ab" + other.options(), 0)
    assert ladder.deadline() is not None


if __name__ == "__main__":
    kit.run(globals())
