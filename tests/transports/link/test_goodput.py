"""How much of a line is left for the stream, and how long a word takes; in virtual time."""

from edge.system import MICROPYTHON
from tests import kit
from tests.transports.link.wire import Cable, Faults

SIZE = 8000 if MICROPYTHON else 60000
# Bytes per second, faults, per cent of the line that the raw link must leave to a stream.
LINES = (
    ("115200 clean", 11520, {}, 95),
    ("115200 BER 1e-4", 11520, {"flip_every_bits": 10000}, 77),
    ("115200 BER 5e-4", 11520, {"flip_every_bits": 2000}, 55),
    ("115200 2 bursts/s of 20 ms", 11520, {"bursts_per_10_s": 20}, 82),
    ("115200 byte loss 1e-4", 11520, {"lose_every_bytes": 10000}, 92),
    ("921600 clean", 92160, {}, 96),
    ("9600 clean", 960, {}, 88),
)


def test_goodput():
    for name, rate, faults, least in LINES:
        size = SIZE if rate > 1000 else SIZE // 8
        data = kit.Rng(5).bytes(size)
        cable = Cable(rate, Faults(**faults), 4)
        assert cable.run(lambda c=cable: c.a.session.state, 2000)
        began = cable.now
        cable.a.to_send = data
        assert cable.run(lambda c=cable, n=size: len(c.b.got) >= n, 200000)
        assert bytes(cable.b.got) == data
        share = size * 100000 / (cable.now - began) / rate
        print("{}: {:.1f} % (at least {})".format(name, share, least))
        assert share >= least - (12 if MICROPYTHON else 0), name


def _ping(cable: Cable, size: int) -> int:
    """How many ms until ``size`` bytes are there and back."""
    before_b, before_a = len(cable.b.got), len(cable.a.got)
    began = cable.now
    cable.b.to_send = b"x" * size
    assert cable.run(lambda: len(cable.a.got) >= before_a + size, 5000)
    cable.a.to_send += b"x" * size
    assert cable.run(lambda: len(cable.b.got) >= before_b + size, 5000)
    return cable.now - began


def test_a_word_there_and_back():
    for rate, most in ((11520, 12), (960, 110)):
        cable = Cable(rate)
        cable.run(lambda c=cable: c.a.session.state and c.b.session.state, 2000)
        cable.run(lambda: False, 1500)
        times = sorted([_ping(cable, 32) for _ in range(20)])
        print("{} bytes/s: 32 bytes there and back in {} ms".format(rate, times[10]))
        assert times[10] <= most


def test_a_word_beside_a_bulk_stream():
    cable = Cable(11520)
    cable.a.to_send = b"y" * 20000
    worst = 0
    cable.run(lambda: False, 600)
    for _ in range(5):
        cable.run(lambda: False, 61)
        mark = cable.a.session.sender.acknowledged + len(cable.a.session.sender._buffer)
        began = cable.now
        cable.run(lambda mark=mark: len(cable.b.got) >= mark, 1000)
        worst = max(worst, cable.now - began)
    print("what is given now has arrived within {} ms".format(worst))
    assert worst <= 130  # two pieces of 55 ms: one on the line, one in the sender


if __name__ == "__main__":
    kit.run(globals())
