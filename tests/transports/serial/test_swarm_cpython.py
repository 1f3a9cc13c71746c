"""Whole swarms over a cable: Noise, yamux, identify, ping, streams; and what happens to cables."""

import random
import time
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.system import aio
from tests.transports.serial.nodes_cpython import ECHO, SINK, End, Pair, until
from tests.transports.serial.wire_cpython import Faults, Wire

# What is asked for on a machine that does other things besides, of the bytes of a line of 115200;
# the numbers of a quiet one are in transports/serial/README.md.
SHARE_MIN = 0.25
LINE_BYTES_PER_S = 11520


async def bulk(pair: Pair, size: int) -> float:
    """Bytes a second of a stream of ``size`` bytes, checked at its end."""
    data = random.Random(size).randbytes(size)
    began = time.monotonic()
    stream = await pair.connection.new_stream((SINK,))
    await stream.write(data)
    await stream.close_write()
    assert await stream.read_exactly(4) == b"done"
    assert bytes(pair.listener.got) == data
    return size / (time.monotonic() - began)


async def test_all_of_it_over_a_bad_line(tmp_path: Path):
    """Identify, ping, and 100 KB at 115200 with bit errors and lost bytes."""
    wire = Wire(tmp_path, Faults(bit_error_rate=5e-5, loss_rate=5e-5, seed=3))
    async with Pair(wire) as pair:
        await until(lambda: pair.connection.identified)
        assert SINK in pair.connection.identified.protocols
        assert pair.connection.identified.listen_addresses == ()  # /serial is told to nobody
        times = sorted(await pair.dialer.ping.ping(pair.listener.swarm.peer_id, 5))
        assert times[2] < 200
        rate = await bulk(pair, 100000)
        print("ping {:.1f} ms, {:.0f} B/s".format(times[2], rate))
        status = pair.dialer.status
        assert status.state == "open" and status.resent > 10 and status.damaged > 0, status
        assert rate > SHARE_MIN * LINE_BYTES_PER_S


async def test_bursts(tmp_path: Path):
    async with Pair(Wire(tmp_path, Faults(bursts_per_s=2, seed=5))) as pair:
        rate = await bulk(pair, 20000)
        print("{:.0f} B/s".format(rate))
        assert rate > SHARE_MIN * LINE_BYTES_PER_S


async def test_a_ping_does_not_wait_for_a_bulk_stream(tmp_path: Path):
    async with Pair(Wire(tmp_path)) as pair, aio.Group() as group:
        await until(lambda: pair.connection.identified)
        group.spawn(bulk(pair, 25000))
        await aio.sleep_ms(300)
        times = sorted(await pair.dialer.ping.ping(pair.listener.swarm.peer_id, 5))
        assert len(pair.listener.got) < 25000
        print("ping {:.0f} ms beside a bulk stream".format(times[2]))
        assert times[2] < 600
        await group.join()


@pytest.mark.parametrize(("parameters", "size"), [("", 100), ("", 512), ("~0", 65536)])
async def test_streams_share_a_cable_whatever_is_written_at_once(tmp_path: Path, parameters, size):
    got: dict = {"/test/one": 0, "/test/other": 0}

    async def sink(stream) -> None:
        while data := await stream.read():
            got[stream.protocol] += len(data)

    async def write(pair: Pair, protocol: str) -> None:
        stream = await pair.connection.new_stream((protocol,))
        while True:
            await stream.write(bytes(size))

    async with Pair(Wire(tmp_path, is_paced=not parameters), parameters) as pair:
        async with aio.Group() as group:
            for protocol in got:
                pair.listener.swarm.set_stream_handler(protocol, sink)
                group.spawn(write(pair, protocol))
            await until(lambda: sum(got.values()) > 10 * max(size, 1000))
            await group.cancel()
    print(got)
    assert min(got.values()) * 4 > max(got.values())


async def test_a_pulled_cable_interrupts_and_loses_nothing(tmp_path: Path):
    """Three times, by either end; the port comes back as another device."""
    data = random.Random(1).randbytes(30000)
    heard = bytearray()

    async def listen(stream) -> None:
        while len(heard) < len(data):
            heard.extend(await stream.read())

    async def pull(wire: Wire, side) -> None:
        before = len(heard)
        await until(lambda: len(heard) > before + 3000, 20000)
        wire.unplug(side)
        await aio.sleep_ms(300)
        before = len(heard)
        wire.plug(side)
        began = time.monotonic()
        await until(lambda: len(heard) > before)
        print("back after {:.0f} ms".format((time.monotonic() - began) * 1000))
        assert time.monotonic() - began < 1

    async with Pair(Wire(tmp_path)) as pair, aio.Group() as group:
        stream = await pair.connection.new_stream((ECHO,))
        group.spawn(stream.write(data))
        group.spawn(listen(stream))
        for side in (pair.wire.a, pair.wire.b, pair.wire.a):
            await pull(pair.wire, side)
        await group.join()
        assert bytes(heard) == data
        assert pair.dialer.status.replugs == 2 and pair.listener.status.replugs == 1
        assert pair.dialer.status.sessions == 1


async def test_an_end_that_starts_again_ends_the_connection_at_once(tmp_path: Path):
    async with Pair(Wire(tmp_path)) as pair:
        await pair.dialer.ping.ping(pair.listener.swarm.peer_id)
        connection = pair.listener.swarm.connections()[0]
        pair.dialer.cable._unplug()  # a power cut: nobody says goodbye
        await pair.dialer.cable._group.cancel()
        again = End(pair.wire.a.link, 1)
        began = time.monotonic()
        await again.swarm.dial(again.to(pair.listener))
        took = time.monotonic() - began
        await until(lambda: connection.closed)
        print("again after {:.0f} ms: {}".format(took * 1000, connection.error))
        assert "started again" in str(connection.error) and took < 1
        assert await again.ping.ping(pair.listener.swarm.peer_id)
        await again.swarm.close()


async def test_an_end_that_goes_says_so(tmp_path: Path):
    """Also where its task is cancelled, as at the end of a program."""
    async with Pair(Wire(tmp_path)) as pair:
        await pair.connected()
        connection = pair.listener.swarm.connections()[0]
        await pair.dialer.cable._group.cancel()
        await until(lambda: connection.closed, 1000)
        assert pair.listener.status.error == "closed by the peer"


async def test_whatever_is_said_it_goes_on(tmp_path: Path):
    """Garbage, text and zeros arrive at both ends; text is what the far board says."""
    noise = random.Random(7)
    async with Pair(Wire(tmp_path)) as pair:
        for side in (pair.wire.a, pair.wire.b) * 40:
            garbage = noise.randbytes(noise.randrange(1500))
            pair.wire.inject(side, noise.choice((garbage, b"\0" * 50, b"rst:0x1\r\n", b"~")))
            await aio.sleep_ms(5)
        await pair.dialer.ping.ping(pair.listener.swarm.peer_id)
        assert pair.dialer.status.damaged > 0
        pair.wire.inject(pair.wire.a, b"\0I (31) boot: ESP-IDF\r\n\0")
        await until(lambda: b"ESP-IDF" in pair.dialer.cable.console)
        assert pair.dialer.status.sessions == 1


async def test_garbage_before_they_meet(tmp_path: Path):
    noise = random.Random(9)
    async with Pair(Wire(tmp_path), is_dialed=False) as pair:
        await pair.listener.swarm.listen(pair.listener.address)
        for _ in range(20):
            pair.wire.inject(pair.wire.b, noise.randbytes(noise.randrange(1, 3000)))
            await aio.sleep_ms(5)
        await pair.dialer.swarm.dial(pair.dialer.address)


async def test_a_port_that_appears_later_is_listened_on(tmp_path: Path):
    async with Pair(Wire(tmp_path), is_dialed=False) as pair:
        pair.wire.unplug(pair.wire.b)
        listener = pair.listener
        await listener.swarm.listen(listener.address)
        with pytest.raises(EdgeError, match="not there"):
            await listener.swarm.dial(listener.to(pair.dialer))
        pair.wire.plug(pair.wire.b)
        await until(lambda: listener.status.state == "waiting")
        await pair.dialer.swarm.dial(pair.dialer.address)


@pytest.mark.parametrize("_", range(4))
async def test_both_dial_at_once(tmp_path: Path, _: int):
    """One of them becomes the listener; both end up connected, whoever is quicker."""
    pair = Pair(Wire(tmp_path), is_dialed=False)
    async with pair, aio.Group(lambda error: None) as group:
        one, other = pair.dialer, pair.listener
        await one.swarm.listen(one.address)
        await other.swarm.listen(other.address)
        group.spawn(one.swarm.dial(one.address))
        group.spawn(other.swarm.dial(other.address))
        await pair.connected()
        await group.join()
        assert await one.ping.ping(other.swarm.peer_id)
        assert len(one.swarm.connections()) == len(other.swarm.connections()) == 1


async def test_listeners_that_have_met_may_dial_later_from_either_end(tmp_path: Path):
    async with Pair(Wire(tmp_path), is_dialed=False) as pair:
        one, other = pair.dialer, pair.listener
        await one.swarm.listen(one.address)
        await other.swarm.listen(other.address)
        await until(lambda: one.status.state == other.status.state == "open")
        for end in (one, other, one):
            connection = await end.swarm.dial(end.address)
            await pair.connected()
            await connection.close()
            await until(lambda: not one.swarm.connections() and not other.swarm.connections())


async def test_nobody_listens(tmp_path: Path):
    async with Pair(Wire(tmp_path), is_dialed=False) as pair, aio.Group() as group:
        outcomes: list[str] = []

        async def dial(end: End) -> None:
            try:
                await end.swarm.dial(end.address)
            except EdgeError as error:
                outcomes.append(str(error))

        group.spawn(dial(pair.dialer))
        group.spawn(dial(pair.listener))
        await group.join()
        assert len(outcomes) == 2, outcomes


async def test_the_ends_agree_on_a_higher_rate(tmp_path: Path):
    async with Pair(Wire(tmp_path), "~115200-921600") as pair:
        await pair.at(921600)
        rate = await bulk(pair, 60000)
        print("{:.0f} B/s".format(rate))
        assert rate > LINE_BYTES_PER_S


async def test_a_rate_that_does_not_carry_is_left_again(tmp_path: Path):
    async with Pair(Wire(tmp_path, baud_max=300000), "~115200-921600") as pair:
        await pair.at(921600)
        await pair.at(230400)
        await bulk(pair, 20000)
        assert pair.dialer.status.baud == 230400
        assert pair.dialer.status.sessions == 1


async def test_a_port_is_had_by_one(tmp_path: Path):
    async with Pair(Wire(tmp_path)) as pair:
        other = End(pair.wire.b.link, 3)
        with pytest.raises(EdgeError, match="in use by another program"):
            await other.swarm.listen(other.address)
