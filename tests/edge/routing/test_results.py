"""Results: as they come, the closest first, and over when somebody has had enough."""

from edge.errors import LinkError
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.routing.closeness import distance
from edge.routing.results import ADDRESSES_MAX, Results, search
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit

KEY = b"key"


def peer(number: int, *ports) -> PeerInfo:
    peer_id = PeerId(b"\x12\x20" + bytes([number]) * 32)
    return PeerInfo(peer_id, [Multiaddr("/ip4/10.0.0.1/tcp/{}".format(port)) for port in ports])


async def test_peers_come_as_they_are_found_and_end() -> None:
    results = Results(KEY, 10)
    group = aio.Group()
    seen = []

    async def read() -> None:
        async for info in results:
            seen.append(info.peer_id)

    group.spawn(read())
    for number in (3, 1, 2):
        assert results.add(peer(number, 1))
        await aio.sleep_ms(5)
        assert seen[-1] == peer(number).peer_id
    results.finish()
    await group.join()
    assert len(seen) == 3 and not group.errors


async def test_a_peer_comes_again_only_with_an_address_that_is_new() -> None:
    results = Results(KEY, 10)
    results.add(peer(1, 1))
    results.add(peer(1, 1))
    assert [str(address) for address in (await results.next()).addresses] == ["/ip4/10.0.0.1/tcp/1"]
    results.add(peer(1, 1))
    results.add(peer(1, 2))
    results.finish()
    assert len((await results.next()).addresses) == 2
    assert await results.next() is None
    for port in range(100):
        results.add(peer(1, 1000 + port))
    assert len(results.ordered()[0].addresses) == ADDRESSES_MAX


async def test_no_more_than_were_asked_for() -> None:
    results = Results(KEY, 2)
    assert results.add(peer(1, 1))
    assert not results.add(peer(2, 1))
    assert not results.add(peer(3, 1))
    assert not results.add(peer(2, 2))  # of one that is in
    results.finish()
    assert len(await results.all()) == 2


async def test_all_are_ordered_by_closeness() -> None:
    results = Results(KEY, 50)
    for number in range(50):
        results.add(peer(number))
    results.finish()
    ordered = [distance(KEY, info.peer_id.to_bytes()) for info in await results.all()]
    assert ordered == sorted(ordered) and len(ordered) == 50


async def test_the_first_one_ends_the_search() -> None:
    ended = []

    async def run(results) -> None:
        try:
            results.add(peer(1, 1))
            await aio.sleep_ms(60000)
        finally:
            ended.append(True)

    group = aio.Group()
    info = await search(group, KEY, 5, run).first()
    assert info and info.peer_id == peer(1).peer_id
    await group.join()
    assert ended == [True]


async def test_a_search_that_is_closed_before_it_began_is_over() -> None:
    async def run(results) -> None:
        raise AssertionError("began")

    group = aio.Group()
    results = search(group, KEY, 5, run)
    await results.close()
    assert await results.next() is None
    await group.cancel()


async def test_a_search_that_fails_has_found_nothing_and_says_why() -> None:
    async def run(results) -> None:
        raise LinkError("no cable")

    group = aio.Group()
    results = search(group, KEY, 5, run)
    assert await results.all() == []
    assert str(results.error) == "no cable"


if __name__ == "__main__":
    kit.run(globals())
