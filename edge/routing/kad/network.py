"""The way to other peers: kad's Network over the swarm.

    request --- a turn --- connection: open, or dialed --- stream: idle, or new --- answer
                               |                             |
              closed again when only we used it      kept a while for the next request

    a peer's stream --- request by request, at a bounded pace --- handler --- answers

A connection that kad alone has made is closed when it was not used for CONNECTION_IDLE_MS, unless
somebody has a stream on it or wants it to last.
"""

from edge.errors import EdgeError, LimitError, LinkError, RemoteError
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.identity.peer_store import KNOWN_TTL_MS
from edge.routing.kad import WAN, Contact
from edge.swarm.connection import OUTBOUND
from edge.swarm.frames import read_frame
from edge.swarm.limits import refuse_if_short_of_memory
from edge.swarm.swarm import Disconnected, Introduced
from edge.system import MICROPYTHON, aio, clock
from edge.wire import varint
from edge.wire.buffer import Buffer

REQUEST_TIMEOUT_MS = 10000  # for an answer, on a fast link
DIAL_TIMEOUT_MS = 30000 if MICROPYTHON else 15000  # for a connection, all addresses
SLOW_DIAL_TIMEOUT_MS = 90000  # likewise where one of them is no IP address
REQUESTS_MAX = 2 if MICROPYTHON else 64  # in flight
MEMORY_BYTES_MIN = 8192  # of a chip, that are free before it asks anybody
DIALS_SHARE = 4  # at most a quarter of the swarm's dials are ours
DIALED_ADDRESSES_MAX = 8  # of those somebody told us, in one dial
OPENED_MAX = 2 if MICROPYTHON else 128  # connections that we made and have not closed yet
CONNECTION_IDLE_MS = 5000 if MICROPYTHON else 30000
STREAM_IDLE_MS = 4000  # js resets one after 10 s
STREAMS_IDLE_MAX = 2 if MICROPYTHON else 64
SWEEP_MS = 2000  # how often it is looked for what is idle, while there is something
SLOW_SWEEP_MS = 10000  # likewise while all that is left are connections that others use

SERVED_STREAMS_MAX = 2 if MICROPYTHON else 32  # of one connection, both ways
SERVED_IDLE_MS = 60000  # until a stream without requests is closed
REQUEST_BYTES_MAX = 4096 if MICROPYTHON else 65536  # of what peers ask; they can answer more
PACE_MS = 20  # one request of a peer in so long is answered at once, on average ..
PACE_BURST_MS = 4000  # .. or as many as this is time for, before it has to wait
PACED_MAX = 8 if MICROPYTHON else 256  # peers; beyond, those that keep the pace are forgotten
BIG_BYTES = 65536  # of answers longer than this we read one at a time


class SwarmNetwork:
    """``wanted(PeerId) -> bool``: whether somebody else wants a connection to last."""

    def __init__(self, swarm, identify, profile, wanted=None) -> None:
        self.peer_id = swarm.peer_id
        self._swarm = swarm
        self._identify = identify
        self._profile = profile
        self._wanted = wanted
        self._events = swarm.watch()
        self._met = [connection for connection in swarm.connections() if connection.identified]
        self._turns = _Turns(REQUESTS_MAX)
        self._dial_turns = _Turns(max(1, swarm.limits.dials_max // DIALS_SHARE))
        self._big = aio.Lock()
        self._idle: dict = {}  # Connection -> (stream, since)
        self._opened: dict = {}  # Connection -> when it was last used
        self._sweeping = False
        self._paces: dict = {}  # PeerId -> when all it asked was due

    # -- who we are, whom we meet

    def addresses(self) -> list:
        return [address.to_bytes() for address in self._identify.addresses()]

    @property
    def is_reachable(self) -> bool:
        """Whether we listen where others can dial, on a link fast enough to answer all of them;
        to be known in the world takes peers that have seen us at a public address."""
        if MICROPYTHON:
            return False
        addresses = self._identify.addresses()
        if self._profile.name == WAN.name:
            addresses = self._identify.observed.confirmed(clock.monotonic_ms())
        for address in addresses:
            if address.is_standard and self._profile.admits(address.to_bytes()):
                return True
        return False

    async def next_candidate(self) -> tuple:
        """``(Contact, protocols it speaks)`` of a peer that has said so; ``(Contact, None)`` of one
        whose last connection broke off."""
        while True:
            if self._met:
                return _introduced(self._met.pop())
            event = await self._events.get()
            if isinstance(event, Introduced):
                return _introduced(event.connection)
            if isinstance(event, Disconnected):
                connection = event.connection
                peer_id = connection.remote_peer
                self._idle.pop(connection, None)
                self._opened.pop(connection, None)
                if not connection.goodbye and not self._swarm.connections(peer_id):
                    return Contact(peer_id.to_bytes(), ()), None

    def known(self, id: bytes) -> "Contact | None":
        """A peer that has proven itself: we are connected, or one of its addresses led to it."""
        peer_id = PeerId(id)
        connection = self._swarm.newest(peer_id)
        store = self._swarm.peer_store
        addresses = store.addresses(peer_id, clock.monotonic_ms()) if store else []
        if connection:
            addresses = _reached_first(connection, addresses)
        elif not addresses or not store.entries[peer_id].good:
            return None
        return Contact(id, tuple([address.to_bytes() for address in addresses]))

    def is_connected(self, id: bytes) -> bool:
        return self._swarm.newest(PeerId(id)) is not None

    def keep(self, contact: Contact, source: str) -> None:
        store = self._swarm.peer_store
        if store:
            info = PeerInfo.from_peer_bytes(contact.id, contact.addresses)
            now = clock.monotonic_ms()
            store.add_addresses(info.peer_id, info.addresses, KNOWN_TTL_MS, now)

    # -- asking

    async def request(
        self, contact: Contact, protocol: str, data: bytes, answer: bool = True
    ) -> "bytes | None":
        frame = varint.frame(data)
        async with self._turns:
            refuse_if_short_of_memory(MEMORY_BYTES_MIN)
            connection = await self._connect(contact)
            timeout_ms = max(REQUEST_TIMEOUT_MS, connection.profile.negotiate_timeout_ms)
            self._use(connection)
            try:
                exchange = self._exchange(connection, protocol, frame, answer)
                return await aio.wait_for_ms(exchange, timeout_ms)
            except aio.TimeoutError:
                raise LinkError("no answer within {} ms".format(timeout_ms))
            finally:
                self._use(connection)

    async def _connect(self, contact: Contact):
        """A connection to the peer: what nobody has told us is not searched for from here."""
        peer_id = PeerId(contact.id)
        connection = self._swarm.newest(peer_id)
        if connection:
            return connection
        info = PeerInfo(peer_id, self._where(peer_id, contact))
        if not info.addresses:
            raise LinkError("no address known for {}".format(peer_id))
        standard = min([address.is_standard for address in info.addresses])
        timeout_ms = DIAL_TIMEOUT_MS if standard else SLOW_DIAL_TIMEOUT_MS
        async with self._dial_turns:
            self._make_room()
            asked_ms = clock.monotonic_ms()
            try:
                connection = await aio.wait_for_ms(self._swarm.dial(info), timeout_ms)
            except aio.TimeoutError:
                raise LinkError("no connection to {} within {} ms".format(peer_id, timeout_ms))
        if connection.direction == OUTBOUND and connection.opened_ms >= asked_ms:
            self._opened[connection] = connection.opened_ms
        return connection

    def _where(self, peer_id: PeerId, contact: Contact) -> list:
        """Addresses we know, then those we were told: false ones must not hide true ones."""
        store = self._swarm.peer_store
        found = list(store.addresses(peer_id, clock.monotonic_ms())) if store else []
        told = PeerInfo.from_peer_bytes(contact.id, contact.addresses[:DIALED_ADDRESSES_MAX])
        return found + [address for address in told.addresses if address not in found]

    async def _exchange(self, connection, protocol: str, frame: bytes, answer: bool):
        stream, _ = self._idle.pop(connection, (None, 0))
        if stream and stream.protocol == protocol:
            try:
                return await self._talk(stream, frame, answer)
            except EdgeError:
                pass  # the peer had ended it: a new one will tell
        elif stream:
            stream.reset()
        return await self._talk(await connection.new_stream((protocol,)), frame, answer)

    async def _talk(self, stream, frame: bytes, answer: bool):
        reply = None
        inbox = Buffer()
        try:
            await stream.write(frame)
            if answer:
                reply = await self._read(stream, inbox)
                if reply is None or len(inbox):
                    raise RemoteError("expected one answer and nothing else")
        except EOFError:
            stream.reset()
            raise RemoteError("the answer ended early")
        except BaseException:
            stream.reset()
            raise
        await self._give_back(stream)
        return reply

    async def _read(self, stream, inbox: Buffer) -> "bytes | None":
        size_max = self._profile.receive_bytes_max
        reply = await read_frame(stream, inbox, size_max, BIG_BYTES)
        if reply is None and len(inbox) > BIG_BYTES:
            async with self._big:
                reply = await read_frame(stream, inbox, size_max)
        return reply

    # -- streams and connections that wait for the next request

    async def _give_back(self, stream) -> None:
        connection = stream.connection
        if connection in self._idle or len(self._idle) >= STREAMS_IDLE_MAX:
            await stream.close()
        else:
            self._idle[connection] = (stream, clock.monotonic_ms())
            self._begin_sweep()

    def _use(self, connection) -> None:
        if connection in self._opened:
            self._opened[connection] = clock.monotonic_ms()
            self._begin_sweep()

    def _make_room(self) -> None:
        """Where we have opened as many connections as we may, close one nobody uses."""
        if len(self._opened) >= OPENED_MAX:
            for connection, _ in sorted(self._opened.items(), key=lambda item: item[1]):
                if self._let_go(connection):
                    return
            raise LimitError("{} connections of kad are the limit here".format(OPENED_MAX))

    def _let_go(self, connection) -> bool:
        """Whether the connection is ours no more: closed, or left to who wants it."""
        if not connection.closed and not self._is_wanted(connection):
            mine, _ = self._idle.get(connection, (None, 0))
            if [stream for stream in connection.streams if stream is not mine]:
                return False
            self._idle.pop(connection, None)
            self._swarm.spawn(connection.close())
        self._opened.pop(connection)
        return True

    def _is_wanted(self, connection) -> bool:
        return bool(self._wanted and self._wanted(connection.remote_peer))

    def _begin_sweep(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            self._swarm.spawn(self._sweep())

    async def _sweep(self) -> None:
        """Close what has been idle for too long; ends when there is nothing to look after."""
        pause = SWEEP_MS
        while self._idle or self._opened:
            await aio.sleep_ms(pause)
            now = clock.monotonic_ms()
            for connection, (stream, since) in list(self._idle.items()):
                if now - since >= STREAM_IDLE_MS:
                    self._idle.pop(connection)
                    await stream.close()
            for connection, used in list(self._opened.items()):
                if connection.closed or now - used >= CONNECTION_IDLE_MS:
                    self._let_go(connection)
            fresh = [used for used in self._opened.values() if now - used < CONNECTION_IDLE_MS]
            pause = SWEEP_MS if self._idle or fresh else SLOW_SWEEP_MS
        self._sweeping = False

    # -- answering

    def serve(self, protocol: str, handler) -> None:
        """As edge.routing.kad describes it; peers that are connected are told of the change."""
        if (protocol in self._swarm.handlers) == bool(handler):
            return
        if handler:

            async def serve(stream) -> None:
                await self._serve(stream, handler)

            self._swarm.set_stream_handler(protocol, serve)
        else:
            self._swarm.remove_stream_handler(protocol)
        if self._swarm.connections():
            self._swarm.spawn(self._identify.push())

    async def _serve(self, stream, handler) -> None:
        """Answer the requests on one stream until it ends or nothing comes for a while."""
        connection = stream.connection
        same = [other for other in connection.streams if other.protocol == stream.protocol]
        if len(same) > SERVED_STREAMS_MAX:
            raise LimitError("{} streams of {}".format(len(same), stream.protocol))
        peer_id = connection.remote_peer
        remote = connection.remote_address
        source = Contact(peer_id.to_bytes(), (remote.to_bytes(),) if remote else ())
        inbox = Buffer()
        try:
            while True:
                reading = read_frame(stream, inbox, REQUEST_BYTES_MAX)
                request = await aio.wait_for_ms(reading, SERVED_IDLE_MS)
                if request is None:
                    return
                await self._pace(peer_id)
                answer = handler(source, request)
                if answer is not None:
                    writing = stream.write(varint.frame(answer))
                    await aio.wait_for_ms(writing, SERVED_IDLE_MS)
        except aio.TimeoutError:
            pass

    async def _pace(self, peer_id: PeerId) -> None:
        """Make a peer wait that asks more than its share, on however many streams."""
        now = clock.monotonic_ms()
        due = max(self._paces.get(peer_id, 0), now) + PACE_MS
        if peer_id not in self._paces and len(self._paces) >= PACED_MAX:
            for known in [known for known, until in self._paces.items() if until <= now]:
                self._paces.pop(known)
        self._paces[peer_id] = due
        if due - now > PACE_BURST_MS:
            await aio.sleep_ms(due - now - PACE_BURST_MS)


class _Turns:
    """At most so many at once: ``async with turns:``; the others wait."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._changed = aio.Signal()

    async def __aenter__(self) -> None:
        while not self._free:
            await self._changed.wait()
        self._free -= 1

    async def __aexit__(self, *exception) -> None:
        self._free += 1
        self._changed.fire()


def _introduced(connection) -> tuple:
    """The contact that a peer is by its own account, and what it speaks."""
    said = connection.identified
    addresses = _reached_first(connection, said.listen_addresses)
    id = connection.remote_peer.to_bytes()
    return Contact(id, tuple([one.to_bytes() for one in addresses])), set(said.protocols)


def _reached_first(connection, addresses) -> list:
    """``addresses`` of a peer, before them where we are connected to it.

    Of a peer that dialed us that is the one it has said on the same host; if it has said none
    there, it counts as where it came from.  A cable leads to it whoever dialed.
    """
    first = connection.remote_address
    if first and connection.direction != OUTBOUND and not first.raw("serial"):
        host = first.raw("ip4") or first.raw("ip6")
        if not host and addresses:
            first = None
        for address in addresses:
            if host and host in (address.raw("ip4"), address.raw("ip6")):
                first = address
                break
    return ([first] if first else []) + [address for address in addresses if address != first]
