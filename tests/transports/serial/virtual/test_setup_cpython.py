"""What it costs to be connected over a slow line: bytes each way and round trips until each end
knows who the other is, and the bytes of a connection on which nothing happens."""

import pytest

from edge.identity import peer_record
from edge.swarm.protocols.identify import Identify
from edge.system import aio, clock
from edge.wire.multiaddr import Multiaddr
from tests.sim.loop import Ground
from tests.transports.serial.virtual.ends_cpython import (
    VirtualEnd,
    VirtualPair,
    VirtualWire,
    until,
)

SEEDS = range(1, 5)  # who has the lower epoch depends on it
BYTES_MAX = 900  # each way
ROUND_TRIPS_MAX = 3
DELAY_MS = 1000  # of a line on which bytes take no time: what counts is how often one waits
IDLE_BYTES_MAX = 1800  # a minute, both ways together: 1.6 % of what 9600 baud carry
# What a whole node besides identify and ping speaks, and where it is.
PROTOCOLS = ("/ipfs/lan/kad/1.0.0", "/libp2p/fetch/0.0.1", "/edge/records/sync/1.0.0")
ADDRESSES = ("/ip4/192.168.1.23/tcp/4001",)


def _as_a_node(end: VirtualEnd) -> None:
    """Let it say of itself what a whole node says."""

    async def handle(stream) -> None:
        pass

    for protocol in PROTOCOLS:
        end.swarm.set_stream_handler(protocol, handle)
    addresses = [Multiaddr(text) for text in ADDRESSES]
    end.swarm._greeters = []
    key = end.swarm.key
    Identify(end.swarm, lambda: addresses, lambda found: peer_record.seal(key, 1, found))


async def _set_up(wire: VirtualWire, have_met: bool) -> tuple[int, int, int]:
    """How many ms it took, and the bytes each way."""
    pair = VirtualPair(wire, is_dialed=False)
    for end in (pair.dialer, pair.listener):
        _as_a_node(end)
    await pair.listener.swarm.listen(pair.listener.address)
    if have_met:
        await pair.dialer.swarm.listen(pair.dialer.address)
        await until(lambda: pair.dialer.status.state == pair.listener.status.state == "open")
    began = clock.monotonic_ms()
    before = wire.a.out.carried, wire.b.out.carried
    await pair.dialer.swarm.dial(pair.dialer.address)
    await until(pair.listener.swarm.connections)
    ends = pair.dialer, pair.listener
    await until(lambda: all([end.connection.identified for end in ends]))
    took = clock.monotonic_ms() - began
    await aio.sleep_ms(500)  # what is still on its way belongs to it
    for end in ends:
        told = end.connection.identified
        assert set(PROTOCOLS) <= set(told.protocols)
        assert [str(address) for address in told.listen_addresses] == list(ADDRESSES)
    there, back = wire.a.out.carried - before[0], wire.b.out.carried - before[1]
    await pair.__aexit__()
    return took, there, back


@pytest.mark.parametrize("have_met", (False, True))
@pytest.mark.parametrize("baud", (9600, 115200))
def test_bytes_each_way(baud: int, have_met: bool):
    for seed in SEEDS:
        with Ground(seed) as ground:
            _, there, back = ground.run(_set_up(VirtualWire(baud), have_met))
        print(f"{there} and {back} bytes")
        assert there <= BYTES_MAX and back <= BYTES_MAX


@pytest.mark.parametrize("have_met", (False, True))
def test_round_trips(have_met: bool):
    for seed in SEEDS:
        with Ground(seed) as ground:
            took, _, _ = ground.run(_set_up(VirtualWire(3000000, DELAY_MS), have_met))
        trips = took / (2 * DELAY_MS)
        print(f"{trips:.2f} round trips")
        assert trips < ROUND_TRIPS_MAX - have_met + 0.1


async def _idle(baud: int) -> int:
    """Bytes of one of ten minutes in which nothing happens, both ways together."""
    async with VirtualPair(VirtualWire(baud)) as pair:
        await aio.sleep_ms(5000)
        before = pair.wire.a.out.carried + pair.wire.b.out.carried
        await aio.sleep_ms(600000)
        assert pair.dialer.swarm.connections() and pair.dialer.status.sessions == 1
        return (pair.wire.a.out.carried + pair.wire.b.out.carried - before) // 10


def test_a_connection_on_which_nothing_happens():
    for baud in (9600, 115200):
        with Ground(1) as ground:
            size = ground.run(_idle(baud))
        print(f"{baud}: {size} bytes a minute")
        assert size <= IDLE_BYTES_MAX
