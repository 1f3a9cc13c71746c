"""A link of plain queues: datagrams as edge.mdns wants them, without sockets, in real time."""

from edge.mdns.service import Service
from edge.system import aio

PORT = 5353
GROUP = b"\xe0\0\0\xfb"
HOST = b"\x0a\0\0\x01"


class Datagrams:
    """What all say to the group, all hear; they share one host."""

    def __init__(self, link) -> None:
        self._link = link
        self._arrived = aio.Queue(64)

    async def open(self) -> None:
        self._link.listeners.append(self._arrived)

    def interfaces(self) -> list:
        return [(self._link.interface, ((HOST, 24),))]

    async def receive(self):
        return await self._arrived.get()

    def send(self, packet: bytes, destination: tuple, interface: str) -> None:
        if destination == (GROUP, PORT):
            for listener in self._link.listeners:
                listener.put_nowait((packet, (HOST, PORT), interface))

    async def close(self) -> None:
        if self._arrived in self._link.listeners:
            self._link.listeners.remove(self._arrived)


class Link:
    """What the contract asks of a link."""

    host = "10.0.0.1"
    interface = "eth0"

    def __init__(self) -> None:
        self.listeners = []

    def open_datagrams(self) -> Datagrams:
        return Datagrams(self)

    def open_agent(self, peer_id: bytes) -> Service:
        datagrams = self.open_datagrams()
        service = Service(peer_id, datagrams)
        service.datagrams = datagrams
        return service

    open_door = open_agent

    def mute(self, service: Service) -> None:
        service.datagrams.send = lambda packet, destination, interface: None
