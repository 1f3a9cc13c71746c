"""What a discovery must do that can ask for keys: run like tests.contract.mdns."""

from edge.errors import LocalError
from edge.mdns import Found
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract.mdns import ANY_HOST, WAIT_MS, expect, found, peer_id

KEY = b"\x12\x20" + bytes(range(32))


async def check(link) -> None:
    for case in (finds_a_peer, finds_who_offers, tells_who_is_there, ends, outlives_nothing):
        await case(link)


async def check_cannot(link) -> None:
    """A door that cannot says so, however it is asked."""
    door = link.open_door(peer_id(1))
    assert not door.can_probe
    for call in (door.offer, door.withdraw, door.probe, door.end, door.values):
        kit.raises(LocalError, call, KEY)
    kit.raises(LocalError, door.ask, KEY, None)


async def pair(link):
    """An agent and a door; they need not have met."""
    agent, door = link.open_agent(peer_id(1)), link.open_door(peer_id(2))
    await agent.start([Multiaddr(ANY_HOST + "4001")])
    await door.start([Multiaddr(ANY_HOST + "4002")])
    return agent, door


async def all_of(queue) -> list:
    """What a probe finds until it is over."""

    async def read() -> None:
        try:
            while True:
                told.append(await queue.get())
        except EOFError:
            pass

    told: list = []
    await aio.wait_for_ms(read(), WAIT_MS)
    return told


async def finds_a_peer(link) -> None:
    agent, door = await pair(link)
    for asking, number in ((agent, 2), (door, 1)):
        queue = asking.probe(peer_id(number))
        assert await aio.wait_for_ms(queue.get(), WAIT_MS) == found(link, number, 4000 + number)
        asking.end(queue)
        asking.end(queue)
        assert await all_of(queue) == []
        assert await all_of(asking.probe(peer_id(99))) == []
    await agent.stop()
    await door.stop()


async def finds_who_offers(link) -> None:
    agent, door = await pair(link)
    for offering, asking, number in ((agent, door, 1), (door, agent, 2)):
        assert offering.offer(KEY)
        first, second = asking.probe(KEY), asking.probe(KEY)
        assert await all_of(first) == await all_of(second) == [found(link, number, 4000 + number)]
        offering.withdraw(KEY)
        offering.withdraw(KEY)
        await aio.sleep_ms(1000)  # as long as an answer may be used for another question
        assert await all_of(asking.probe(KEY)) == []
    await agent.stop()
    await door.stop()


async def tells_who_is_there(link) -> None:
    agent, door = await pair(link)
    await expect(door, found(link, 1, 4001), WAIT_MS)
    there = await all_of(door.probe(b""))
    assert there == [found(link, 1, 4001)] and isinstance(there[0], Found)
    await agent.stop()
    await door.stop()


async def ends(link) -> None:
    """Who waits for answers hears of the end."""
    agent, door = await pair(link)
    queue = door.probe(peer_id(99))
    await door.stop()
    assert await all_of(queue) == []
    await agent.stop()


async def outlives_nothing(link) -> None:
    """Asked before the start it waits for the start; asked after the end it is over."""
    agent, door = link.open_agent(peer_id(1)), link.open_door(peer_id(2))
    await agent.start([Multiaddr(ANY_HOST + "4001")])
    queue = door.probe(peer_id(1))
    await aio.sleep_ms(20)
    await door.start([])
    assert await all_of(queue) == [found(link, 1, 4001)]
    await door.stop()
    assert await all_of(door.probe(peer_id(1))) == []
    await agent.stop()
