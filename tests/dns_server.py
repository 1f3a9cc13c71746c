"""A little name server on loopback, UDP and TCP on one port, that knows TXT records alone.

zone = {"_dnsaddr.example.org": [[b"dnsaddr=/ip4/192.0.2.1/tcp/4001"]]}
async with DnsServer(zone) as server:
    Nameservers([server.address])
"""

import socket

from edge.errors import LinkError
from edge.mdns import message
from edge.system import aio, net
from tests import kit

PLAIN_BYTES_MAX = 512  # of a datagram, where the question does not allow more
_TXT, _OPT, _IN = 16, 41, 1
_RESPONSE, _CUT, _NO_SUCH_NAME = 0x8180, 0x0200, 3


class _Datagrams(net.platform.Readiness):
    def __init__(self, port: int) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_DGRAM)[0][-1])
        super().__init__(sock)

    async def receive(self):
        await self._readable()
        return self._socket.recvfrom(4096)

    def send(self, packet: bytes, to) -> None:
        self._socket.sendto(packet, to)

    def close(self) -> None:
        self._shut()


class DnsServer:
    def __init__(self, zone: dict) -> None:
        """``zone``: name -> records, each a list of strings of at most 255 bytes."""
        self.zone = {message.name(name): zone[name] for name in zone}
        self.asked: list = []  # ("udp" or "tcp", name as in zone) in their order
        self.datagrams_for = None  # (answer) -> datagrams sent instead of it; None among them:
        #                            the next one comes from another port
        self.stream_for = None  # (answer) -> bytes sent instead of it, behind their length

    async def __aenter__(self) -> "DnsServer":
        self._tcp = kit.free_server()
        self._udp = _Datagrams(self._tcp.port)
        self._stranger = _Datagrams(0)
        self.address = ("127.0.0.1", self._tcp.port)
        self._tasks = aio.Group()
        self._tasks.spawn(self._serve_datagrams())
        self._tasks.spawn(self._serve_streams())
        return self

    async def __aexit__(self, *exception) -> None:
        await self._tasks.cancel()
        self._udp.close()
        self._stranger.close()
        await self._tcp.close()
        assert not self._tasks.errors, self._tasks.errors

    async def _serve_datagrams(self) -> None:
        while True:
            packet, source = await self._udp.receive()
            answer = self._answer("udp", packet)
            room = PLAIN_BYTES_MAX
            for _, kind, group, _, _ in message.decode(packet)[3]:
                room = group if kind == _OPT else room
            if len(answer) > room:
                answer = self._cut(packet)
            sender = self._udp
            for datagram in self.datagrams_for(answer) if self.datagrams_for else [answer]:
                if datagram is not None:
                    sender.send(datagram, source)
                sender = self._stranger if datagram is None else self._udp

    async def _serve_streams(self) -> None:
        while True:
            stream, _, _ = await self._tcp.accept()
            self._tasks.spawn(self._serve_stream(stream))

    async def _serve_stream(self, stream) -> None:
        try:
            size = int.from_bytes(await stream.read_exactly(2), "big")
            answer = self._answer("tcp", await stream.read_exactly(size))
            answer = self.stream_for(answer) if self.stream_for else answer
            await stream.write(len(answer).to_bytes(2, "big") + answer)
        except (LinkError, EOFError):
            pass
        finally:
            await stream.close()

    def _answer(self, way: str, packet: bytes) -> bytes:
        id, _, questions, _ = message.decode(packet)
        owner = questions[0][0]
        self.asked.append((way, text(owner)))
        records = self.zone.get(owner)
        code = _NO_SUCH_NAME if records is None else 0
        answers = [(owner, _TXT, _IN, 60, txt(strings)) for strings in records or ()]
        return message.encode(_RESPONSE | code, questions, answers, (), id)

    def _cut(self, packet: bytes) -> bytes:
        id, _, questions, _ = message.decode(packet)
        return message.encode(_RESPONSE | _CUT, questions, (), (), id)


def txt(strings) -> bytes:
    """The data of a TXT record."""
    return b"".join([bytes([len(string)]) + string for string in strings])


def text(owner: bytes) -> str:
    """A name in its dotted form."""
    labels = []
    while owner[0]:
        labels.append(str(owner[1 : 1 + owner[0]], "utf-8"))
        owner = owner[1 + owner[0] :]
    return ".".join(labels)
