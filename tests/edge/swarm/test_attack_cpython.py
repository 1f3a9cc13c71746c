"""A node on TCP under attack: memory stays bounded, honest peers are served (real sockets)."""

import asyncio
import os

from edge.errors import EdgeError
from edge.identity.keys import PrivateKey
from edge.swarm.limits import Limits
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.swarm.upgrader import Upgrader
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests.edge.swarm.node import until
from transports import tcp

MIB = 1 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Hosts:
    """Swarms on loopback TCP, closed at the end."""

    async def __aenter__(self):
        self.swarms: list = []
        return self

    async def __aexit__(self, *exception):
        for swarm in self.swarms:
            await swarm.close()

    async def host(self, listen: bool = False, **bounds):
        swarm = Swarm(PrivateKey.generate(), [tcp.Transport()], None, Limits(**bounds))
        Identify(swarm)
        swarm.ping = Ping(swarm)
        if listen:
            await swarm.listen(Multiaddr("/ip4/127.0.0.1/tcp/0"))
        self.swarms.append(swarm)
        return swarm


def target_of(swarm) -> Multiaddr:
    return Multiaddr(f"{swarm.listen_addresses()[0]}/p2p/{swarm.peer_id}")


def port_of(swarm) -> int:
    return int(swarm.listen_addresses()[0].value("tcp"))


async def test_a_thousand_dials_at_once():
    """Every one gets an answer, a connection or a refusal, and the node goes on."""
    async with Hosts() as hosts:
        listener = await hosts.host(True, connections_max=100)
        before = resident_bytes()
        dialers = [await hosts.host() for _ in range(1000)]
        outcomes = await asyncio.gather(
            *[dialer.dial(target_of(listener)) for dialer in dialers], return_exceptions=True
        )
        assert len(listener.connections()) <= 100
        assert all(isinstance(o, EdgeError) or o.remote_peer == listener.peer_id for o in outcomes)
        assert resident_bytes() - before < 120 * MIB  # a thousand dialers included
        for dialer in dialers:
            await dialer.close()
        await until(lambda: not listener.connections(), 20000)
        last = await hosts.host()
        assert await last.ping.ping(target_of(listener))


async def test_slowloris_and_half_open_do_not_lock_the_door():
    async with Hosts() as hosts:
        listener = await hosts.host(True, upgrades_max=32, stalled_ms=100)
        before = resident_bytes()
        slow = []
        for number in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
            writer.write(b"\x13/multistream/1.0.0\n"[: number % 19])
            slow.append(writer)
        honest = await hosts.host()
        assert await aio.wait_for_ms(honest.ping.ping(target_of(listener)), 40000)
        assert len(listener._upgrades) <= 33  # one of them at the door
        assert resident_bytes() - before < 30 * MIB
        for writer in slow:
            writer.close()


async def test_garbage_by_the_megabyte():
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        before = resident_bytes()
        for _ in range(50):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
            try:
                writer.write(os.urandom(MIB))
                await asyncio.wait_for(reader.read(), 30)
            except ConnectionError:
                pass
            writer.close()
        assert resident_bytes() - before < 30 * MIB
        assert await (await hosts.host()).ping.ping(target_of(listener))


class Attacker:
    """A peer that climbs the ladder and then speaks yamux as it likes."""

    def __init__(self, swarm):
        self.upgrader = Upgrader(swarm._noise_keys, True, tcp.Connection.profile)

    async def __aenter__(self):
        return self

    async def connect(self, port: int):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        while self.upgrader.muxer is None:
            self.writer.write(bytes(self.upgrader.data_to_send()))
            self.upgrader.receive_data(await self.reader.read(65536))
        return self

    async def say(self, frames: bytes) -> None:
        self.upgrader.muxer._outbox += frames
        self.writer.write(bytes(self.upgrader.data_to_send()))
        await self.writer.drain()

    async def __aexit__(self, *exception):
        self.writer.close()


def frame(kind: int, flags: int, stream_id: int, length: int, data: bytes = b"") -> bytes:
    return (kind << 80 | flags << 64 | stream_id << 32 | length).to_bytes(12, "big") + data


DEAF = b"\x13/multistream/1.0.0\n\x06/deaf\n"


async def deaf(stream):
    """A handler that does not read."""
    await aio.sleep_ms(60000)


async def test_every_stream_filled_and_never_read():
    """256 KiB on each of 256 streams of a handler that does not read: we stop reading in time."""
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        listener.set_stream_handler("/deaf", deaf)
        before = resident_bytes()
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            payload = DEAF + bytes(262144 - len(DEAF))

            async def flood():
                for number in range(200):
                    await attacker.say(frame(0, 1, 2 * number + 1, len(payload), payload))

            try:
                await asyncio.wait_for(flood(), 3)
            except (TimeoutError, ConnectionError):
                pass
            assert resident_bytes() - before < 60 * MIB
            assert await (await hosts.host()).ping.ping(target_of(listener))


async def test_one_byte_at_a_time_does_not_multiply():
    """A window of 1-byte frames is kept as its bytes, not as its frames."""
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        listener.set_stream_handler("/deaf", deaf)
        before = resident_bytes()
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            await attacker.say(frame(0, 1, 1, len(DEAF), DEAF))
            for _ in range(25):
                await attacker.say(frame(0, 0, 1, 1, b"x") * 10000)
            stream = (await connections(listener))[0].streams[0]
            await until(lambda: stream.unread == 250000, 30000)
            assert len(stream._chunks) < 1000
            assert resident_bytes() - before < 20 * MIB


def opened_and_reset(number):
    return frame(2, 1, 0, number) + frame(1, 1, number, 0) + frame(1, 8, number, 0)


async def test_floods_of_pings_opens_and_resets():
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        before = resident_bytes()
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            for first in range(1, 40001, 1000):
                numbers = range(first, first + 1000, 2)
                await attacker.say(b"".join([opened_and_reset(number) for number in numbers]))
            assert resident_bytes() - before < 30 * MIB
            assert await (await hosts.host()).ping.ping(target_of(listener))


async def test_a_protocol_never_named_is_given_up(monkeypatch):
    async with Hosts() as hosts:
        listener = await hosts.host(True)
        async with Attacker(await hosts.host()) as attacker:
            await attacker.connect(port_of(listener))
            await attacker.say(frame(1, 1, 1, 0))
            connection = (await connections(listener))[0]
            await until(lambda: connection.streams)
            # the listener's own identify stream may be among them, a few ms older or younger
            newest = max(stream.opened_ms for stream in connection.streams)
            later = newest + connection.profile.negotiate_timeout_ms + 1
            connection.handle_deadline(later)
            assert not connection.streams and not connection.closed


async def connections(swarm):
    await until(swarm.connections)
    return swarm.connections()


async def test_2400_connects_and_closes_leave_memory_where_it_was():
    async with Hosts() as hosts:
        listener, dialer = await hosts.host(True), await hosts.host()

        async def cycles(count):
            for _ in range(count):
                connection = await dialer.dial(target_of(listener))
                await dialer.ping.ping(listener.peer_id)
                await connection.close()
                await until(lambda: not dialer.connections())
            await until(lambda: not listener.connections())

        await cycles(400)
        before = resident_bytes()
        await cycles(2000)
        assert resident_bytes() <= before * 1.10
