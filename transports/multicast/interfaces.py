"""The interfaces of this machine and word of their changes; the contract is in edge/mdns.

Linux tells by itself (rtnetlink).  Other systems are asked every few seconds (ifaddr).
"""

import asyncio
import socket

from edge.errors import LinkError
from edge.system import aio
from transports.multicast import netlink

POLL_MS = 10000  # where the system does not tell
SETTLE_MS = 50  # changes come in flocks
_RECEIVE_BYTES = 65536
_ANSWER_TIMEOUT_S = 2


def open_interfaces():
    """What knows the interfaces of this machine."""
    return LinuxInterfaces() if hasattr(socket, "AF_NETLINK") else PolledInterfaces()


class LinuxInterfaces:
    """Asks the kernel for all, hears from it when to ask again.  Any number may wait."""

    def __init__(self) -> None:
        self._noticed = aio.Signal()
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            self._socket.bind((0, netlink.GROUPS))
        except OSError as error:
            raise LinkError(f"no rtnetlink: {error}") from None
        self._socket.setblocking(False)

    def current(self) -> list:
        found = []
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
            sock.settimeout(_ANSWER_TIMEOUT_S)
            for kind in (netlink.GET_LINK, netlink.GET_ADDRESS):
                sock.send(netlink.request(kind, kind))
                found += _answer(sock)
        return netlink.interfaces(found)

    async def changed(self) -> None:
        known = self.current()
        if not self._loop:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket, self._on_notice)
        while self.current() == known:
            await self._noticed.wait()
            await aio.sleep_ms(SETTLE_MS)

    def _on_notice(self) -> None:
        try:
            self._socket.recv(_RECEIVE_BYTES)
        except OSError:
            pass  # more than the buffer holds: all the same, everything is asked again
        self._noticed.fire()

    def close(self) -> None:
        if self._loop and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
        self._socket.close()


def _answer(sock: socket.socket) -> list:
    """The messages of one answer."""
    found: list = []
    while True:
        for kind, body in netlink.messages(sock.recv(_RECEIVE_BYTES)):
            if kind == netlink.DONE:
                return found
            found.append((kind, body))


class PolledInterfaces:
    """Looks every few seconds."""

    def current(self) -> list:
        import ifaddr

        found = []
        for adapter in ifaddr.get_adapters():
            networks = []
            for address in adapter.ips:
                text = str(address.ip if address.is_IPv4 else address.ip[0])
                family = socket.AF_INET if address.is_IPv4 else socket.AF_INET6
                networks.append((socket.inet_pton(family, text), address.network_prefix))
            if networks:
                found.append((adapter.name, tuple(sorted(networks, key=lambda n: len(n[0])))))
        return found

    async def changed(self) -> None:
        known = self.current()
        while self.current() == known:
            await aio.sleep_ms(POLL_MS)

    def close(self) -> None:
        pass
