"""In the guest: looks at ports as the kernel shows them, opens them as others do, runs a swarm."""

import asyncio
import fcntl
import os
import struct
import termios
import time
from pathlib import Path

from edge.errors import LinkError
from tests.drivers.node import Node
from transports.serial import names_posix, port_posix

NOBODY = 65534
RECEIVE_S = 20
ASYNC_LOW_LATENCY = 0x2000

_nodes: dict[str, Node] = {}
_held: list[port_posix.Port] = []


# -- a swarm


async def listen(port: str, parameters: str = "") -> str:
    _nodes[port] = Node(port, parameters, 2)
    return await _nodes[port].listen()


async def dial(port: str, peer: str, parameters: str = "") -> float:
    """The round trip of a ping, in ms."""
    node = _nodes[port] = Node(port, parameters, 2)
    connection = await node.dial(peer)
    return sorted(await node.ping.ping(connection.remote_peer, 3))[1]


def status(port: str) -> dict:
    return _nodes[port].status()


async def close(port: str) -> None:
    await _nodes.pop(port).close()


# -- a port


def facts(path: str) -> dict:
    """What the kernel says of a port.  To open it raises DTR and RTS, as each open does."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        lines, serial = _lines(port), bytearray(port_posix._SERIAL_STRUCT_BYTES)
        fcntl.ioctl(port, port_posix._TIOCGSERIAL, serial)
        (flags,) = struct.unpack_from("i", serial, 16)
        (baud_base,) = struct.unpack_from("i", serial, 28)
        control = termios.tcgetattr(port)[2]
        return {
            "dtr": bool(lines & termios.TIOCM_DTR), "rts": bool(lines & termios.TIOCM_RTS),
            "cts": bool(lines & termios.TIOCM_CTS), "hupcl": bool(control & termios.HUPCL),
            "crtscts": bool(control & termios.CRTSCTS), "baud_base": baud_base,
            "low latency": bool(flags & ASYNC_LOW_LATENCY), "baud": _baud_of(port),
        }  # fmt: skip
    finally:
        os.close(port)


def _lines(port: int) -> int:
    state = bytearray(4)
    fcntl.ioctl(port, termios.TIOCMGET, state)
    return struct.unpack("i", state)[0]


def _baud_of(port: int) -> int:
    state = bytearray(64)
    fcntl.ioctl(port, port_posix._TCGETS2, state)
    return struct.unpack_from("I", state, 40)[0]


def latency_timer_ms(device: str) -> int:
    return int(Path(f"/sys/bus/usb-serial/devices/{device}/latency_timer").read_text())


def links() -> dict[str, str]:
    """Name in by-id -> device."""
    return {name: Path(path).name for name, path in names_posix.aliases()}


async def use(path: str, bauds: list[int], rtscts: bool = False) -> list:
    """Open a port of ours and set rates: what it became, or why not, of each."""
    port = port_posix.Port(path, bauds[0], rtscts, lambda: None)
    told: list = []
    for baud in bauds:
        try:
            port.set_baud(baud)
            told.append(_baud_of(port._fd))
        except LinkError as error:
            told.append(str(error))
    port.close()
    return told


async def hold(path: str) -> None:
    """Open a port with RTS/CTS, and do not read."""
    _held.append(port_posix.Port(path, 115200, True, lambda: None))


async def receive(size: int) -> dict:
    """What has arrived at the port that is held, once the sender was told to stop."""
    port = _held.pop()
    until = time.monotonic() + RECEIVE_S
    while _lines(port._fd) & termios.TIOCM_RTS and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    stopped = not _lines(port._fd) & termios.TIOCM_RTS
    got = bytearray()
    while len(got) < size and time.monotonic() < until:
        got += port.read()
        await asyncio.sleep(0.005)
    overruns = port.overruns()
    port.close()
    return {"stopped": stopped, "got": got.hex(), "overruns": overruns}


async def _open_and_close(path: str) -> None:
    port_posix.Port(path, 115200, False, lambda: None).close()


async def close_unsent(path: str) -> float:
    """How long it takes, in seconds, to close a port with RTS/CTS that something waits in."""
    port = port_posix.Port(path, 9600, True, lambda: None)
    port.write(bytes(500))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    port.close()
    return time.monotonic() - began


def open_as_user(path: str, group: int, is_ours: bool) -> str:
    """What a program of some user is told who is in ``group`` and opens the port; "" if he can.

    ``is_ours``: as a Port, not as other programs do.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setgroups([group])
        os.setgid(group)
        os.setuid(NOBODY)
        try:
            if is_ours:
                asyncio.new_event_loop().run_until_complete(_open_and_close(path))
            else:
                os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except Exception as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, "rb") as told:
        return told.read().decode()
