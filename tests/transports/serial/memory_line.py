"""A cable within one process: two ports in memory, where there are no others; all else is real."""

from edge.errors import LinkError
from edge.wire.multiaddr import Multiaddr
from transports.serial.transport import Transport

BYTES_MAX = 1024  # on the way to one end
A, B = Multiaddr("/serial/a~0"), Multiaddr("/serial/b~0")


class Line:
    """What is between ports "a" and "b"; ``spoils(data) -> data`` makes it a bad one."""

    def __init__(self, spoils=None) -> None:
        self.waiting = {"a": bytearray(), "b": bytearray()}  # to be read there
        self.ports: dict = {}  # name -> Port that is open
        self.is_plugged = True
        self.spoils = spoils

    def transport(self) -> Transport:
        """Of a machine that has one or both of the ports."""
        return Transport(self.open_port, lambda port: Name(self, port))

    def open_port(self, path: str, baud: int, rtscts: bool, on_ready) -> "Port":
        if not self.is_plugged or path in self.ports:
            raise LinkError("{}: cannot be had".format(path))
        self.waiting[path][:] = b""
        self.ports[path] = port = Port(self, path, on_ready)
        return port

    def pull(self) -> None:
        """The cable is out; both ends see it."""
        self.is_plugged = False
        for port in list(self.ports.values()):
            port.on_ready()

    def push(self) -> None:
        self.is_plugged = True


class Name:
    def __init__(self, line: Line, port: str) -> None:
        self._line, self._port = line, port

    def path(self) -> str:
        return self._port

    def is_there(self) -> bool:
        return self._line.is_plugged

    def remember(self) -> None:
        pass


class Port:
    def __init__(self, line: Line, name: str, on_ready) -> None:
        self._line, self._name = line, name
        self.on_ready = on_ready

    def set_baud(self, baud: int) -> None:
        pass

    def read(self) -> bytes:
        if not self._line.is_plugged:
            raise LinkError("{}: unplugged".format(self._name))
        held = self._line.waiting[self._name]
        data = bytes(held)
        held[:] = b""
        if data:
            self._other("on_ready")
        return data

    def write(self, data) -> int:
        if not self._line.is_plugged:
            raise LinkError("{}: unplugged".format(self._name))
        other = "b" if self._name == "a" else "a"
        held = self._line.waiting[other]
        part = bytes(data[: BYTES_MAX - len(held)])
        held += self._line.spoils(part) if self._line.spoils and part else part
        self._other("on_ready")
        return len(part)

    def _other(self, what: str) -> None:
        port = self._line.ports.get("b" if self._name == "a" else "a")
        if port:
            getattr(port, what)()

    def overruns(self) -> None:
        pass

    def close(self) -> None:
        self._line.ports.pop(self._name, None)
