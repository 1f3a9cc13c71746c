"""Random sets, rooms, chunks and cuts: always the best of both; and what it costs at size."""

from random import Random

import pytest

from edge.errors import LinkError
from tests.edge.records.sync.meeting import (
    PREFIX,
    End,
    Meeting,
    best_of,
    meet,
    random_record,
    random_records,
    record,
)


class Rng(Random):
    def below(self, bound: int) -> int:
        return self.randrange(bound)

    def bytes(self, size: int) -> bytes:
        return self.randbytes(size)


def differing(rng: Rng) -> tuple[dict, dict]:
    """Two sets that grew out of one, while they did not see each other."""
    base = random_records(rng, rng.choice((0, 3, 30, 300)))
    sides = (dict(base), dict(base))
    for side in sides:
        side.update(random_records(rng, rng.choice((0, 1, 10, 100))))
        for key in base:
            chance = rng.random()
            if chance < 0.05:
                side[key] = record(rng.below(100), rng.bytes(rng.below(500)))
            elif chance < 0.1:
                del side[key]
    return sides


@pytest.mark.parametrize("seed", range(150))
def test_both_end_with_the_best_of_both(seed: int):
    rng = Rng(seed)
    ours, theirs = differing(rng)
    wanted = best_of(ours, theirs)
    for _ in range(rng.below(3)):
        before = dict(ours), dict(theirs)
        cut_somewhere(rng, ours, theirs)
        for old, new in zip(before, (ours, theirs), strict=True):
            assert all(new[key] >= old[key] for key in old)
        assert best_of(ours, theirs) == wanted
    last = Meeting(*ends(rng, ours, theirs))
    assert last.run(rng.choice((0, 1, 50)))
    assert ours == theirs == wanted
    assert meet(ours, theirs).bytes < 60


def cut_somewhere(rng: Rng, ours: dict, theirs: dict) -> None:
    meeting = Meeting(*ends(rng, ours, theirs))
    if meeting.run(rng.choice((0, 1, 50)), rng.below(5000)):
        return
    for end in meeting.ends:
        with pytest.raises(LinkError):
            end.core.receive_end()


def ends(rng: Rng, ours: dict, theirs: dict) -> tuple[End, End]:
    rooms = [rng.choice((2048, 4096, 65536)) for _ in range(2)]
    return End(ours, True, room=rooms[0]), End(theirs, False, room=rooms[1])


@pytest.mark.parametrize("count", [1000, 10000])
@pytest.mark.parametrize("differences", [0, 1, 10, 100])
def test_the_price_goes_with_what_differs(count: int, differences: int):
    rng = Rng(count)
    base = random_records(rng, count)
    ours, theirs = dict(base), dict(base)
    payload = 0
    for _ in range(differences):
        key, value = random_record(rng)
        (ours if rng.below(2) else theirs)[key] = value
        payload += len(key) + len(value) + 6
    meeting = meet(ours, theirs)
    assert ours == theirs
    assert sum(end.useless for end in meeting.ends) == 0
    assert meeting.bytes <= 60 + payload + differences * 260 * len(str(count))
    assert meeting.messages <= 12


def test_everything_to_a_node_that_has_nothing():
    ours, theirs = random_records(Rng(1), 3000), {}
    size = sum(len(key) + len(value) + 6 for key, value in ours.items())
    meeting = meet(ours, theirs)
    assert ours == theirs and all(key.startswith(PREFIX) for key in theirs)
    assert meeting.bytes < size * 1.05
