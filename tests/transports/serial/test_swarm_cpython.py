"""Whole swarms over a cable: Noise, yamux, identify, ping, streams; and what happens to cables."""

import random
import time
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.system import aio
from tests import kit
from tests.transports.serial.nodes_cpython import ECHO, SINK, End, Pair, until
from tests.transports.serial.wire_cpython import Faults, Wire
from transports.serial import cable

# What is asked for on a machine that does other things besides, of the payload at 115200; the
# numbers of a quiet one are in transports/serial/README.md.
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
    faults = Faults(bit_error_rate=5e-5, loss_rate=5e-5, seed=3)
    with Wire(tmp_path, faults) as wire:
        async with Pair(wire) as pair:
            await until(lambda: pair.connection.identified)
            assert SINK in pair.connection.identified.protocols
            assert pair.connection.identified.listen_addresses == ()  # /serial is told to nobody
            times = await pair.dialer.ping.ping(pair.listener.swarm.peer_id, 5)
            assert sorted(times)[2] < 200
            rate = await bulk(pair, 100000)
            print("ping {:.1f} ms, {:.0f} B/s".format(sorted(times)[2], rate))
            status = pair.dialer.status
            assert status.state == "open" and status.resent > 10 and status.damaged > 0, status
            assert rate > SHARE_MIN * LINE_BYTES_PER_S


async def test_bursts(tmp_path: Path):
    with Wire(tmp_path, Faults(bursts_per_s=2, seed=5)) as wire:
        async with Pair(wire) as pair:
            rate = await bulk(pair, 20000)
            print("{:.0f} B/s".format(rate))
            assert rate > SHARE_MIN * LINE_BYTES_PER_S


async def test_a_pulled_cable_interrupts_and_loses_nothing(tmp_path: Path):
    """Three times, by either end; the port comes back as another device."""
    data = random.Random(1).randbytes(30000)
    with Wire(tmp_path) as wire:
        async with Pair(wire) as pair:
            stream = await pair.connection.new_stream((ECHO,))
            heard = bytearray()

            async def listen() -> None:
                while len(heard) < len(data):
                    heard.extend(await stream.read())

            async with aio.Group() as group:
                group.spawn(stream.write(data))
                group.spawn(listen())
                for side in (wire.a, wire.b, wire.a):
                    before = len(heard)
                    await until(lambda before=before: len(heard) > before + 3000, 20000)
                    wire.unplug(side)
                    await aio.sleep_ms(300)
                    before = len(heard)
                    wire.plug(side)
                    began = time.monotonic()
                    await until(lambda before=before: len(heard) > before)
                    print("back after {:.0f} ms".format((time.monotonic() - began) * 1000))
                    assert time.monotonic() - began < 1
                await group.join()
            assert bytes(heard) == data
            assert pair.dialer.status.replugs == 2 and pair.listener.status.replugs == 1
            assert pair.dialer.status.sessions == 1


async def test_an_end_that_starts_again_ends_the_connection_at_once(tmp_path: Path):
    with Wire(tmp_path) as wire:
        async with Pair(wire) as pair:
            await pair.dialer.ping.ping(pair.listener.swarm.peer_id)
            connection = pair.listener.swarm.connections()[0]
            # A power cut: nobody says goodbye.
            held = next(iter(pair.dialer.transport._cables.values()))
            held._unplug()
            await held._group.cancel()
            again = End(wire.a.link, 1)
            began = time.monotonic()
            target = again.address.with_peer_id(pair.listener.swarm.peer_id.to_bytes())
            await again.swarm.dial(target)
            took = time.monotonic() - began
            await until(lambda: connection.closed)
            print("again after {:.0f} ms: {}".format(took * 1000, connection.error))
            assert "started again" in str(connection.error) and took < 1
            assert await again.ping.ping(pair.listener.swarm.peer_id)
            await again.swarm.close()


async def test_whatever_is_said_it_goes_on(tmp_path: Path):
    """Garbage, text and zeros arrive at both ends before, between and after."""
    noise = random.Random(7)
    with Wire(tmp_path) as wire:
        async with Pair(wire) as pair:
            for _ in range(40):
                for side in (wire.a, wire.b):
                    garbage = noise.randbytes(noise.randrange(1500))
                    junk = (garbage, b"\0" * 50, b"rst:0x1\r\n", b"~")
                    wire.inject(side, noise.choice(junk))
                await aio.sleep_ms(10)
            await pair.dialer.ping.ping(pair.listener.swarm.peer_id)
            assert pair.dialer.status.damaged > 0
            wire.inject(wire.a, b"\0I (31) boot: ESP-IDF\r\n\0")
            held = next(iter(pair.dialer.transport._cables.values()))
            await until(lambda: b"ESP-IDF" in held.console)
            assert pair.dialer.status.sessions == 1


async def test_a_port_that_appears_later_is_listened_on(tmp_path: Path):
    with Wire(tmp_path) as wire:
        wire.unplug(wire.b)
        pair = Pair(wire)
        await pair.listener.swarm.listen(pair.listener.address)
        await kit.raises_async(EdgeError, aio.wait_for_ms(pair.listener.swarm.dial(
            pair.listener.address.with_peer_id(pair.dialer.swarm.peer_id.to_bytes())), 3000))  # fmt: skip
        wire.plug(wire.b)
        await until(lambda: pair.listener.status.state == "waiting")
        await pair.dialer.swarm.dial(pair.dialer.address)
        await pair.__aexit__()


async def test_both_dial_at_once(tmp_path: Path):
    """One of them becomes the listener; both end up connected, whoever is quicker."""
    for _ in range(5):
        with Wire(tmp_path) as wire:
            one, other = End(wire.a.link, 1), End(wire.b.link, 2)
            await one.swarm.listen(one.address)
            await other.swarm.listen(other.address)
            async with aio.Group(lambda error: None) as group:
                for end in (one, other):
                    group.spawn(end.swarm.dial(end.address))
                await until(lambda one=one, other=other: one.swarm.connections()
                            and other.swarm.connections())  # fmt: skip
                await group.join()
            assert await one.ping.ping(other.swarm.peer_id)
            assert len(one.swarm.connections()) == len(other.swarm.connections()) == 1
            await one.swarm.close()
            await other.swarm.close()


async def test_the_ends_agree_on_a_higher_rate(tmp_path: Path):
    with Wire(tmp_path) as wire:
        async with Pair(wire, "~115200-921600") as pair:
            await until(lambda: pair.dialer.status.baud == pair.listener.status.baud == 921600)
            rate = await bulk(pair, 60000)
            print("{:.0f} B/s".format(rate))
            assert rate > LINE_BYTES_PER_S


async def test_a_rate_that_does_not_carry_is_left_again(tmp_path: Path):
    with Wire(tmp_path, baud_max=300000) as wire:
        async with Pair(wire, "~115200-921600") as pair:
            until_rate = lambda baud: until(  # noqa: E731
                lambda: pair.dialer.status.baud == pair.listener.status.baud == baud, 10000
            )
            await until_rate(921600)
            await until_rate(230400)
            await aio.sleep_ms(700)
            await bulk(pair, 20000)
            assert pair.dialer.status.baud == 230400
            assert pair.dialer.status.sessions == 1


async def test_a_port_is_had_by_one(tmp_path: Path):
    with Wire(tmp_path) as wire:
        one, other = End(wire.b.link, 1), End(wire.b.link, 2)
        await one.swarm.listen(one.address)
        with pytest.raises(EdgeError, match="in use by another program"):
            await other.swarm.listen(other.address)
        await one.swarm.close()


def test_its_times_are_bounded():
    assert cable.DIAL_TIMEOUT_MS <= 15000 and cable.REOPEN_MS <= 200
