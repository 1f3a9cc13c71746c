"""Two whole swarms at the ends of one cable."""

from pathlib import Path

from edge.identity.keys import PrivateKey
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests.transports.serial.wire_cpython import Wire
from transports.serial.address import to_value
from transports.serial.transport import Transport

SINK = "/test/sink/1.0.0"
ECHO = "/test/echo/1.0.0"


def address(port: Path, parameters: str = "") -> Multiaddr:
    return Multiaddr("/serial/" + to_value(str(port)) + parameters)


class Host:
    """A swarm with one serial port, identify, ping, and something to talk to."""

    def __init__(self, address: Multiaddr, transport: Transport, seed: int) -> None:
        self.address = address
        self.transport = transport
        self.swarm = Swarm(PrivateKey.from_seed(bytes([seed]) * 32), [transport])
        self.identify = Identify(self.swarm)
        self.ping = Ping(self.swarm)
        self.got = bytearray()
        self.swarm.set_stream_handler(SINK, self._sink)
        self.swarm.set_stream_handler(ECHO, self._echo)

    async def _sink(self, stream) -> None:
        data = await stream.read()
        while data:
            self.got += data
            data = await stream.read()
        await stream.write(b"done")

    async def _echo(self, stream) -> None:
        data = await stream.read()
        while data:
            await stream.write(data)
            data = await stream.read()

    @property
    def cable(self):
        return next(iter(self.transport._cables.values()))

    @property
    def status(self):
        return self.transport.links()[0]


class End(Host):
    """On a pty."""

    def __init__(self, link: Path, seed: int, parameters: str = "") -> None:
        super().__init__(address(link, parameters), Transport(), seed)

    def to(self, other: "End") -> Multiaddr:
        return self.address.with_peer_id(other.swarm.peer_id.to_bytes())


class Pair:
    """``dialer`` at a, ``listener`` at b of a cable, connected unless ``is_dialed`` is False."""

    def __init__(self, wire: Wire, parameters: str = "", is_dialed: bool = True) -> None:
        self.wire = wire
        self.dialer = End(wire.a.link, 1, parameters)
        self.listener = End(wire.b.link, 2, parameters)
        self._is_dialed = is_dialed

    async def __aenter__(self) -> "Pair":
        self.wire.__enter__()
        if self._is_dialed:
            await self.listener.swarm.listen(self.listener.address)
            self.connection = await self.dialer.swarm.dial(self.dialer.to(self.listener))
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.dialer.swarm.close()
        await self.listener.swarm.close()
        self.wire.__exit__()

    async def connected(self) -> None:
        await until(lambda: self.dialer.swarm.connections() and self.listener.swarm.connections())

    async def at(self, baud: int) -> None:
        ends = self.dialer, self.listener
        await until(lambda: [end.status.baud for end in ends] == [baud, baud], 10000)


async def until(condition, limit_ms: int = 5000) -> None:
    async def wait() -> None:
        while not condition():
            await aio.sleep_ms(5)

    await aio.wait_for_ms(wait(), limit_ms)
