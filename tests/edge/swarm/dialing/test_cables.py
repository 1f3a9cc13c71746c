"""Whoever is at the other end of a cable: when it is dialed, how often, and whom it may be."""

from edge.errors import LimitError, LinkError
from edge.identity.peer_store import PeerStore
from edge.swarm.dialing import cables
from edge.swarm.dialing.cables import Cables
from edge.swarm.dialing.keeper import Keeper
from edge.swarm.swarm import Swarm
from edge.swarm.transport import SLOW, Transport
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, until
from transports import memory

PAUSE_MAX_MS = 1000


class Listener:
    """Of a cable: somebody may be there, or not."""

    def __init__(self, inner, end) -> None:
        self._inner = inner
        self._end = end

    def addresses(self) -> list:
        return self._inner.addresses()

    async def accept(self):
        raw = await self._inner.accept()
        raw.remote_address = self.addresses()[0]
        return raw

    async def met(self) -> None:
        while not self._end.has_met:
            await self._end.changed.wait()

    async def close(self) -> None:
        await self._inner.close()


class End(Transport):
    """A transport that is one end of a cable: what is dialed here arrives at the other end."""

    def __init__(self, here: str, there: str) -> None:
        self._inner = memory.Transport()
        self.here = Multiaddr(here)
        self._there = Multiaddr(there)
        self.changed = aio.Signal()
        self.has_met = False
        self.is_plugged = True
        self.troubles: list = []  # what comes before there is no such port
        self.dials = 0

    def meet(self) -> None:
        self.has_met = True
        self.changed.fire()

    def can_dial(self, address) -> bool:
        return address.decapsulate("p2p") == self.here

    async def resolve(self, address) -> list:
        return [address]

    async def dial(self, address):
        self.dials += 1
        assert address == self.here
        raw = await self._inner.dial(self._there)
        raw.remote_address = self.here
        raw.profile = SLOW
        return raw

    async def listen(self, address):
        assert address == self.here
        if not self.is_plugged:
            trouble = self.troubles.pop() if self.troubles else LinkError("no such port")
            raise trouble
        return Listener(await self._inner.listen(address), self)


class Cabled:
    """``async with Cabled(1) as (net, a, b)``: two ends of a cable, and swarms to put there."""

    def __init__(self, number: int) -> None:
        names = ["/memory/{}".format(5000 + 2 * number + side) for side in (0, 1)]
        self.a, self.b = End(names[0], names[1]), End(names[1], names[0])
        self._net = Net()
        self._group = aio.Group()

    async def __aenter__(self) -> "Cabled":
        await self._net.__aenter__()
        return self

    async def __aexit__(self, *exception) -> None:
        await self._group.cancel()
        await self._net.__aexit__(*exception)

    def spawn(self, coroutine) -> None:
        self._group.spawn(coroutine)

    async def swarm(self, end: End) -> Swarm:
        swarm = await self._net.swarm(listen=False)
        swarm.transports[:] = [end, memory.Transport()]
        swarm._dialer._transports = swarm.transports
        return swarm

    async def keep(self, swarm: Swarm, address) -> None:
        kept = Cables(swarm, PAUSE_MAX_MS)
        self._group.spawn(kept.run())
        await kept.keep(address)


async def test_who_is_there_is_dialed_and_again_when_lost():
    async with Cabled(1) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        await other.listen(wire.b.here)
        await wire.keep(one, wire.a.here)
        await aio.sleep_ms(50)
        assert not wire.a.dials  # nobody has been heard
        wire.a.meet()
        await until(one.connections)
        assert one.connections()[0].remote_peer == other.peer_id
        await aio.sleep_ms(50)
        assert wire.a.dials == 1
        first = other.connections()[0]
        await first.close()
        await until(lambda: one.connections() and not one.connections()[0].closed)
        await until(lambda: wire.a.dials == 2)


async def test_both_ends_do_the_same():
    async with Cabled(2) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        await wire.keep(one, wire.a.here)
        await wire.keep(other, wire.b.here)
        wire.a.meet()
        await until(lambda: one.connections() and other.connections())
        wire.b.meet()  # it is connected already: nothing more to do
        await aio.sleep_ms(100)
        assert (wire.a.dials, wire.b.dials) == (1, 0)


async def test_a_dial_that_fails_is_tried_again_less_and_less_often():
    async with Cabled(3) as wire:
        one = await wire.swarm(wire.a)
        wire.a.meet()
        await wire.keep(one, wire.a.here)  # nobody listens there
        await aio.sleep_ms(3 * cables.PAUSE_MS + 200)  # at 0, 500, 1500 ms, and each 1000 more
        assert 2 <= wire.a.dials <= 3
        other = await wire.swarm(wire.b)
        await other.listen(wire.b.here)
        await until(one.connections)


async def test_only_the_peer_in_the_address_is_taken():
    async with Cabled(4) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        stranger = await wire.swarm(wire.b)
        await wire.keep(one, wire.a.here.with_peer_id(other.peer_id.to_bytes()))
        await stranger.listen(wire.b.here)
        wire.a.meet()
        await until(lambda: wire.a.dials == 2)
        kit.raises(LinkError, _raise, await _outcome(stranger.connect(wire.b.here)))
        assert not one.connections()
        await stranger.close()
        await other.connect(wire.b.here)
        await until(one.connections)
        assert one.connections()[0].remote_peer == other.peer_id


async def test_a_port_that_cannot_be_had_is_asked_for_again():
    async with Cabled(5) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        wire.a.is_plugged = False
        await wire.keep(one, wire.a.here)
        assert not one.listen_addresses()
        wire.a.troubles.append(LimitError("too much of everything"))
        await until(lambda: not wire.a.troubles)
        wire.a.is_plugged = True
        await until(one.listen_addresses)
        await other.connect(wire.b.here)
        await until(one.connections)


async def test_a_cable_is_used_while_there_is_nothing_faster():
    async with Cabled(6) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        await other.listen(wire.b.here)
        await other.listen(Multiaddr("/memory/5100"))
        cable = await one.connect(wire.a.here)
        assert one.newest(other.peer_id) is cable
        quick = await one.connect(Multiaddr("/memory/5100"))
        await cable.close()
        cable = await one.connect(wire.a.here)
        assert one.newest(other.peer_id) is quick and await one.dial(other.peer_id) is quick
        await quick.close()
        assert one.newest(other.peer_id) is cable


async def test_who_is_known_by_a_cable_is_met_where_it_is_faster():
    async with Cabled(7) as wire:
        one, other = await wire.swarm(wire.a), await wire.swarm(wire.b)
        one.peer_store = PeerStore()
        fast = Multiaddr("/memory/5101")
        keeper = Keeper(one, 1000, 4)
        wire.spawn(keeper.run())
        await wire.keep(other, wire.b.here)
        cable = await one.connect(wire.a.here)
        one.peer_store.add_addresses(other.peer_id, [Multiaddr("/serial/a")], 1 << 50, 0)
        keeper.want(other.peer_id, 0)
        await aio.sleep_ms(50)
        assert one.connections() == [cable] and one.is_settled(other.peer_id)
        await other.listen(fast)
        one.peer_store.add_addresses(other.peer_id, [fast], 1 << 50, 0)
        keeper.want(other.peer_id, 0)
        await until(lambda: len(one.connections()) == 2)
        assert one.newest(other.peer_id) is not cable and one.is_settled(other.peer_id)
        await one.newest(other.peer_id).close()
        assert one.newest(other.peer_id) is cable


async def _outcome(coroutine):
    """The error of a connection that is refused after it was made, or is not."""
    try:
        connection = await coroutine
        while not connection.closed:
            await aio.sleep_ms(2)
        return LinkError("closed")
    except LinkError as error:
        return error


def _raise(error) -> None:
    raise error


if __name__ == "__main__":
    kit.run(globals())
