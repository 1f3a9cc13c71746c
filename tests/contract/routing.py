"""What every peer routing must do, whatever it asks and whom.

A maker is called for each test: ``make() -> (routing, known, stop)`` with a routing that has
started, PeerInfos that it can find, and ``await stop()``, which ends what the maker began.
"""

from edge.errors import LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.routing.closeness import distance
from edge.system import aio
from tests import kit

WAIT_MS = 20000
KEY = b"\x12\x20" + bytes(range(32))


async def check(make) -> None:
    """Run all that is demanded of a routing."""
    for demand in (_finds_a_peer, _orders_by_closeness, _knows_nothing_of_strangers,
                   _ends_when_closed, _takes_back, _stops):  # fmt: skip
        routing, known, stop = await make()
        try:
            await aio.wait_for_ms(demand(routing, known), WAIT_MS)
        finally:
            await stop()


async def _finds_a_peer(routing, known) -> None:
    for info in known:
        found = await routing.find_peer(info.peer_id).first()
        assert found and found.peer_id == info.peer_id, info.peer_id
        assert [address for address in found.addresses if address in info.addresses]


async def _orders_by_closeness(routing, known) -> None:
    ids = [info.peer_id for info in known]
    for key in (KEY, known[0].peer_id.to_bytes(), b"x"):
        infos = await routing.get_closest_peers(key, 20).all()
        places = [distance(key, info.peer_id.to_bytes()) for info in infos]
        assert places == sorted(places)
        assert len(set(places)) == len(places)
        assert [info for info in infos if info.peer_id in ids]
        again = await routing.get_closest_peers(key, 20).all()
        assert [i.peer_id for i in infos] == [i.peer_id for i in again]
    one = await routing.get_closest_peers(KEY, 1).all()
    assert len(one) == 1


async def _knows_nothing_of_strangers(routing, known) -> None:
    nobody = PeerId.from_public_key(PrivateKey.generate().public)
    assert await routing.find_peer(nobody).all() == []
    assert await routing.find_providers(b"nobody has this", 5).all() == []


async def _ends_when_closed(routing, known) -> None:
    nobody = PeerId.from_public_key(PrivateKey.generate().public)
    for results in (routing.find_peer(nobody), routing.find_providers(b"nobody", 5),
                    routing.get_closest_peers(KEY, 5)):  # fmt: skip
        await results.close()
        await results.close()
        while await results.next():
            pass
        assert results.finished


async def _takes_back(routing, known) -> None:
    """What is provided can be taken back, and what was never provided, too."""
    assert await routing.provide(KEY) >= 0
    await routing.unprovide(KEY)
    await routing.unprovide(KEY)
    assert isinstance(routing.status(), dict)


async def _stops(routing, known) -> None:
    waiting = aio.Group()
    ended = []

    async def wait() -> None:
        try:
            while True:
                await routing.next_event()
        except EOFError:
            ended.append(True)

    waiting.spawn(wait())
    await aio.sleep_ms(0)
    await routing.stop()
    await waiting.join()
    assert ended == [True] and not waiting.errors


def check_keys(check_key) -> None:
    """The bounds of a key."""
    for key in (b"", bytes(81)):
        kit.raises(LocalError, check_key, key)
    for key in (b"k", bytes(80)):
        assert check_key(key) == key
