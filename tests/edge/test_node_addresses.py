"""Where a node says it can be reached, while its machine's addresses come and go."""

from edge import node
from edge.node import Moved
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.fake_link import Memory, event_of, node_of
from transports import tcp

node.GRACE_MS = 50  # nothing comes back here
TEN = b"\x0a\0\0"
LINK_LOCAL = b"\xfe\x80" + bytes(13) + b"\x01"


async def free_port() -> int:
    server = kit.free_server()
    await server.close()
    return server.port


async def test_what_is_unspecified_stands_for_every_address_we_have():
    port = await free_port()
    home = Memory(TEN + b"\1", TEN + b"\2", LINK_LOCAL)
    a = node_of(tcp.Transport(), None, None, home, listen=["/ip4/0.0.0.0/tcp/{}".format(port)])
    await a.start()
    events = a.watch()
    wanted = ["/ip4/10.0.0.{}/tcp/{}".format(last, port) for last in (1, 2)]
    assert [str(address) for address in a.addresses()] == wanted
    home.interfaces.replace(TEN + b"\3")
    moved = await event_of(events, Moved)
    assert [str(address) for address in moved.addresses] == ["/ip4/10.0.0.3/tcp/" + str(port)]
    home.interfaces.replace()
    moved = await event_of(events, Moved)
    assert [str(address) for address in moved.addresses] == ["/ip4/127.0.0.1/tcp/" + str(port)]
    await a.stop()


async def test_what_is_specified_stays_as_it_is():
    port = await free_port()
    text = "/ip4/127.0.0.1/tcp/" + str(port)
    a = node_of(tcp.Transport(), None, None, Memory(TEN + b"\1"), listen=[text])
    await a.start()
    assert [str(address) for address in a.addresses()] == [text]
    await a.stop()


async def test_connections_on_an_address_that_is_gone_are_known():
    a = node_of(tcp.Transport(), None, None, Memory(TEN + b"\1"), listen=[])
    await a.start()
    for text, ours in (
        ("/ip4/10.0.0.1/tcp/1", True),
        ("/ip4/10.0.0.2/tcp/1", False),
        ("/ip4/127.0.0.1/tcp/1", True),
        ("/ip6/fe80::1/tcp/1", True),
        ("/ip6/fd00::1/tcp/1", False),
        ("/memory/1", True),
    ):
        assert bool(a._is_ours(Multiaddr(text))) is ours, text
    assert a._is_ours(None)
    await a.stop()


if __name__ == "__main__":
    kit.run(globals())
