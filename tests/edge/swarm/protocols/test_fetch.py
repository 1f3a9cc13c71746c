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


async def said_to_server(net, *said) -> list:
    """All that the server answers to each of these, None if it resets the stream."""
    target, client, _ = await served(net)
    answers = []
    for parts in said:
        stream = await client.new_stream(target, (PROTOCOL,))
        for part in parts:
            await stream.write(part)
        await stream.close_write()
        try:
            answers.append(await read_all(stream))
        except LinkError:
            answers.append(None)
    return answers


async def read_all(stream) -> bytes:
    answer = b""
    while True:
        data = await stream.read()
        if not data:
            return answer
        answer += data


async def told_to_client(net, *answers) -> list:
    """What the client makes of each of these answers of a server, or the error it ends in."""
    said: list = []

    async def serve(stream) -> None:
        await stream.read()
        for part in said:
            await stream.write(part)

    server, client = await net.swarm(), await net.swarm(listen=False)
    server.set_stream_handler(PROTOCOL, serve)
    found = []
    for answer in answers:
        said[:] = answer if isinstance(answer, tuple) else (answer,)
        try:
            found.append(await Fetch(client).fetch(address_of(server), b"/edge/a", 100))
        except RemoteError as error:
            found.append(type(error))
    return found


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
        for length in (len(too_long) + 20, 1000 if MICROPYTHON else 65536):
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
        whole = response(0, b"value")
        told = await told_to_client(
            net,
            response(data=b"v"),  # no status: 0
            response(0, b""),
            response(0),
            b"\0",  # all defaults
            response(1, b"of no meaning"),
            response(0, b"v") + response(0, b"w"),
            response(0, bytes(100)),
            (whole[:3], whole[3:]),
        )
        assert told == [b"v", b"", b"", b"", None, b"v", bytes(100), b"value"]


async def test_answers_that_are_bad():
    async with Net() as net:
        told = await told_to_client(
            net,
            response(3, b"v"),
            response(2, b"\x1b[2J an error"),
            response(2),
            response(0, bytes(101)),
            response(0, bytes(1000)),
            b"\xff\xff\xff\xff\x0f",  # 4 GiB are to come
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            b"\x05\x08\x00",  # cut off
            b"\x02\x0a\x05",  # a field cut off
            b"",
        )
        assert told == [RemoteError] * 10


async def test_requests_that_are_bad():
    async with Net() as net:
        answers = await said_to_server(
            net,
            (),
            (b"\x05\x0a\x01",),  # cut off
            (b"\x02\x08\x01",),  # an identifier that is a number
            (b"\xff\xff\xff\x7f",),
        )
        assert answers == [None] * 4


async def test_a_second_request_on_a_stream_is_not_answered():
    request = varint.frame(protobuf.encode_bytes(1, b"/edge/a"))
    async with Net() as net:
        once = response(0, VALUES[b"/edge/a"])
        asked = (request,), (request + request,), (request[:4], request[4:])
        assert await said_to_server(net, *asked) == [once] * 3


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
