"""Cables on ports in memory, on both Pythons: the contract, and what happens to a cable."""

from edge.errors import LinkError
from edge.swarm.connection import MUXER_HEADER_BYTES
from edge.system import aio
from tests import kit
from tests.contract import transport as contract
from tests.transports.serial.memory_line import A, B, Line
from transports.serial import cable, connection
from transports.serial.transport import Transport

SIZE = 6000


class BothEnds(Transport):
    """Listens at b and dials at a."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.open_port, line.transport()._name_of)
        self._there = line.transport()

    async def listen(self, address):
        listener = await self._there.listen(B)
        listener.addresses = lambda: [A]
        return listener


async def a_pair(line: Line) -> tuple:
    """``(dialed, accepted, the listener)``."""
    listener = await line.transport().listen(B)
    dialed = await line.transport().dial(A)
    return dialed, await listener.accept(), listener


async def close(*ends) -> None:
    for end in ends:
        await end.close()
    await aio.sleep_ms(20)  # they say goodbye


async def carries(dialed, accepted, data: bytes) -> None:
    async with aio.Group() as group:
        group.spawn(contract.write(dialed, data))
        assert await contract.read_exactly(accepted, len(data)) == data
        await group.join()


async def test_contract():
    timeout_ms, cable.DIAL_TIMEOUT_MS = cable.DIAL_TIMEOUT_MS, 500
    try:
        await contract.check(BothEnds(Line()), A)
    finally:
        cable.DIAL_TIMEOUT_MS = timeout_ms


async def test_a_bad_cable_carries_all_of_it():
    noise = kit.Rng(3)

    def spoils(data: bytes) -> bytes:
        at = noise.below(len(data))
        if noise.below(6):
            return data
        return data[:at] + bytes([noise.below(256)]) + data[at + noise.below(2) :]

    dialed, accepted, listener = await a_pair(Line(spoils))
    await carries(dialed, accepted, kit.Rng(1).bytes(SIZE))
    await carries(accepted, dialed, kit.Rng(2).bytes(SIZE))
    counted = dialed.session.counters()
    assert counted.damaged and counted.resent, counted
    await close(dialed, accepted, listener)


async def test_a_pulled_cable_ends_nothing():
    line = Line()
    dialed, accepted, listener = await a_pair(line)
    async with aio.Group() as group:
        data = kit.Rng(4).bytes(SIZE)
        group.spawn(contract.write(dialed, data))
        heard = bytes(await accepted.read())
        for _ in range(3):
            line.pull()
            await aio.sleep_ms(30)
            line.push()
            heard += bytes(await accepted.read())
        heard += await contract.read_exactly(accepted, SIZE - len(heard))
        assert heard == data
    assert not dialed.reason and not accepted.reason
    await close(dialed, accepted, listener)


async def test_both_dial_at_once():
    """One becomes the listener, and what it has dialed ends."""
    line = Line()
    ends = line.transport(), line.transport()
    listeners = [await ends[0].listen(A), await ends[1].listen(B)]
    dialed: list = []
    accepted: list = []

    async def dial(end, address) -> None:
        try:
            dialed.append(await end.dial(address))
        except LinkError:
            pass

    async def accept(listener) -> None:
        accepted.append(await listener.accept())

    async with aio.Group() as group:
        group.spawn(dial(ends[0], A))
        group.spawn(dial(ends[1], B))
        for listener in listeners:
            group.spawn(accept(listener))
        while not accepted or not dialed:
            await aio.sleep_ms(5)
        await aio.sleep_ms(50)
    assert len(accepted) == 1
    used = [one for one in dialed if one.local_address != accepted[0].local_address]
    await carries(used[0], accepted[0], b"who dialed speaks")
    for one in dialed:
        if one is not used[0]:
            await kit.raises_async(LinkError, one.read())
    await close(used[0], accepted[0], *listeners)


async def test_a_peer_that_starts_again_is_noticed():
    line = Line()
    dialed, accepted, listener = await a_pair(line)
    line.ports["a"].close()  # a power cut: nobody says goodbye
    dialed._cable._port = None
    await dialed._cable._group.cancel()
    again = await line.transport().dial(A)
    await kit.raises_async(LinkError, accepted.read())
    await carries(again, await listener.accept(), b"after a start")
    await close(again, listener)


def test_a_peer_that_says_it_has_no_room_is_written_to_all_the_same():
    for room in (0, 1, 24, 48, 8191):
        profile = connection.profile_of(0, room)
        assert profile.frame_bytes_max >= MUXER_HEADER_BYTES + 1


if __name__ == "__main__":
    kit.run(globals())
