"""A swarm with one serial port, identify, ping and an echo; the same in the guest and beside it."""

from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from transports.serial.address import to_value
from transports.serial.transport import Transport

ECHO = "/test/echo/1.0.0"


class Node:
    def __init__(self, port: str, parameters: str, seed: int) -> None:
        self.address = Multiaddr("/serial/" + to_value(port) + parameters)
        self.transport = Transport()
        self.swarm = Swarm(PrivateKey.from_seed(bytes([seed]) * 32), [self.transport])
        Identify(self.swarm)
        self.ping = Ping(self.swarm)
        self.swarm.set_stream_handler(ECHO, self._echo)

    async def listen(self) -> str:
        await self.swarm.listen(self.address)
        return str(self.swarm.peer_id)

    async def dial(self, peer: str):
        return await self.swarm.dial(self.address.with_peer_id(PeerId.parse(peer).to_bytes()))

    def status(self) -> dict:
        return {**self.transport.links()[0]._asdict(), "address": str(self.address)}

    async def close(self) -> None:
        """Until others can have the port, too: what was written may still have to arrive."""
        await self.swarm.close()
        while self.status()["state"] != "unplugged":
            await aio.sleep_ms(20)

    async def _echo(self, stream) -> None:
        data = await stream.read()
        while data:
            await stream.write(data)
            data = await stream.read()
        await stream.close_write()
