"""Who is master when the one that was heard says nothing more: how soon, at what address."""

from tests import kit
from tests.transports.bus.medium import Bus
from transports.bus import message
from transports.bus.message import NODES_MAX


def _presence(cycle_ms: int, count: int) -> bytes:
    """Of a master at address 7 whom nobody hears of again, with ``count`` others on its bus."""
    used, entries = 1 << 6, b""
    for address in range(1, count + 1):
        used |= message.bit(address)
        entries += message.encode_entry(message.Entry(address, 1, 1, bytes([64 + address])))
    numbers = (37115, 55828, cycle_ms, 0, used)
    return b"\0" + message.encode(message.Frame(message.PRESENCE, 0, 7, numbers, entries))


def test_one_word_of_a_master_with_a_long_cycle_is_not_waited_for():
    """Whether newcomers hear it, or members and their master, all of whom it makes newcomers."""
    for formed in (False, True):
        bus = Bus(3)
        if formed:
            bus.formed()
            bus.masters[0].core.role.reign = 37000
            bus.pause(1500)
        for stop in bus.stops:
            stop.core.receive_data(_presence(65535, 0), bus.now)
        assert not bus.masters
        began = bus.now
        bus.formed(3000 + 6 * bus.pace.turn_ms)
        print("formed {} ms after".format(bus.now - began))


def test_a_newcomer_takes_over_a_full_bus_of_which_nobody_is_left():
    bus = Bus(1)
    core = bus.stops[0].core
    core.receive_data(_presence(0, NODES_MAX), bus.now)
    assert len(core.roster) == NODES_MAX
    assert bus.run(lambda: core.is_master, (3 + NODES_MAX + 4) * bus.pace.turn_ms)
    assert core.address == 7 and len(core.roster) == NODES_MAX
    bus.formed(30000)  # the others are gone
    new = bus.add()
    bus.formed(3000)
    assert new.core.address


def test_who_lost_its_port_takes_over_a_full_bus_too():
    """It knows of no master to whom the address belonged."""
    bus = Bus(1)
    core = bus.stops[0].core
    core.receive_data(_presence(0, NODES_MAX), bus.now)
    core.line_lost(bus.now)
    core.line_restored(bus.now)
    assert bus.run(lambda: core.is_master, (3 + NODES_MAX + 4) * bus.pace.turn_ms)
    assert core.address == NODES_MAX and len(core.roster) == NODES_MAX
    bus.formed(30000)


if __name__ == "__main__":
    kit.run(globals())
