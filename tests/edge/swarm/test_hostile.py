"""Peers that identify, push and ping as they should not: who waits has a bound, the rest lives."""

from edge.errors import LinkError
from edge.identity import peer_record
from edge.identity.peer_store import PeerStore
from edge.swarm.nat.observed import AGREEING_MIN, ObservedAddresses
from edge.swarm.protocols import identify, ping
from edge.swarm.transport import FAST, LinkProfile
from edge.system import MICROPYTHON, aio, clock
from edge.wire import protobuf, varint
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, address_of, until
from transports import memory

ADDRESS = Multiaddr("/ip4/203.0.113.7/tcp/4001")
OTHER = Multiaddr("/ip4/203.0.113.9/tcp/4001")
BURST = 20 if MICROPYTHON else 2000


async def forever(stream):
    await aio.sleep_ms(60000)


class Bounds:
    """``with Bounds(module, NAME=value)``: other constants for a while."""

    def __init__(self, owner, **values) -> None:
        self._owner = owner
        self._values = values

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *exception) -> None:
        self._swap()

    def _swap(self) -> None:
        for name in self._values:
            was = getattr(self._owner, name)
            setattr(self._owner, name, self._values[name])
            self._values[name] = was


def quick(handshake_timeout_ms: int = 50) -> LinkProfile:
    return LinkProfile(*(FAST[:3] + (handshake_timeout_ms, 50) + FAST[5:]))


async def push(connection, message: bytes) -> None:
    stream = await connection.new_stream((identify.PUSH_PROTOCOL,))
    await stream.write(varint.frame(message))
    await stream.close()


async def test_identify_that_is_never_answered_holds_nobody():
    with Bounds(identify, TIMEOUT_MS=50), Bounds(memory.Connection, profile=quick(5000)):
        async with Net() as net:
            silent = await net.swarm()
            silent.set_stream_handler(identify.PROTOCOL, forever)
            silent.set_stream_handler("/test", forever)
            dialer, _, _ = await net.host(listen=False)
            connection = await dialer.dial(address_of(silent))
            await (await dialer.new_stream(silent.peer_id, ("/test",))).close()
            await until(lambda: not connection.streams)
            assert connection.identified is None and not connection.closed


async def test_a_push_before_identify_is_kept_and_completed():
    """What both say is known in the end, whichever comes first."""
    async with Net() as net:
        listener, _, _ = await net.host()
        liar = await net.swarm(listen=False)
        slow = aio.Event()

        async def answer(stream):
            await slow.wait()
            message = protobuf.encode_bytes(6, b"agent") + protobuf.encode_bytes(3, b"/a")
            await stream.write(varint.frame(message))

        liar.set_stream_handler(identify.PROTOCOL, answer)
        ours = await liar.dial(address_of(listener))
        await until(lambda: len(listener.connections()) > 0)
        theirs = listener.connections()[0]
        stream = await ours.new_stream((identify.PUSH_PROTOCOL,))  # begun before, ended after
        await aio.sleep_ms(20)
        assert theirs.identified is None
        slow.set()
        await until(lambda: theirs.identified)
        await stream.write(varint.frame(protobuf.encode_bytes(3, b"/b")))
        await stream.close()
        await until(lambda: theirs.identified.protocols == ("/b",))
        assert theirs.identified.agent_version == "agent"


async def test_a_push_of_a_peer_that_never_identified():
    async with Net() as net:
        listener, _, _ = await net.host()
        liar = await net.swarm(listen=False)
        ours = await liar.dial(address_of(listener))
        await push(ours, protobuf.encode_bytes(3, b"/b"))
        await until(lambda: listener.connections()[0].identified)
        assert listener.connections()[0].identified.protocols == ("/b",)
        for _ in range(5):  # heeded once a second
            try:
                await push(ours, protobuf.encode_bytes(3, b"/c"))
            except LinkError:
                pass
        await aio.sleep_ms(50)
        assert listener.connections()[0].identified.protocols == ("/b",)
        assert not ours.closed


async def test_an_older_record_changes_nothing():
    async with Net() as net:
        store = PeerStore()
        listener = await net.swarm()
        dialer, service, _ = await net.host(listen=False, store=store)
        connection = await dialer.dial(address_of(listener))
        for seq, address in ((7, ADDRESS), (6, OTHER)):
            record = peer_record.seal(listener.key, seq, [address])
            frame = varint.frame(protobuf.encode_bytes(8, record))

            async def answer(stream, frame=frame):
                await stream.write(frame)

            listener.set_stream_handler(identify.PROTOCOL, answer)
            await service.ask(connection)
        assert store.addresses(listener.peer_id, clock.monotonic_ms()) == [ADDRESS]


def test_one_peer_names_one_address_of_ours_a_family():
    """Whoever names many does not crowd out what the others agree on."""
    observed = ObservedAddresses()
    for peer in range(AGREEING_MIN):
        observed.add(ADDRESS, peer, "outbound", 0)
    for port in range(1, 100):
        observed.add(Multiaddr("/ip4/203.0.113.9/tcp/{}".format(port)), 99, "outbound", 0)
    observed.add(Multiaddr("/ip6/2001:db8::1/tcp/1"), 0, "outbound", 0)
    assert observed.confirmed(0) == [ADDRESS]
    assert len(observed._seen) == 3


async def test_a_pong_that_is_late():
    with Bounds(ping, TIMEOUT_MS=50):
        async with Net() as net:
            listener, dialer = await net.swarm(), await net.swarm(listen=False)
            listener.set_stream_handler(ping.PROTOCOL, forever)
            service = ping.Ping(dialer)
            await kit.raises_async(LinkError, service.ping(address_of(listener)))
            assert not dialer.connections()[0].streams


async def test_pings_in_pieces_and_pings_that_stop():
    """31 bytes and the end, 31 bytes and silence, nothing at all: each stream ends."""
    with Bounds(ping, IDLE_MS=80):
        async with Net() as net:
            listener, _, _ = await net.host()
            dialer = await net.swarm(listen=False)
            target = address_of(listener)
            ended = await dialer.new_stream(target, (ping.PROTOCOL,))
            await ended.write(bytes(31))
            await ended.close_write()
            await kit.raises_async(LinkError, ended.read())
            for size in (31, 0):
                silent = await dialer.new_stream(target, (ping.PROTOCOL,))
                await silent.write(bytes(size))
                assert await aio.wait_for_ms(silent.read(), 20000) == b""
                silent.reset()


async def test_pings_without_end_are_answered_in_order():
    """As many as the peer likes: an echo costs it what it costs us."""
    async with Net() as net:
        listener, _, _ = await net.host()
        dialer = await net.swarm(listen=False)
        stream = await dialer.new_stream(address_of(listener), (ping.PROTOCOL,))
        for number in range(BURST):
            await stream.write(bytes((number & 255,)) * ping.SIZE)
        for number in range(BURST):
            assert await stream.read_exactly(ping.SIZE) == bytes((number & 255,)) * ping.SIZE
        await stream.close()


async def say_and_wait(address, said: bytes) -> None:
    """What ``said`` gets is, in the end, a closed connection."""
    raw = await memory.Transport().dial(address)
    raw.write_some(said)
    while len(await aio.wait_for_ms(raw.read(), 20000)):
        pass


async def test_a_handshake_that_stops_is_given_up():
    """Silence, a header and the end, half a frame of noise and silence."""
    with Bounds(memory.Connection, profile=quick()):
        async with Net() as net:
            listener = await net.swarm()
            address = listener.listen_addresses()[0]
            offer = b"\x13/multistream/1.0.0\n\x07/noise\n"
            for said in (b"", offer[:20], offer, offer + b"\x00\x20" + bytes(10)):
                await say_and_wait(address, said)
            raw = await memory.Transport().dial(address)
            raw.write_some(offer[:20])
            await raw.close()
            await until(lambda: not listener._upgrades)
            assert not listener.connections()


if __name__ == "__main__":
    kit.run(globals())
