"""Fetch: what is there, what is not, and peers that do not keep to the protocol."""

from edge.errors import LimitError, LinkError, LocalError, RemoteError
from edge.swarm.protocols import fetch
from edge.swarm.protocols.fetch import PROTOCOL, Fetch
from edge.system import MICROPYTHON, aio
from edge.wire import protobuf, varint
from tests import kit
from tests.edge.swarm.node import Net, address_of

BIG = 3000 if MICROPYTHON else 100000
VALUES = {
    b"/edge/a": b"value of a",
    b"/edge/empty": b"",
    b"/edge/big": bytes(BIG),
    b"/edge/\xff\xfe\x00": b"not UTF-8",
}


async def lookup(identifier: bytes):
    if identifier == b"/edge/broken":
        raise LocalError("the disk is on fire")
    if identifier == b"/edge/slow":
        await aio.sleep_ms(60000)
    return VALUES.get(identifier)


async def served(net):
    """``(address, the asking swarm, its Fetch)``"""
    server, client = await net.swarm(), await net.swarm(listen=False)
    Fetch(server).serve(b"/edge/", lookup)
    return address_of(server), client, Fetch(client)


async def said_to_server(net, *parts) -> bytes:
    """All that the server says to these bytes."""
    target, client, _ = await served(net)
    stream = await client.new_stream(target, (PROTOCOL,))
    for part in parts:
        await stream.write(part)
    await stream.close_write()
    answer = b""
    while True:
        data = await stream.read()
        if not data:
            return answer
        answer += data


async def told_to_client(net, *parts):
    """What the client makes of these bytes of a server."""

    async def serve(stream) -> None:
        await stream.read()
        for part in parts:
            await stream.write(part)

    server, client = await net.swarm(), await net.swarm(listen=False)
    server.set_stream_handler(PROTOCOL, serve)
    return await Fetch(client).fetch(address_of(server), b"/edge/a", 100)


def response(status=None, data=None) -> bytes:
    out = b"" if status is None else protobuf.encode_uint(1, status)
    return varint.frame(out + (b"" if data is None else protobuf.encode_bytes(2, data)))


async def test_what_is_there_and_what_is_not():
    async with Net() as net:
        target, _, client = await served(net)
        for identifier, value in VALUES.items():
            assert await client.fetch(target, identifier) == value
        assert await client.fetch(target, b"/edge/nothing") is None


async def test_what_is_not_served_is_an_error():
    async with Net() as net:
        target, _, client = await served(net)
        for identifier in (b"", b"/other/a", b"/edge", b"/edge/broken"):
            await kit.raises_async(RemoteError, client.fetch(target, identifier))
        assert await client.fetch(target, b"/edge/a") == VALUES[b"/edge/a"]


async def test_an_identifier_that_is_too_long():
    async with Net() as net:
        target, _, client = await served(net)
        too_long = b"/edge/" + bytes(fetch.IDENTIFIER_BYTES_MAX)
        await kit.raises_async(RemoteError, client.fetch(target, too_long[:-5]))  # says why not
        for length in (len(too_long) + 20, 65536):
            wanted = b"/edge/" + bytes(length)
            await kit.raises_async(LinkError, client.fetch(target, wanted))
        assert await client.fetch(target, b"/edge/a") == VALUES[b"/edge/a"]


async def test_the_longest_prefix_counts_until_it_is_withdrawn():
    async def deeper(_: bytes) -> bytes:
        return b"deeper"

    async with Net() as net:
        swarm, asking = await net.swarm(), await net.swarm(listen=False)
        server, client, target = Fetch(swarm), Fetch(asking), address_of(swarm)
        await kit.raises_async(RemoteError, client.fetch(target, b"/edge/a"))
        server.serve(b"/edge/a", deeper)
        server.serve(b"/edge/", lookup)
        assert await client.fetch(target, b"/edge/a") == b"deeper"
        server.withdraw(b"/edge/a")
        assert await client.fetch(target, b"/edge/a") == VALUES[b"/edge/a"]
        server.withdraw(b"/edge/")
        await kit.raises_async(RemoteError, client.fetch(target, b"/edge/a"))
        for number in range(fetch.LOOKUPS_MAX):
            server.serve(b"%d" % number, lookup)
        kit.raises(LimitError, server.serve, b"one more", lookup)


async def test_answers_that_are_good():
    async with Net() as net:
        assert await told_to_client(net, response(data=b"v")) == b"v"  # no status: 0
        assert await told_to_client(net, response(0, b"")) == b""
        assert await told_to_client(net, response(0)) == b""
        assert await told_to_client(net, b"\0") == b""  # all defaults
        assert await told_to_client(net, response(1, b"of no meaning")) is None
        assert await told_to_client(net, response(0, b"v") + response(0, b"w")) == b"v"
        assert await told_to_client(net, response(0, bytes(100))) == bytes(100)
        one, two = response(0, b"value")[:3], response(0, b"value")[3:]
        assert await told_to_client(net, one, two) == b"value"


async def test_answers_that_are_bad():
    async with Net() as net:
        for answer in (
            response(3, b"v"),
            response(2, b"\x1b[2J an error"),
            response(2),
            response(0, bytes(101)),
            response(0, bytes(1000)),
            b"\xff\xff\xff\xff\x0f",  # 4 GiB are to come
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            b"\x05\x08\x00",  # cut off
            b"\x02\x0a\x05",  # a status that is bytes
            b"",
        ):
            await kit.raises_async(RemoteError, told_to_client(net, answer))


async def test_requests_that_are_bad():
    async with Net() as net:
        for request in (
            b"",
            b"\x05\x0a\x01",  # cut off
            b"\x02\x08\x01",  # an identifier that is a number
            b"\xff\xff\xff\x7f",
        ):
            await kit.raises_async(LinkError, said_to_server(net, request))


async def test_a_second_request_on_a_stream_is_not_answered():
    request = varint.frame(protobuf.encode_bytes(1, b"/edge/a"))
    async with Net() as net:
        once = response(0, VALUES[b"/edge/a"])
        assert await said_to_server(net, request) == once
        assert await said_to_server(net, request + request) == once
        assert await said_to_server(net, request[:4], request[4:]) == once


async def test_who_does_not_answer_in_time():
    async with Net() as net:
        target, client, asking = await served(net)
        kept, fetch.TIMEOUT_MS = fetch.TIMEOUT_MS, 50
        try:
            await kit.raises_async(LinkError, asking.fetch(target, b"/edge/slow"))
            stream = await client.new_stream(target, (PROTOCOL,))
            await kit.raises_async(LinkError, stream.read())  # who says nothing is let go
        finally:
            fetch.TIMEOUT_MS = kept


async def test_many_at_once_are_refused():
    async with Net() as net:
        target, client, _ = await served(net)
        streams = []
        for _ in range(fetch.STREAMS_MAX):
            streams.append(await client.new_stream(target, (PROTOCOL,)))
        await aio.sleep_ms(20)
        extra = await client.new_stream(target, (PROTOCOL,))
        await kit.raises_async(LinkError, extra.read())
        for stream in streams:
            stream.reset()


if __name__ == "__main__":
    kit.run(globals())
