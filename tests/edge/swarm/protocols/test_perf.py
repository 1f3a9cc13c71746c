"""Perf: off unless asked for, bounded, one run at a time."""

from edge.errors import LinkError, RemoteError
from edge.swarm.protocols import perf
from edge.system import MICROPYTHON, aio
from edge.wire import fixed
from tests import kit
from tests.edge.swarm.node import Net, address_of

SIZE = 3000 if MICROPYTHON else 300000


async def pair(net):
    listener, dialer = await net.swarm(), await net.swarm(listen=False)
    perf.Perf(listener, True)
    return address_of(listener), dialer, perf.Perf(dialer)


async def test_bytes_both_ways():
    async with Net() as net:
        target, _, service = await pair(net)
        for upload, download in ((0, 0), (1, 0), (0, 1), (SIZE, SIZE)):
            up_ms, down_ms = await service.run(target, upload, download)
            assert up_ms >= 0 and down_ms >= 0


async def test_off_unless_asked_for():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        perf.Perf(listener)
        await kit.raises_async(RemoteError, perf.Perf(dialer).run(address_of(listener), 1, 1))


async def test_fewer_than_eight_bytes():
    async with Net() as net:
        target, dialer, _ = await pair(net)
        stream = await dialer.new_stream(target, (perf.PROTOCOL,))
        await stream.write(b"1234567")
        await stream.close_write()
        await kit.raises_async(LinkError, stream.read())


async def test_an_absurd_wish_is_refused():
    async with Net() as net:
        target, dialer, _ = await pair(net)
        stream = await dialer.new_stream(target, (perf.PROTOCOL,))
        await stream.write(fixed.u64((1 << 64) - 1))
        await kit.raises_async(LinkError, stream.read())


async def test_a_second_run_at_once_is_refused():
    async with Net() as net:
        target, dialer, service = await pair(net)
        held = await dialer.new_stream(target, (perf.PROTOCOL,))  # never half-closes
        await held.write(fixed.u64(1))
        await kit.raises_async(LinkError, service.run(target, 1, 1))
        held.reset()
        await free_again(service, target)


async def free_again(service, target) -> None:
    """The slot is free as soon as the reset is heard."""
    for _ in range(200):
        try:
            await service.run(target, 1, 1)
            return
        except LinkError:
            await aio.sleep_ms(5)
    raise AssertionError("never free again")


async def test_less_than_asked_for_is_an_error():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)

        async def stingy(stream):
            await stream.read_exactly(8)
            while await stream.read():
                pass
            await stream.write(b"x" * 5)

        listener.set_stream_handler(perf.PROTOCOL, stingy)
        await kit.raises_async(RemoteError, perf.Perf(dialer).run(address_of(listener), 1, 10))


if __name__ == "__main__":
    kit.run(globals())
