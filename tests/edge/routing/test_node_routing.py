"""A node asks its routings: for a peer it is to dial, for keys, and again after a restart."""

from edge.errors import LimitError, LinkError, LocalError
from edge.identity.peer_info import PeerInfo
from edge.node import PROVIDED_MAX, Home
from edge.routing import Found
from edge.system import aio
from tests import kit
from tests.edge import fake_link
from tests.edge.fake_link import event_of, free_name
from tests.edge.routing.test_joined import KEY, Slow
from transports import memory


class Shelf(Home):
    """Remembers keys, unless it is full."""

    def __init__(self, *keys) -> None:
        self.keys = list(keys)
        self.full = False

    def load_provided(self) -> list:
        return list(self.keys)

    def save_provided(self, keys: list) -> None:
        if self.full:
            raise LocalError("the disk is full")
        self.keys = list(keys)


def node_of(home=None):
    return fake_link.node_of(memory.Transport(), None, None, home, listen=[free_name()])


async def test_a_peer_without_an_address_is_looked_for() -> None:
    a, b = node_of(), node_of()
    await b.start()
    routing = Slow("slow", [PeerInfo(b.peer_id, b.addresses())], 1)
    a.add_routing(routing)
    await a.start()
    connection = await a.swarm.dial(b.peer_id)
    assert connection.remote_peer == b.peer_id and routing.asked == 1
    await a.swarm.dial(b.peer_id)
    assert routing.asked == 1  # connected
    await b.stop()
    await kit.raises_async(LinkError, a.swarm.dial(node_of().peer_id))
    assert routing.asked == 2
    await a.stop()


async def test_a_node_without_routing_says_so() -> None:
    node = node_of()
    kit.raises(LocalError, node.find_peer, node.peer_id)
    await kit.raises_async(LocalError, node.provide(KEY))
    await kit.raises_async(LinkError, node.swarm.dial(node_of().peer_id))


async def test_what_is_provided_is_provided_again_after_a_restart() -> None:
    home = Shelf()
    for _ in range(2):
        node = node_of(home)
        routing = Slow("slow", [], 1)
        node.add_routing(routing)
        await node.start()
        await aio.sleep_ms(10)
        assert routing.provided == home.keys
        assert await node.provide(KEY) == 3
        assert node.provided() == home.keys == [KEY]
        await node.stop()
    node = node_of(home)
    node.add_routing(Slow("slow", [], 1))
    await node.start()
    assert await node.unprovide(KEY)
    assert not await node.unprovide(KEY)
    assert home.keys == []
    await node.stop()


async def test_keys_have_bounds_and_a_full_disk_says_so() -> None:
    home = Shelf()
    node = node_of(home)
    routing = Slow("slow", [], 1)
    node.add_routing(routing)
    await node.start()
    for key in (b"", bytes(81)):
        await kit.raises_async(LocalError, node.provide(key))
        kit.raises(LocalError, node.find_providers, key)
        kit.raises(LocalError, node.get_closest_peers, key)
    home.full = True
    await kit.raises_async(LocalError, node.provide(KEY))
    assert node.provided() == [] and routing.provided == []
    home.full = False
    for number in range(PROVIDED_MAX):
        await node.provide(number.to_bytes(2, "big"))
    await kit.raises_async(LimitError, node.provide(KEY))
    await node.stop()


async def test_who_becomes_known_is_told_and_remembered() -> None:
    a, b = node_of(), node_of()
    routing = Slow("slow", [], 1)
    a.add_routing(routing)
    await a.start()
    events = a.watch()
    routing.events.put_nowait(Found(b.peer_id, [b.config.listen[0]], "random walk"))
    event = await event_of(events, Found)
    assert event.source == "random walk"
    assert b.peer_id in a.peer_store.peers()
    await a.stop()


if __name__ == "__main__":
    kit.run(globals())
