"""The switchboard: listens, dials, and gives streams of named protocols to peers.

    new_stream(peer, protocols) -> Stream             set_stream_handler(protocol, handler)
             |                                                        ^
        dialer, connections  <---- upgraded, pumped ---->  accept loops of the listeners

Every connection is used from both ends.  What happens is told as events through ``watch``.
"""

from collections import namedtuple

from edge.errors import EdgeError, LimitError, LinkError, LocalError, RemoteError, printable
from edge.identity.peer_id import PeerId
from edge.swarm.connection import INBOUND, OUTBOUND, Connection
from edge.swarm.crypto.noise import NoiseKeys
from edge.swarm.dialing.dialer import Dialer
from edge.swarm.limits import Limits, refuse_if_full, refuse_if_short_of_memory
from edge.swarm.upgrader import MUXERS, Upgraded, Upgrader
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

# That a watcher may leave unread; later ones are dropped.  All connections may end at once.
EVENTS_MAX = 64 if MICROPYTHON else 4096
MEMORY_BYTES_MIN = 10240  # of a chip, that are free before one more connection is made
UNUSED_MS = 10000  # a chip that is full lets go of a connection that nobody has used for so long
RETRY_MS = 200  # until a listener is asked again that had no memory to accept
CLOCK_MS = 5000  # how often deadlines are looked at while there are connections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Connected = namedtuple("Connected", ("connection",))
Disconnected = namedtuple("Disconnected", ("connection",))
Listening = namedtuple("Listening", ("address",))
# The peer has said who it is and what it speaks, for the first time or anew: connection.identified
Introduced = namedtuple("Introduced", ("connection",))

_log = Log("swarm")


class Swarm:
    def __init__(self, key, transports, peer_store=None, limits=None) -> None:
        """``key``: identity PrivateKey; ``transports``: Transports; ``limits``: Limits."""
        self.key = key
        self.peer_id = PeerId.from_public_key(key.public)
        self.transports = list(transports)
        for transport in self.transports:
            transport.local_peer = self.peer_id.to_bytes()
        self.peer_store = peer_store
        self.limits = limits or Limits()
        self.handlers: dict = {}  # protocol -> async handler(stream)
        self.locate: Any = None  # async function: PeerId -> addresses, of one without any here
        self.wants: Any = None  # function: PeerId -> whether a connection to it is to last
        self.lookup_txt: Any = None  # async function: DNS name -> its TXT records, for /dnsaddr
        self._greeters: list = []  # async greeter(connection)
        self._noise_keys = NoiseKeys(key, MUXERS)
        self._group = aio.Group(self._failed)
        self._dialer = Dialer(
            self.transports, self._upgrade, self.limits, self._group, self.resolve
        )  # fmt: skip
        self._listeners: list = []
        self._connections: dict = {}  # PeerId -> list of Connections, oldest first
        self._count = 0
        self._inbound = 0  # of these
        self.unread = 0  # bytes that wait in streams for their readers, of all connections
        self._upgrades: list = []  # raw inbound connections on the ladder, oldest first
        self._upgraded = aio.Signal()
        self._watchers: list = []
        self._ticking = False
        self.closed = False

    # -- what the application uses

    def set_stream_handler(self, protocol: str, handler) -> None:
        """Serve ``protocol``: ``await handler(stream)`` per stream, closed when it returns."""
        self.handlers[protocol] = handler

    def remove_stream_handler(self, protocol: str) -> None:
        self.handlers.pop(protocol, None)

    def add_greeter(self, greeter) -> None:
        """Run ``await greeter(connection)`` for every connection made from now on."""
        self._greeters.append(greeter)

    async def listen(self, address, expected=None):
        """Listen on ``address``; the Listener tells where.  LinkError if it cannot be had.

        ``expected``: the PeerId that all who come there must prove; None: anybody.
        """
        for transport in self.transports:
            if transport.can_dial(address):
                listener = await transport.listen(address)
                self._listeners.append(listener)
                self.spawn(self._accept(listener, expected))
                self._emit(Listening(listener.addresses()[0]))
                return listener
        raise LocalError("no transport here for {}".format(address))

    def listen_addresses(self) -> list:
        """The Multiaddrs listened on, unspecified hosts as they are."""
        return [address for listener in self._listeners for address in listener.addresses()]

    async def dial(self, target):
        """A connection to ``target``: a PeerId, a PeerInfo, or a Multiaddr.

        An open connection is used again.  LinkError if the peer cannot be reached.
        """
        peer_id, addresses = self._resolve_target(target)
        if peer_id == self.peer_id:
            raise LocalError("that is this node")
        connection = self.newest(peer_id)
        if not connection and not addresses and self.locate:
            addresses = await self.locate(peer_id)
            connection = self.newest(peer_id)  # whoever found it may have connected to it
        if connection:
            return connection
        self._refuse_if_closed()
        if not addresses:
            raise LinkError("no address known for {}".format(peer_id))
        await self._make_place(OUTBOUND)
        return await self._dialer.dial(peer_id, addresses)

    async def connect(self, address):
        """A new connection over ``address`` itself, whatever others there are to its peer.

        Without /p2p it is one to whoever is there: for media that have one far end.
        """
        peer_id, addresses = self._split_address(address)
        return await self._connect(peer_id, addresses)

    async def dial_faster(self, peer_id):
        """A new connection to a peer that we know over slow media only."""
        return await self._connect(peer_id, self._faster(peer_id))

    async def _connect(self, peer_id, addresses):
        self._refuse_if_closed()
        await self._make_place(OUTBOUND)
        return await self._dialer.dial(peer_id, addresses)

    def is_settled(self, peer_id) -> bool:
        """Whether there is a connection to the peer, and no faster one to be had."""
        held = self._connections.get(peer_id, ())
        fast = [connection for connection in held if not connection.is_slow]
        return bool(fast or held and not self._faster(peer_id))

    def _faster(self, peer_id) -> list:
        """Known addresses of the peer that lead over no cable or radio."""
        store = self.peer_store
        known = store.addresses(peer_id, clock.monotonic_ms()) if store else []
        return [address for address in known if address.is_standard]

    def newest(self, peer_id):
        """The last connection made to the peer: an older one may be dead without knowing.  One over
        a slow medium only if there is no other."""
        found = None
        for connection in reversed(self._connections.get(peer_id, ())):
            if not connection.leaving:
                if not connection.is_slow:
                    return connection
                found = found or connection
        return found

    async def resolve(self, address) -> list:
        """What a /dnsaddr stands for; any other ``address`` itself.  LinkError if nobody tells."""
        if address.components[0][0] != "dnsaddr":
            return [address]
        if self.lookup_txt is None:
            raise LinkError("no name server to ask for {}".format(address))
        from edge.swarm.dialing import dnsaddr

        return await dnsaddr.resolve(address, self.lookup_txt)

    async def new_stream(self, target, protocols):
        """A stream to ``target`` of the first of ``protocols`` it speaks, dialing if needed."""
        return await (await self.dial(target)).new_stream(protocols)

    def connections(self, peer_id=None) -> list:
        """All connections, or those to ``peer_id``; oldest first."""
        if peer_id is not None:
            return list(self._connections.get(peer_id, ()))
        return [connection for held in self._connections.values() for connection in held]

    async def close_peer(self, peer_id) -> None:
        for connection in self.connections(peer_id):
            await connection.close()

    def watch(self):
        """A Queue of the events of this swarm from now on; give it back to ``unwatch``."""
        queue = aio.Queue(EVENTS_MAX)
        self._watchers.append(queue)
        return queue

    def unwatch(self, queue) -> None:
        queue.close()
        self._watchers = [watcher for watcher in self._watchers if watcher is not queue]

    async def close(self) -> None:
        """Stop listening, say goodbye to every peer, end every task."""
        self.closed = True
        for listener in self._listeners:
            await listener.close()
        self._listeners = []
        async with aio.Group() as group:
            for connection in self.connections():
                group.spawn(connection.close())
            await group.join()
        await self._group.cancel()
        self._dialer.close()
        while self._upgrades:  # a task that never started closes nothing
            await self._upgrades.pop().close()
        for watcher in self._watchers:
            watcher.close()

    # -- inbound

    async def _accept(self, listener, expected) -> None:
        while True:
            try:
                raw = await listener.accept()
                self._upgrades.append(raw)
                if len(self._upgrades) > self.limits.upgrades_max:
                    await self._make_room()
                self.spawn(self._upgrade_inbound(raw, expected))
            except LinkError:
                return  # closed
            except MemoryError:
                await aio.sleep_ms(RETRY_MS)

    async def _make_room(self) -> None:
        """Leave the next ones to the kernel's queue until one is through.

        When none gets through, the older half is given up: strangers that say nothing must not
        keep the door shut.
        """
        try:
            await aio.wait_for_ms(self._room(), self.limits.stalled_ms)
        except aio.TimeoutError:
            for _ in range(len(self._upgrades) // 2):
                await self._upgrades.pop(0).close()

    async def _room(self) -> None:
        while len(self._upgrades) > self.limits.upgrades_max:
            await self._upgraded.wait()

    async def _upgrade_inbound(self, raw, expected) -> None:
        try:
            await self._upgrade(raw, INBOUND, expected)
        except EdgeError as error:
            _log.debug("refused {}: {}", raw.remote_address, printable(error, 200))
        finally:
            if raw in self._upgrades:
                self._upgrades.remove(raw)
            self._upgraded.fire()

    # -- both ways

    async def _upgrade(self, raw, direction: str, expected):
        """The Connection that ``raw`` becomes, already pumped; ``raw`` is closed on failure."""
        try:
            await self._make_place(direction)
            upgrader = Upgrader(
                self._noise_keys, direction == OUTBOUND, raw.profile, expected,
                self.limits.streams_per_connection_max,
            )  # fmt: skip
            upgraded = await aio.wait_for_ms(climb(raw, upgrader), raw.profile.handshake_timeout_ms)
            self._refuse_peer(upgraded.peer_id)
        except aio.TimeoutError:
            await raw.close()
            raise LinkError("no handshake within {} ms".format(raw.profile.handshake_timeout_ms))
        except BaseException:
            await raw.close()
            raise
        connection = Connection(raw, upgrader, upgraded, direction, self)
        self._connections.setdefault(connection.remote_peer, []).append(connection)
        self._count += 1
        self._inbound += direction == INBOUND
        self.spawn(self._pump(connection))
        for greeter in self._greeters:
            self.spawn(self._greet(greeter, connection))
        self._emit(Connected(connection))
        return connection

    async def _make_place(self, direction: str) -> None:
        """LimitError if there is no room for one more connection.  A chip has room for so few that
        one which nobody uses gives way."""
        try:
            self._refuse_if_full(direction)
        except LimitError:
            unused = self._unused() if MICROPYTHON else None
            if not unused:
                raise
            await unused.close()
            while unused in self.connections():  # until its task has ended
                await aio.sleep_ms(1)
            self._refuse_if_full(direction)

    def _unused(self):
        """The oldest connection without streams that need not last."""
        found = None
        before = clock.monotonic_ms() - UNUSED_MS
        for connection in self.connections():
            is_used = connection.streams or connection.leaving
            is_older = connection.opened_ms < (found.opened_ms if found else before)
            if is_older and not is_used and not (self.wants and self.wants(connection.remote_peer)):
                found = connection
        return found

    def _refuse_if_full(self, direction: str) -> None:
        refuse_if_full(self._count, self.limits.connections_max, "connections")
        if direction == INBOUND:
            refuse_if_full(self._inbound, self.limits.inbound_max, "inbound connections")
        refuse_if_short_of_memory(MEMORY_BYTES_MIN)

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise LinkError("this swarm is closed")

    def _refuse_peer(self, peer_id) -> None:
        self._refuse_if_closed()
        if peer_id == self.peer_id:
            raise RemoteError("that is this node")
        held = self._connections.get(peer_id, ())
        refuse_if_full(len(held), self.limits.connections_per_peer_max, "connections to one peer")
        refuse_if_full(self._count, self.limits.connections_max, "connections")

    async def _pump(self, connection) -> None:
        if not self._ticking:
            self._ticking = True
            self.spawn(self._tick())
        try:
            await connection.run()
        finally:
            held = self._connections.get(connection.remote_peer, [])
            if connection in held:
                held.remove(connection)
                self._count -= 1
                self._inbound -= connection.direction == INBOUND
            if not held:
                self._connections.pop(connection.remote_peer, None)
            self._emit(Disconnected(connection))

    async def _tick(self) -> None:
        """Look at every connection's deadlines; ends with the last connection."""
        while self._count:
            now = clock.monotonic_ms()
            for connection in self.connections():
                connection.handle_deadline(now)
            await aio.sleep_ms(CLOCK_MS)
        self._ticking = False

    def handle(self, stream) -> None:
        """An inbound stream has agreed on a protocol: its handler takes over."""
        self.spawn(self._serve(stream, self.handlers[stream.protocol]))

    async def _serve(self, stream, handler) -> None:
        try:
            await handler(stream)
            await stream.close()
        except (EdgeError, EOFError) as error:
            _log.debug("{} ended: {}", printable(stream.protocol), printable(error, 200))
            stream.reset()
        except BaseException:
            stream.reset()
            raise

    async def _greet(self, greeter, connection) -> None:
        try:
            await greeter(connection)
        except (EdgeError, EOFError) as error:
            _log.debug("{}: {}", connection.remote_peer.short, printable(error, 200))

    def introduced(self, connection) -> None:
        """``connection.identified`` is there, or is another: for identify to say."""
        self._emit(Introduced(connection))

    def spawn(self, coroutine) -> None:
        """Run ``coroutine`` until it ends or the swarm closes."""
        self._group.spawn(coroutine)

    def _failed(self, error) -> None:
        _log.error("a task failed: {}: {}", type(error).__name__, printable(error, 200))

    def _emit(self, event) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(event)

    def _resolve_target(self, target):
        """(PeerId or None, addresses) of whatever names a peer."""
        if hasattr(target, "components"):  # a Multiaddr
            return self._split_address(target)
        if hasattr(target, "addresses"):  # a PeerInfo
            peer_id, addresses = target.peer_id, list(target.addresses)
        else:
            peer_id, addresses = target, []
        if not addresses and self.peer_store is not None:
            addresses = self.peer_store.addresses(peer_id, clock.monotonic_ms())
        return peer_id, addresses + self._near(peer_id)

    def _near(self, peer_id) -> list:
        """Where media that know who is there have that peer."""
        told = self.neighbours()
        return [address for name, address in told if name == peer_id.to_bytes()]

    def neighbours(self) -> list:
        """``(name, address)`` of those of whom a medium tells that they are there."""
        return [one for transport in self.transports for one in transport.neighbours()]

    def _split_address(self, address):
        if address.peer_id is None:
            return None, [address]
        return PeerId(address.peer_id), [address.decapsulate("p2p")]


async def climb(raw, upgrader) -> Upgraded:
    """Move bytes between ``raw`` and ``upgrader`` until the ladder is climbed."""
    while True:
        await _send(raw, upgrader.data_to_send())
        event = upgrader.next_event()
        if event:
            return event
        data = await raw.read()
        if not len(data):
            raise RemoteError("closed during the handshake")
        try:
            upgrader.receive_data(data)
        except RemoteError:
            await _send(raw, upgrader.data_to_send())
            raise


async def _send(raw, data) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[raw.write_some(rest) :]
        if rest:
            await raw.writable()
