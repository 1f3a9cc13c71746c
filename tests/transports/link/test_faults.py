"""Whatever happens on the line, all arrives once and in order, or the session ends; and then a new
one works."""

from edge.system import MICROPYTHON
from tests import kit
from tests.transports.link.wire import Cable, Direction, End, Faults
from transports.link import frames, session

RATE = 11520
SEEDS = 2 if MICROPYTHON else 12
SIZE = 3000 if MICROPYTHON else 9000
EVERY_MS = 25 if MICROPYTHON else 3  # a reboot or a cut is tried at every so many

KINDS = (
    {"flip_every_bits": 10000},
    {"flip_every_bits": 2000},
    {"lose_every_bytes": 700},
    {"bursts_per_10_s": 30},
    {"overrun_every_bytes": 1500},
    {"replay_every_bytes": 600},
    {"garbage_every_bytes": 500},
    {
        "flip_every_bits": 16000,
        "lose_every_bytes": 5000,
        "bursts_per_10_s": 10,
        "overrun_every_bytes": 8000,
        "replay_every_bytes": 3000,
        "garbage_every_bytes": 3000,
    },
)


def _is_bounded(end: End) -> bool:
    core = end.session
    receiver, sender, bound = core.receiver, core.sender, session.BUFFER_BYTES_MAX
    held = sum([len(part[1]) for part in receiver._parts])
    return (
        held <= bound
        and len(receiver) <= bound
        and len(sender._buffer) <= bound
        and len(sender._frames) <= 64
        and len(sender._again) <= 64
        and len(core.console) <= session.CONSOLE_BYTES_MAX
        and len(core._reader.pending) <= frames.CHUNK_BYTES_MAX
    )


def _exchange(cable: Cable, seed: int, size: int = SIZE, limit_ms: int = 60000) -> None:
    there, back = kit.Rng(seed).bytes(size), kit.Rng(seed + 1).bytes(size // 2)
    cable.a.to_send, cable.b.to_send = there, back
    cable.a.got = bytearray()
    cable.b.got = bytearray()

    def is_over() -> bool:
        assert _is_bounded(cable.a) and _is_bounded(cable.b)
        return len(cable.b.got) >= size and len(cable.a.got) >= size // 2

    assert cable.run(is_over, limit_ms), (seed, cable.a.reason, cable.b.reason)
    assert bytes(cable.b.got) == there and bytes(cable.a.got) == back


def test_every_fault():
    for kind in KINDS:
        for seed in range(SEEDS):
            _exchange(Cable(RATE, Faults(**kind), seed), seed)


def test_other_lines():
    for rate in (960, 92160):
        _exchange(Cable(rate, Faults(flip_every_bits=20000), 5), 5, SIZE // 2)


def test_a_cut_at_any_time_loses_nothing():
    for cut_at in range(1, 250, EVERY_MS):
        cable = Cable(RATE, None, cut_at)
        there = kit.Rng(cut_at).bytes(2000)
        cable.a.to_send = there
        cable.run(lambda: False, cut_at)
        cable.cut()
        cable.run(lambda: False, 300)
        cable.cut(False)
        assert cable.run(lambda cable=cable: len(cable.b.got) >= 2000, 2000)
        assert bytes(cable.b.got) == there


def test_a_port_that_returns_resumes_at_once():
    for cut_at in range(30, 200, EVERY_MS):
        cable = Cable(RATE, None, cut_at)
        there = cable.a.to_send = kit.Rng(cut_at).bytes(2000)
        cable.run(lambda: False, cut_at)
        cable.a.session.line_lost(cable.now)
        cable.cut()
        cable.there.queue = bytearray()
        cable.run(lambda: False, 3000)
        before = len(cable.b.got)
        cable.cut(False)
        cable.back.queue = bytearray()
        cable.a.session.line_restored(cable.now)
        if before < len(there):
            assert cable.run(lambda c=cable, n=before: len(c.b.got) > n, 300)
        assert cable.run(lambda c=cable: len(c.b.got) >= 2000, 2000)
        assert bytes(cable.b.got) == there


def _restarted(cable: Cable, name: str, number: int) -> None:
    setattr(cable, name, End(number, RATE, cable.now))


def test_a_reboot_of_either_end_at_any_time():
    for name, other in (("a", "b"), ("b", "a")):
        for reboot_at in range(1, 130, EVERY_MS):
            cable = Cable(RATE, None, reboot_at)
            cable.a.to_send, cable.b.to_send = b"before" * 200, b"before" * 100
            cable.run(lambda: False, reboot_at)
            was_open = getattr(cable, other).session.state == session.OPEN
            _restarted(cable, name, 70000 + reboot_at)
            left = getattr(cable, other)
            left.to_send = b""
            if was_open:
                assert cable.run(lambda left=left: left.reason, 300)
                assert left.reason == "the peer started again"
                assert bytes(left.got) == (b"before" * 200)[: len(left.got)]
            _restarted(cable, other, 90000 + reboot_at)
            _exchange(cable, reboot_at, 300, 1000)


def test_an_end_that_always_starts_again_wedges_nobody():
    cable = Cable(RATE)
    number = 5000
    for _ in range(40):
        cable.run(lambda: False, 37)
        number += 1
        _restarted(cable, "b", number)
        if cable.a.session.state == session.CLOSED:
            number += 1
            _restarted(cable, "a", number)
    if cable.run(lambda: cable.a.session.state == session.CLOSED, 300):
        _restarted(cable, "a", 9999)
    _exchange(cable, 1, 300, 1000)


def test_all_that_was_ever_said_again():
    """A recording of a whole session, played into the next one, changes nothing in it."""
    cable = Cable(RATE)
    _exchange(cable, 1, 1000)
    spoken = bytearray()
    second = Cable(RATE, None, 77)
    carry = second.there.step

    def recorded(now: int) -> bytes:
        data = carry(now)
        spoken.extend(data)
        return data

    second.there.step = recorded
    _exchange(second, 2, 1000)
    first = len(spoken)
    second.there.queue += spoken[:first]
    second.run(lambda: False, 200)
    _exchange(second, 3, 1000)


def test_babble_is_survived():
    rng = kit.Rng(11)
    cable = Cable(RATE)
    for _ in range(50):
        cable.there.queue += rng.bytes(100)
        cable.back.queue += rng.bytes(100)
        cable.step()
    _exchange(cable, 4, 1000)


def test_the_cable_is_as_bad_as_it_says():
    direction = Direction(RATE, Faults(flip_every_bits=1000), 1)
    wrong = 0
    for now in range(8680):
        direction.queue += bytes(20)
        direction.queue = direction.queue[:40]
        wrong += sum([bin(byte).count("1") for byte in direction.step(now)])
    assert 650 < wrong < 950


if __name__ == "__main__":
    kit.run(globals())
