"""The world and the Network seam: real kad code above, simulated links below.

    KadRouting -- request(contact, protocol, data) --> SimulatedNetwork --delay, loss--> handler
                                                            |
                                  counts messages, bytes, packets, wake-ups of its node

An address leads to who lives there, and a connection proves who that is: what a liar invents leads
nowhere or to somebody else, as Noise would show.
"""

import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from edge.errors import LinkError, RemoteError
from edge.identity.peer_id import PeerId
from edge.routing.kad import Contact, Profile
from edge.routing.kad import key as kad_key
from edge.routing.kad import message as kad_message
from edge.routing.kad import network as real
from edge.swarm.dialing.dial_plan import STAGGER_MS
from edge.swarm.limits import Limits
from edge.system import aio
from tests.sim import links
from tests.sim.loop import NODE, Ground

ID_PREFIX = b"\x00\x24\x08\x01\x12\x20"  # an Ed25519 key as a peer id; here nobody needs the key
CANDIDATES_MAX = 256  # connections a node has not looked at yet
CACHED_MAX = 1 << 20  # entries of each cache of the process
KNOWN_MAX = 1000  # peers in the peer store of a node
REFUSES = 4  # of addresses where nobody lives, one in so many belongs to a machine that says so

_IDLE_S = real.CONNECTION_IDLE_MS / 1000

# What one operation costs, counted in the tasks that work on it; a Tally or None.
TALLY: contextvars.ContextVar = contextvars.ContextVar("tally", default=None)


class Tally:
    """Requests of one operation."""

    __slots__ = ("requests", "answered", "bytes", "queries")

    def __init__(self) -> None:
        self.requests = self.answered = self.bytes = 0
        self.queries: list = []  # the Query objects that worked on it


class World:
    """All nodes, their addresses, and chance."""

    def __init__(self, ground: Ground, profile: Profile) -> None:
        self.loop = ground.loop
        self.chance = ground.random
        self.profile = profile
        # One process is thousands of nodes: what each would remember by itself.
        kad_key.CACHED_MAX = kad_message.CACHED_MAX = CACHED_MAX  # type: ignore[misc]
        self._is_public = profile.admits(b"\x04\x0b\x00\x00\x01\x06\x0f\xa1")
        self.nodes: list[SimulatedNetwork] = []
        self.by_address: dict[bytes, SimulatedNetwork] = {}
        self.by_id: dict[bytes, SimulatedNetwork] = {}

    def add(self) -> "SimulatedNetwork":
        node = SimulatedNetwork(self, self.new_id(), self.new_address())
        self.nodes.append(node)
        self.by_id[node.id] = node
        self.by_address[node.contact.addresses[0]] = node
        return node

    def new_id(self) -> bytes:
        return ID_PREFIX + self.chance.randbytes(32)

    def new_address(self) -> bytes:
        """/ip4/../tcp/4001 that nobody has; in 10.0.0.0/8 where the profile wants a LAN."""
        while True:
            first = self.chance.randrange(11, 100) if self._is_public else 10
            address = bytes((4, first, *self.chance.randbytes(3))) + b"\x06\x0f\xa1"
            if address not in self.by_address:
                return address

    def living(self) -> "Iterator[SimulatedNetwork]":
        return (node for node in self.nodes if node.alive)

    def who_answers(self, id_: bytes, addresses: tuple) -> "tuple[SimulatedNetwork | None, float]":
        """Whom dialing the addresses finds, or None; ms until it is dialed, or all have failed.

        As edge.swarm.dialing races them: each has a head start over the next, unless it fails.
        """
        start = end = 0
        for address in addresses:
            node = self.by_address.get(address)
            if node is not None and node.alive:
                if node.id == id_:
                    return node, start
                fails = links.SQUARE_MS * links.CONNECT_TRIPS  # it proves to be somebody else
            elif node is None and address[-4] % REFUSES == 0:
                fails = links.SQUARE_MS
            else:
                fails = Limits.address_timeout_ms
            end = max(end, start + fails)
            start += min(STAGGER_MS, fails)
        return None, end


class SimulatedNetwork:
    """One node's way to all others; what edge.routing.kad calls a Network."""

    def __init__(self, world: World, id_: bytes, address: bytes) -> None:
        self.world = world
        self.id = id_
        self.contact = Contact(id_, (address,))
        self.peer_id = PeerId(id_)
        self.place = links.Place(world.chance)
        self.alive = True
        self.is_reachable = True
        self.hostile: Any = None  # answers instead of the real code
        self.kad: Any = None
        self.handlers: dict[str, Callable] = {}
        self._connected: dict[bytes, float] = {}  # peer id -> when last used, seconds
        self._good: dict[bytes, Contact] = {}  # the peer store: who was reached where
        self._turns = real._Turns(real.REQUESTS_MAX)
        self._dial_turns = real._Turns(Limits.dials_max // real.DIALS_SHARE)
        self.candidates: aio.Queue = aio.Queue(CANDIDATES_MAX)
        self.context = contextvars.copy_context()
        self.context.run(NODE.set, self)
        self.messages = self.bytes = self.packets = 0  # sent and received
        self.dials = self.wakeups = 0
        self._woken_s = 0.0

    # -- the seam

    def addresses(self) -> list[bytes]:
        return list(self.contact.addresses)

    def serve(self, protocol: str, handler: Callable | None) -> None:
        if handler is None:
            self.handlers.pop(protocol, None)
        else:
            self.handlers[protocol] = handler

    def keep(self, contact: Contact, source: str) -> None:
        pass  # connecting has put it into the peer store

    def known(self, id: bytes) -> Contact | None:
        return self.world.by_id[id].contact if self.is_connected(id) else self._good.get(id)

    def is_connected(self, id: bytes) -> bool:
        used = self._connected.get(id)
        return used is not None and self.world.loop.time() - used < _IDLE_S

    async def next_candidate(self) -> tuple:
        return await self.candidates.get()

    async def request(
        self, contact: Contact, protocol: str, data: bytes, answer: bool = True
    ) -> bytes | None:
        tally = TALLY.get()
        if tally:
            tally.requests += 1
        reply = await self._request(contact, protocol, data, answer)
        if tally:
            tally.answered += 1
            tally.bytes += len(data) + len(reply or b"")
        return reply

    # -- how it is done

    async def _request(self, contact: Contact, protocol: str, data: bytes, answer: bool):
        async with self._turns:
            peer = await self._connect(contact)
            try:
                exchange = self._exchange(peer, protocol, data, answer)
                return await aio.wait_for_ms(exchange, real.REQUEST_TIMEOUT_MS)
            except aio.TimeoutError:
                if not peer.alive and self._connected.pop(peer.id, None):
                    self.candidates.put_nowait((Contact(peer.id, ()), None))  # broken off
                raise LinkError("no answer in time")

    async def _exchange(self, peer: "SimulatedNetwork", protocol: str, data: bytes, answer: bool):
        world, loop = self.world, self.world.loop
        self._connected[peer.id] = peer._connected[self.id] = loop.time()
        self.messages += 1
        self.count(len(data) + links.STREAM_BYTES, links.STREAM_PACKETS)
        delay = links.transit_ms(self.place, peer.place, world.chance)
        answered = loop.create_future()
        if delay is not None:
            asked = (protocol, data)
            loop.call_unowned(delay / 1000, peer.arrive, self, asked, answered if answer else None)
        if not answer:
            await aio.sleep_ms(round(2 * self.place.delay_ms(peer.place)))
            return None
        return await answered

    async def _connect(self, contact: Contact) -> "SimulatedNetwork":
        if not self.alive:
            raise LinkError("this node is gone")
        world = self.world
        if self.is_connected(contact.id):
            return world.by_id[contact.id]
        async with self._dial_turns:
            self.dials += 1
            told = contact.addresses[: real.DIALED_ADDRESSES_MAX]
            good = self._good.get(contact.id)
            peer, wait_ms = world.who_answers(contact.id, good.addresses + told if good else told)
            if peer is None:
                self.count(60, 1)
                await aio.sleep_ms(round(wait_ms))
                raise LinkError("cannot be reached")
            trips = 2 * links.CONNECT_TRIPS
            await aio.sleep_ms(round(wait_ms + trips * self.place.delay_ms(peer.place)))
        if not peer.alive:
            raise LinkError("gone meanwhile")
        if len(self._good) < KNOWN_MAX:
            self._good[peer.id] = peer.contact
        self._met(peer)
        peer._met(self)
        return peer

    def _met(self, peer: "SimulatedNetwork") -> None:
        """A new connection: identify tells what the other speaks."""
        self.wakeups += links.CONNECT_TRIPS
        self.count(2 * links.CONNECT_BYTES, 2 * links.CONNECT_PACKETS)
        self._connected[peer.id] = self.world.loop.time()
        self.candidates.put_nowait((peer.contact, set(peer.handlers)))

    def arrive(self, source: "SimulatedNetwork", asked: tuple, answered: Any) -> None:
        """A request is here.  The handler runs as this node, not as the one that asked."""
        if not self.alive:
            return
        protocol, data = asked
        self.wake()
        self.messages += 1
        self.count(len(data) + links.STREAM_BYTES, links.STREAM_PACKETS)
        handler = self.handlers.get(protocol)
        wait_ms = 0
        try:
            if handler is None:
                raise RemoteError("does not speak " + protocol)
            if self.hostile is not None:
                wait_ms, reply = self.hostile.answer(self, source, handler, data)
            else:
                reply = self.run(handler, source.contact, data)
        except RemoteError as error:
            reply = error
        if answered is None or reply is None:
            return
        delay = links.transit_ms(self.place, source.place, self.world.chance)
        if delay is not None:
            self.world.loop.call_unowned(
                (wait_ms + delay) / 1000, self._reply, source, reply, answered
            )

    def _reply(self, source: "SimulatedNetwork", reply: Any, answered: Any) -> None:
        if not self.alive:
            return
        size = len(reply) if isinstance(reply, bytes) else 0
        self.count(size + links.STREAM_BYTES, links.STREAM_PACKETS)
        source.count(size + links.STREAM_BYTES, links.STREAM_PACKETS)
        self.messages += 1
        source.messages += 1
        source.wake()
        if answered.done():
            return
        if isinstance(reply, bytes):
            answered.set_result(reply)
        else:
            answered.set_exception(LinkError("the stream was reset"))

    # -- for the simulation

    def run(self, call: Callable, *arguments: Any) -> Any:
        """``call`` as this node: what it starts belongs to it."""
        return self.context.copy().run(call, *arguments)

    def die(self) -> None:
        """Without notice."""
        self.alive = False

    def wake(self) -> None:
        now = self.world.loop.time()
        if now != self._woken_s:
            self._woken_s = now
            self.wakeups += 1

    def count(self, size: int, packets: int) -> None:
        self.bytes += size
        self.packets += packets

    def counters(self) -> tuple[int, int, int, int]:
        return self.messages, self.bytes, self.packets, self.wakeups
