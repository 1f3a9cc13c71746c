"""What a server answers, and what it refuses: spoken by hand, on real streams."""

from edge.errors import EdgeError, LinkError, RemoteError
from edge.routing.kad import EDGE, Contact, network
from edge.routing.kad.message import (
    ADD_PROVIDER,
    FIND_NODE,
    GET_PROVIDERS,
    GET_VALUE,
    PING,
    PUT_VALUE,
    Message,
    Record,
    encode,
)
from edge.system import aio
from edge.wire import protobuf, varint
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.routing.kad.nodes import PROTOCOL, KadNet, Line
from tests.edge.routing.kad.samples import KEY
from tests.edge.swarm.node import address_of, until

ADDRESS = b"\x04\x0a\x00\x00\x01\x06\x0f\xa1"
NAME = b"/new/name"


def ask(kind: int, key: bytes = KEY, record=None, providers=()) -> Message:
    return Message(kind, key, record, (), providers)


class Talk:
    """``async with Talk(mode) as talk``: a server, and a peer that speaks to it by hand."""

    def __init__(self, mode: str = "server") -> None:
        self._mode = mode

    async def __aenter__(self) -> "Talk":
        self._net = KadNet()
        await self._net.__aenter__()
        self.server = await self._net.node(self._mode)
        self.peer = await self._net.swarm(listen=False)
        self.id = self.peer.peer_id.to_bytes()
        await self.peer.dial(address_of(self.server.swarm))
        return self

    async def __aexit__(self, *exception) -> None:
        await self._net.__aexit__(*exception)

    async def line(self) -> Line:
        return Line(await self.peer.new_stream(self.server.peer_id, (PROTOCOL,)))

    async def ask(self, message: Message):
        """The answer on a stream of its own; EdgeError if it is reset."""
        line = await self.line()
        answer = await line.ask(message)
        await line.stream.close()
        return answer

    async def is_refused(self, message: Message) -> bool:
        """Whether the stream is reset for it, and the connection lives."""
        await kit.raises_async(EdgeError, self.ask(message))
        return not self.peer.connections()[0].closed


async def test_a_peer_is_found_among_the_closest():
    async with Talk() as talk:
        contacts = [Contact(b"\x12\x20" + bytes([n]) * 32, (ADDRESS,)) for n in range(5)]
        for contact in contacts:
            talk.server.kad.table.heard(contact, 0, True)
        answer = await talk.ask(ask(FIND_NODE, contacts[2].id))
        assert answer.closer[0] == contacts[2] and len(answer.closer) == 5
        assert answer.key == b"" and answer.type == FIND_NODE
        answer = await talk.ask(ask(FIND_NODE, talk.server.id))
        assert answer.closer[0].id == talk.server.id
        assert answer.closer[0].addresses == talk.server.contact.addresses


async def test_nobody_is_told_of_itself_nor_of_who_has_not_answered():
    async with Talk() as talk:
        kad = talk.server.kad
        kad.table.heard(Contact(talk.id, (ADDRESS,)), 0, True)
        kad.table.heard(Contact(b"\x12\x20" + bytes(32), (ADDRESS,)), 0)
        for key in (talk.id, KEY):
            assert (await talk.ask(ask(FIND_NODE, key))).closer == ()
        assert (await talk.ask(ask(FIND_NODE, b"no peer id"))).closer == ()


async def test_a_client_is_found_by_its_id_alone():
    async with Talk() as talk:
        client = await talk._net.node("client")
        await client.swarm.dial(address_of(talk.server.swarm))
        await until(lambda: talk.server.swarm.connections(client.peer_id))
        await until(lambda: talk.server.swarm.connections(client.peer_id)[0].identified)
        answer = await talk.ask(ask(FIND_NODE, client.id))
        assert [contact.id for contact in answer.closer] == [client.id]
        assert set(client.contact.addresses) <= set(answer.closer[0].addresses)
        assert (await talk.ask(ask(FIND_NODE, KEY))).closer == ()


async def test_several_requests_on_one_stream():
    async with Talk() as talk:
        line = await talk.line()
        for kind in (FIND_NODE, GET_PROVIDERS, PING, FIND_NODE):
            assert (await line.ask(ask(kind))).type == kind
        for _ in range(3):
            await line.say(ask(PING))
        await line.stream.close_write()
        for _ in range(3):
            assert (await line.hear()).type == PING
        assert await line.hear() is None
        assert talk.server.kad.server.answered == 7


async def test_a_provider_is_kept_and_told_of():
    async with Talk() as talk:
        line = await talk.line()
        own = Contact(talk.id, (ADDRESS,))
        await line.say(ask(ADD_PROVIDER, providers=(own,)))
        answer = await line.ask(ask(GET_PROVIDERS))  # the only answer
        assert answer.providers == (own,) and answer.key == KEY
        assert (await line.ask(ask(GET_PROVIDERS, b"other"))).providers == ()


async def test_who_is_at_the_end_of_a_cable_provides_without_an_address():
    """Its own is the port there; the one here is kept, and told to nobody."""
    async with Talk() as talk:
        cable = Multiaddr("/serial/ttyUSB0")
        nowhere = ask(ADD_PROVIDER, providers=(Contact(talk.id, ()),))
        source = Contact(talk.id, (cable.to_bytes(),))
        talk.server.kad.server.answer(source, encode(nowhere, EDGE))
        (held,) = talk.server.kad.held_providers(KEY)
        assert held == source
        assert (await talk.ask(ask(GET_PROVIDERS))).providers == (Contact(talk.id, ()),)


async def test_nobody_provides_for_others():
    async with Talk() as talk:
        other = Contact(b"\x12\x20" + bytes(32), (ADDRESS,))
        for providers in ((), (other,), (Contact(talk.id, ()),)):
            line = await talk.line()
            await line.say(ask(ADD_PROVIDER, providers=providers))
            await kit.raises_async(LinkError, line.hear())
        own = Contact(talk.id, (ADDRESS,))
        line = await talk.line()
        await line.say(ask(ADD_PROVIDER, providers=(other, own)))
        assert (await line.ask(ask(GET_PROVIDERS))).providers == (own,)


async def test_a_server_that_provides_tells_of_itself():
    async with Talk() as talk:
        await talk.server.kad.provide(KEY)
        answer = await talk.ask(ask(GET_PROVIDERS))
        assert [contact.id for contact in answer.providers] == [talk.server.id]
        await talk.server.kad.unprovide(KEY)
        assert (await talk.ask(ask(GET_PROVIDERS))).providers == ()


async def test_a_value_is_kept_and_given():
    async with Talk() as talk:
        put = ask(PUT_VALUE, NAME, Record(NAME, b"1", ""))
        answer = await talk.ask(put)
        assert answer.key == NAME and answer.record.value == b"1"
        answer = await talk.ask(ask(GET_VALUE, NAME))
        assert answer.record.value == b"1" and answer.record.received.endswith("Z")
        assert (await talk.ask(ask(GET_VALUE, b"/new/other"))).record is None
        assert (await talk.ask(put)).record.value == b"1"  # the same again


async def test_values_that_are_refused():
    async with Talk() as talk:
        await talk.ask(ask(PUT_VALUE, NAME, Record(NAME, b"5", "")))
        for key, record in (
            (NAME, None),
            (NAME, Record(b"/new/other", b"6", "")),
            (NAME, Record(NAME, b"4", "")),  # worse
            (NAME, Record(NAME, b"x", "")),  # not valid
            (b"/old/name", Record(b"/old/name", b"6", "")),  # of no namespace we know
        ):
            assert await talk.is_refused(ask(PUT_VALUE, key, record)), (key, record)
        assert (await talk.ask(ask(GET_VALUE, NAME))).record.value == b"5"


async def test_keys_that_are_refused():
    async with Talk() as talk:
        for kind in (FIND_NODE, GET_PROVIDERS, GET_VALUE, ADD_PROVIDER):
            assert await talk.is_refused(ask(kind, b"")), kind
        for kind in (FIND_NODE, GET_PROVIDERS, ADD_PROVIDER):
            assert await talk.is_refused(ask(kind, bytes(81))), kind
        assert await talk.ask(ask(GET_PROVIDERS, bytes(80)))


async def test_what_is_no_request():
    async with Talk() as talk:
        nine = protobuf.encode_uint(1, 9) + protobuf.encode_bytes(2, KEY)
        for data in (
            varint.frame(nine),
            varint.frame(b"\x0b"),
            varint.frame(b"\xff" * 10),
            b"\xff" * 10,
            varint.encode(5 << 20),  # a message of 5 MiB is refused before it comes
            varint.encode(network.REQUEST_BYTES_MAX + 1),
        ):
            line = await talk.line()
            await line.stream.write(data)
            await kit.raises_async(LinkError, line.hear())
        line = await talk.line()
        await line.stream.write(varint.frame(nine)[:-1])
        await line.stream.close_write()
        await kit.raises_async(LinkError, line.hear())
        assert (await talk.ask(ask(PING))).type == PING


async def test_a_ping_brings_back_nothing_else():
    async with Talk() as talk:
        stuffed = Message(PING, KEY, None, (Contact(talk.id, (ADDRESS,)),), ())
        assert (await talk.ask(stuffed)).closer == ()


async def test_a_client_answers_nobody():
    async with Talk("client") as talk:
        await kit.raises_async(RemoteError, talk.line())
        connection = talk.peer.connections()[0]
        connection.known = (PROTOCOL,)  # even to a peer that does not wait for the agreement
        line = await talk.line()
        await kit.raises_async(EdgeError, line.ask(ask(PING)))
        assert not connection.closed


async def test_streams_of_a_peer_are_bounded():
    async with Talk() as talk:
        lines = []
        for _ in range(network.SERVED_STREAMS_MAX):
            lines.append(await talk.line())
            await lines[-1].ask(ask(PING))
        await kit.raises_async(EdgeError, talk.ask(ask(PING)))
        await lines[0].stream.close()
        await until(lambda: not _of_kad(talk, network.SERVED_STREAMS_MAX))
        assert await talk.ask(ask(PING))


def _of_kad(talk: Talk, count: int) -> bool:
    streams = talk.server.swarm.connections()[0].streams
    return len([stream for stream in streams if stream.protocol == PROTOCOL]) >= count


async def test_a_stream_without_requests_is_closed():
    before, network.SERVED_IDLE_MS = network.SERVED_IDLE_MS, 20
    try:
        async with Talk() as talk:
            silent, cut = await talk.line(), await talk.line()
            assert await silent.ask(ask(PING))
            await cut.stream.write(varint.encode(100) + b"the beginning")
            assert await silent.hear() is None
            assert await cut.hear() is None
    finally:
        network.SERVED_IDLE_MS = before


async def test_who_asks_too_much_waits_and_others_do_not():
    before = network.PACE_MS, network.PACE_BURST_MS
    network.PACE_MS, network.PACE_BURST_MS = 3600000, 3 * 3600000
    try:
        async with Talk() as talk:
            line = await talk.line()
            for _ in range(3):
                assert await line.ask(ask(PING))
            await line.say(ask(PING))
            other = await talk._net.swarm(listen=False)
            await other.dial(address_of(talk.server.swarm))
            stream = await other.new_stream(talk.server.peer_id, (PROTOCOL,))
            assert await Line(stream, EDGE).ask(ask(PING))
            await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(line.hear(), 20))
    finally:
        network.PACE_MS, network.PACE_BURST_MS = before
