"""The 16550 of a PC and Linux's driver for it: a node on it, and what the kernel says of it."""

import asyncio
import os
import random

import pytest

from edge.system import aio
from tests.drivers.node import ECHO, Node
from tests.drivers.rig import Rig
from tests.guests.machine import MachineError

PORT, PATH = "ttyS1", "/dev/ttyS1"
DIALOUT, NOGROUP = 20, 65534
SENT_BYTES = 15000
HELD_BYTES = 6000  # more than the kernel takes before it stops the sender

pytestmark = pytest.mark.slow


async def echoed(connection, size: int, seed: int) -> bytearray:
    """What came back of a checked stream there and back."""
    data, heard = random.Random(seed).randbytes(size), bytearray()
    stream = await connection.new_stream((ECHO,))

    async def say() -> None:
        await stream.write(data)
        await stream.close_write()

    async with aio.Group() as group:
        group.spawn(say())
        while part := await stream.read():
            heard += part
        await group.join()
    assert heard == data
    return heard


async def test_a_node_on_a_uart(rig: Rig):
    """Identify, ping, a stream both ways with bit errors; overruns are counted and got over."""
    peer = await rig.order("listen", port=PORT)
    node = Node(str(rig.uart.a.link), "", 1)
    try:
        connection = await node.dial(peer)
        await echoed(connection, SENT_BYTES, 1)
        assert ECHO in connection.identified.protocols
        times = sorted(await node.ping.ping(connection.remote_peer, 5))
        status = await rig.order("status", port=PORT)
        print("ping {:.0f} ms, {}".format(times[2], status))
        assert status["overruns"] == 0 and status["sessions"] == 1
        overrun(rig)
        await echoed(connection, 2000, 2)
        status = await rig.order("status", port=PORT)
        assert status["overruns"] > 0 and status["sessions"] == 1, status
    finally:
        await node.close()
        await rig.order("close", port=PORT)


def overrun(rig: Rig) -> None:
    """More than the UART's FIFO holds arrives while the processor does something else."""
    rig.machine.ask("stop")
    for _ in range(40):
        rig.machine.ask("chardev-send-break", id="uart")
    rig.machine.ask("cont")


async def test_rates(rig: Rig):
    """A driver that cannot do a rate keeps another one and sets no error; that is seen."""
    told = await rig.order("use", path=PATH, bauds=[57600, 76800, 250000, 115200, 921600])
    assert told[:2] == [57600, 76800] and told[3] == 115200
    assert "cannot do 250000 baud" in told[2] and "cannot do 921600 baud" in told[4]


async def test_no_reset_pulse(rig: Rig):
    """DTR and RTS rise when the port is opened for the first time, and never again fall."""
    await rig.order("use", path=PATH, bauds=[115200])
    before = rig.uart_modem.said()
    assert before[-1] == (True, True)
    for bauds in ([9600], [115200, 57600], [0]):
        await rig.order("use", path=PATH, bauds=bauds)
    await rig.order("use", path=PATH, bauds=[115200], rtscts=True)
    facts = await rig.order("facts", path=PATH)
    assert facts["dtr"] and facts["rts"] and not facts["hupcl"]
    assert rig.uart_modem.said() == before


async def test_a_port_is_had_by_one(rig: Rig):
    """Others are kept out by the driver; root, whom it lets in, by the lock."""
    assert "dialout" in await rig.order("open_as_user", path=PATH, group=NOGROUP, is_ours=True)
    assert await rig.order("open_as_user", path=PATH, group=DIALOUT, is_ours=True) == ""
    await rig.order("listen", port=PORT)
    try:
        facts = await rig.order("facts", path=PATH)
        assert facts["low latency"] and facts["baud"] == 115200
        told = await rig.order("open_as_user", path=PATH, group=DIALOUT, is_ours=False)
        assert os.strerror(16) in told
        with pytest.raises(MachineError, match="in use by another program"):
            await rig.order("use", path=PATH, bauds=[115200])
    finally:
        await rig.order("close", port=PORT)


async def test_cts_stops_what_is_sent(rig: Rig):
    """Nothing leaves the guest while the other end does not let it; then everything does."""
    peer = await rig.order("listen", port=PORT, parameters="~115200~rtscts")
    node = Node(str(rig.uart.a.link), "", 1)
    try:
        connection = await node.dial(peer)
        await echoed(connection, 1000, 3)
        rig.uart_modem.clear_to_send(False)
        await aio.sleep_ms(500)
        before = node.status()["received"]
        async with aio.Group() as group:
            group.spawn(echoed(connection, 1000, 4))
            await aio.sleep_ms(1000)
            assert node.status()["received"] == before
            rig.uart_modem.clear_to_send(True)
            await group.join()
        assert node.status()["sessions"] == 1
    finally:
        rig.uart_modem.clear_to_send(True)
        await node.close()
        await rig.order("close", port=PORT)


async def test_a_port_that_may_not_send_is_closed_at_once(rig: Rig):
    """The kernel would wait half a minute for it, and with it the program."""
    rig.uart_modem.clear_to_send(False)
    try:
        assert await rig.order("close_unsent", path=PATH) < 5
    finally:
        rig.uart_modem.clear_to_send(True)


async def test_rts_falls_while_nobody_reads(rig: Rig):
    data = random.Random(5).randbytes(HELD_BYTES)
    await rig.order("hold", path=PATH)
    with rig.uart.a.link.open("r+b", buffering=0) as line:
        sent = asyncio.to_thread(line.write, data)
        told, _ = await asyncio.gather(rig.order("receive", size=HELD_BYTES), sent)
    assert told["stopped"] and len(told["got"]) == 2 * HELD_BYTES and told["overruns"] is not None
    assert (True, False) in rig.uart_modem.said() and rig.uart_modem.said()[-1] == (True, True)
