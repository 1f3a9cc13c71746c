"""How much a bus of eight carries, in simulated time: what README.md of transports/bus tells."""

from edge.system import MICROPYTHON
from tests import kit
from tests.transports.bus.medium import Bus

# Baud, bytes in one that is damaged, who sends to whom, and the least share of the line in %.
ROWS = (
    (115200, 0, "one to the master", 77),
    (115200, 0, "the master to one", 77),
    (115200, 0, "one to another", 37),
    (115200, 0, "all to the master", 80),
    (115200, 0, "all to all", 40),
    (115200, 10000, "one to the master", 73),
    (115200, 1000, "one to the master", 60),
    (921600, 0, "one to the master", 86),
    (921600, 0, "one to another", 42),
    (9600, 0, "one to the master", 65),
    (9600, 0, "one to another", 33),
)


def _pairs(bus: Bus, who: str) -> list:
    master, members = bus.masters[0], bus.members
    if who == "one to the master":
        return [(members[0], master)]
    if who == "the master to one":
        return [(master, members[0])]
    if who == "one to another":
        return [(members[0], members[1])]
    if who == "all to the master":
        return [(one, master) for one in members]
    return [(one, members[at - 1]) for at, one in enumerate(members)]


def _share(baud: int, errors: int, who: str) -> float:
    """Per cent of the line's bytes, in four seconds (forty at 9600) after the first two."""
    bus = Bus(8, baud // 10).formed(30000)
    bus.pause(3000)
    bus.flip_every_bytes = errors
    span = 40000 if baud < 19200 else 4000
    pairs = _pairs(bus, who)
    for one, other in pairs:
        bus.call(one, other, bytes(baud * span // 5000))
    bus.pause(span // 2)
    before = _got(bus)
    bus.pause(span)
    assert len(bus.masters) == 1
    return (_got(bus) - before) * 100000 / span / (baud / 10)


def _got(bus: Bus) -> int:
    return sum([len(stream.got) for stop in bus.stops for stream in stop.streams])


def test_shares():
    if MICROPYTHON:
        return  # eight stations and what they send are too much for a small heap
    for baud, errors, who, least in ROWS:
        share = _share(baud, errors, who)
        told = "1 of {} bytes damaged".format(errors) if errors else "clean"
        print("{:7} {:24} {:18} {:.0f} %".format(baud, told, who, share))
        assert share >= least, (baud, errors, who, share)


if __name__ == "__main__":
    kit.run(globals())
