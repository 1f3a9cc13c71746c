"""Room for connections: what others may take of it, and who gives way where there is little."""

from edge.errors import LimitError, LinkError
from edge.swarm import swarm as swarm_module
from edge.system import MICROPYTHON
from tests import kit
from tests.edge.swarm.node import Net, address_of, until


async def reach(net, listener):
    return await (await net.swarm(listen=False)).dial(address_of(listener))


async def test_others_do_not_take_the_room_for_our_own():
    async with Net() as net:
        listener = await net.swarm(connections_max=2, inbound_max=1)
        other = await net.swarm()
        await reach(net, listener)
        await until(listener.connections)
        await kit.raises_async(LinkError, reach(net, listener))
        await listener.dial(address_of(other))
        assert len(listener.connections()) == 2
        await listener.connections()[0].close()
        await until(lambda: len(listener.connections()) == 1)
        await kit.raises_async(LimitError, fill(net, listener))


async def fill(net, listener):
    """Dial from ``listener`` until it refuses."""
    for _ in range(2):
        await listener.dial(address_of(await net.swarm()))


async def test_on_a_chip_the_unused_give_way():
    if not MICROPYTHON:
        return
    unused_ms = swarm_module.UNUSED_MS
    swarm_module.UNUSED_MS = 0
    try:
        async with Net() as net:
            listener = await net.swarm(connections_max=1)
            other = await net.swarm()
            await reach(net, listener)
            await until(listener.connections)
            listener.wants = lambda peer_id: True
            await kit.raises_async(LimitError, listener.dial(address_of(other)))
            listener.wants = lambda peer_id: False
            connection = await listener.dial(address_of(other))
            assert listener.connections() == [connection]
    finally:
        swarm_module.UNUSED_MS = unused_ms


async def test_a_chip_without_memory_refuses():
    if not MICROPYTHON:
        return
    least = swarm_module.MEMORY_BYTES_MIN
    try:
        async with Net() as net:
            listener = await net.swarm()
            other = await net.swarm()
            swarm_module.MEMORY_BYTES_MIN = 1 << 30
            await kit.raises_async(LimitError, listener.dial(address_of(other)))
            swarm_module.MEMORY_BYTES_MIN = least
            await listener.dial(address_of(other))
    finally:
        swarm_module.MEMORY_BYTES_MIN = least


if __name__ == "__main__":
    kit.run(globals())
