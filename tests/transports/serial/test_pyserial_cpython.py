"""The ports of Windows, on Linux: a swarm's transport over pyserial, and what a port is called."""

import random
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from edge.errors import EdgeError, LinkError
from edge.system import aio
from tests.contract import transport as contract
from tests.transports.serial.nodes_cpython import until
from tests.transports.serial.test_contract_cpython import BothEnds, address
from tests.transports.serial.wire_cpython import WireProcess
from transports.serial import cable, transport
from transports.serial.names_posix import Name as PathName
from transports.serial.systems.port_pyserial import Name, Port, stable_name
from transports.serial.transport import Transport

Listed = namedtuple("Listed", ("device", "vid", "pid", "serial_number", "location"))
PLAIN = Listed("COM1", None, None, None, None)
FTDI = Listed("COM3", 0x0403, 0x6001, "A10K4XYZ", "1-2")


def over_pyserial() -> Transport:
    return Transport(Port, PathName)


@pytest.mark.parametrize("parameters", ["~921600", "~0"])
async def test_contract(tmp_path: Path, monkeypatch, parameters: str):
    monkeypatch.setattr(cable, "DIAL_TIMEOUT_MS", 800)
    with WireProcess(tmp_path, is_paced=parameters != "~0") as wire:
        both = BothEnds(address(wire.a.link, parameters), Port, PathName)
        await contract.check(both, address(wire.b.link, parameters))


async def test_against_the_other_kind_of_port(tmp_path: Path):
    """Pulled and back again, in the middle of a stream."""
    data = random.Random(1).randbytes(20000)
    with WireProcess(tmp_path) as wire:
        there, here = Transport(), over_pyserial()
        listener = await there.listen(address(wire.b.link))
        dialed = await here.dial(address(wire.a.link))
        accepted = await listener.accept()
        heard = bytearray()

        async def hear() -> None:
            while len(heard) < len(data):
                heard.extend(await accepted.read())

        async def say() -> None:
            sent = 0
            while sent < len(data):
                sent += dialed.write_some(data[sent : sent + 4096])
                await dialed.writable()

        async with aio.Group() as group:
            group.spawn(say())
            group.spawn(hear())
            await until(lambda: len(heard) > 3000)
            wire.unplug(wire.a)
            await until(lambda: here.links()[0].state == "unplugged")
            wire.plug(wire.a)
            await group.join()
        assert heard == data
        status = here.links()[0]
        assert status.replugs == 1 and status.overruns is None
        await dialed.close()
        await accepted.close()
        await listener.close()


async def test_opened_in_vain(tmp_path: Path):
    with pytest.raises(LinkError, match="not there"):
        Port(str(tmp_path / "COM9"), 0, False, lambda: None)
    with WireProcess(tmp_path) as wire:
        one = Port(str(wire.a.link), 0, False, lambda: None)
        with pytest.raises(LinkError, match="in use by another program"):
            Port(str(wire.a.link), 0, False, lambda: None)
        one.close()
        Port(str(wire.a.link), 0, False, lambda: None).close()


async def test_a_port_whose_other_end_does_not_read(tmp_path: Path):
    """It takes what it has room for, and closes all the same."""
    with WireProcess(tmp_path) as wire:
        port = Port(str(wire.a.link), 9600, False, lambda: None)
        taken = sum([port.write(bytes(1000)) for _ in range(40)])
        assert 4096 <= taken < 40000
        port.close()


def test_names():
    assert stable_name(FTDI) == "usb-0403-6001-A10K4XYZ"
    assert stable_name(FTDI._replace(location="1-2:x.2")) == "usb-0403-6001-A10K4XYZ-if02"
    assert stable_name(FTDI._replace(location="1-2:1.0")) == "usb-0403-6001-A10K4XYZ"
    assert stable_name(FTDI._replace(serial_number="")) == ""
    assert stable_name(PLAIN) == ""


def test_an_adapter_that_has_another_name_now():
    machine = [PLAIN, FTDI]
    names = [Name(port, lambda: machine) for port in ("usb-0403-6001-A10K4XYZ", "com3", "COM3")]
    for name in names:
        assert name.path().upper() == "COM3" and name.is_there()
        name.remember()
    machine[:] = [PLAIN]
    assert not any(name.is_there() for name in names)
    machine[:] = [PLAIN, FTDI._replace(device="COM7")]
    assert all(name.path() == "COM7" and name.is_there() for name in names)
    plain = Name("COM1", lambda: machine)
    plain.remember()
    assert plain.path() == "COM1" and plain.is_there()


def test_it_is_taken_where_there_is_no_termios(monkeypatch):
    monkeypatch.setitem(sys.modules, "transports.serial.port_posix", None)
    assert transport._platform() == (Port, Name)
    monkeypatch.setitem(sys.modules, "transports.serial.systems.port_pyserial", None)
    with pytest.raises(EdgeError, match="pip install"):
        transport._platform()
