"""What every transport must do: run by the tests of each inhabitant of transports/."""

from edge.errors import LinkError
from edge.system import aio
from tests import kit


async def check(transport, listen_address) -> None:
    """All cases on a fresh listener each."""
    for case in (moves_bytes_both_ways, ends, closing_wakes_a_reader, backpressure, knows_its_ends,
                 closing_the_listener_ends_accept):  # fmt: skip
        listener = await transport.listen(listen_address)
        try:
            await aio.wait_for_ms(case(transport, listener), 10000)
        finally:
            await listener.close()
    await nobody_listens(transport, listener)


async def pair(transport, listener):
    address = listener.addresses()[0]
    assert transport.can_dial(address)
    dialed = await transport.dial(address)
    return dialed, await listener.accept()


async def read_exactly(raw, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = bytes(await raw.read())
        assert part, "ended after {} of {} bytes".format(len(data), size)
        data += part
    return data


async def write(raw, data) -> None:
    rest = memoryview(data)
    while rest:
        taken = raw.write_some(rest)
        rest = rest[taken:]
        if rest:
            await raw.writable()


async def close(*ends) -> None:
    for end in ends:
        await end.close()


async def moves_bytes_both_ways(transport, listener) -> None:
    dialed, accepted = await pair(transport, listener)
    await write(dialed, b"ping")
    assert await read_exactly(accepted, 4) == b"ping"
    await write(accepted, b"pong")
    assert await read_exactly(dialed, 4) == b"pong"
    await close(dialed, accepted)


async def ends(transport, listener) -> None:
    """What was written arrives before the end does; reading on gives the end again."""
    dialed, accepted = await pair(transport, listener)
    await write(dialed, b"last words")
    await dialed.close()
    assert await read_exactly(accepted, 10) == b"last words"
    assert not len(await accepted.read())
    await accepted.close()
    await accepted.close()  # closing twice is no error


async def closing_wakes_a_reader(transport, listener) -> None:
    dialed, accepted = await pair(transport, listener)
    ended = []

    async def read():
        try:
            ended.append(bytes(await dialed.read()))
        except LinkError:
            ended.append(b"")

    async with aio.Group() as group:
        group.spawn(read())
        await aio.sleep_ms(10)
        await dialed.close()
        await group.join()
    assert ended == [b""]
    await accepted.close()


async def backpressure(transport, listener) -> None:
    """A peer that does not read stops the writer; one that does gets every byte in order."""
    dialed, accepted = await pair(transport, listener)
    block = bytes(range(256)) * 16
    offered = 0
    while offered < 1 << 26:
        taken = dialed.write_some(memoryview(block)[offered % 4096 :])
        if not taken:
            break
        offered += taken
    assert offered < 1 << 26, "never full"
    received = 0
    while received < offered:
        data = bytes(await accepted.read())
        start = received % 256
        assert data[:1024] == (block * 2)[start : start + min(len(data), 1024)]
        received += len(data)
    await dialed.writable()
    assert dialed.write_some(b"x") == 1
    await close(dialed, accepted)


async def knows_its_ends(transport, listener) -> None:
    dialed, accepted = await pair(transport, listener)
    assert dialed.remote_address == listener.addresses()[0]
    assert accepted.remote_address is not None
    assert dialed.profile.keepalive_ms > 0
    await close(dialed, accepted)


async def closing_the_listener_ends_accept(transport, listener) -> None:
    told = []

    async def accept():
        try:
            await listener.accept()
        except LinkError:
            told.append(True)

    async with aio.Group() as group:
        group.spawn(accept())
        await aio.sleep_ms(10)
        await listener.close()
        await group.join()
    assert told == [True]


async def nobody_listens(transport, listener) -> None:
    await kit.raises_async(LinkError, transport.dial(listener.addresses()[0]))
