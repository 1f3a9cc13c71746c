"""Sockets behave alike on both Pythons."""

from edge.errors import LinkError
from edge.system import MICROPYTHON, aio, net
from tests import kit


async def pair():
    """(server, dialer's stream, listener's stream)."""
    server = kit.free_server()
    dialer = await net.connect("127.0.0.1", server.port)
    listener, host, _ = await server.accept()
    assert host == "127.0.0.1"
    return server, dialer, listener


async def close(*streams):
    for stream in streams:
        await stream.close()


async def test_a_refused_connection_fails_at_once():
    await kit.raises_async(LinkError, net.connect("127.0.0.1", 1))


async def test_a_cancelled_read_consumes_nothing():
    server, dialer, listener = await pair()
    await dialer.write(b"ab")
    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(listener.read_exactly(3), 30))
    await dialer.write(b"cd")
    assert await listener.read_exactly(4) == b"abcd"
    await close(server, dialer, listener)


async def test_the_end_of_a_stream():
    server, dialer, listener = await pair()
    await dialer.write(b"ab")
    await dialer.close()
    await kit.raises_async(EOFError, listener.read_exactly(3))
    assert bytes(await listener.read()) == b"ab"
    assert bytes(await listener.read()) == b""
    await close(server, listener)


async def test_a_megabyte_arrives_whatever_the_kernel_holds():
    server, dialer, listener = await pair()
    received = [0]

    async def drain():
        while True:
            data = await listener.read()
            if not len(data):
                return
            received[0] += len(data)

    async with aio.Group() as group:
        group.spawn(drain())
        block = bytes(20000)
        for _ in range(50):
            await dialer.write(block)
        await dialer.close()
        await group.join()
    assert received == [1000000]
    await close(server, listener)


async def test_write_some_takes_no_more_than_there_is_room_for():
    server, dialer, listener = await pair()
    block, total, taken = bytes(16384), 0, 1
    while taken and total < 1 << 26:
        taken = dialer.write_some(block)
        total += taken
    assert taken == 0
    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(waits(dialer), 30))
    while total > 0:
        total -= len(await listener.read())
    await aio.wait_for_ms(waits(dialer), 20000)
    await close(server, dialer, listener)


async def waits(stream):
    await stream.writable()


async def ends_when_closed(waiting, closing) -> None:
    """That ``waiting`` ends with a LinkError once ``closing`` has run."""
    async with aio.Group() as group:
        group.spawn(kit.raises_async(LinkError, waiting))
        await aio.sleep_ms(10)
        await closing
        await aio.wait_for_ms(group.join(), 20000)
    assert not group.errors


async def test_closing_wakes_the_reader():
    server, dialer, listener = await pair()
    await ends_when_closed(listener.read(), listener.close())
    await close(server, dialer)


async def test_closing_a_server_ends_accept():
    server = kit.free_server()
    await ends_when_closed(server.accept(), server.close())


async def test_a_port_in_use_is_refused_though_ports_are_shared_for_dialing():
    server = kit.free_server()
    assert kit.raises(LinkError, net.Server, "127.0.0.1", server.port, True)
    await server.close()


async def test_dialing_from_the_port_listened_on():
    if MICROPYTHON:
        return  # not for chips: see net_chip.share_port
    server, own = kit.free_server(), kit.free_server()
    ends, ports = [], []
    for _ in range(2):  # the second finds that pair of ends taken, and uses any port
        ends.append(await net.connect("127.0.0.1", server.port, local=("127.0.0.1", own.port)))
        stream, _, port = await server.accept()
        ends.append(stream)
        ports.append(port)
    assert ports[0] == own.port != ports[1]
    await close(server, own, *ends)


async def test_writing_to_a_peer_that_is_gone_is_a_link_error():
    server, dialer, listener = await pair()
    await listener.close()
    await aio.sleep_ms(10)

    async def write():
        for _ in range(100):
            await dialer.write(bytes(1000))

    await kit.raises_async(LinkError, write())
    await close(server, dialer)


async def test_names_resolve():
    assert "127.0.0.1" in await net.resolve("localhost", 1, 2)
    await kit.raises_async(LinkError, net.resolve("no-such-host.invalid", 1))


if __name__ == "__main__":
    kit.run(globals())
