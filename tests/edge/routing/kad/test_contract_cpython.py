"""Kademlia over real swarms: the contract of a routing, and nodes put together as programs are."""

from edge.config import NodeConfig
from edge.errors import LinkError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.node import Home, Node
from edge.routing import open_routing
from edge.routing.kad.discovery.random_walk import RandomWalk
from edge.swarm.swarm import Connected
from edge.system import aio
from tests import kit
from tests.contract import routing as contract
from tests.edge.fake_link import free_name
from tests.edge.routing.kad.nodes import KadNet
from tests.edge.routing.kad.samples import KEY, VALIDATORS
from tests.edge.routing.kad.test_network import Bounds
from tests.edge.swarm.node import until
from transports import memory, tcp

COUNT = 10


async def crowd(net: KadNet, count: int, mode: str = "server") -> list:
    """Servers that came one after the other and met through the first; the last is a ``mode``."""
    nodes: list = []
    for number in range(count):
        node = await net.node(mode if number == count - 1 else "server", [RandomWalk()])
        if nodes:
            node.meet(nodes[0])
        for other in nodes:
            await until(lambda node=node, other=other: node.knows(other))
            if node.kad.is_server:
                await until(lambda node=node, other=other: other.knows(node))
        nodes.append(node)
    return nodes


def maker(mode: str):
    async def make():
        net = KadNet()
        await net.__aenter__()
        nodes = await crowd(net, COUNT, mode)
        known = [PeerInfo(node.peer_id, node.swarm.listen_addresses()) for node in nodes[:-1]]

        async def stop() -> None:
            await net.__aexit__(None, None, None)

        return nodes[-1].kad, known, stop

    return make


async def test_contract_of_a_server() -> None:
    await contract.check(maker("server"))


async def test_contract_of_a_client() -> None:
    await contract.check(maker("client"))


async def test_records_cross_the_network() -> None:
    async with KadNet() as net:
        nodes = await crowd(net, COUNT, "client")
        client = nodes[-1]
        told = await client.kad.provide(KEY)
        assert 0 < told < COUNT - 1
        assert await client.kad.put_value(b"/new/a", b"1") > 0
        for node in nodes[:-1]:
            found = await node.kad.find_providers(KEY, 1).first()
            assert found.peer_id == client.peer_id
            assert found.addresses == client.swarm.listen_addresses()
            assert await node.kad.get_value(b"/new/a") == b"1"


async def test_a_server_that_vanishes_is_in_no_answer_any_more() -> None:
    """Its connections break off, which is a reason to see whether it is still there."""
    async with KadNet() as net:
        nodes = await crowd(net, 5)
        gone = nodes[1]
        for node in nodes:
            if node is not gone and not node.swarm.connections(gone.peer_id):
                await node.swarm.dial(PeerInfo(gone.peer_id, gone.swarm.listen_addresses()))
        for connection in gone.swarm.connections():
            await connection._raw.close()
        await gone.swarm.close()
        others = [node for node in nodes if node is not gone]
        for node in others:
            await until(lambda node=node: not node.knows(gone))
        assert not await nodes[0].kad.find_peer(gone.peer_id).all()


# -- as programs are put together


class Shelf(Home):
    """Remembers peers in memory."""

    def __init__(self) -> None:
        self.data = b""

    def load(self, store, now: int) -> None:
        from edge.identity import peer_store_file

        if self.data:
            assert peer_store_file.decode(store, self.data, now) == 0

    def save(self, store, now: int) -> None:
        from edge.identity import peer_store_file

        self.data = peer_store_file.encode(store, now)


def node_of(key=None, home=None, transport=None, **values) -> Node:
    values.setdefault("listen", ["/ip4/127.0.0.1/tcp/0"])
    values.setdefault("routing", ["kad-lan"])
    key = key or PrivateKey.generate()
    node = Node(key, NodeConfig(values), [transport or tcp.Transport()], home)
    node.validators = VALIDATORS
    for name in node.config.routing:
        node.add_routing(open_routing(name, node))
    return node


def where(node: Node) -> str:
    return str(node.addresses()[0].with_peer_id(node.peer_id.to_bytes()))


def contacts(node: Node) -> list:
    return [row["peer_id"] for row in node.routing.routings[0].status()["peers"]]


async def test_nodes_find_each_other_through_a_bootstrap_peer() -> None:
    first = node_of()
    await first.start()
    others = [node_of(bootstrap=[where(first)]) for _ in range(4)]
    for node in others:
        await node.start()
    for node in others:
        await until(lambda node=node: len(contacts(node)) == 4)
    assert (await others[0].swarm.dial(others[3].peer_id)).remote_peer == others[3].peer_id
    await others[1].provide(KEY)
    found = await others[2].find_providers(KEY).first()
    assert found.peer_id == others[1].peer_id
    stranger = PeerId.from_public_key(PrivateKey.generate().public)
    await kit.raises_async(LinkError, others[0].swarm.dial(stranger))
    for node in [*others, first]:
        await node.stop()


async def test_a_bootstrap_address_need_not_say_who_is_there() -> None:
    first = node_of()
    await first.start()
    node = node_of(bootstrap=[str(first.addresses()[0])])
    await node.start()
    await until(lambda: contacts(node) == [str(first.peer_id)])
    await node.stop()
    await first.stop()


async def test_those_of_last_time_are_asked_first() -> None:
    home, key = Shelf(), PrivateKey.generate()
    first = node_of()
    await first.start()
    for bootstrap in ([where(first)], []):
        node = node_of(key, home, bootstrap=bootstrap)
        await node.start()
        await until(lambda node=node: contacts(node) == [str(first.peer_id)])
        await node.stop()
        await until(lambda: not first.swarm.connections())
    await first.stop()


async def test_a_bootstrap_peer_that_is_not_there_holds_nothing_up() -> None:
    nobody = "/ip4/127.0.0.1/tcp/1/p2p/" + str(PeerId.from_public_key(PrivateKey.generate().public))
    node = node_of(bootstrap=[nobody, "/dnsaddr/nobody.invalid"])
    await node.start()
    other = node_of(bootstrap=[where(node)])
    await other.start()
    await until(lambda: contacts(node) and contacts(other))
    await node.stop()
    await other.stop()


async def test_a_node_that_nobody_can_dial_is_a_client() -> None:
    node = node_of(listen=[])
    await node.start()
    assert node.routing.status()["kad-lan"]["mode"] == "client"
    assert "/ipfs/lan/kad/1.0.0" not in node.swarm.handlers
    await node.stop()
    for mode, serves in (("server", True), ("client", False), ("auto", True)):
        node = node_of(kad_mode=mode)
        await node.start()
        assert ("/ipfs/lan/kad/1.0.0" in node.swarm.handlers) is serves, mode
        await node.stop()
    world = node_of(routing=["kad-wan"])
    await world.start()
    assert "/ipfs/kad/1.0.0" not in world.swarm.handlers
    await world.stop()


async def test_our_own_network_and_that_of_others_do_not_mix() -> None:
    a = node_of(routing=["kad-edge", "kad-lan"])
    await a.start()
    b = node_of(routing=["kad-edge"], bootstrap=[where(a)])
    await b.start()
    await until(lambda: contacts(a) == [str(b.peer_id)])
    lan = a.routing.status()["kad-lan"]
    assert lan["contacts"] == 0 and lan["spares"] == 0
    await a.stop()
    await b.stop()


async def test_links_without_ip_are_at_home_on_our_own_network() -> None:
    def of(**values) -> Node:
        values["routing"] = ["kad-edge"]
        return node_of(transport=memory.Transport(), listen=[free_name()], **values)

    first = of()
    await first.start()
    node = of(bootstrap=[where(first)])
    await node.start()
    await until(lambda: contacts(node) == [str(first.peer_id)])
    await node.stop()
    await first.stop()


async def test_connections_are_given_back_and_the_table_stays() -> None:
    with Bounds(STREAM_IDLE_MS=20, SWEEP_MS=20, CONNECTION_IDLE_MS=50):
        first = node_of()
        await first.start()
        node = node_of(bootstrap=[where(first)])
        events = node.watch()
        await node.start()
        await until(lambda: contacts(node) and contacts(first))
        await until(lambda: not node.swarm.connections())
        await aio.sleep_ms(50)
        assert contacts(node) == [str(first.peer_id)] and contacts(first) == [str(node.peer_id)]
        made = [isinstance(await events.get(), Connected) for _ in range(len(events))]
        assert sum(made) <= 3
        await node.stop()
        await first.stop()
