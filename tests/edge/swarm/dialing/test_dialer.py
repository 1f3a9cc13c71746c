"""Dialing: what was opened for somebody who has gone is closed."""

from edge.errors import LinkError
from edge.swarm.dialing.dialer import Dialer
from edge.swarm.limits import Limits
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit

ADDRESS = Multiaddr("/memory/1")


class Raw:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Transport:
    """Connects when the test says so, to ``open`` addresses at once."""

    is_shared = False

    def __init__(self, open: tuple = ()) -> None:
        self.connects = aio.Event()
        self.open = open
        self.opened = []

    def can_dial(self, address) -> bool:
        return True

    async def resolve(self, address) -> list:
        return [address]

    async def dial(self, address) -> Raw:
        if address not in self.open:
            await self.connects.wait()
        self.opened.append(Raw())
        return self.opened[-1]


async def upgrade(raw, direction, expected):
    """A handshake that does not end; like the swarm's, it closes what it cannot use."""
    try:
        await aio.Event().wait()
    finally:
        await raw.close()


async def cancelled_after(turns: int) -> None:
    """The dialing task is cancelled so many turns after the transport has connected."""
    transport = Transport()
    async with aio.Group() as jobs:
        dialer = Dialer([transport], upgrade, Limits(), jobs)
        async with aio.Group() as callers:
            callers.spawn(dialer.dial(None, [ADDRESS]))
            await aio.sleep_ms(5)
            transport.connects.set()
            for _ in range(turns):
                await aio.sleep_ms(0)
            await jobs.cancel()
        await aio.sleep_ms(5)
    assert not [raw for raw in transport.opened if not raw.closed], turns


async def test_what_is_opened_for_nobody_is_closed():
    for turns in range(8):
        await cancelled_after(turns)


async def test_nobody_answers():
    transport = Transport()
    async with aio.Group() as jobs:
        dialer = Dialer([transport], upgrade, Limits(address_timeout_ms=20), jobs)
        error = await kit.raises_async(LinkError, dialer.dial(None, [ADDRESS]))
        assert "no answer within 20 ms" in str(error)


async def accept(raw, direction, expected):
    return raw


async def test_what_another_task_knows_of_the_peer_is_tried_too():
    """Whoever dialed first was told lies, and is connected by the other's truth."""
    true = Multiaddr("/memory/2")
    transport = Transport((true,))
    async with aio.Group() as jobs:
        dialer = Dialer([transport], accept, Limits(), jobs)
        first = []

        async def lied_to() -> None:
            first.append(await dialer.dial("peer", [ADDRESS]))

        jobs.spawn(lied_to())
        await aio.sleep_ms(5)
        assert await aio.wait_for_ms(dialer.dial("peer", [true]), 2000) is transport.opened[0]
        await aio.sleep_ms(5)
        assert first == transport.opened


async def test_many_who_know_the_same_try_it_once():
    transport = Transport()
    async with aio.Group() as jobs:
        dialer = Dialer([transport], accept, Limits(address_timeout_ms=100), jobs)
        waiting = [aio.Group() for _ in range(100)]
        for group in waiting:
            group.spawn(dialer.dial("peer", [ADDRESS]))
        for group in waiting:
            await group.join()
            assert isinstance(group.errors[0], LinkError)
            assert str(group.errors[0]).count("no answer") == 1


if __name__ == "__main__":
    kit.run(globals())
