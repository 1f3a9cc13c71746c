"""The switchboard: streams both ways, reuse, refusal, and graceful ends."""

from edge.errors import LimitError, LinkError, LocalError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.swarm.connection import INBOUND, OUTBOUND
from edge.swarm.swarm import Connected, Disconnected
from edge.system import MICROPYTHON, aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, address_of, until
from transports import faulty, memory

ECHO = "/test/echo/1.0.0"
HOARD = 900 if MICROPYTHON else 200000  # bytes


async def parted(one, other):
    await until(lambda: not one.connections() and not other.connections())


async def echo(stream):
    while True:
        data = await stream.read()
        if not data:
            return
        await stream.write(data)


async def say(swarm, target, words: bytes) -> bytes:
    """What ``target`` echoes."""
    stream = await swarm.new_stream(target, (ECHO,))
    await stream.write(words)
    await stream.close_write()
    heard = b""
    while True:
        data = await stream.read()
        if not data:
            break
        heard += data
    await stream.close()
    return heard


async def test_a_stream_there_and_back():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(ECHO, echo)
        assert await say(dialer, listener.peer_id, b"hello") == b"hello"
        assert connection.remote_peer == listener.peer_id
        assert connection.direction == OUTBOUND
        assert listener.connections()[0].direction == INBOUND
        assert await say(dialer, listener.peer_id, b"") == b""


async def test_both_ends_use_one_connection():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        dialer.set_stream_handler(ECHO, echo)
        assert await say(listener, dialer.peer_id, b"hi") == b"hi"
        assert await dialer.dial(listener.peer_id) is connection
        assert len(listener.connections()) == len(dialer.connections()) == 1


async def test_targets():
    async with Net() as net:
        listener = await net.swarm()
        address = address_of(listener)
        for target in (address, PeerInfo.from_multiaddr(address), listener.listen_addresses()[0]):
            dialer = await net.swarm(listen=False)
            assert (await dialer.dial(target)).remote_peer == listener.peer_id
        await kit.raises_async(
            LinkError, dialer.dial(PeerId.from_public_key(PrivateKey.generate().public))
        )
        await kit.raises_async(LocalError, listener.dial(address))
        await kit.raises_async(LinkError, dialer.dial(Multiaddr("/ip4/127.0.0.1/tcp/1")))


async def test_an_impostor_is_not_the_peer():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        other = PeerId.from_public_key(PrivateKey.generate().public)
        target = PeerInfo(other, listener.listen_addresses())
        await kit.raises_async(LinkError, dialer.dial(target))
        assert not dialer.connections()
        await until(lambda: not listener.connections())


async def test_a_second_address_serves_when_the_first_is_dead():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        dead = Multiaddr("/memory/99")
        target = PeerInfo(listener.peer_id, [dead] + listener.listen_addresses())
        assert (await dialer.dial(target)).remote_peer == listener.peer_id


async def test_many_who_dial_at_once_share_one_dial():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        found = []

        async def dial():
            found.append(await dialer.dial(address_of(listener)))

        async with aio.Group() as group:
            for _ in range(5):
                group.spawn(dial())
            await group.join()
        assert len(found) == 5 and len(dialer.connections()) == 1
        assert all([connection is found[0] for connection in found])


async def test_an_unknown_protocol_is_refused_and_the_connection_lives():
    async with Net() as net:
        dialer, listener, _ = await net.pair()
        await kit.raises_async(RemoteError, dialer.new_stream(listener.peer_id, ("/no",)))
        listener.set_stream_handler(ECHO, echo)
        stream = await dialer.new_stream(listener.peer_id, ("/no", ECHO))
        assert stream.protocol == ECHO
        await stream.close()


async def test_reset_is_seen_at_the_other_end():
    async with Net() as net:
        dialer, listener, _ = await net.pair()

        async def reset(stream):
            await stream.read_exactly(1)
            stream.reset()

        listener.set_stream_handler(ECHO, reset)
        stream = await dialer.new_stream(listener.peer_id, (ECHO,))
        await stream.write(b"x")
        await kit.raises_async(LinkError, stream.read())
        await kit.raises_async(LinkError, stream.write(b"y"))
        await until(lambda: not dialer.connections()[0].streams)


async def test_a_handler_that_fails_resets_its_stream_only():
    async with Net() as net:
        dialer, listener, _ = await net.pair()

        async def fail(stream):
            raise RemoteError("no")

        listener.set_stream_handler("/fail", fail)
        listener.set_stream_handler(ECHO, echo)
        stream = await dialer.new_stream(listener.peer_id, ("/fail",))
        await kit.raises_async(LinkError, stream.read())
        assert await say(dialer, listener.peer_id, b"ok") == b"ok"


async def test_use_after_the_end():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(ECHO, echo)
        stream = await dialer.new_stream(listener.peer_id, (ECHO,))
        await stream.close_write()
        await kit.raises_async(LocalError, stream.write(b"x"))
        assert await stream.read() == b""
        await connection.close()
        await kit.raises_async(LinkError, connection.new_stream((ECHO,)))
        await connection.close()


async def test_what_was_said_before_the_connection_closed_is_heard():
    async with Net() as net:
        dialer, listener, _ = await net.pair()

        async def farewell(stream):
            await stream.write(b"last words")
            await stream.close_write()
            await stream.connection.close()

        listener.set_stream_handler(ECHO, farewell)
        stream = await dialer.new_stream(listener.peer_id, (ECHO,))
        await until(lambda: not dialer.connections())
        assert await stream.read() == b"last words"
        assert await stream.read() == b""


async def test_closing_tells_the_peer_and_the_watchers():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        events = listener.watch()
        connection = await dialer.dial(address_of(listener))
        assert isinstance(await events.get(), Connected)
        await connection.close()
        event = await aio.wait_for_ms(events.get(), 20000)
        assert isinstance(event, Disconnected)
        assert event.connection.remote_peer == dialer.peer_id
        assert not listener.connections()
        listener.unwatch(events)
        await kit.raises_async(EOFError, events.get())


async def test_closing_a_swarm_closes_everything():
    async with Net() as net:
        dialer, listener, _ = await net.pair()
        await listener.close()
        await until(lambda: not dialer.connections())
        await kit.raises_async(LinkError, dialer.dial(Multiaddr("/memory/1001")))


async def test_connections_are_bounded():
    async with Net() as net:
        listener = await net.swarm(connections_max=2)
        for _ in range(2):
            await (await net.swarm(listen=False)).dial(address_of(listener))
        await until(lambda: len(listener.connections()) == 2)
        third = await net.swarm(listen=False)
        await kit.raises_async(LinkError, third.dial(address_of(listener)))
        await kit.raises_async(LimitError, listener.dial(Multiaddr("/memory/1")))
        assert len(listener.connections()) == 2


async def test_connections_to_one_peer_are_bounded():
    async with Net() as net:
        listener = await net.swarm(connections_per_peer_max=1)
        dialer, _, _ = await net.swarm(listen=False), None, None
        await dialer.dial(address_of(listener))
        await until(listener.connections)
        raw_target = listener.listen_addresses()[0]
        second = await dialer.dial(raw_target)  # whoever is there: a second connection
        await until(lambda: second.closed)
        assert len(listener.connections()) == 1


async def test_streams_are_bounded():
    async with Net() as net:
        dialer, listener, _ = await net.pair(streams_per_connection_max=2)

        async def wait(stream):
            await stream.read()

        listener.set_stream_handler(ECHO, wait)
        held = []
        for _ in range(2):
            held.append(await dialer.new_stream(listener.peer_id, (ECHO,)))
        await kit.raises_async(LinkError, dialer.new_stream(listener.peer_id, (ECHO,)))
        await held[0].close()
        await until(lambda: len(listener.connections()[0].streams) == 1)
        assert (await dialer.new_stream(listener.peer_id, (ECHO,))).protocol == ECHO


async def test_strangers_that_never_finish_make_room():
    """More half-open connections than may climb: the oldest give way, an honest dial succeeds."""
    async with Net() as net:
        listener = await net.swarm(upgrades_max=2, stalled_ms=20)
        address = listener.listen_addresses()[0]
        raws = []
        for _ in range(6):
            raws.append(await memory.Transport().dial(address))
        dialer = await net.swarm(listen=False)
        connection = await aio.wait_for_ms(dialer.dial(address_of(listener)), 20000)
        assert connection.remote_peer == listener.peer_id
        assert len(listener._upgrades) <= 3  # one of them at the door
        for raw in raws:
            await raw.close()


async def test_garbage_instead_of_a_handshake():
    async with Net() as net:
        listener = await net.swarm()
        rng = kit.Rng(5)
        for _ in range(20):
            raw = await memory.Transport().dial(listener.listen_addresses()[0])
            raw.write_some(rng.bytes(200))
            while len(await raw.read()):
                pass
        assert not listener.connections()


async def test_everything_in_crumbs():
    async with Net() as net:
        faults = faulty.Faults(seed=9, crumb_bytes=3, full_every=5)
        listener = await net.swarm(faults=faults)
        listener.set_stream_handler(ECHO, echo)
        dialer = await net.swarm(faults=faulty.Faults(seed=8, crumb_bytes=5), listen=False)
        await dialer.dial(address_of(listener))
        words = bytes(range(256)) * 4
        assert await say(dialer, listener.peer_id, words) == words


async def test_a_flipped_bit_ends_the_connection_and_nothing_wrong_arrives():
    for seed in range(4):
        async with Net() as net:
            listener = await net.swarm(faults=faulty.Faults(seed=seed, flip_every_bytes=900))
            listener.set_stream_handler(ECHO, echo)
            dialer = await net.swarm(listen=False)
            try:
                await dialer.dial(address_of(listener))
                for _ in range(20):
                    assert await say(dialer, listener.peer_id, b"x" * 200) == b"x" * 200
                raise AssertionError("no bit was flipped")
            except (LinkError, RemoteError):
                pass
            await parted(dialer, listener)


async def test_a_reader_that_stops_stops_its_peer_and_nobody_else():
    async with Net() as net:
        dialer, listener, _ = await net.pair()
        received = []

        async def hoard(stream):
            await stream.read(1)
            received.append(stream)
            while len(received) < 2:
                await aio.sleep_ms(5)
            await stream.read_exactly(HOARD - 1)

        listener.set_stream_handler("/hoard", hoard)
        listener.set_stream_handler(ECHO, echo)
        stream = await dialer.new_stream(listener.peer_id, ("/hoard",))
        await stream.write(bytes(HOARD))
        assert await say(dialer, listener.peer_id, b"meanwhile") == b"meanwhile"
        received.append(None)
        await stream.close_write()
        assert await stream.read() == b""


if __name__ == "__main__":
    kit.run(globals())
