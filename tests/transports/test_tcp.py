"""TCP, on real sockets."""

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract import transport as contract
from transports import tcp


async def free_address(host: str = "/ip4/127.0.0.1"):
    server = kit.free_server()
    port = server.port
    await server.close()
    return Multiaddr("{}/tcp/{}".format(host, port))


async def test_contract():
    await contract.check(tcp.Transport(), await free_address())


async def test_what_it_dials():
    transport = tcp.Transport()
    for text in ("/ip4/1.2.3.4/tcp/1", "/ip6/::1/tcp/1", "/dns4/x/tcp/1", "/dns/x/tcp/1"):
        assert transport.can_dial(Multiaddr(text)), text
    for text in ("/ip4/1.2.3.4/udp/1", "/memory/1", "/ip4/1.2.3.4/tcp/1/ws", "/ip4/1.2.3.4"):
        assert not transport.can_dial(Multiaddr(text)), text


async def test_names_become_numbers():
    address = Multiaddr("/dns4/localhost/tcp/4001")
    assert Multiaddr("/ip4/127.0.0.1/tcp/4001") in await tcp.Transport().resolve(address)
    numeric = Multiaddr("/ip4/10.0.0.1/tcp/1")
    assert await tcp.Transport().resolve(numeric) == [numeric]
    await kit.raises_async(
        LinkError, tcp.Transport().resolve(Multiaddr("/dns4/no-such-host.invalid/tcp/1"))
    )


async def test_it_listens_on_numbers_only():
    await kit.raises_async(LocalError, tcp.Transport().listen(Multiaddr("/dns4/localhost/tcp/1")))
    await kit.raises_async(LocalError, tcp.Transport().dial(Multiaddr("/dns4/localhost/tcp/1")))


async def test_a_port_is_had_once():
    address = await free_address()
    listener = await tcp.Transport().listen(address)
    await kit.raises_async(LinkError, tcp.Transport().listen(address))
    await listener.close()


async def test_it_dials_from_the_port_it_listens_on():
    if MICROPYTHON:
        return  # see net_chip.share_port
    target = await tcp.Transport().listen(Multiaddr("/ip4/127.0.0.1/tcp/0"))
    own = tcp.Transport()
    listener = await own.listen(Multiaddr("/ip4/0.0.0.0/tcp/0"))
    dialed = await own.dial(target.addresses()[0])
    accepted = await target.accept()
    port = listener.addresses()[0].value("tcp")
    assert accepted.remote_address.value("tcp") == port == dialed.local_address.value("tcp")
    await contract.close(dialed, accepted, listener, target)


if __name__ == "__main__":
    kit.run(globals())
