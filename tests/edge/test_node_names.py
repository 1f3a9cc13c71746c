"""A node that is to stay connected to a name: it starts without a network and dials with one."""

from edge.errors import LinkError
from edge.identity.peer_id import PeerId
from edge.swarm.swarm import Connected
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge import fake_link
from tests.edge.fake_link import event_of, until
from transports import tcp


def free_address() -> str:
    """/ip4/127.0.0.1/tcp/.. that nobody listens on."""
    server = kit.free_server()
    server._shut()
    return "/ip4/127.0.0.1/tcp/{}".format(server.port)


async def test_a_name_nobody_answers_for():
    first, second = fake_link.keys_in_order(2)
    listening = fake_link.node_of(tcp.Transport(), second, listen=[free_address()])
    await listening.start()
    name = "/dnsaddr/x.org/p2p/{}".format(listening.peer_id)
    node = fake_link.node_of(tcp.Transport(), first, listen=[], peers=[name])
    asked: list = []
    plugged = aio.Event()

    async def lookup(asked_name: str) -> list:
        asked.append(asked_name)
        if len(asked) == 1:
            raise LinkError("unplugged")
        await plugged.wait()
        there = "{}/p2p/{}".format(listening.addresses()[0], listening.peer_id)
        return [b"dnsaddr=" + there.encode()]

    node.swarm.lookup_txt = lookup
    events = node.watch()
    await node.start()
    await until(lambda: len(asked) > 1)  # it asks again
    plugged.set()
    connected = await event_of(events, Connected)
    assert connected.connection.remote_peer == listening.peer_id
    assert asked[0] == "_dnsaddr.x.org"
    known = node.peer_store.addresses(listening.peer_id, 0)
    assert Multiaddr("/dnsaddr/x.org") in known
    await node.stop()
    await listening.stop()


async def test_it_stops_while_it_asks():
    first, second = fake_link.keys_in_order(2)
    name = "/dnsaddr/x.org/p2p/{}".format(PeerId.from_public_key(second.public))
    node = fake_link.node_of(tcp.Transport(), first, listen=[], peers=[name])
    asking = aio.Event()

    async def lookup(_name: str) -> list:
        asking.set()
        await aio.Event().wait()
        return []

    node.swarm.lookup_txt = lookup
    await node.start()
    await asking.wait()
    await node.stop()


if __name__ == "__main__":
    kit.run(globals())
