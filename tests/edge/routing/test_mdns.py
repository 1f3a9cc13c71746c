"""mDNS routing over a made-up link: who is asked, who is dialed, and who is believed."""

from edge.errors import LimitError, LinkError
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.mdns import message
from edge.routing import Found, open_routing
from edge.routing import mdns as module
from edge.routing.closeness import distance
from edge.routing.mdns import DIALS_MAX, MdnsRouting
from edge.system import MICROPYTHON, aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract import routing as contract
from tests.contract.mdns import peer_id
from tests.edge.mdns.cable import HOST, PORT, Link

ANY_HOST = "/ip4/0.0.0.0/tcp/"
KEY = b"a key"
WAIT_MS = 20000


def address_of(number: int) -> Multiaddr:
    return Multiaddr("/ip4/10.0.0.1/tcp/%d" % (4000 + number))


class Connection:
    def __init__(self, peer_id: PeerId, address: Multiaddr, direction: str = "outbound") -> None:
        self.remote_peer = peer_id
        self.remote_address = address
        self.direction = direction
        self.identified = None
        self.streams = []
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Swarm:
    """Dials those of ``there``, peer id -> address, who are where it is told they are."""

    def __init__(self, there: dict) -> None:
        self.there = there
        self.held = {}
        self.dialed = []
        self.dialing = self.dialing_most = 0
        self.delay_ms = 1

    def connections(self, peer_id) -> list:
        return [self.held[peer_id]] if peer_id in self.held else []

    async def dial(self, info: PeerInfo) -> Connection:
        if info.peer_id in self.held:
            return self.held[info.peer_id]
        self.dialed.append(info.peer_id)
        self.dialing += 1
        self.dialing_most = max(self.dialing_most, self.dialing)
        try:
            await aio.sleep_ms(self.delay_ms)
        finally:
            self.dialing -= 1
        where = self.there.get(info.peer_id)
        if where not in info.addresses:
            raise LinkError("somebody else is there")
        self.held[info.peer_id] = Connection(info.peer_id, where)
        return self.held[info.peer_id]


class Lan:
    """Numbered peers on a cable; the first one has the routing."""

    def __init__(self, count: int, told=(ANY_HOST,)) -> None:
        self.link = Link()
        self.ids = [PeerId(peer_id(number)) for number in range(1, count + 1)]
        self.infos = [PeerInfo(self.ids[n], [address_of(n + 1)]) for n in range(count)]
        self.services = [self.link.open_agent(one.to_bytes()) for one in self.ids]
        self.swarm = Swarm(dict([(info.peer_id, info.addresses[0]) for info in self.infos]))
        self.wanted = []
        self.routing = MdnsRouting(self.services[0], self.swarm, lambda one: one in self.wanted)

    async def start(self, met: bool = True) -> "Lan":
        for number, service in enumerate(self.services):
            await service.start([Multiaddr(ANY_HOST + str(4001 + number))] if number else [])
        await self.routing.start()
        if met:
            for _ in self.services[1:]:
                await aio.wait_for_ms(self.services[0].next_event(), WAIT_MS)
        return self

    async def stop(self) -> None:
        await self.routing.stop()
        for service in self.services:
            await service.stop()

    def lie(self, number: int, claimed: PeerId, port: int) -> None:
        """Somebody says that ``claimed`` has the key of peer ``number`` and is at ``port``."""
        from edge.mdns.probes import Probes, pointer

        service = message.name("_p2p._udp.local")
        name = Probes(b"", service).name(peer_id(number))
        instance = message.name("liar%d._p2p._udp.local" % port)
        where = Multiaddr("/ip4/10.0.0.1/tcp/%d" % port)
        text = b"dnsaddr=" + str(where.with_peer_id(claimed.to_bytes())).encode()
        records = [(instance, 16, 0x8001, 120, bytes([len(text)]) + text)]
        packet = message.encode(0x8400, (), [pointer(name, instance)], records)
        for listener in self.link.listeners:
            listener.put_nowait((packet, (HOST, PORT), "eth0"))


async def make():
    lan = await Lan(3).start()
    return lan.routing, lan.infos[1:], lan.stop


async def test_contract() -> None:
    await contract.check(make)


def test_a_liar_does_not_hide_who_came_to_us() -> None:
    class Came:
        direction = "inbound"
        remote_address = Multiaddr("/ip4/10.0.0.1/tcp/50000")

        class identified:
            listen_addresses = (
                Multiaddr("/ip4/10.0.0.1/tcp/4001"),
                Multiaddr("/ip4/10.9.9.9/tcp/4001"),
            )

    own, other = Came.identified.listen_addresses
    assert module._where(Came, [Multiaddr("/ip4/10.0.0.9/tcp/1")]) == [own]
    assert module._where(Came, [own, other]) == [own, other]
    Came.identified = None
    assert module._where(Came, [other]) == []


async def test_a_peer_is_found_where_it_proved_to_be() -> None:
    lan = await Lan(3).start()
    info = await lan.routing.find_peer(lan.ids[1]).first()
    assert (info.peer_id, info.addresses) == (lan.ids[1], [address_of(2)])
    assert lan.swarm.dialed == [lan.ids[1]]
    assert await lan.routing.next_event() == Found(lan.ids[1], [address_of(2)], "mdns")
    assert lan.routing.status() == {"probes": 1, "proven": 1, "unproven": 0, "offered": 0}
    await lan.stop()


async def test_a_liar_is_dialed_and_not_believed() -> None:
    for claimed, port in ((PeerId(peer_id(2)), 666), (PeerId(peer_id(9)), 667)):
        lan = await Lan(2).start()
        results = lan.routing.find_peer(lan.ids[1])
        await aio.sleep_ms(5)
        lan.lie(2, claimed, port)
        info = await results.first()
        assert info.addresses == [address_of(2)]
        assert PeerId(peer_id(9)) not in lan.swarm.dialed  # it is not what was asked for
        await lan.stop()


async def test_who_does_not_prove_itself_is_no_result() -> None:
    lan = await Lan(3).start()
    lan.swarm.there = {}
    assert await lan.routing.find_peer(lan.ids[1]).all() == []
    assert await lan.routing.get_closest_peers(KEY, 5).all() == []
    assert lan.routing.status()["unproven"] == 3
    await lan.stop()


async def test_providers() -> None:
    count = 4 if MICROPYTHON else 6  # of which one host, as they share it, may tell
    lan = await Lan(count).start()
    for service in lan.services[1:-1]:
        service.offer(KEY)
    found = await lan.routing.find_providers(KEY, 20).all()
    assert sorted([str(info.peer_id) for info in found]) == sorted([str(i) for i in lan.ids[1:-1]])
    assert lan.swarm.dialing_most <= DIALS_MAX
    assert len(await lan.routing.find_providers(KEY, 2).all()) == 2
    assert await lan.routing.find_providers(b"another", 2).all() == []
    await lan.stop()


async def test_who_provides_is_found_until_it_does_no_more() -> None:
    lan = await Lan(2).start()
    lan.services[0].update_addresses([Multiaddr(ANY_HOST + "4001")])
    assert await lan.routing.provide(KEY) == 1 and await lan.routing.provide(KEY) == 1
    assert lan.routing.status()["offered"] == 1
    there = Swarm({lan.ids[0]: address_of(1)})
    other = MdnsRouting(lan.services[1], there, lambda one: False)
    await other.start()
    assert [info.peer_id for info in await other.find_providers(KEY, 1).all()] == [lan.ids[0]]
    await lan.routing.unprovide(KEY)
    await lan.routing.unprovide(b"nothing")
    await aio.sleep_ms(1000)
    assert await other.find_providers(KEY, 1).all() == []
    await other.stop()
    await lan.stop()


async def test_who_is_to_be_found_nowhere_provides_for_nobody() -> None:
    lan = await Lan(1).start()
    assert await lan.routing.provide(KEY) == 0
    await lan.stop()


async def test_too_many_probes_are_told_as_the_reason() -> None:
    lan = await Lan(1).start()

    def refuse(key):
        raise LimitError("enough")

    lan.services[0].probe = refuse
    results = lan.routing.find_peer(PeerId(peer_id(2)))
    assert await results.all() == [] and isinstance(results.error, LimitError)
    await lan.stop()


async def test_the_closest_are_dialed_first_and_no_more_than_needed() -> None:
    lan = await Lan(5).start()
    order = sorted(lan.ids[1:], key=lambda one: distance(KEY, one.to_bytes()))
    del lan.swarm.there[order[0]]
    found = await lan.routing.get_closest_peers(KEY, 2).all()
    assert [info.peer_id for info in found] == order[1:3]
    assert order[3] not in lan.swarm.dialed
    await lan.stop()


async def test_who_is_not_known_is_asked_for() -> None:
    lan = await Lan(3).start(met=False)
    found = await lan.routing.get_closest_peers(KEY, 5).all()
    assert len(found) == 2
    await lan.stop()


async def test_a_peer_that_connected_to_us_counts() -> None:
    lan = await Lan(2).start()
    inbound = Connection(lan.ids[1], Multiaddr("/ip4/10.0.0.1/tcp/50000"), "inbound")
    lan.swarm.held[lan.ids[1]] = inbound
    info = await lan.routing.find_peer(lan.ids[1]).first()
    assert info.addresses == [address_of(2)] and lan.swarm.dialed == []
    inbound.remote_address = Multiaddr("/ip4/10.0.0.2/tcp/50000")  # it says it is elsewhere
    info = await lan.routing.find_peer(lan.ids[1]).first()
    assert info.peer_id == lan.ids[1] and info.addresses == []
    await lan.stop()


async def test_connections_for_a_proof_alone_are_closed() -> None:
    module.UNUSED_MS, before = 50, module.UNUSED_MS
    try:
        lan = await Lan(4).start()
        lan.wanted.append(lan.ids[1])
        await lan.routing.get_closest_peers(KEY, 5).all()
        held = [lan.swarm.held[one] for one in lan.ids[1:]]
        held[1].streams.append("in use")
        while not held[2].closed:
            await aio.sleep_ms(10)
        await aio.sleep_ms(50)
        assert [connection.closed for connection in held] == [False, False, True]
        await lan.stop()
    finally:
        module.UNUSED_MS = before


async def test_a_search_that_is_closed_ends_its_probe() -> None:
    lan = await Lan(1).start()
    results = lan.routing.find_peer(PeerId(peer_id(9)))
    await aio.sleep_ms(5)
    assert lan.services[0]._askers
    await results.close()
    await aio.sleep_ms(5)
    assert not lan.services[0]._askers
    await lan.stop()


class Door:
    def __init__(self, discovery) -> None:
        self.discovery = discovery
        self.swarm = self.wants = None


def test_it_is_there_where_discovery_can_probe() -> None:
    able, unable = Link().open_agent(b"x"), Link().open_agent(b"x")
    unable.can_probe = False
    assert open_routing("mdns", Door(None)) is None
    assert open_routing("mdns", Door(unable)) is None
    assert isinstance(open_routing("mdns", Door(able)), MdnsRouting)


if __name__ == "__main__":
    kit.run(globals())
