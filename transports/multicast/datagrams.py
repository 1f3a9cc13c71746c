"""Multicast datagrams: one socket for each group on each interface, as the interfaces come and go.

    interfaces.changed() --> Multicast --> receive(): packet, source, interface
                               | one _Group each
                             send(packet, destination, interface)

The groups are those of multicast DNS; the contract is in edge/mdns/__init__.py.  How a socket is
opened depends on the system: sockets_posix, or below for a chip, which knows IPv4 alone.
"""

import errno
import socket

from edge.system import MICROPYTHON, aio, const, net
from edge.system.log import Log
from edge.wire import ip

PORT = 5353
GROUPS = (b"\xe0\0\0\xfb", b"\xff\x02" + bytes(13) + b"\xfb")  # 224.0.0.251, ff02::fb

PACKET_BYTES_MAX = 1500 if MICROPYTHON else 9000  # RFC 6762 section 17
_QUEUE_MAX = const(64)  # packets that wait to be received; the kernel keeps some and drops the rest
_BATCH_MAX = const(16)  # packets read off a socket before others have their turn
_PAUSE_MS = const(1000)  # before a socket that failed is read again

log = Log("multicast")

if MICROPYTHON:

    def open_socket(interface: str, host: bytes, group: bytes):
        """A socket in the IPv4 ``group`` on the interface that has the address ``host``."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(to_address(b"\0\0\0\0", PORT, interface))
            except OSError:  # the firmware's own responder has it: we can ask but not answer
                sock.bind(to_address(b"\0\0\0\0", 0, interface))
            sock.setsockopt(0, getattr(socket, "IP_ADD_MEMBERSHIP", 35), group + host)
            for option, value in ((32, host), (33, 255), (34, 1), (49, 0)):  # Linux numbers
                _try_option(sock, 0, option, value)  # IF, TTL, LOOP, ALL of IP_MULTICAST
        except OSError:
            sock.close()
            raise
        return sock

    def _try_option(sock, level: int, option: int, value) -> None:
        try:
            sock.setsockopt(level, option, value)
        except OSError:
            pass  # chips have some of these

    def to_address(host: bytes, port: int, interface: str):
        return socket.getaddrinfo(ip.text(host), port, 0, socket.SOCK_DGRAM)[0][-1]

    def from_address(address) -> "tuple[bytes, int]":
        text, port = net.platform.peer_of(address)
        return ip.parse4(text), port

else:
    from transports.multicast.sockets_posix import from_address, open_socket, to_address


class _Group(net.platform.Readiness):
    """A group on one interface."""

    def __init__(self, interface: str, host: bytes, group: bytes) -> None:
        super().__init__(open_socket(interface, host, group))
        self.host = host  # our address that it was opened with
        self._interface = interface
        self._open = True

    async def read(self, arrived: aio.Queue) -> None:
        """Move what arrives into the queue until closed."""
        while self._open:
            try:
                await self._readable()
                for _ in range(_BATCH_MAX):
                    packet, source = self._socket.recvfrom(PACKET_BYTES_MAX)
                    await arrived.put((packet, from_address(source), self._interface))
            except (OSError, MemoryError) as error:
                if self._open and getattr(error, "errno", 0) != errno.EAGAIN:
                    log.debug("{}: {}", self._interface, error)
                    await aio.sleep_ms(_PAUSE_MS)

    def send(self, packet: bytes, host: bytes, port: int) -> None:
        try:
            self._socket.sendto(packet, to_address(host, port, self._interface))
        except OSError as error:
            log.debug("{}: {}", self._interface, error)

    def close(self) -> None:
        self._open = False
        self._shut()


class Multicast:
    """The datagrams of all interfaces that ``interfaces`` knows."""

    def __init__(self, interfaces) -> None:
        self._watched = interfaces
        self._interfaces: list = []
        self._groups: dict = {}  # by interface and size of an address
        self._arrived = aio.Queue(_QUEUE_MAX)
        self._changed = False
        self._tasks = aio.Group(_log_error)

    async def open(self) -> None:
        self._adapt()
        self._tasks.spawn(self._watch())

    def interfaces(self) -> list:
        return self._interfaces

    async def receive(self) -> "tuple[bytes, tuple[bytes, int], str] | None":
        """``(packet, (host, port), interface)``; None if ``interfaces()`` has changed."""
        arrived = None
        if not self._changed:
            arrived = await self._arrived.get()
        self._changed = False
        return arrived

    def send(self, packet: bytes, destination: tuple, interface: str) -> None:
        """Send now or not at all, as datagrams do."""
        host, port = destination
        group = self._groups.get((interface, len(host)))
        if group:
            group.send(packet, host, port)

    async def close(self) -> None:
        for group in self._groups.values():
            group.close()
        await self._tasks.cancel()
        self._groups = {}

    async def _watch(self) -> None:
        while True:
            if self._watched.current() != self._interfaces:
                self._adapt()
                self._changed = True
                self._arrived.put_nowait(None)  # wakes who waits; if it is full, nobody does
            await self._watched.changed()

    def _adapt(self) -> None:
        """Open and close sockets until they fit the interfaces there are."""
        self._interfaces = self._watched.current()
        wanted = {}
        for interface, networks in self._interfaces:
            for host, _ in networks:
                if (interface, len(host)) not in wanted:
                    wanted[(interface, len(host))] = host
        for key, group in list(self._groups.items()):
            if group.host != wanted.get(key):
                group.close()
                del self._groups[key]
        for key, host in wanted.items():
            if key not in self._groups:
                try:
                    group = _Group(key[0], host, GROUPS[len(host) > 4])
                except OSError as error:
                    log.warn("no multicast on {}: {}", key[0], error)
                    continue
                self._groups[key] = group
                self._tasks.spawn(group.read(self._arrived))


def _log_error(error: Exception) -> None:
    log.error("{!r}", error)


class FixedInterfaces:
    """Interfaces that are told, where the system cannot be asked."""

    def __init__(self, interfaces) -> None:
        self._interfaces = interfaces
        self._replaced = aio.Signal()

    def replace(self, interfaces) -> None:
        self._interfaces = interfaces
        self._replaced.fire()

    def current(self) -> list:
        return self._interfaces

    async def changed(self) -> None:
        await self._replaced.wait()

    def close(self) -> None:
        pass
