"""The pump over real sockets: fair to writers, bounded when nobody reads, no task left."""

import asyncio
import gc
import socket

from edge.errors import EdgeError, LinkError
from edge.identity.keys import PrivateKey
from edge.swarm.swarm import Swarm
from edge.system import aio, net
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import until
from tests.edge.swarm.test_attack_cpython import (
    Attacker,
    Hosts,
    connections,
    frame,
    port_of,
    resident_bytes,
    target_of,
)
from transports import tcp

MIB = 1 << 20
SINK = "/test/sink/1.0.0"


async def sink(stream):
    while await stream.read():
        pass


async def deaf(stream):
    await aio.sleep_ms(60000)


async def test_a_hundred_writers_share_the_connection():
    async with Hosts() as hosts:
        listener, dialer = await hosts.host(True), await hosts.host()
        listener.set_stream_handler(SINK, sink)
        connection = await dialer.dial(target_of(listener))
        written = [0] * 100

        async def write(number):
            stream = await connection.new_stream((SINK,))
            block = bytes(65536)
            while True:
                await stream.write(block)
                written[number] += 1

        async with aio.Group() as group:
            for number in range(100):
                group.spawn(write(number))
            await until(lambda: min(written) >= 3, 30000)  # nobody starves


async def test_nothing_waits_for_a_socket_that_is_closed():
    server = kit.free_server()
    dialer = await net.connect("127.0.0.1", server.port)
    listener, _, _ = await server.accept()
    while dialer.write_some(bytes(65536)):
        pass
    async with aio.Group() as group:

        async def wait():
            try:
                await dialer.writable()
            except LinkError:
                pass

        group.spawn(wait())
        await aio.sleep_ms(10)
        await dialer.close()
        await aio.wait_for_ms(group.join(), 20000)
    await listener.close()
    await server.close()


async def test_no_task_outlives_a_connection_whose_peer_does_not_read():
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        ended = []

        async def pour(stream):
            try:
                while True:
                    await stream.write(bytes(65536))
            except EdgeError as error:
                ended.append(error)
                raise

        listener.set_stream_handler("/pour", pour)
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            offer = b"\x13/multistream/1.0.0\n\x06/pour\n"
            for number in range(40):
                grant = frame(1, 0, 2 * number + 1, 1 << 30)
                await attacker.say(frame(0, 1, 2 * number + 1, len(offer), offer) + grant)
            connection = (await connections(listener))[0]
            await until(lambda: connection._flushing)
            await connection.close()
            await until(lambda: not listener.connections())
            await until(lambda: len(ended) == 40)
            await until(lambda: len(listener._group) <= 2)  # the accept loop and the clock


async def test_answers_nobody_reads_do_not_pile_up():
    """A peer that asks for more and more and never reads: given up, not remembered."""
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            await attacker.say(b"")
            connection = (await connections(listener))[0]
            offers = b"\x13/multistream/1.0.0\n" + b"\x02/\n" * 60
            before = resident_bytes()

            async def ask():
                number = 1
                while True:
                    frames = bytearray()
                    for _ in range(200):
                        frames += frame(0, 1, number, len(offers), offers)
                        frames += frame(1, 8, number, 0)
                        number += 2
                    await attacker.say(bytes(frames))

            try:
                await asyncio.wait_for(ask(), 4)
            except (TimeoutError, ConnectionError):
                pass
            assert len(connection._muxer._outbox) <= 4 * MIB
            assert resident_bytes() - before < 24 * MIB


async def test_more_streams_than_allowed_are_all_refused():
    """None of them is left waiting for an answer."""
    async with Hosts() as hosts:
        listener, dialer = await hosts.host(True, streams_per_connection_max=4), await hosts.host()
        listener.set_stream_handler(SINK, deaf)
        connection = await dialer.dial(target_of(listener))
        opened = asyncio.gather(
            *[connection.new_stream((SINK,)) for _ in range(100)], return_exceptions=True
        )
        outcomes = await asyncio.wait_for(opened, 20)
        assert len([one for one in outcomes if isinstance(one, LinkError)]) >= 96


async def test_bulk_both_ways_at_once_comes_through():
    async with Hosts() as hosts:
        listener, dialer = await hosts.host(True), await hosts.host()
        size = 8 * MIB

        async def exchange(stream):
            heard = [0]

            async def hear():
                while True:
                    data = await stream.read()
                    if not data:
                        return
                    heard[0] += len(data)

            async with aio.Group() as group:
                group.spawn(hear())
                await stream.write(bytes(size))
                await stream.close_write()
                await group.join()
            assert heard[0] == size

        listener.set_stream_handler("/exchange", exchange)
        for _ in range(2):
            opened = [dialer.new_stream(target_of(listener), ("/exchange",)) for _ in range(4)]
            await asyncio.gather(*[exchange(await stream) for stream in opened])
        connection = dialer.connections()[0]
        await until(lambda: connection._unread == 0 == listener.connections()[0]._unread)


def open_sockets() -> int:
    gc.collect()
    sockets = [one for one in gc.get_objects() if isinstance(one, socket.socket)]
    return len([one for one in sockets if one.fileno() >= 0])


async def test_no_socket_stays_behind():
    """Cancelled, refused, closed, at any moment: every socket is closed by someone."""
    before = open_sockets()
    rng = kit.Rng(17)
    for _ in range(60):
        async with Hosts() as hosts:
            listener, dialer = await hosts.host(True, upgrades_max=1), await hosts.host()
            dials = [asyncio.create_task(dialer.dial(target_of(listener))) for _ in range(2)]
            other = asyncio.create_task((await hosts.host()).dial(target_of(listener)))
            for _ in range(rng.below(40)):
                await asyncio.sleep(0)
            (dials[0].cancel, other.cancel)[rng.below(2)]()
            closing = (dialer, listener)[rng.below(2)]
            await closing.close()
        for task in [*dials, other]:
            try:
                await asyncio.wait_for(task, 10)
            except (EdgeError, asyncio.CancelledError):
                pass
    await aio.sleep_ms(50)
    assert open_sockets() <= before


async def test_a_closed_listener_is_left_alone_and_a_vanished_port_is_a_link_error():
    async with Hosts() as hosts:
        listener, dialer = await hosts.host(True), await hosts.host()
        target = target_of(listener)
        await listener.close()
        await kit.raises_async(LinkError, dialer.dial(target))


async def test_a_name_that_cannot_be_one_costs_only_itself():
    """Peers choose the names in their addresses; one bad one must not end the dial."""
    async with Hosts() as hosts:
        dialer = await hosts.host()
        for name in ("a" * 64, "a..b", "é" * 70):
            bad = Multiaddr(f"/dns4/{name}/tcp/1")
            await kit.raises_async(LinkError, tcp.Transport().resolve(bad))
            await kit.raises_async(LinkError, dialer.dial(bad))


class SlowNames(tcp.Transport):
    """A resolver that never answers."""

    async def resolve(self, address):
        if address.components[0][0].startswith("dns"):
            await aio.sleep_ms(60000)
        return await super().resolve(address)


async def test_names_that_are_not_answered_do_not_hold_up_numbers():
    from edge.identity.peer_info import PeerInfo

    async with Hosts() as hosts:
        listener = await hosts.host(True)
        dialer = Swarm(PrivateKey.generate(), [SlowNames()])
        hosts.swarms.append(dialer)
        names = [Multiaddr(f"/dns4/n{number}.test/tcp/1") for number in range(8)]
        quic = [Multiaddr(f"/ip4/127.0.0.1/udp/{port}/quic-v1") for port in range(1, 30)]
        target = PeerInfo(listener.peer_id, quic + names + listener.listen_addresses())
        assert await aio.wait_for_ms(dialer.dial(target), 20000)
