"""Requests over real swarms: one stream for several, connections given back, everything bounded."""

from edge.errors import EdgeError, LimitError, LinkError, RemoteError
from edge.identity.peer_store import PeerStore
from edge.routing.kad import EDGE, WAN, Contact, network
from edge.routing.kad.network import SwarmNetwork
from edge.swarm.protocols.identify import Identify
from edge.swarm.transport import LinkProfile
from edge.system import MICROPYTHON, aio, clock
from edge.wire import varint
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, address_of, until

PROTOCOL = EDGE.protocol


class Told(Multiaddr):
    """A /memory address that identify tells others, as if it were one on a network."""

    is_shareable = True


class Bounds:
    """``with Bounds(STREAM_IDLE_MS=20):`` other numbers for a while."""

    def __init__(self, **numbers) -> None:
        self._numbers = numbers
        self._before: dict = {}

    def __enter__(self) -> None:
        for name in self._numbers:
            self._before[name] = getattr(network, name)
            setattr(network, name, self._numbers[name])

    def __exit__(self, *exception) -> None:
        for name in self._before:
            setattr(network, name, self._before[name])


async def side(net: Net, profile=EDGE, wanted=None, **options):
    """(swarm, its SwarmNetwork)"""
    swarm = await net.swarm(store=PeerStore(), **options)
    identify = Identify(swarm, lambda: [Told(str(one)) for one in swarm.listen_addresses()])
    return swarm, SwarmNetwork(swarm, identify, profile, wanted)


async def pair(net: Net, answer=None, wanted=None):
    """A network that asks, its swarm, the swarm that answers, the contact to ask."""
    server, serving = await side(net)
    serving.serve(PROTOCOL, answer or (lambda source, data: data + b"!"))
    client, asking = await side(net, wanted=wanted, listen=False)
    return asking, client, server, contact_of(server)


def contact_of(swarm) -> Contact:
    addresses = [address.to_bytes() for address in swarm.listen_addresses()]
    return Contact(swarm.peer_id.to_bytes(), tuple(addresses))


def kad_streams(swarm) -> list:
    return [s for c in swarm.connections() for s in c.streams if s.protocol == PROTOCOL]


async def test_requests_share_a_connection_and_a_stream():
    sources = []

    def answer(source, data):
        sources.append(source)
        return data + b"!"

    async with Net() as net:
        asking, client, _, contact = await pair(net, answer)
        for text in (b"a", b"b", b"c"):
            assert await asking.request(contact, PROTOCOL, text) == text + b"!"
        assert len(client.connections()) == len(kad_streams(client)) == 1
        assert [source.id for source in sources] == [client.peer_id.to_bytes()] * 3


async def test_requests_at_once_do_not_mix():
    async with Net() as net:
        asking, client, _, contact = await pair(net)
        answers = []

        async def one(text):
            answers.append((text, await asking.request(contact, PROTOCOL, text)))

        count = network.SERVED_STREAMS_MAX
        async with aio.Group() as group:
            for number in range(count):
                group.spawn(one(b"%d" % number))
            await group.join()
        assert len(answers) == count
        for text, heard in answers:
            assert heard == text + b"!"
        await until(lambda: len(kad_streams(client)) == 1)  # one is kept


async def test_what_needs_no_answer_waits_for_none():
    heard = []
    async with Net() as net:
        asking, _, _, contact = await pair(net, lambda _, data: heard.append(data))
        assert await asking.request(contact, PROTOCOL, b"told", False) is None
        assert await asking.request(contact, PROTOCOL, b"again", False) is None
        await until(lambda: len(heard) == 2)


async def test_an_idle_stream_is_closed_and_a_new_one_opened():
    with Bounds(STREAM_IDLE_MS=5, SWEEP_MS=5):
        async with Net() as net:
            asking, client, server, contact = await pair(net)
            await asking.request(contact, PROTOCOL, b"a")
            await until(lambda: not kad_streams(client) and not kad_streams(server))
            assert await asking.request(contact, PROTOCOL, b"b") == b"b!"


async def test_a_stream_the_peer_has_ended_costs_nothing():
    """js ends it after ten seconds, rust when it likes."""
    async with Net() as net:
        asking, _, server, contact = await pair(net)
        for end in ("reset", "close", "reset"):
            await asking.request(contact, PROTOCOL, b"a")
            held = kad_streams(server)[0]
            if end == "reset":
                held.reset()
            else:
                await held.close()
            assert await asking.request(contact, PROTOCOL, b"b") == b"b!"


async def test_a_connection_only_kad_used_is_closed_when_idle():
    with Bounds(STREAM_IDLE_MS=5, SWEEP_MS=5, SLOW_SWEEP_MS=5, CONNECTION_IDLE_MS=10):
        async with Net() as net:
            asking, client, server, contact = await pair(net)
            assert await asking.request(contact, PROTOCOL, b"a")
            await until(lambda: not client.connections() and not server.connections())
            assert await asking.request(contact, PROTOCOL, b"b") == b"b!"
            await until(lambda: not asking._sweeping and not asking._opened)


async def test_a_connection_others_made_or_want_stays():
    with Bounds(STREAM_IDLE_MS=5, SWEEP_MS=5, SLOW_SWEEP_MS=5, CONNECTION_IDLE_MS=10):
        async with Net() as net:
            asking, client, server, contact = await pair(net)
            made = await client.dial(address_of(server))
            assert await asking.request(contact, PROTOCOL, b"a")
            await until(lambda: not asking._sweeping)
            assert not made.closed
        async with Net() as net:
            asking, client, server, contact = await pair(net, wanted=lambda peer_id: True)
            assert await asking.request(contact, PROTOCOL, b"a")
            await until(lambda: not asking._sweeping)
            assert client.connections()


async def test_a_connection_with_a_stream_on_it_stays():
    with Bounds(STREAM_IDLE_MS=5, SWEEP_MS=5, SLOW_SWEEP_MS=5, CONNECTION_IDLE_MS=10):
        async with Net() as net:
            asking, client, server, contact = await pair(net)
            assert await asking.request(contact, PROTOCOL, b"a")

            async def wait(stream):
                await stream.read()

            server.set_stream_handler("/app", wait)
            stream = await client.new_stream(server.peer_id, ("/app",))
            await aio.sleep_ms(50)
            assert client.connections() and asking._opened
            await stream.close()
            await until(lambda: not client.connections())


async def test_no_more_connections_than_allowed():
    with Bounds(OPENED_MAX=1):
        async with Net() as net:
            asking, client, _, contact = await pair(net)
            other, serving = await side(net)
            serving.serve(PROTOCOL, lambda _, data: data)
            for _ in range(2):
                assert await asking.request(contact, PROTOCOL, b"a")
                assert await asking.request(contact_of(other), PROTOCOL, b"b")
            await until(lambda: len(client.connections()) == 1)


async def test_failures_are_told_apart():
    async with Net() as net:
        asking, client, server, contact = await pair(net)
        nowhere = Contact(contact.id, ())
        await kit.raises_async(LinkError, asking.request(nowhere, PROTOCOL, b""))
        lost = Contact(contact.id, (Multiaddr("/memory/99").to_bytes(),))
        await kit.raises_async(LinkError, asking.request(lost, PROTOCOL, b""))
        impostor = Contact(b"\x12\x20" + bytes(32), contact.addresses)
        await kit.raises_async(LinkError, asking.request(impostor, PROTOCOL, b""))
        await client.dial(address_of(server))
        await kit.raises_async(RemoteError, asking.request(contact, "/no/kad", b""))
        assert asking.is_connected(contact.id)


async def test_a_false_address_does_not_hide_a_true_one():
    async with Net() as net:
        asking, client, server, contact = await pair(net)
        await asking.request(contact, PROTOCOL, b"a")
        await client.close_peer(server.peer_id)
        lie = Contact(contact.id, (Multiaddr("/memory/99").to_bytes(),))
        asking.keep(contact, "test")
        assert await asking.request(lie, PROTOCOL, b"b") == b"b!"


async def test_answers_that_break_the_rules():
    async with Net() as net:
        client, asking = await side(net, listen=False)
        server, _ = await side(net)
        answers = [
            b"",  # the end instead of an answer
            varint.frame(b"long")[:-1],  # the end within one
            varint.encode(EDGE.receive_bytes_max + 1),
            varint.frame(b"one") + varint.frame(b"two"),
            b"\xff" * 10,
        ]
        for data in answers:

            async def lie(stream, data=data):
                await stream.read_exactly(2)
                await stream.write(data)
                await stream.close_write()

            server.set_stream_handler(PROTOCOL, lie)
            await kit.raises_async(RemoteError, asking.request(contact_of(server), PROTOCOL, b"?"))
            assert not client.connections()[0].closed


async def test_an_answer_that_never_comes():
    with Bounds(REQUEST_TIMEOUT_MS=20):
        async with Net() as net:
            client, asking = await side(net, listen=False)
            server, _ = await side(net)

            async def wait(stream):
                await stream.read_exactly(100)

            server.set_stream_handler(PROTOCOL, wait)
            connection = await client.dial(address_of(server))
            connection._raw.profile = LinkProfile("test", 1, 1, 1, 20, 1, 1, 1)
            await kit.raises_async(LinkError, asking.request(contact_of(server), PROTOCOL, b"?"))
            assert not kad_streams(client) and not connection.closed


async def test_a_big_answer_is_read():
    size = 1200 if MICROPYTHON else 300000
    with Bounds(BIG_BYTES=size // 3):
        async with Net() as net:
            asking, _, _, contact = await pair(net, lambda _, data: bytes(size))
            answers = []

            async def one():
                answers.append(await asking.request(contact, PROTOCOL, b"?"))

            async with aio.Group() as group:
                group.spawn(one())
                group.spawn(one())
                await group.join()
            assert answers == [bytes(size)] * 2


async def test_who_connects_is_told_with_what_it_speaks():
    async with Net() as net:
        asking, client, server, contact = await pair(net)
        serving = SwarmNetwork(server, None, EDGE)
        await asking.request(contact, PROTOCOL, b"a")
        met, protocols = await aio.wait_for_ms(asking.next_candidate(), 20000)
        assert met == contact and PROTOCOL in protocols
        met, protocols = await aio.wait_for_ms(serving.next_candidate(), 20000)
        assert met.id == client.peer_id.to_bytes() and PROTOCOL not in protocols
        late = SwarmNetwork(client, None, EDGE)
        met, protocols = await aio.wait_for_ms(late.next_candidate(), 20000)
        assert met == contact


async def test_a_connection_that_breaks_off_is_told_and_a_goodbye_is_not():
    async with Net() as net:
        asking, client, server, contact = await pair(net)
        for breaks in (False, True):
            await asking.request(contact, PROTOCOL, b"a")
            met, protocols = await aio.wait_for_ms(asking.next_candidate(), 20000)
            assert protocols
            if breaks:
                await server.connections()[0]._raw.close()
                met, protocols = await aio.wait_for_ms(asking.next_candidate(), 20000)
                assert met.id == contact.id and protocols is None
            else:
                await server.close_peer(client.peer_id)
            await until(lambda: not client.connections())


async def test_who_starts_to_serve_says_so():
    async with Net() as net:
        server, serving = await side(net)
        client, asking = await side(net, listen=False)
        await client.dial(address_of(server))
        _, protocols = await aio.wait_for_ms(asking.next_candidate(), 20000)
        assert PROTOCOL not in protocols
        await until(lambda: server.connections()[0].identified)
        serving.serve(PROTOCOL, lambda _, data: data)
        _, protocols = await aio.wait_for_ms(asking.next_candidate(), 20000)
        assert PROTOCOL in protocols
        serving.serve(PROTOCOL, None)
        assert PROTOCOL not in server.handlers


async def test_who_is_known():
    async with Net() as net:
        asking, client, server, contact = await pair(net)
        assert asking.known(contact.id) is None and not asking.is_connected(contact.id)
        await asking.request(contact, PROTOCOL, b"a")
        assert asking.known(contact.id) == contact and asking.is_connected(contact.id)
        kit.raises(RemoteError, asking.known, b"no id")
        await client.close_peer(server.peer_id)
        await until(lambda: not client.connections())
        client.peer_store.mark_good(server.peer_id, server.listen_addresses()[0], 0)
        assert asking.known(contact.id) == contact and not asking.is_connected(contact.id)


async def test_what_a_listener_can_be_to_others():
    async with Net() as net:
        for profile, listen, reachable in (
            (EDGE, True, not MICROPYTHON),
            (EDGE, False, False),
            (WAN, True, False),
        ):
            _, own = await side(net, profile, listen=listen)
            assert own.is_reachable is reachable, (profile.name, listen)


async def test_the_world_is_served_from_an_address_that_it_has_seen():
    async with Net() as net:
        _, own = await side(net, WAN)
        public = Multiaddr("/ip4/198.41.0.4/tcp/4001")
        for number in range(3):
            assert not own.is_reachable
            own._identify.observed.add(public, number, "outbound", clock.monotonic_ms())
        assert own.is_reachable is not MICROPYTHON


async def test_a_swarm_that_closes_ends_everything():
    async with Net() as net:
        asking, client, _, contact = await pair(net)
        await asking.request(contact, PROTOCOL, b"a")
        await client.close()
        await kit.raises_async(EdgeError, asking.request(contact, PROTOCOL, b"a"))
        while True:
            try:
                await aio.wait_for_ms(asking.next_candidate(), 20000)
            except EOFError:
                break


async def test_a_full_swarm_is_no_fault_of_the_peer():
    async with Net() as net:
        _, _, _, contact = await pair(net)
        full, asking = await side(net, connections_max=1)
        other, _ = await side(net)
        await full.dial(address_of(other))
        await kit.raises_async(LimitError, asking.request(contact, PROTOCOL, b"a"))


if __name__ == "__main__":
    kit.run(globals())
