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
    """Connects when the test says so."""

    def __init__(self) -> None:
        self.connects = aio.Event()
        self.opened = []

    def can_dial(self, address) -> bool:
        return True

    async def resolve(self, address) -> list:
        return [address]

    async def dial(self, address) -> Raw:
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


if __name__ == "__main__":
    kit.run(globals())
