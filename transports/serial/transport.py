"""/serial: a libp2p connection over a cable.  Both ends open their port; one listens, one dials.

What is known about a port is in its address (address.py); such addresses mean something on one
machine only and are told to nobody.
"""

from edge.errors import LinkError, LocalError
from edge.swarm import transport
from edge.system import MICROPYTHON, aio
from transports.serial import address as addresses
from transports.serial.cable import WAITING_MAX, Cable


class Listener:
    """Whoever dials at the other end; one at a time, again and again."""

    def __init__(self, cable) -> None:
        self._cable = cable
        self._queue = cable.inbound = aio.Queue(WAITING_MAX)

    def addresses(self) -> list:
        return [self._cable.address]

    async def accept(self):
        try:
            return await self._queue.get()
        except EOFError:
            raise LinkError("closed")

    async def met(self) -> None:
        await self._cable.met()

    async def close(self) -> None:
        if self._cable.inbound is self._queue:
            self._cable.inbound = None
        while len(self._queue):
            await (await self._queue.get()).close()
        self._queue.close()
        self._cable.wake()


class Transport(transport.Transport):
    is_shared = True  # a bus is

    def __init__(self, open_port=None, name_of=None) -> None:
        """Without arguments: the ports of this machine."""
        if open_port is None:
            open_port, name_of = _platform()
        self._open_port = open_port
        self._name_of = name_of
        self._cables: dict = {}  # port -> Cable

    def can_dial(self, address) -> bool:
        names = [name for name, _ in address.components if name != "p2p"]
        return names == ["serial"]

    async def dial(self, address):
        cable = self._cable(address)
        cable.open()
        if cable.settings.bus:
            return await cable.dial(address.peer_id or b"")
        return await cable.dial()

    async def listen(self, address) -> Listener:
        """A port that is not there yet is waited for."""
        cable = self._cable(address)
        if cable.inbound is not None:
            raise LocalError("{} is listened on already".format(address))
        if cable.is_there():
            cable.open()
        listener = Listener(cable)
        cable.start()
        return listener

    def links(self) -> list:
        """The Status of every port that is or was in use."""
        return [cable.status() for cable in self._cables.values()]

    def cables(self) -> list:
        return list(self._cables.values())

    def neighbours(self) -> list:
        found = []
        for cable in self._cables.values():
            if cable.settings.bus:
                found += [(name, cable.address) for name in cable.neighbours()]
        return found

    def _cable(self, address):
        settings = addresses.parse(address)
        cable = self._cables.get(settings.port)
        if cable is None or cable.is_idle() and cable.settings != settings:
            address = address.decapsulate("p2p")
            name = self._name_of(settings.port)
            kind = _trunk() if settings.bus else Cable
            cable = self._cables[settings.port] = kind(address, settings, name, self._open_port)
            cable.local_peer = self.local_peer
        elif cable.settings != settings:
            raise LocalError("{} is in use as {}".format(address, cable.address))
        return cable


def _trunk():
    """What many nodes are on is another thing than a cable, and seldom there."""
    from transports.bus.trunk import Trunk

    return Trunk


def _platform() -> tuple:
    """``(open_port, name_of)`` of this system."""
    if MICROPYTHON:
        return _platform_of_chips()
    try:
        from transports.serial.names_posix import Name
        from transports.serial.port_posix import Port
    except ImportError:  # no termios: Windows
        return _platform_of_others()
    return Port, Name


def _platform_of_others() -> tuple:
    try:
        from transports.serial.systems.port_pyserial import Name, Port
    except ImportError:
        raise LocalError("serial ports need pyserial here: pip install libp2p-edge[serial]")
    return Port, Name


def _platform_of_chips() -> tuple:
    try:
        from transports.serial.port_unix import UnixName, open_unix_port
    except ImportError:  # it needs what only the unix port has
        from transports.serial.port_chip import ChipName, open_chip_port

        return open_chip_port, ChipName
    return open_unix_port, UnixName
