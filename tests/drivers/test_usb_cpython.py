"""A USB adapter and Linux's driver for it: pulled while a stream runs, back under another name."""

import asyncio
import functools
import random
import time

import pytest

from edge.system import aio
from tests.drivers.node import ECHO, Node
from tests.drivers.rig import PATIENCE_MS, Rig
from tests.guests.machine import MachineError
from transports.link import session

ADAPTER = "usb-QEMU_QEMU_USB_SERIAL_{}-if00-port0"
OURS, OTHER = "A10K4XYZ", "B7"
ATTEMPTS = 3
STREAM_BYTES = 60000
APPEARS_MS = 20000  # the driver, udev, on an emulated processor that others use, too

pytestmark = pytest.mark.slow


def again_if_qemu_dies(test):
    """QEMU's own crash is no fault of what is tested."""

    @functools.wraps(test)
    async def run(rig: Rig, **others):
        for attempt in range(ATTEMPTS):
            try:
                await test(rig, **others)
                return
            except (OSError, MachineError):
                await aio.sleep_ms(500)
                if rig.is_alive() or attempt == ATTEMPTS - 1:
                    raise
                await asyncio.to_thread(rig.restart)

    return run


async def appears(rig: Rig, number: str) -> str:
    """The device of an adapter, once udev knows it by its name."""

    async def look() -> str:
        while True:
            links = await rig.order("links")
            if ADAPTER.format(number) in links:
                return links[ADAPTER.format(number)]
            await aio.sleep_ms(50)

    return await aio.wait_for_ms(look(), APPEARS_MS)


async def pull(rig: Rig, number: str) -> None:
    """Pull it, and wait until udev has heard of it."""
    await rig.pull(number)
    ends = time.monotonic() + APPEARS_MS / 1000
    while ADAPTER.format(number) in await rig.order("links"):
        assert time.monotonic() < ends
        await aio.sleep_ms(50)


@again_if_qemu_dies
async def test_what_the_driver_says(rig: Rig):
    """Any rate, low latency, no pulse on DTR and RTS."""
    await rig.plug(OURS)
    try:
        path = "/dev/" + await appears(rig, OURS)
        bauds = [115200, 250000, 921600, 1234567, 3000000]
        assert await rig.order("use", path=path, bauds=bauds) == bauds
        assert "cannot do" in (await rig.order("use", path=path, bauds=[115200, 10000000]))[1]
        facts = await rig.order("facts", path=path)
        assert facts["low latency"] and facts["dtr"] and facts["rts"] and not facts["hupcl"]
        assert await rig.order("latency_timer_ms", device=path.rpartition("/")[2]) == 1
        assert rig.usb_modem.said() == [(True, True)]
    finally:
        await pull(rig, OURS)


@again_if_qemu_dies
async def test_pulled_and_plugged_in_again(rig: Rig, monkeypatch):
    """It is ttyUSB0, then ttyUSB1, then ttyUSB0 again; the stream goes on and loses nothing."""
    monkeypatch.setattr(session, "SILENCE_MS_MAX", PATIENCE_MS)
    data, heard = random.Random(1).randbytes(STREAM_BYTES), bytearray()
    await rig.plug(OURS)
    assert await appears(rig, OURS) == "ttyUSB0"
    peer = await rig.order("listen", port="ttyUSB0")
    node = Node(str(rig.usb.a.link), "", 1)

    async def listen(stream) -> None:
        while len(heard) < len(data):
            heard.extend(await stream.read())

    async def goes_on() -> float:
        began, before = time.monotonic(), len(heard)
        while len(heard) < before + 2000:
            await aio.sleep_ms(20)
        return time.monotonic() - began

    async with aio.Group() as group:
        connection = await node.dial(peer)
        stream = await connection.new_stream((ECHO,))
        group.spawn(stream.write(data))
        group.spawn(listen(stream))
        for device in ("ttyUSB1", "ttyUSB0"):
            await aio.wait_for_ms(goes_on(), APPEARS_MS)
            await pull(rig, OURS)
            if device == "ttyUSB1":
                await rig.plug(OTHER, "other")
                assert await appears(rig, OTHER) == "ttyUSB0"
            else:
                await pull(rig, OTHER)
            await rig.plug(OURS)
            assert await appears(rig, OURS) == device
            took = await aio.wait_for_ms(goes_on(), APPEARS_MS)
            print(f"{device} carries 2000 bytes {took * 1000:.0f} ms after it has a name")
        await group.join()
    assert heard == data
    status = await rig.order("status", port="ttyUSB0")
    assert status["replugs"] == 2 and status["sessions"] == 1, status
    await node.close()
    await rig.order("close", port="ttyUSB0")
    await pull(rig, OURS)


@again_if_qemu_dies
async def test_named_by_what_stays(rig: Rig):
    """The guest dials, by the name of the adapter."""
    await rig.plug(OURS)
    await appears(rig, OURS)
    node = Node(str(rig.usb.a.link), "~921600", 1)
    try:
        peer = await node.listen()
        name = ADAPTER.format(OURS)
        took = await rig.order("dial", port=name, peer=peer, parameters="~921600")
        print(f"ping {took:.0f} ms")
        await rig.order("close", port=name)
    finally:
        await node.close()
        await pull(rig, OURS)
