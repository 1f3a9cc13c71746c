"""Ports that are not there, and ports that are only just free."""

import pytest

from edge.errors import LinkError
from edge.system import aio
from tests.sim.loop import Ground
from tests.transports.serial.virtual.ends_cpython import VirtualPair, VirtualWire, until


async def _looks(wire: VirtualWire) -> int:
    """How often it is looked within a minute for a port that never appears."""
    pair = VirtualPair(wire, is_dialed=False)
    wire.b.is_there = False
    await pair.listener.swarm.listen(pair.listener.address)
    before = wire.b.looked
    await aio.sleep_ms(60000)
    looks = wire.b.looked - before
    wire.b.plug()
    await until(lambda: pair.listener.status.state == "waiting", 1100)
    await pair.__aexit__()
    return looks


def test_a_port_that_never_appears_costs_nothing():
    with Ground(1) as ground:
        assert ground.run(_looks(VirtualWire(115200))) <= 60


async def _redial(pair: VirtualPair) -> None:
    """Each end dials in the moment in which the other one closes."""
    async with pair:
        for closing, dialing in ((pair.dialer, pair.listener), (pair.listener, pair.dialer)) * 3:
            closing_listens = closing.cable.inbound is not None
            if not closing_listens:
                await closing.swarm.listen(closing.address)
            await closing.connection.close()
            assert not dialing.connection.closed  # it has not heard of that yet
            await dialing.swarm.dial(dialing.address)
            await until(closing.swarm.connections)
            await aio.sleep_ms(200)


def test_who_dials_before_it_has_heard_of_the_end_is_not_refused():
    for seed in range(4):
        with Ground(seed) as ground:
            ground.run(_redial(VirtualPair(VirtualWire(115200, seed=seed))))


async def _second_dial(pair: VirtualPair) -> None:
    async with pair:
        with pytest.raises(LinkError, match="in use"):
            await pair.dialer.swarm.dial(pair.dialer.address)
        assert await pair.dialer.ping.ping(pair.listener.swarm.peer_id)


def test_a_connection_that_lives_is_left_alone():
    with Ground(1) as ground:
        ground.run(_second_dial(VirtualPair(VirtualWire(115200))))
