"""Multicast on the loopback of this machine, where others may speak, too."""

from edge.system import MICROPYTHON, aio, entropy
from edge.wire import ip
from tests import kit
from transports.multicast.datagrams import GROUPS, PORT, FixedInterfaces, Multicast

LOOPBACK = ("lo", ((ip.parse4("127.0.0.1"), 8),))
GROUP = (GROUPS[0], PORT)
WAIT_MS = 5000


async def receive(multicast, packet: bytes):
    """Source and interface of ``packet``, whatever else arrives."""

    async def look():
        while True:
            arrived = await multicast.receive()
            if arrived and arrived[0] == packet:
                return arrived[1:]

    return await aio.wait_for_ms(look(), WAIT_MS)


async def pair():
    interfaces = FixedInterfaces([LOOPBACK])
    found = Multicast(interfaces), Multicast(interfaces)
    for multicast in found:
        await multicast.open()
    return interfaces, found[0], found[1]


async def test_all_hear_what_one_says():
    _, first, second = await pair()
    packet = entropy.random_bytes(64)
    first.send(packet, GROUP, "lo")
    for multicast in (first, second):
        (host, port), interface = await receive(multicast, packet)
        assert (host, port, interface) == (b"\x7f\0\0\x01", PORT, "lo")
    await first.close()
    await second.close()


async def test_interfaces_that_go_and_come():
    interfaces, first, second = await pair()
    assert first.interfaces() == [LOOPBACK]
    interfaces.replace([])
    await aio.sleep_ms(50)
    assert first.interfaces() == []
    first.send(b"nowhere", GROUP, "lo")
    await until_changed(first)
    interfaces.replace([LOOPBACK])
    await aio.sleep_ms(50)
    packet = entropy.random_bytes(64)
    second.send(packet, GROUP, "lo")
    await receive(first, packet)
    await first.close()
    await second.close()


async def until_changed(multicast):
    async def look():
        while await multicast.receive():
            pass

    await aio.wait_for_ms(look(), WAIT_MS)


async def test_what_cannot_be_sent_or_opened_is_lost():
    missing = ("none", ((ip.parse4("203.0.113.7"), 24),))
    multicast = Multicast(FixedInterfaces([missing, LOOPBACK]))
    await multicast.open()
    multicast.send(b"x", GROUP, "none")
    multicast.send(b"x", (bytes(16), 1), "lo")
    if not MICROPYTHON:
        multicast.send(bytes(70000), GROUP, "lo")
    packet = entropy.random_bytes(64)
    multicast.send(packet, GROUP, "lo")
    await receive(multicast, packet)
    await multicast.close()


async def test_a_reader_that_rests_loses_packets_and_nothing_else():
    _, first, second = await pair()
    for _ in range(2000):
        first.send(b"flood", GROUP, "lo")
    await aio.sleep_ms(200)
    packet = entropy.random_bytes(64)

    async def insist():
        while True:
            first.send(packet, GROUP, "lo")
            await aio.sleep_ms(20)

    tasks = aio.Group()
    tasks.spawn(insist())
    await receive(second, packet)
    await tasks.cancel()
    await first.close()
    await second.close()


async def test_close_without_open():
    await Multicast(FixedInterfaces([LOOPBACK])).close()


if __name__ == "__main__":
    kit.run(globals())
