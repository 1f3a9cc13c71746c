"""Nodes with kad for tests: real swarms on the memory transport, identify between them."""

from edge.identity.peer_store import PeerStore
from edge.routing.kad import EDGE, Contact
from edge.routing.kad import message as kad_message
from edge.routing.kad.message import Message
from edge.routing.kad.network import SwarmNetwork
from edge.routing.kad.routing import KadRouting
from edge.swarm.protocols.identify import Identify
from edge.wire import varint
from edge.wire.buffer import Buffer
from edge.wire.multiaddr import Multiaddr
from tests.edge.routing.kad.samples import VALIDATORS
from tests.edge.swarm.node import Net

PROTOCOL = EDGE.protocol


class Told(Multiaddr):
    """A /memory address that identify tells others, as if it were one on a network."""

    is_shareable = True


class Node:
    """A swarm with kad."""

    def __init__(self, swarm, identify, kad) -> None:
        self.swarm = swarm
        self.identify = identify
        self.kad = kad
        self.peer_id = swarm.peer_id
        self.id = swarm.peer_id.to_bytes()

    @property
    def contact(self) -> Contact:
        return Contact(self.id, tuple([one.to_bytes() for one in self.swarm.listen_addresses()]))

    def meet(self, other: "Node") -> None:
        """Hear of ``other``, as a discovery tells it."""
        self.kad.consider(other.contact, "test")

    def knows(self, other: "Node") -> bool:
        """Whether ``other`` has proven itself, and is not in doubt."""
        return other.id in [contact.id for contact in self.kad.table.closest(0, 1000)]


class KadNet(Net):
    """``async with KadNet() as net``: nodes that find each other in memory."""

    async def __aenter__(self) -> "KadNet":
        await super().__aenter__()
        self.kads: list = []
        return self

    async def __aexit__(self, *exception) -> None:
        for kad in self.kads:
            await kad.stop()
        await super().__aexit__(*exception)

    async def node(
        self, mode: str = "server", discoveries=(), profile=EDGE, wanted=None, **options
    ) -> Node:
        swarm = await self.swarm(store=PeerStore(), **options)
        identify = Identify(swarm, lambda: told(swarm))
        network = SwarmNetwork(swarm, identify, profile, wanted)
        kad = KadRouting(network, profile, VALIDATORS, discoveries, mode)
        self.kads.append(kad)
        await kad.start()
        return Node(swarm, identify, kad)


def told(swarm) -> list:
    return [Told(str(address)) for address in swarm.listen_addresses()]


class Line:
    """A stream on which a test speaks kad by hand."""

    def __init__(self, stream, profile=EDGE) -> None:
        self.stream = stream
        self._profile = profile
        self._inbox = Buffer()

    async def say(self, message: Message) -> None:
        await self.stream.write(varint.frame(kad_message.encode(message, self._profile)))

    async def hear(self) -> "Message | None":
        """The next message; None at the end of the stream."""
        while True:
            frame = self._inbox.take_frame(1 << 20)
            if frame is not None:
                return kad_message.decode(frame, self._profile)
            data = await self.stream.read()
            if not data:
                return None
            self._inbox.append(data)

    async def ask(self, message: Message) -> "Message | None":
        await self.say(message)
        return await self.hear()
