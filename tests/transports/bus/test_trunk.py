"""A bus as a transport, on ports in memory, on both Pythons: the contract, and who is there."""

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON, aio
from tests import kit
from tests.contract import transport as contract
from tests.transports.bus.memory_bus import Wires, address_of, name_of
from transports.bus import trunk
from transports.serial.transport import Transport

LIMIT_MS = 20000
SIZE = 3000


class BothEnds(Transport):
    """Listens at b, and dials it at a."""

    def __init__(self, wires: Wires) -> None:
        super().__init__(wires.open_port, wires.transport("a")._name_of)
        self.local_peer = name_of("a")
        self._there = wires.transport("b")

    async def listen(self, address):
        listener = await self._there.listen(address_of("b"))
        listener.addresses = lambda: [address_of("a")]
        return listener

    async def dial(self, address):
        return await Transport.dial(self, address_of("a", "b"))


async def until(condition) -> None:
    async def wait() -> None:
        while not condition():
            await aio.sleep_ms(10)

    await aio.wait_for_ms(wait(), LIMIT_MS)


async def all_of_them(wires: Wires) -> tuple:
    """The transports and the listeners of three who know each other."""
    transports = [wires.transport(port) for port in ("a", "b", "c")]
    listeners = []
    for at, one in enumerate(transports):
        listeners.append(await one.listen(address_of("abc"[at])))
    await until(lambda: all([len(one.neighbours()) == 2 for one in transports]))
    return transports, listeners


async def close(*ends) -> None:
    for end in ends:
        await end.close()
    await aio.sleep_ms(200)  # they say goodbye


async def test_contract():
    if MICROPYTHON:
        return  # each case makes a bus of its own; the cases below are enough there
    timeout_ms, trunk.DIAL_TIMEOUT_MS = trunk.DIAL_TIMEOUT_MS, 3000
    try:
        await contract.check(BothEnds(Wires()), address_of("a"))
    finally:
        trunk.DIAL_TIMEOUT_MS = timeout_ms


async def test_each_reaches_each_over_its_one_port():
    transports, listeners = await all_of_them(Wires())
    for at, port in enumerate("abc"):
        other = "bca"[at]
        told = [(name, str(address)) for name, address in transports[at].neighbours()]
        assert (name_of(other), str(address_of(port))) in told
        dialed = await transports[at].dial(address_of(port, other))
        accepted = await listeners["abc".index(other)].accept()
        data = kit.Rng(at).bytes(SIZE)
        async with aio.Group() as group:
            group.spawn(contract.write(dialed, data))
            assert await contract.read_exactly(accepted, SIZE) == data
            await group.join()
        await close(dialed, accepted)
    masters = [one.cables()[0].bus_status().is_master for one in transports]
    assert sorted(masters) == [False, False, True]
    status = transports[0].links()[0]
    assert status.state == "open" and status.delivered >= SIZE and status.taken >= SIZE
    await close(*listeners)


async def test_a_port_that_is_pulled_interrupts_and_loses_nothing():
    wires = Wires()
    transports, listeners = await all_of_them(wires)
    dialed = await transports[0].dial(address_of("a", "b"))
    accepted = await listeners[1].accept()
    data = kit.Rng(9).bytes(SIZE)

    async def pull() -> None:
        for port in ("a", "b"):
            wires.plug(port, False)
            await aio.sleep_ms(100)
            wires.plug(port, True)
            await aio.sleep_ms(300)

    async with aio.Group() as group:
        group.spawn(contract.write(dialed, data))
        group.spawn(pull())
        assert await contract.read_exactly(accepted, SIZE) == data
        await group.join()
    assert transports[0].links()[0].replugs == 1
    await close(dialed, accepted, *listeners)


async def test_whom_it_cannot_reach():
    timeout_ms, trunk.DIAL_TIMEOUT_MS = trunk.DIAL_TIMEOUT_MS, 1500
    wires = Wires()
    one, other = wires.transport("a"), wires.transport("b")
    try:
        await kit.raises_async(LinkError, one.dial(address_of("a", "b")))  # nobody is there
        listener = await other.listen(address_of("b"))
        await kit.raises_async(LocalError, other.listen(address_of("b")))
        await kit.raises_async(LinkError, one.dial(address_of("a", "c")))
        await kit.raises_async(LocalError, one.dial(address_of("a", "a")))
        await close(listener)
    finally:
        trunk.DIAL_TIMEOUT_MS = timeout_ms


async def test_who_is_done_leaves_the_bus_and_the_port():
    wires = Wires()
    transports, listeners = await all_of_them(wires)
    await listeners[2].close()
    await until(lambda: "c" not in wires.ports)
    await until(lambda: len(transports[0].neighbours()) == len(transports[1].neighbours()) == 1)
    again = await wires.transport("c").listen(address_of("c"))
    await until(lambda: len(transports[0].neighbours()) == 2)
    await close(again, *listeners)


if __name__ == "__main__":
    kit.run(globals())
