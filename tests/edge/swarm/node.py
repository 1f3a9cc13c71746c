"""Swarms for tests: on the memory transport, with identify and ping, closed at the end."""

from edge.identity.keys import PrivateKey
from edge.swarm.limits import Limits
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from transports import memory

_names = [1000]


def address_of(swarm):
    """Where ``swarm`` listens, with its peer id."""
    return Multiaddr("{}/p2p/{}".format(swarm.listen_addresses()[0], swarm.peer_id))


class Net:
    """``async with Net() as net``: swarms that find each other in memory."""

    async def __aenter__(self) -> "Net":
        self.swarms: list = []
        return self

    async def __aexit__(self, *exception) -> None:
        for swarm in self.swarms:
            await swarm.close()

    async def swarm(self, faults=None, listen: bool = True, store=None, **bounds) -> Swarm:
        transport = memory.Transport()
        if faults:
            from transports import faulty  # rarely: a chip's heap has better use for it

            transport = faulty.Transport(transport, faults)
        swarm = Swarm(PrivateKey.generate(), [transport], store, Limits(**bounds))
        self.swarms.append(swarm)
        if listen:
            _names[0] += 1
            await swarm.listen(Multiaddr("/memory/{}".format(_names[0])))
        return swarm

    async def host(self, **options):
        """(swarm, Identify, Ping)"""
        swarm = await self.swarm(**options)
        return swarm, Identify(swarm), Ping(swarm)

    async def pair(self, **options):
        """(dialing swarm, listening swarm, the dialer's connection)."""
        listener = await self.swarm(**options)
        dialer = await self.swarm(listen=False)
        return dialer, listener, await dialer.dial(address_of(listener))


async def until(condition, timeout_ms: int = 20000) -> None:
    """Wait until ``condition()`` is true."""

    async def poll():
        while not condition():
            await aio.sleep_ms(2)

    await aio.wait_for_ms(poll(), timeout_ms)
