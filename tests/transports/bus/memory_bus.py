"""A bus within one process: ports in memory that hear each other at once; all else is real."""

from edge.errors import LinkError
from edge.wire.multiaddr import Multiaddr
from transports.serial.transport import Transport

PORTS = ("a", "b", "c")
BAUD = 921600


def name_of(port: str) -> bytes:
    """The peer id of the node at ``port``: an Ed25519 key, as if."""
    return b"\0\x24\x08\x01\x12\x20" + port.encode() * 32


def address_of(port: str, other: str = "") -> Multiaddr:
    """Of ``other``, as the node at ``port`` dials it."""
    address = Multiaddr("/serial/{}~{}~bus".format(port, BAUD))
    return address.with_peer_id(name_of(other)) if other else address


class Wires:
    def __init__(self) -> None:
        self.ports: dict = {}  # name -> Port that is open
        self.is_plugged = dict([(port, True) for port in PORTS])

    def transport(self, port: str) -> Transport:
        """Of the machine that has ``port``."""
        found = Transport(self.open_port, lambda name: Name(self, name))
        found.local_peer = name_of(port)
        return found

    def open_port(self, path: str, baud: int, rtscts: bool, on_ready) -> "Port":
        if path in self.ports or not self.is_plugged[path]:
            raise LinkError("{}: cannot be had".format(path))
        self.ports[path] = port = Port(self, path, on_ready)
        return port

    def plug(self, port: str, is_plugged: bool) -> None:
        self.is_plugged[port] = is_plugged
        if port in self.ports:
            self.ports[port].on_ready()


class Name:
    def __init__(self, wires: Wires, port: str) -> None:
        self._wires, self._port = wires, port

    def path(self) -> str:
        return self._port

    def is_there(self) -> bool:
        return self._wires.is_plugged[self._port]

    def remember(self) -> None:
        pass


class Port:
    def __init__(self, wires: Wires, name: str, on_ready) -> None:
        self._wires, self._name = wires, name
        self._held = bytearray()
        self.on_ready = on_ready

    def read(self) -> bytes:
        self._require_plugged()
        data, self._held = bytes(self._held), bytearray()
        return data

    def write(self, data) -> int:
        self._require_plugged()
        for name in PORTS:
            port = self._wires.ports.get(name)
            if port and port is not self:
                port._held += data
                port.on_ready()
        return len(data)

    def _require_plugged(self) -> None:
        if not self._wires.is_plugged[self._name]:
            raise LinkError("{}: unplugged".format(self._name))

    def overruns(self) -> None:
        pass

    def close(self) -> None:
        self._wires.ports.pop(self._name, None)
