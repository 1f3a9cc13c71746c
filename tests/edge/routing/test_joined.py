"""Static and joined routing: near ones first; nobody waits for a slow or a broken one."""

from edge.errors import LinkError, LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.routing import Found, check_key, open_routing
from edge.routing.closeness import distance
from edge.routing.joined import JoinedRouting
from edge.routing.results import Results, search
from edge.routing.static import StaticRouting
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract import routing as contract

KEY = b"\x12\x20" + bytes(32)


def peers(count: int) -> list:
    infos = []
    for number in range(count):
        peer_id = PeerId.from_public_key(PrivateKey.generate().public)
        address = Multiaddr("/ip4/10.0.0.{}/tcp/4001".format(number + 1))
        infos.append(PeerInfo(peer_id, [address]))
    return infos


def full(info: PeerInfo) -> list:
    return [address.with_peer_id(info.peer_id.to_bytes()) for address in info.addresses]


def static(infos) -> StaticRouting:
    return StaticRouting([address for info in infos for address in full(info)])


class Slow:
    """Finds what it was given, ``delay_ms`` after it was asked."""

    def __init__(self, name: str, infos, delay_ms: int) -> None:
        self.name = name
        self.asked = 0
        self.ended = 0
        self.provided = []
        self._infos = infos
        self._delay_ms = delay_ms
        self._group = aio.Group()
        self.events = aio.Queue(8)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await self._group.cancel()
        self.events.close()

    def find_peer(self, peer_id) -> Results:
        return self._search(peer_id.to_bytes(), 1, [i for i in self._infos if i.peer_id == peer_id])

    def get_closest_peers(self, key: bytes, count: int) -> Results:
        infos = sorted(self._infos, key=lambda info: distance(key, info.peer_id.to_bytes()))
        return self._search(key, count, infos)

    def find_providers(self, key: bytes, count: int) -> Results:
        return self._search(key, count, self._infos if key == KEY else [])

    def _search(self, key: bytes, count: int, infos) -> Results:
        async def run(results: Results) -> None:
            self.asked += 1
            try:
                await aio.sleep_ms(self._delay_ms)
                for info in infos:
                    results.add(info)
            finally:
                self.ended += 1

        return search(self._group, key, count, run)

    async def provide(self, key: bytes) -> int:
        self.provided.append(key)
        return 3

    async def unprovide(self, key: bytes) -> None:
        if key in self.provided:
            self.provided.remove(key)

    def status(self) -> dict:
        return {"asked": self.asked}

    async def next_event(self):
        return await self.events.get()


class Broken(Slow):
    async def start(self) -> None:
        raise LinkError("no radio")

    async def provide(self, key: bytes) -> int:
        raise LinkError("no radio")


async def joined(*routings) -> JoinedRouting:
    both = JoinedRouting()
    for routing in routings:
        both.add(routing)
    await both.start()
    return both


async def test_contract_of_static() -> None:
    async def make() -> tuple:
        infos = peers(3)
        routing = static(infos)
        await routing.start()
        return routing, infos, routing.stop

    await contract.check(make)


async def test_contract_of_joined() -> None:
    async def make() -> tuple:
        infos = peers(3)
        routing = await joined(static(infos[:1]), Slow("slow", infos, 1))
        return routing, infos, routing.stop

    await contract.check(make)


def test_keys_have_bounds() -> None:
    contract.check_keys(check_key)


def test_nobody_opens_a_routing_that_there_is_not() -> None:
    assert "kad-earth" in str(kit.raises(LocalError, open_routing, "kad-earth", None))


async def test_far_ones_are_not_asked_when_a_near_one_knows_enough() -> None:
    near, far = peers(2)
    first, second = Slow("near", [near], 0), Slow("far", [far], 0)
    both = await joined(first, second)
    info = await both.find_providers(KEY, 1).first()
    assert info.peer_id == near.peer_id
    await aio.sleep_ms(10)
    assert (first.asked, second.asked) == (1, 0)
    await both.stop()


async def test_one_that_says_nothing_delays_nobody() -> None:
    (info,) = peers(1)
    silent, quick = Slow("silent", [], 600000), Slow("quick", [info], 0)
    both = await joined(silent, quick)
    found = await both.find_peer(info.peer_id).first()
    assert found.peer_id == info.peer_id
    await aio.sleep_ms(10)
    assert silent.ended == 1  # with the search
    await both.stop()


async def test_what_several_find_is_put_together() -> None:
    infos = peers(6)
    both = await joined(static(infos[:3]), Slow("slow", infos[2:], 1))
    closest = await both.get_closest_peers(KEY, 6).all()
    assert len(closest) == 6
    two = await both.get_closest_peers(KEY, 2).all()
    assert [i.peer_id for i in two] == [i.peer_id for i in closest[:2]]
    known = static(infos[:1])
    elsewhere = PeerInfo(infos[0].peer_id, [Multiaddr("/ip4/10.9.9.9/tcp/1")])
    both = await joined(known, Slow("slow", [elsewhere], 1))
    (found,) = await both.find_peer(infos[0].peer_id).all()
    assert len(found.addresses) == 2  # the one we were told may be old
    await both.stop()


async def test_one_that_cannot_start_is_left_out_and_one_that_fails_counts_nothing() -> None:
    (info,) = peers(1)
    slow = Slow("slow", [info], 0)
    both = await joined(Broken("broken", [], 0), slow)
    assert list(both.status()) == ["slow"]
    both.add(Broken("broken", [], 0))
    assert await both.provide(KEY) == 3
    await both.unprovide(KEY)
    assert slow.provided == []
    await both.stop()


async def test_events_of_all_are_told() -> None:
    one, other = peers(2)
    a, b = Slow("a", [], 0), Slow("b", [], 0)
    both = await joined(a, b)
    a.events.put_nowait(Found(one.peer_id, one.addresses, "a"))
    b.events.put_nowait(Found(other.peer_id, other.addresses, "b"))
    assert sorted([(await both.next_event()).source, (await both.next_event()).source]) == [
        "a",
        "b",
    ]
    await both.stop()
    await kit.raises_async(EOFError, both.next_event())


if __name__ == "__main__":
    kit.run(globals())
