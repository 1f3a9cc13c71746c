"""Two whole swarms at the ends of one cable."""

from pathlib import Path

from edge.identity.keys import PrivateKey
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from transports.serial.address import to_value
from transports.serial.transport import Transport

SINK = "/test/sink/1.0.0"
ECHO = "/test/echo/1.0.0"


def address(port: Path, parameters: str = "") -> Multiaddr:
    return Multiaddr("/serial/" + to_value(str(port)) + parameters)


class End:
    """A swarm with one serial port, identify, ping, and something to talk to."""

    def __init__(self, link: Path, seed: int, parameters: str = "") -> None:
        self.address = address(link, parameters)
        self.transport = Transport()
        self.swarm = Swarm(PrivateKey.from_seed(bytes([seed]) * 32), [self.transport])
        Identify(self.swarm)
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
    def status(self):
        return self.transport.links()[0]


class Pair:
    """``dialer`` at a, ``listener`` at b, connected."""

    def __init__(self, wire, parameters: str = "") -> None:
        self.dialer = End(wire.a.link, 1, parameters)
        self.listener = End(wire.b.link, 2, parameters)

    async def __aenter__(self) -> "Pair":
        await self.listener.swarm.listen(self.listener.address)
        target = self.dialer.address.with_peer_id(self.listener.swarm.peer_id.to_bytes())
        self.connection = await self.dialer.swarm.dial(target)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.dialer.swarm.close()
        await self.listener.swarm.close()


async def until(condition, limit_ms: int = 5000) -> None:
    async def wait() -> None:
        while not condition():
            await aio.sleep_ms(5)

    await aio.wait_for_ms(wait(), limit_ms)
