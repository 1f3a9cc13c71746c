"""Identify and ping: what peers tell each other, and what they may not make us believe."""

from edge.errors import LimitError, LinkError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_store import PeerStore
from edge.swarm.connection import OUTBOUND
from edge.swarm.protocols import identify, identify_message, ping
from edge.swarm.protocols.identify_message import NOTHING, Identified, merge
from edge.system import aio, clock
from edge.wire import protobuf, varint
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, address_of, until

ADDRESS = Multiaddr("/ip4/10.0.0.1/tcp/4001")


def field(number: int, text: str) -> bytes:
    return protobuf.encode_bytes(number, text.encode())


async def serve(swarm, data: bytes) -> None:
    """Answer identify with ``data``."""

    async def answer(stream):
        await stream.write(data)

    swarm.set_stream_handler(identify.PROTOCOL, answer)


async def identified_by(data: bytes, store=None):
    """What an honest node makes of a peer that answers ``data``; None if it refuses."""
    async with Net() as net:
        liar = await net.swarm()
        await serve(liar, data)
        swarm, service, _ = await net.host(listen=False, store=store)
        connection = await swarm.dial(address_of(liar))
        try:
            await service.ask(connection)
        except RemoteError:
            assert not connection.closed
            return None
        return connection.identified


async def test_both_learn_of_each_other():
    async with Net() as net:
        store = PeerStore()
        listener, _, _ = await net.host()
        dialer, _, _ = await net.host(listen=False, store=store)
        connection = await dialer.dial(address_of(listener))
        await until(lambda: connection.identified)
        seen = connection.identified
        assert seen.public_key == listener.key.public.encode()
        assert seen.agent_version == identify.AGENT_VERSION
        assert seen.protocol_version == "ipfs/0.1.0"
        assert sorted(seen.protocols) == sorted(listener.handlers)
        assert seen.listen_addresses == ()  # /memory is not for strangers
        assert "/ipfs/ping/1.0.0" in store.protocols(listener.peer_id)
        await until(lambda: listener.connections()[0].identified)


async def test_a_peer_that_could_not_be_told_is_asked_all_the_same():
    async with Net() as net:
        _, service, _ = await net.host()
        asked = []

        class Slow:
            is_slow = True
            direction = OUTBOUND

        async def fail(connection) -> None:
            raise LimitError("no stream")

        async def ask(connection) -> None:
            asked.append(connection)

        service._push, service.ask = fail, ask
        await service.greet(Slow)
        assert asked == [Slow]


class _SlowLine:
    """As much of a Connection over a cable as a message depends on."""

    is_slow = True
    remote_address = None


async def test_who_asks_over_a_slow_line_is_told_the_key():
    async with Net() as net:
        swarm, service, _ = await net.host()
        key = swarm.key.public.encode()  # js and rust refuse an answer without
        assert merge(NOTHING, service.message(_SlowLine)).public_key == key
        assert merge(NOTHING, service.message(_SlowLine, True)).public_key is None


def test_a_message_there_and_back():
    told = Identified(b"key", (ADDRESS,), ("/a", "/b"), ADDRESS, "v", "agent", b"record")
    assert merge(NOTHING, identify_message.encode(told)) == told
    bare = Identified(b"key", (), (), None, "v", "agent", None)
    assert merge(NOTHING, identify_message.encode(bare)) == bare


def test_what_a_push_leaves_out_stays():
    told = Identified(b"key", (ADDRESS,), ("/a",), ADDRESS, "v", "agent", b"record")
    assert merge(told, b"") == told
    assert merge(told, field(3, "/new")).protocols == ("/new",)
    assert merge(told, field(3, "/new")).listen_addresses == (ADDRESS,)


def test_one_bad_address_costs_only_itself():
    bad = protobuf.encode_bytes(2, b"\xff\xff\xff")
    good = protobuf.encode_bytes(2, ADDRESS.to_bytes())
    assert merge(NOTHING, bad + good + bad).listen_addresses == (ADDRESS,)
    assert merge(NOTHING, protobuf.encode_bytes(4, b"")).observed_address is None
    assert merge(NOTHING, protobuf.encode_bytes(4, b"\xff")).observed_address is None


def test_a_port_of_this_machine_is_nobodys_address():
    told = b""
    for text in ("/serial/ttyUSB0", "/ble/x", str(ADDRESS), "/ip4/10.0.0.1/tcp/1/serial/x"):
        told += protobuf.encode_bytes(2, Multiaddr(text).to_bytes())
    assert merge(NOTHING, told).listen_addresses == (ADDRESS,)


async def test_a_port_of_ours_is_told_to_nobody():
    async with Net() as net:
        swarm, _, _ = await net.host()
        told = Multiaddr("/serial/ttyUSB0"), Multiaddr("/serial/ttyAMA0~9600"), ADDRESS
        sealed: list = []
        service = identify.Identify(swarm, lambda: list(told), sealed.append)
        peer = await net.swarm(listen=False)
        await peer.dial(address_of(swarm))
        await until(swarm.connections)
        said = merge(NOTHING, service.message(swarm.connections()[0]))
        assert said.listen_addresses == (ADDRESS,) and sealed == [[ADDRESS]]


def test_what_js_adds_to_the_observed_address_is_dropped():
    peer = "/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
    message = protobuf.encode_bytes(4, Multiaddr(str(ADDRESS) + peer).to_bytes())
    assert merge(NOTHING, message).observed_address == ADDRESS


def test_texts_are_cut_and_cleaned():
    agent = field(6, "a\x1b[31m\u202eb\n" + "x" * 300)
    seen = merge(NOTHING, agent + protobuf.encode_bytes(5, b"\xff"))
    assert len(seen.agent_version) <= identify_message.TEXT_MAX
    assert all([" " <= c <= "~" for c in seen.agent_version])
    assert seen.protocol_version == "?"


def test_lists_are_bounded():
    many = range(identify_message.PROTOCOLS_MAX + 9)
    protocols = b"".join([field(3, "/{}".format(number)) for number in many])
    assert len(merge(NOTHING, protocols).protocols) == identify_message.PROTOCOLS_MAX
    assert merge(NOTHING, field(3, "x" * 1000)).protocols == ()
    address = protobuf.encode_bytes(2, ADDRESS.to_bytes())
    kept = merge(NOTHING, address * (identify_message.ADDRESSES_MAX + 9)).listen_addresses
    assert len(kept) == identify_message.ADDRESSES_MAX


async def test_several_messages_are_merged():
    data = varint.frame(field(6, "agent")) + varint.frame(field(3, "/a"))
    seen = await identified_by(data)
    assert (seen.agent_version, seen.protocols) == ("agent", ("/a",))


async def test_what_is_refused():
    other = PrivateKey.generate().public.encode()
    for data in (
        b"",  # no message, then the end
        varint.encode(identify_message.MESSAGE_BYTES_MAX + 1),
        varint.frame(b"") * (identify_message.MESSAGES_MAX + 1),
        varint.frame(field(6, "x"))[:-1],  # the end within a message
        varint.frame(protobuf.encode_bytes(1, other)),  # another peer's key
        varint.frame(protobuf.encode_bytes(1, b"\x08\x01")),
        varint.frame(b"\x0b"),  # a group
        b"\xff" * 10,
    ):
        assert await identified_by(data) is None, data[:20]


async def test_records_are_believed_only_of_their_signer():
    from edge.identity import peer_record

    async with Net() as net:
        store = PeerStore()
        key = PrivateKey.generate()
        record = peer_record.seal(key, 1, [ADDRESS])
        listener = await net.swarm()
        await serve(listener, varint.frame(protobuf.encode_bytes(8, record)))
        swarm, service, _ = await net.host(listen=False, store=store)
        await service.ask(await swarm.dial(address_of(listener)))
        now = clock.monotonic_ms()
        assert ADDRESS not in store.addresses(listener.peer_id, now)
        own = peer_record.seal(listener.key, 1, [ADDRESS])
        await serve(listener, varint.frame(protobuf.encode_bytes(8, own)))
        await service.ask(swarm.connections()[0])
        assert store.addresses(listener.peer_id, now) == [ADDRESS]


async def test_push_updates_and_is_rate_limited():
    async with Net() as net:
        listener, _, _ = await net.host()
        dialer, service, _ = await net.host(listen=False)
        connection = await dialer.dial(address_of(listener))
        await until(lambda: connection.identified and listener.connections()[0].identified)
        dialer.set_stream_handler("/new", None)
        await service.push()
        theirs = listener.connections()[0]
        await until(lambda: "/new" in theirs.identified.protocols)
        dialer.set_stream_handler("/newer", None)
        await service.push()
        await aio.sleep_ms(50)
        assert "/newer" not in theirs.identified.protocols
        assert not theirs.closed


async def test_ping():
    async with Net() as net:
        listener, _, _ = await net.host()
        _, _, service = await net.host(listen=False)
        times = await service.ping(address_of(listener), 3)
        assert len(times) == 3 and min(times) >= 0


async def test_a_wrong_or_missing_pong():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)

        async def lie(stream):
            await stream.read_exactly(ping.SIZE)
            await stream.write(bytes(ping.SIZE))

        async def leave(stream):
            await stream.read_exactly(ping.SIZE)

        for handler in (lie, leave):
            listener.set_stream_handler(ping.PROTOCOL, handler)
            service = ping.Ping(dialer)
            await kit.raises_async(RemoteError, service.ping(address_of(listener)))


async def test_ping_serves_two_streams_of_a_peer_and_odd_sizes():
    async with Net() as net:
        listener, _, _ = await net.host()
        dialer = await net.swarm(listen=False)
        target = address_of(listener)
        streams = []
        for _ in range(3):
            streams.append(await dialer.new_stream(target, (ping.PROTOCOL,)))
        await kit.raises_async(LinkError, streams[2].read())
        await streams[0].write(bytes(33))
        assert await streams[0].read_exactly(32) == bytes(32)
        await streams[0].close_write()
        await kit.raises_async(LinkError, streams[0].read())  # 1 byte, then the end
        await streams[1].close_write()
        assert await streams[1].read() == b""


if __name__ == "__main__":
    kit.run(globals())
