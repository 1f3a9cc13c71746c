"""Node: who is dialed, who is remembered, what is told, and how it ends."""

from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.mdns import Found, Lost
from edge.swarm.swarm import Connected, Disconnected
from edge.system import MICROPYTHON, aio, log
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge import fake_link
from tests.edge.fake_link import (
    Discovery,
    Memory,
    address_of,
    event_of,
    found,
    free_name,
    keys_in_order,
    until,
)
from transports import memory


def node_of(key=None, discovery=None, home=None, **values):
    values.setdefault("listen", [free_name()])
    return fake_link.node_of(memory.Transport(), key, discovery, home, **values)


async def test_who_is_found_is_connected_and_remembered():
    first, second = keys_in_order(2)
    discovery = Discovery()
    home = Memory()
    a, b = node_of(first, discovery, home), node_of(second)
    await a.start()
    await b.start()
    events = a.watch()
    discovery.tell(found(b))
    assert (await event_of(events, Found)).peer_id == b.peer_id
    assert discovery.started == a.swarm.listen_addresses()
    assert (await event_of(events, Connected)).connection.remote_peer == b.peer_id
    assert len(await a.ping.ping(b.peer_id)) == 1
    await b.stop()
    await event_of(events, Disconnected)
    await a.stop()
    assert home.saved == 1 and discovery.stopped
    await kit.raises_async(EOFError, _drain(events))


async def _drain(events):
    while True:
        await events.get()


async def test_nobody_is_dialed_where_none_may_be():
    first, second = keys_in_order(2)
    discovery = Discovery()
    a, b = node_of(first, discovery, connections_auto_max=0), node_of(second)
    await a.start()
    await b.start()
    events = a.watch()
    discovery.tell(found(b))
    await event_of(events, Found)
    await aio.sleep_ms(50)
    assert not a.swarm.connections()
    assert (await a.swarm.dial(b.peer_id)).remote_peer == b.peer_id
    await a.stop()
    await b.stop()


async def test_no_more_than_the_bound_are_dialed():
    bound = 1 if MICROPYTHON else 2  # a chip has no room for four nodes
    keys = keys_in_order(bound + 2)
    discovery = Discovery()
    a = node_of(keys[0], discovery, connections_auto_max=bound)
    others = [node_of(key) for key in keys[1:]]
    await a.start()
    for other in others:
        await other.start()
        discovery.tell(found(other))
    await until(lambda: len(a.swarm.connections()) == bound)
    await aio.sleep_ms(100)
    assert len(a.swarm.connections()) == bound
    for node in others + [a]:
        await node.stop()


async def test_our_own_announcement_is_not_news():
    discovery = Discovery()
    a = node_of(None, discovery)
    await a.start()
    events = a.watch()
    discovery.tell(found(a))
    discovery.tell(Lost(PeerId.from_public_key(PrivateKey.generate().public).to_bytes()))
    assert isinstance(await events.get(), Lost)
    await a.stop()


async def test_a_pinned_peer_is_dialed_until_it_is_there_and_again_when_lost():
    first, second = keys_in_order(2)
    name = free_name()
    b = node_of(second, listen=[name])
    a = node_of(first, peers=[name + "/p2p/" + str(b.peer_id)])
    await a.start()
    events = a.watch()
    await aio.sleep_ms(50)
    await b.start()
    await event_of(events, Connected)
    await b.stop()
    await event_of(events, Disconnected)
    b = node_of(second, listen=[name])
    await b.start()
    await event_of(events, Connected)
    await a.stop()
    await b.stop()


async def test_who_does_not_answer_is_doubted():
    discovery = Discovery()
    ghost = PeerId.from_public_key(keys_in_order(2)[1].public)
    a = node_of(None, discovery)
    await a.start()
    discovery.tell(Found(ghost.to_bytes(), [Multiaddr(free_name())], "eth0"))
    await until(lambda: discovery.doubted)
    assert discovery.doubted[0] == ghost.to_bytes()
    discovery.tell(Lost(ghost.to_bytes()))
    count = len(discovery.doubted)
    await aio.sleep_ms(1500)
    assert len(discovery.doubted) <= count + 1
    await a.stop()


async def test_a_link_without_multicast_does_not_stop_a_node():
    discovery = Discovery()
    discovery.broken = True
    a = node_of(None, discovery)
    said = []
    log.set_sink(lambda level, name, text: said.append(text))
    await a.start()
    await until(lambda: said)
    log.set_sink()
    assert "no multicast here" in said[0]
    assert a.swarm.listen_addresses()
    await a.stop()


async def test_a_full_disk_is_said_once():
    home = Memory()
    home.full = True
    first, second = keys_in_order(2)
    a, b = node_of(first, None, home), node_of(second)
    said = []
    log.set_sink(lambda level, name, text: said.append(text))
    await a.start()
    await b.start()
    for _ in range(3):
        await a.swarm.dial(Multiaddr(address_of(b)))
        await until(lambda: a.peer_store.addresses(b.peer_id, 0))
        a._save(0)
    home.full = False
    await a.stop()
    await b.stop()
    log.set_sink()
    assert len(said) == 1 and "the disk is full" in said[0], said
    assert home.saved == 1


async def test_stop_does_not_wait_for_ever():
    discovery = Discovery()
    discovery.stuck = True
    a = node_of(None, discovery, stop_timeout_ms=100)
    said = []
    log.set_sink(lambda level, name, text: said.append(text))
    await a.start()
    await aio.wait_for_ms(a.stop(), 5000)
    log.set_sink()
    assert "goodbye" in said[0]


async def test_a_record_is_sealed_once_per_set_of_addresses():
    home = Memory()
    first, second = keys_in_order(2)
    a, b = node_of(first, None, home), node_of(second)
    await a.start()
    await b.start()
    for _ in range(3):
        await b.swarm.dial(Multiaddr(address_of(a)))
        await until(lambda: b.swarm.connections()[0].identified)
        await b.swarm.close_peer(a.peer_id)
        await until(lambda: not b.swarm.connections())
    assert home.sealed == 1
    await a.stop()
    await b.stop()


async def test_perf_is_served_only_where_it_was_asked_for():
    for wanted in (True, False):
        a = node_of(perf=wanted)
        await a.start()
        assert ("/perf/1.0.0" in a.swarm.handlers) is wanted
        await a.stop()


if __name__ == "__main__":
    kit.run(globals())
