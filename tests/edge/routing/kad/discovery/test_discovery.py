"""Where contacts come from: the LAN, a list, the peers of last time, and walks at random."""

from edge.errors import LinkError
from edge.identity.peer_id import PeerId
from edge.identity.peer_store import PeerStore
from edge.mdns import Found, Lost
from edge.routing.kad import EDGE, WAN
from edge.routing.kad.discovery import bootstrap_list, mdns, open_discoveries, random_walk
from edge.routing.kad.discovery.random_walk import RandomWalk
from edge.system import MICROPYTHON, aio, clock
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.routing.kad.town import Town, contact_of, until

COUNT = 3 if MICROPYTHON else 12


class FakeSwarm:
    """Resolves and dials what the test says."""

    def __init__(self) -> None:
        self.names: dict = {}  # address -> list of addresses, or an error
        self.dialed: list = []
        self.listening: list = [Multiaddr("/ip4/10.0.0.1/tcp/1")]

    def listen_addresses(self) -> list:
        return self.listening

    async def resolve(self, address) -> list:
        found = self.names.get(str(address), [address])
        if isinstance(found, Exception):
            raise found
        return found

    async def dial(self, address):
        self.dialed.append(str(address))
        raise LinkError("nobody")


class FakeConfig:
    bootstrap: list = []


class FakeNode:
    """What a discovery may ask of a node."""

    def __init__(self, bootstrap=()) -> None:
        self.swarm = FakeSwarm()
        self.peer_store = PeerStore()
        self.config = FakeConfig()
        self.config.bootstrap = [Multiaddr(text) for text in bootstrap]
        self.discovery = self
        self.events = aio.Queue(16)

    def watch(self) -> aio.Queue:
        return self.events

    def unwatch(self, queue: aio.Queue) -> None:
        queue.close()


def address_of(kad) -> Multiaddr:
    """With its peer id, as people write it."""
    contact = contact_of(kad)
    return Multiaddr.from_bytes(contact.addresses[0]).with_peer_id(contact.id)


async def quiet() -> None:
    for _ in range(200):
        await aio.sleep_ms(0)


# -- bootstrap list


async def test_peers_of_the_list_are_asked():
    async with Town() as town:
        there = await town.node()
        node = FakeNode([str(address_of(there))])
        kad = await town.node(discoveries=[bootstrap_list.BootstrapList(node, EDGE)])
        await until(lambda: len(kad.table))
        assert (await kad.next_event()).source == "bootstrap"


async def test_names_are_resolved_with_a_peer_id_and_without():
    async with Town() as town:
        first, second = await town.node(), await town.node()
        named = "/dnsaddr/a.example/p2p/{}".format(first.network.peer_id)
        node = FakeNode([named, "/dnsaddr/b.example"])
        node.swarm.names[named] = [address_of(first)]
        nobody = Multiaddr("/ip4/10.9.9.9/tcp/1")
        node.swarm.names["/dnsaddr/b.example"] = [address_of(second), nobody]
        kad = await town.node(discoveries=[bootstrap_list.BootstrapList(node, EDGE)])
        await until(lambda: len(kad.table) == 2)
        assert node.swarm.dialed == [str(nobody)]  # to learn who is there


async def test_without_a_network_it_starts_and_tries_again():
    before = bootstrap_list.RETRY_MS
    bootstrap_list.RETRY_MS = 1
    try:
        async with Town() as town:
            there = await town.node()
            name = "/dnsaddr/a.example"
            node = FakeNode([name])
            node.swarm.names[name] = LinkError("no name server")
            found = bootstrap_list.BootstrapList(node, EDGE)
            kad = await town.node(discoveries=[found])
            await until(lambda: found._tried)
            await quiet()
            assert len(kad.table) == 0 and found.deadline() is not None
            node.swarm.names[name] = [address_of(there)]
            found._due = 0
            kad.upkeep.wake()
            await until(lambda: len(kad.table))
            await until(lambda: found.deadline() is None)  # somebody is known: enough
    finally:
        bootstrap_list.RETRY_MS = before


async def test_what_does_not_belong_here_is_left_alone():
    private = "/ip4/10.0.0.9/tcp/1"
    peer = "/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
    node = FakeNode([private, private + peer])
    async with Town() as town:
        found = bootstrap_list.BootstrapList(node, WAN)
        kad = await town.node(discoveries=[found], profile=WAN)
        await until(lambda: found._tried)
        await quiet()
        assert node.swarm.dialed == [] and not kad.table.rows()


async def test_peers_of_last_time_are_asked_if_they_spoke_kad():
    async with Town() as town:
        was_there, never = await town.node(), await town.node()
        node = FakeNode()
        for kad, protocol in ((was_there, EDGE.protocol), (never, "/ping")):
            where = Multiaddr.from_bytes(contact_of(kad).addresses[0])
            node.peer_store.add_addresses(kad.network.peer_id, [where], 60000, 1 << 40)
            node.peer_store.set_protocols(kad.network.peer_id, [protocol])
        kad = await town.node(discoveries=[bootstrap_list.BootstrapList(node, EDGE)])
        await until(lambda: len(kad.table))
        await quiet()
        assert never.network.asked == 0
        assert (await kad.next_event()).source == "last time"


# -- mDNS


def found_of(kad) -> Found:
    where = [Multiaddr.from_bytes(one) for one in contact_of(kad).addresses]
    return Found(kad.network.peer_id, where, "eth0")


async def test_who_is_found_on_the_lan_is_asked():
    before, mdns.COURTESY_MS = mdns.COURTESY_MS, 0
    try:
        async with Town() as town:
            there, node = await town.node(), FakeNode()
            kad = await town.node(discoveries=[mdns.MdnsDiscovery(node)])
            node.events.put_nowait(found_of(there))
            await until(lambda: len(kad.table))
            assert (await kad.next_event()).source == "mdns"
    finally:
        mdns.COURTESY_MS = before


async def test_who_cannot_be_dialed_asks_at_once():
    async with Town() as town:
        there, node = await town.node(), FakeNode()
        node.swarm.listening = []
        kad = await town.node("client", discoveries=[mdns.MdnsDiscovery(node)])
        node.events.put_nowait(found_of(there))
        await until(lambda: len(kad.table))


async def test_who_connects_by_itself_is_not_asked_twice():
    async with Town() as town:
        there, node = await town.node(), FakeNode()
        found = mdns.MdnsDiscovery(node)
        kad = await town.node(discoveries=[found])
        node.events.put_nowait(found_of(there))
        await until(found.deadline)
        there.consider(contact_of(kad), "test")
        await until(lambda: len(kad.table))
        asked = there.network.asked
        await found.discover(1 << 60)
        await quiet()
        assert there.network.asked == asked and found.deadline() is None
        assert (await kad.next_event()).source == "mdns"


async def test_who_is_lost_on_the_lan_is_asked_whether_it_lives():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        node = FakeNode()
        found = mdns.MdnsDiscovery(node)
        found.start(one)
        other.network.alive = False
        node.events.put_nowait(Lost(other.network.peer_id))
        await until(lambda: one.table.closest(0, 9) == [])


async def test_a_flood_of_peers_found_is_bounded():
    async with Town() as town:
        node = FakeNode()
        found = mdns.MdnsDiscovery(node)
        kad = await town.node(discoveries=[found])
        await until(lambda: found._kad)
        for number in range(3 * mdns.WAITING_MAX):
            peer_id = PeerId(b"\x12\x20" + number.to_bytes(32, "big"))
            found._found(Found(peer_id, [Multiaddr("/ip4/10.1.1.1/tcp/1")], "eth0"))
        assert len(found._waiting) == mdns.WAITING_MAX
        assert len(kad._sources) <= 512


# -- random walk


async def test_a_node_that_comes_meets_its_neighbours():
    async with Town() as town:
        kads = await town.nodes(COUNT, lambda: [RandomWalk()])
        for kad in kads:
            await until(lambda kad=kad: len(kad.table) == COUNT - 1)
        sources = []
        for _ in range(COUNT - 1):
            sources.append((await kads[-1].next_event()).source)
        assert "test" in sources and len(set(sources)) > 1


async def test_where_nobody_new_is_found_walks_become_rare():
    async with Town() as town:
        kads = await town.nodes(3, lambda: [RandomWalk()])
        await quiet()
        walk = RandomWalk()
        walk.start(kads[0])
        pauses = []
        for _ in range(5):
            now = clock.monotonic_ms()
            await walk._search(random_walk.OWN)
            pauses.append(kads[0].table.refresh_deadline() - now)
        assert pauses[-1] > pauses[0] and pauses[-1] <= 3600000 + 60000


async def test_nobody_is_asked_while_nobody_is_known():
    async with Town() as town:
        walk = RandomWalk()
        kad = await town.node(discoveries=[walk])
        await quiet()
        assert walk.deadline() is None and kad.status()["searches"] == 0


# -- the door


def test_what_there_is_here():
    node = FakeNode(["/ip4/10.0.0.1/tcp/4001"])
    names = [found.name for found in open_discoveries(node, EDGE)]
    assert names == ["mdns", "bootstrap", "random walk"]
    names = [found.name for found in open_discoveries(node, WAN)]
    assert names == ["bootstrap", "random walk"]
    node.discovery = None
    assert len(open_discoveries(node, EDGE)) == 2
    node.config.bootstrap = []
    assert len(open_discoveries(node, EDGE)) == (1 if MICROPYTHON else 2)


if __name__ == "__main__":
    kit.run(globals())
