"""Identify and identify-push: two peers tell each other who they are and how to be reached.

opener -- /ipfs/id/1.0.0 --------> the other end answers with one message and closes
opener -- /ipfs/id/push/1.0.0 ---> the opener's message follows, after something changed

On a slow medium the dialer pushes at once, so that the other end need not ask.
"""

from edge.errors import EdgeError, RemoteError
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.swarm.connection import OUTBOUND
from edge.swarm.nat.observed import ObservedAddresses
from edge.swarm.protocols import identify_message
from edge.swarm.protocols.identify_message import NOTHING, Identified
from edge.system import MICROPYTHON, aio, clock
from edge.wire import varint
from edge.wire.buffer import Buffer

PROTOCOL = "/ipfs/id/1.0.0"
PUSH_PROTOCOL = "/ipfs/id/push/1.0.0"
PROTOCOL_VERSION = "ipfs/0.1.0"
AGENT_VERSION = "libp2p-edge/0.1.0"
TIMEOUT_MS = 10000  # for one exchange, on a fast link
PUSH_INTERVAL_MS = 1000  # pushes of one peer are heeded this often
PUSH_POLL_MS = 100  # how often a listener looks whether it was told unasked
KNOWN_TTL_MS = 3600000  # how long what a peer says of its addresses is believed


class Identify:
    """Serves both protocols on ``swarm`` and asks every peer that connects."""

    def __init__(self, swarm, addresses=None, seal=None) -> None:
        """``addresses``: function giving our Multiaddrs; ``seal``: function from those to a
        signed peer record, or None to send none."""
        self._swarm = swarm
        self.addresses = addresses or swarm.listen_addresses
        self._seal = seal
        self.observed = ObservedAddresses()
        self.agent_version = AGENT_VERSION
        swarm.set_stream_handler(PROTOCOL, self._answer)
        swarm.set_stream_handler(PUSH_PROTOCOL, self._receive_push)
        swarm.add_greeter(self.greet)

    def message(self, connection, is_push: bool = False) -> bytes:
        """What we tell the peer of ``connection``."""
        swarm = self._swarm
        addresses = [address for address in self.addresses() if address.is_shareable]
        observed = connection.remote_address
        if observed is not None and not observed.is_shareable:
            observed = None  # js gives up on an address it cannot parse
        is_brief = connection.is_slow  # the handshake has told the key, and that will do
        # Who has asked may be js or rust, bridged over the line: they believe no answer without.
        key = None if is_brief and is_push else swarm.key.public.encode()
        record = None if is_brief else self._seal and self._seal(addresses)
        versions = PROTOCOL_VERSION, self.agent_version
        protocols = sorted(swarm.handlers)
        said = Identified(key, addresses, protocols, observed, *versions, record)
        return identify_message.encode(said)

    async def greet(self, connection) -> None:
        """Learn who the peer is, at once or when it does not say so by itself."""
        if connection.is_slow:
            connection.known = (PROTOCOL, PUSH_PROTOCOL)  # what every peer speaks: nothing to ask
            if connection.direction == OUTBOUND:
                try:
                    await self._push(connection)
                except EdgeError:
                    pass  # the peer asks, then; so do we
            elif await _was_told(connection):
                return
        await self.ask(connection)

    async def ask(self, connection) -> None:
        """Learn who the peer is; ``connection.identified`` has it afterwards."""
        stream = await connection.new_stream((PROTOCOL,))
        try:
            self._learn(connection, await _within(stream, _read_messages(stream)))
        except BaseException:
            stream.reset()
            raise
        await stream.close()

    async def push(self) -> None:
        """Tell every peer that wants to know that something changed."""
        async with aio.Group() as group:
            for connection in self._swarm.connections():
                if PUSH_PROTOCOL in connection.known:
                    group.spawn(self._push(connection))
            await group.join()

    async def _push(self, connection) -> None:
        stream = await connection.new_stream((PUSH_PROTOCOL,))
        try:
            await self._tell(stream, self.message(connection, True))
        except BaseException:
            stream.reset()
            raise
        await stream.close()

    async def _answer(self, stream) -> None:
        await self._tell(stream, self.message(stream.connection))

    async def _tell(self, stream, message: bytes) -> None:
        await _within(stream, stream.write(varint.frame(message)))
        await stream.close_write()

    async def _receive_push(self, stream) -> None:
        connection = stream.connection
        now = clock.monotonic_ms()
        last = connection.pushed_ms
        if last is not None and now - last < PUSH_INTERVAL_MS:
            raise RemoteError("pushes more often than every {} ms".format(PUSH_INTERVAL_MS))
        if connection.identified or not connection.is_slow:
            connection.pushed_ms = now
        told = await _within(stream, _read_messages(stream))
        known = connection.identified or NOTHING
        self._learn(connection, Identified(*[told[at] or known[at] for at in range(len(known))]))

    def _learn(self, connection, identified: Identified) -> None:
        """Check what the peer says of itself, and keep it."""
        peer_id = connection.remote_peer
        key = identified.public_key
        if key is not None and PeerId.from_public_key(decode_public_key(key)) != peer_id:
            raise RemoteError("identify with another peer's key")
        connection.identified = _light(identified) if MICROPYTHON else identified
        connection.known = identified.protocols
        if identified.observed_address is not None:
            self.observed.add(
                identified.observed_address, peer_id, connection.direction, clock.monotonic_ms()
            )
        store = self._swarm.peer_store
        if store is not None:
            now = clock.monotonic_ms()
            store.set_protocols(peer_id, identified.protocols)
            if not self._learn_record(store, peer_id, identified, now):
                store.add_addresses(peer_id, identified.listen_addresses, KNOWN_TTL_MS, now)
            store.set_public_key(peer_id, connection.remote_public_key)
        self._swarm.introduced(connection)

    def _learn_record(self, store, peer_id, identified: Identified, now: int) -> bool:
        """Take over the signed record if there is a good one; a bad one costs only itself."""
        envelope = identified.signed_peer_record
        if not envelope or envelope == store.envelope(peer_id):  # known, and verified then
            return False
        try:
            from edge.identity import peer_record

            record = peer_record.unseal(identified.signed_peer_record)
            if record.peer_id != peer_id:
                raise RemoteError("a record of another peer")
            return store.add_record(record, identified.signed_peer_record, now)
        except (EdgeError, ImportError):
            return False


def _light(identified: Identified) -> Identified:
    """Without the record: who has checked it keeps it elsewhere, and most chips cannot."""
    return Identified(*identified[:-1], None)


async def _was_told(connection) -> bool:
    """Whether the peer says who it is, unasked."""
    for _ in range(connection.profile.negotiate_timeout_ms // (8 * PUSH_POLL_MS)):
        if connection.identified or connection.closed:
            break
        await aio.sleep_ms(PUSH_POLL_MS)
    return bool(connection.identified or connection.closed)


async def _within(stream, coroutine):
    """The result of ``coroutine``, in the time one exchange may take."""
    timeout_ms = max(TIMEOUT_MS, stream.connection.profile.negotiate_timeout_ms)
    try:
        return await aio.wait_for_ms(coroutine, timeout_ms)
    except aio.TimeoutError:
        raise RemoteError("identify not finished within {} ms".format(timeout_ms))


async def _read_messages(stream) -> Identified:
    """What all messages up to the end of the stream say."""
    known = NOTHING
    inbox = Buffer()
    count = 0
    while True:
        data = await stream.read()
        inbox.append(data)
        message = inbox.take_frame(identify_message.MESSAGE_BYTES_MAX)
        while message is not None:
            count += 1
            if count > identify_message.MESSAGES_MAX:
                raise RemoteError("identify in more than {} messages".format(count - 1))
            known = identify_message.merge(known, message)
            message = inbox.take_frame(identify_message.MESSAGE_BYTES_MAX)
        if not data:
            break
    if not count or len(inbox):
        raise RemoteError("identify ended early")
    return known
