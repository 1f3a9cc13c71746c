"""The contract of a discovery on a real interface, to be run on a host of tests.lan_cpython.

python -m tests.contract.mdns_on_link_cpython agent|zeroconf
"""

import sys

from edge.mdns import open_discovery
from edge.mdns.service import Service
from edge.system import aio
from tests.contract import mdns, mdns_probes
from transports.multicast.datagrams import Multicast
from transports.multicast.interfaces import LinuxInterfaces


class OnlyEth0(LinuxInterfaces):
    """Without the loopback, on which the same is said again."""

    def current(self) -> list:
        return [(name, networks) for name, networks in super().current() if name == "eth0"]


class Link:
    interface = "eth0"

    def __init__(self, name: str, interfaces: OnlyEth0) -> None:
        self._name = name
        self._interfaces = interfaces
        networks = interfaces.current()[0][1]
        self.host = ".".join(str(octet) for octet in networks[0][0])
        self._media: dict[Service, Multicast] = {}

    def open_datagrams(self) -> Multicast:
        return Multicast(self._interfaces)

    def open_agent(self, peer_id: bytes) -> Service:
        datagrams = self.open_datagrams()
        service = Service(peer_id, datagrams)
        self._media[service] = datagrams
        return service

    def open_door(self, peer_id: bytes):
        medium = self._interfaces if self._name == "zeroconf" else self.open_datagrams()
        return open_discovery(self._name, peer_id, medium)

    def mute(self, service: Service) -> None:
        self._media[service].send = lambda *_: None  # type: ignore[method-assign]


async def main(name: str) -> None:
    interfaces = OnlyEth0()
    link = Link(name, interfaces)
    await mdns.check(link)
    await (mdns_probes.check_cannot(link) if name == "zeroconf" else mdns_probes.check(link))
    interfaces.close()


if __name__ == "__main__":
    aio.run(main(sys.argv[1]))
