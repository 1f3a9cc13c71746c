"""A bus in simulated time: joining, leaving, masters that go and come, babblers, bounds."""

from edge.errors import LimitError, LocalError
from edge.system import MICROPYTHON
from tests import kit
from tests.transports.bus.medium import Bus
from transports.bus import station as stations
from transports.bus.master import FORWARDS_MAX, Babbled
from transports.bus.message import NODES_MAX
from transports.bus.pace import Pace
from transports.bus.roster import Arrived, Departed
from transports.bus.station import Followed, Led, Station

RATE = 11520  # bytes a second: 115200 baud
SCALE = 4 if MICROPYTHON else 1  # all stations of a test are in one small heap there


def _names(events: list) -> list:
    return sorted([event.name for event in events])


def test_eight_nodes_find_each_other():
    for seed in range(1, 4):
        bus = Bus(8, RATE, seed).formed(5000)
        everybody = sorted([stop.core.name for stop in bus.stops])
        addresses = [stop.core.address for stop in bus.stops]
        assert sorted(addresses) == [1, 2, 3, 4, 5, 6, 7, 8]
        for stop in bus.stops:
            assert _names(stop.saw(Arrived)) == everybody


def test_one_alone_becomes_master_and_stays_it():
    bus = Bus(1).formed()
    bus.pause(5000)
    core = bus.stops[0].core
    assert core.is_master and core.reigns == 1
    assert bus.carried < 1500  # a bus of one is quiet


def test_a_full_cycle_keeps_to_the_computed_limit():
    """All are polled; on a bus whose stations take a millisecond each way to hear and to speak."""
    bus = Bus(8).formed()
    bus.pause(3000)
    master = bus.masters[0].core
    began: list = []
    for _ in range(2000):
        for node in master.roster.nodes.values():
            node.idle = 0
        cycle = master.role._cycle
        bus.step()
        if master.role._cycle != cycle:
            began.append(bus.now)
    cycles = [began[at + 1] - began[at] for at in range(len(began) - 1)]
    cycles.sort()
    print("cycles of 7 turns took {} to {} ms".format(cycles[0], cycles[-1]))
    limit = master.pace.cycle_ms(7, 1)
    assert len(cycles) > 40 and cycles[len(cycles) * 3 // 4] <= limit, cycles
    assert cycles[-1] <= limit + 50  # an invitation, to which nobody answers
    assert master.pace.cycle_ms(31, 1) <= 150


def test_idle_nodes_are_polled_less_and_busy_ones_always():
    bus = Bus(8).formed()
    bus.pause(5000)
    turns = bus.turns(2000)
    for stop in bus.members:
        assert 8 <= turns[stop.core.name] <= 20, turns
    one = bus.members[0]
    bus.call(one, bus.masters[0], bytes(15000 // SCALE))
    turns = bus.turns(1000 // SCALE)
    assert turns[one.core.name] >= 8 // SCALE, turns
    for stop in bus.members[1:]:
        assert turns[stop.core.name] <= 5, turns


def test_who_comes_later_is_let_in_within_a_second():
    bus = Bus(7).formed()
    bus.pause(1000)
    new = bus.add()
    began = bus.now
    bus.formed(1500)
    print("joined after {} ms".format(bus.now - began))
    for stop in bus.stops:
        assert new.core.name in _names(stop.saw(Arrived))


def test_many_at_once_are_let_in_one_after_the_other():
    bus = Bus(1).formed()
    count = (NODES_MAX - 1) // SCALE
    for _ in range(count):
        bus.add()
    began = bus.now
    bus.formed(15000)
    print("{} newcomers joined in {} ms".format(count, bus.now - began))
    if SCALE == 1:
        _one_too_many(bus)


def _one_too_many(bus: Bus) -> None:
    late = bus.add()  # there is no address left
    bus.pause(3000)
    assert not late.core.address and len(bus.masters) == 1
    bus.stops[5].is_on = False
    bus.formed(20000)


def test_leaving_is_told():
    bus = Bus(4).formed()
    one = bus.members[0]
    one.core.leave()
    bus.run(lambda: not one.core.address and not one.out, 1000)
    one.is_on = False
    began = bus.now
    bus.formed(500)
    print("all knew after {} ms".format(bus.now - began))
    assert len(bus.masters[0].core.roster) == 3
    assert Departed(one.core.name, "left") in bus.masters[0].events


def test_death_is_noticed():
    bus = Bus(4).formed()
    one = bus.members[0]
    one.is_on = False
    began = bus.now
    bus.formed(5000)
    assert bus.now - began >= 3000
    assert Departed(one.core.name, "silent") in bus.masters[0].events


def test_a_short_absence_is_forgiven():
    bus = Bus(4).formed()
    one = bus.members[0]
    one.is_on = False
    bus.pause(2000)
    one.is_on = True
    bus.pause(2000)
    assert bus.is_formed() and not one.saw(Led)
    for stop in bus.stops:
        assert not stop.saw(Departed)


def test_who_starts_again_is_let_in_again():
    bus = Bus(4).formed()
    old = bus.members[0]
    old.is_on = False
    new = bus.add()
    new.core = Station(old.core.name, 4711, bus.pace, bus.now)
    bus.formed(1500)


def test_the_master_dies_and_the_next_takes_over():
    for seed in range(1, 4):
        bus = Bus(8, RATE, seed).formed()
        bus.pause(1000)
        old = bus.masters[0]
        addresses = [(stop.core.name, stop.core.address) for stop in bus.stops if stop is not old]
        heir = min([address for _, address in addresses])
        old.is_on = False
        began = bus.now
        limit = 3 * max(old.core.role.cycle_ms, bus.pace.turn_ms) + 2 * bus.pace.turn_ms
        assert bus.run(bus.is_formed, limit), bus.told()
        print("taken over after {} ms".format(bus.now - began))
        assert bus.masters[0].core.address == heir
        kept = [(stop.core.name, stop.core.address) for stop in bus.stops if stop is not old]
        assert kept == addresses
        old.is_on = True  # it was only asleep
        bus.formed(2000)
        assert old.saw(Followed) and not old.core.is_master


def test_masters_die_one_after_the_other():
    bus = Bus(5).formed()
    for _ in range(4):
        bus.masters[0].is_on = False
        bus.formed(3000)
    assert len(bus.alive) == 1


def test_a_master_that_leaves_is_followed_at_once():
    bus = Bus(5).formed()
    bus.pause(1000)
    old = bus.masters[0]
    old.core.leave()
    began = bus.now
    assert bus.run(lambda: old.saw(Followed), 500)
    assert bus.run(lambda: len(bus.masters) == 1, 2 * bus.pace.turn_ms)
    print("followed after {} ms".format(bus.now - began))
    assert not old.core.is_master


def test_two_masters_become_one():
    """Two halves of a bus that are joined; each has addresses that the other has."""
    for seed in range(1, 9):
        bus, other = Bus(4, RATE, seed).formed(), Bus(3, RATE, seed + 100).formed()
        for number, stop in enumerate(other.stops):
            stop.core.name = b"other " + bytes([48 + number])
        other.now = bus.now = max(bus.now, other.now)
        for node in list(other.stops[0].core.roster.nodes.values()):
            for stop in other.stops:
                stop.core.roster.remove(node.address, "renamed")
        for stop in other.stops:
            stop.core.follow(bus.now)
        other.formed()
        bus.now = other.now
        for stop in bus.stops + other.stops:
            stop.core.role.slept(bus.now)
        bus.stops += other.stops
        began = bus.now
        bus.formed(8000)
        print("one master after {} ms".format(bus.now - began))


def test_a_babbler_stops_nobody_for_longer_than_it_babbles():
    for seed in range(1, 4):
        bus = Bus(8, RATE, seed).formed()
        bus.pause(2000)
        one, other = bus.members[:2]
        master = bus.masters[0]
        there = bus.call(one, other, bytes(6000))
        assert bus.arrives(other, 1, 2000)
        bus.babblers = 1
        bus.pause(4000)
        got = len(other.streams[0].got)
        assert got < 6000 and bus.masters == [master]  # nobody takes over for noise
        seen = master.saw(Babbled)
        assert len(seen) == 1 and 400 <= seen[0].duration_ms <= 700, seen
        bus.babblers = 0
        began = bus.now
        assert bus.arrives(other, got + 1, 1500)
        print("goes on {} ms after".format(bus.now - began))
        assert bus.arrives(other, 6000, 5000)
        assert bus.is_formed() and there.pair.session.counters()
        seen = master.saw(Babbled)
        assert len(seen) == 2 and 3900 <= seen[1].duration_ms <= 4300, seen


def test_one_that_babbles_now_and_then_slows_but_stops_nobody():
    bus = Bus(4).formed()
    one, other = bus.members[:2]
    bus.call(one, other, bytes(8000))
    for _ in range(60):
        bus.babblers = 1
        bus.pause(30)
        bus.babblers = 0
        bus.pause(120)
    assert bus.arrives(other, 8000, 20000)
    assert len(bus.masters) == 1


def test_sessions_there_and_back_between_all():
    """Master and node, node and node; the same bytes come out."""
    bus = Bus(4 if SCALE == 1 else 3).formed()
    count = 6 if SCALE == 1 else 3
    data = kit.Rng(5).bytes(3000 // SCALE)
    for one in bus.stops:
        for other in bus.stops:
            if one.core.name < other.core.name:
                bus.call(one, other, data + one.core.name + other.core.name)
    size = len(data) + 14
    assert bus.run(
        lambda: sum([len(s.got) for stop in bus.stops for s in stop.streams]) == count * size, 60000
    )
    for stop in bus.stops:
        for stream in stop.streams:
            if stream.got:
                assert bytes(stream.got) == data + stream.pair.name + stop.core.name
    for stop in bus.stops:
        assert max([len(node.forwards) for node in stop.core.roster.nodes.values()]) <= FORWARDS_MAX


def test_sessions_outlive_the_master():
    """Two nodes go on with each other under another master; nothing is lost."""
    bus = Bus(5).formed()
    bus.pause(2000)
    one, other = bus.members[-2:]
    data = kit.Rng(7).bytes(2000) * (6 // SCALE)
    bus.call(one, other, data)
    assert bus.run(lambda: other.streams and len(other.streams[0].got) > 1000, 5000)
    bus.masters[0].is_on = False
    assert bus.run(lambda: len(other.streams[0].got) == len(data), 15000)
    assert bytes(other.streams[0].got) == data


def test_a_port_that_is_pulled_and_comes_back():
    """A member's, then the master's: sessions go on."""
    bus = Bus(4).formed()
    bus.pause(1000)
    one, other = bus.members[:2]
    data = kit.Rng(3).bytes(2000) * (8 // SCALE)
    bus.call(one, other, data)
    assert bus.arrives(other, 1000, 5000)
    for stop in (one, bus.masters[0]):
        stop.is_on = False
        stop.core.line_lost(bus.now)
        bus.pause(2000)
        stop.is_on = True
        stop.core.line_restored(bus.now)
        bus.formed(5000)
    assert bus.arrives(other, len(data), 20000)
    assert bytes(other.streams[-1].got) == data


def test_bit_errors():
    for every in (10000, 1000):
        bus = Bus(5).formed()
        bus.flip_every_bytes = every
        one, other = bus.members[:2]
        data = kit.Rng(9).bytes(8000 // SCALE)
        bus.call(one, other, data)
        bus.call(other, bus.masters[0], data)
        assert bus.arrives(other, len(data), 60000)
        assert bus.arrives(bus.masters[0], len(data), 60000)
        assert bytes(other.streams[-1].got) == data and len(bus.masters) == 1
        assert sum([stop.core.damaged for stop in bus.stops]) > 0


def test_echo_and_latency():
    """A receiver that hears itself, and adapters that hold bytes back for 8 ms."""
    for latency in (0, 8, 16):
        bus = Bus(4)
        bus.has_echo, bus.latency_ms = True, latency
        bus.formed()
        one, other = bus.members[:2]
        bus.call(one, other, bytes(3000))
        assert bus.arrives(other, 3000, 20000)
        bus.pause(3000)
        assert not bus.masters[0].saw(Babbled) and bus.is_formed()
        other.is_on = False  # an echo is no answer
        bus.formed(15000)


def test_rates():
    for rate in (960, 92160):
        bus = Bus(4, rate).formed(30000)
        one, other = bus.members[:2]
        bus.call(one, other, bytes(1500))
        assert bus.arrives(other, 1500, 30000)


def test_nobody_listens_there():
    bus = Bus(3).formed()
    one, other = bus.members
    other.core.accepts = False
    stream = bus.call(one, other, b"hello")
    assert bus.run(lambda: stream.pair.is_refused, 1000)
    assert stream.pair.session.next_event().reason == "nobody listens there"
    other.core.accepts = True
    bus.pause(1000)
    bus.call(one, other, b"hello")
    assert bus.run(lambda: other.streams and other.streams[-1].got == b"hello", 1000)


def test_a_session_that_one_end_forgot_ends_at_once():
    bus = Bus(3).formed()
    one, other = bus.members
    stream = bus.call(one, other, b"hello")
    assert bus.run(lambda: other.streams and other.streams[-1].got, 1000)
    other.core._pairs.clear()
    stream.to_send += b"more"
    assert bus.run(lambda: stream.pair.is_refused, 1000)


def test_time_is_told():
    bus = Bus(3)
    for stop in bus.stops:
        stop.core.clock_ms = 1700000000000
    bus.formed()
    for stop in bus.stops:
        told = stop.core.heard_clock_ms
        assert stop.core.is_master or told and abs(told - 1700000000000) < 50


def test_misuse_and_bounds():
    kit.raises(LocalError, Station, b"", 1, Pace(RATE), 0)
    kit.raises(LocalError, Station, bytes(65), 1, Pace(RATE), 0)
    core = Station(b"me", 1, Pace(RATE), 0)
    kit.raises(LocalError, core.dial, b"me", 0)
    core.dial(b"other", 0)
    kit.raises(LimitError, core.dial, b"other", 0)
    for number in range(1, stations.PAIRS_MAX):
        core.dial(b"other %d" % number, 0)
    kit.raises(LimitError, core.dial, b"one more", 0)


if __name__ == "__main__":
    kit.run(globals())
