"""Asking a real name server on loopback, and dialing a peer by what it says."""

from edge.errors import LinkError
from edge.identity.keys import PrivateKey
from edge.swarm.dialing import dnsaddr, name_lookup
from edge.swarm.dialing.name_lookup import NameLookup
from edge.swarm.swarm import Swarm
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit, scratch
from tests.dns_server import DnsServer
from transports import nameserver, tcp
from transports.nameserver import Nameservers

NAME = "_dnsaddr.x.org"
PLACE = b"dnsaddr=/ip4/192.0.2.1/tcp/1"
LONG = [[PLACE + str(1000 + number).encode()] for number in range(40)]  # no datagram holds them


def lookup(*servers) -> NameLookup:
    return NameLookup(Nameservers([server.address for server in servers]))


class short_timeouts:  # used as `with short_timeouts():`
    """Servers that stay silent are given up soon."""

    def __enter__(self) -> None:
        self._before = name_lookup.DATAGRAM_TIMEOUT_MS
        name_lookup.DATAGRAM_TIMEOUT_MS = 100

    def __exit__(self, *exception) -> None:
        name_lookup.DATAGRAM_TIMEOUT_MS = self._before


async def test_records_of_a_name():
    async with DnsServer({NAME: [[PLACE], [b"dnsaddr=/ip4", b"/192.0.2.2"]]}) as server:
        assert await lookup(server).txt(NAME) == [PLACE, b"dnsaddr=/ip4/192.0.2.2"]
        assert server.asked == [("udp", NAME)]


async def test_no_such_name():
    async with DnsServer({"_dnsaddr.empty.org": []}) as server:
        assert await lookup(server).txt(NAME) == []
        assert await lookup(server).txt("_dnsaddr.empty.org") == []
        assert len(server.asked) == 2


async def test_what_no_datagram_holds_comes_by_tcp():
    async with DnsServer({NAME: LONG}) as server:
        assert len(await lookup(server).txt(NAME)) == len(LONG)
        assert server.asked == [("udp", NAME), ("tcp", NAME)]


async def test_answers_of_others_are_not_taken():
    """Another id, another question, no answer at all, from another port; then the right one."""

    def forged(answer: bytes) -> list:
        evil = answer.replace(b"192.0.2.1", b"6.6.6.6.6")
        other_id = bytes([answer[0] ^ 1]) + evil[1:]
        other_name = evil.replace(b"\x01x\x03org", b"\x01y\x03org")
        no_answer = evil[:2] + b"\0" + evil[3:]
        return [other_id, other_name, no_answer, b"", b"\0", None, evil, answer]

    async with DnsServer({NAME: [[PLACE]]}) as server:
        server.datagrams_for = forged
        assert await lookup(server).txt(NAME) == [PLACE]


async def test_ids_differ():
    seen = []

    def note(answer: bytes) -> list:
        seen.append(answer[:2])
        return [answer]

    async with DnsServer({NAME: [[PLACE]]}) as server:
        server.datagrams_for = note
        for _ in range(8):
            await lookup(server).txt(NAME)
    assert len(set(seen)) > 4


async def test_a_flood_of_guesses_is_given_up():
    async with DnsServer({NAME: [[PLACE]]}) as server:
        server.datagrams_for = lambda answer: [b"guess"] * (nameserver.STRANGERS_MAX + 1)
        error = await kit.raises_async(LinkError, lookup(server).txt(NAME))
        assert "wrong answers" in str(error)


async def test_a_silent_server():
    async with DnsServer({}) as silent, DnsServer({NAME: [[PLACE]]}) as server:
        silent.datagrams_for = lambda answer: []
        with short_timeouts():
            assert await lookup(silent, server).txt(NAME) == [PLACE]
            error = await kit.raises_async(LinkError, lookup(silent).txt(NAME))
        assert str(error) == "DNS: 127.0.0.1: no answer"


async def test_a_server_that_is_gone():
    async with DnsServer({}) as gone:
        pass
    async with DnsServer({NAME: [[PLACE]]}) as server:
        assert await lookup(gone, server).txt(NAME) == [PLACE]
    with short_timeouts():
        await kit.raises_async(LinkError, lookup(gone).txt(NAME))


def failing(code: int):
    """What a server answers that gives ``code``, each time it is asked."""
    return lambda answer: [answer[:3] + bytes([0x80 | code]) + answer[4:]]


async def test_a_server_that_fails():
    async with DnsServer({NAME: [[PLACE]]}) as first, DnsServer({NAME: [[PLACE]]}) as second:
        first.datagrams_for = failing(2)
        assert await lookup(first, second).txt(NAME) == [PLACE]
        second.datagrams_for = failing(5)
        error = await kit.raises_async(LinkError, lookup(first, second).txt(NAME))
        assert str(error) == "DNS: 127.0.0.1: name server says error 5"


async def test_a_server_too_old_for_long_datagrams():
    async with DnsServer({NAME: [[PLACE]]}) as server:

        def once(answer: bytes) -> list:
            server.datagrams_for = None
            return failing(1)(answer)

        server.datagrams_for = once
        assert await lookup(server).txt(NAME) == [PLACE]
        assert len(server.asked) == 2


async def test_broken_answers():
    async with DnsServer({NAME: LONG}) as server:
        for broken in (b"", b"\0", bytes(12)):
            server.stream_for = lambda answer, broken=broken: broken
            await kit.raises_async(LinkError, lookup(server).txt(NAME))
        server.stream_for = lambda answer: bytes(name_lookup.STREAM_BYTES_MAX + 1)
        error = await kit.raises_async(LinkError, lookup(server).txt(NAME))
        assert "answer of" in str(error)
        server.stream_for = lambda answer: answer[:-1]
        await kit.raises_async(LinkError, lookup(server).txt(NAME))


async def test_servers_that_cannot_be_asked():
    error = await kit.raises_async(LinkError, NameLookup(Nameservers([])).txt(NAME))
    assert str(error) == "DNS: no name server is known here"
    broken = NameLookup(Nameservers([("not an address", 53)]))
    await kit.raises_async(LinkError, broken.txt(NAME))


async def test_a_name_of_254_characters():
    async with DnsServer({}) as server:
        name = "/dnsaddr/" + ".".join(["x" * 63, "x" * 63, "x" * 63, "x" * 62])
        assert len(name) == len("/dnsaddr/") + 254
        resolving = dnsaddr.resolve(Multiaddr(name), lookup(server).txt)
        error = await kit.raises_async(LinkError, resolving)
        assert "not a name for DNS" in str(error)
        assert server.asked == []


def test_what_resolv_conf_names():
    conf = b"# none\nsearch example.org\nnameserver 192.0.2.1\n\n nameserver\t::1 #v6\n"
    conf += b"nameserver\nnameserver \xff\nnameservers 9.9.9.9\nnameserver fe80::1%eth0"
    assert nameserver.named_in(conf) == [("192.0.2.1", 53), ("::1", 53), ("fe80::1%eth0", 53)]
    assert nameserver.named_in(b"") == []


def test_resolv_conf_is_read_when_asked():
    before = nameserver.RESOLV_CONF
    with scratch.Folder() as folder:
        nameserver.RESOLV_CONF = folder + "/resolv.conf"
        try:
            servers = Nameservers()
            assert servers.servers() == []
            scratch.put(nameserver.RESOLV_CONF, b"nameserver 192.0.2.1\n")
            assert servers.servers() == [("192.0.2.1", 53)]
        finally:
            nameserver.RESOLV_CONF = before


# -- peers behind names


class Peers:
    """``async with Peers(zone) as peers``: one that listens, one that dials by ``zone``."""

    def __init__(self, zone) -> None:
        """``zone(address, peer id)`` gives the records of x.org."""
        self._zone = zone

    async def __aenter__(self) -> "Peers":
        self.listening, self.dialing = [
            Swarm(PrivateKey.generate(), [tcp.Transport()]) for _ in range(2)
        ]
        free = kit.free_server()
        await free.close()
        address = Multiaddr("/ip4/127.0.0.1/tcp/{}".format(free.port))
        await self.listening.listen(address)
        said = self._zone(str(address), str(self.listening.peer_id))
        self.server = DnsServer({NAME: [[("dnsaddr=" + text).encode()] for text in said]})
        await self.server.__aenter__()
        self.dialing.lookup_txt = lookup(self.server).txt
        return self

    async def __aexit__(self, *exception) -> None:
        await self.dialing.close()
        await self.listening.close()
        await self.server.__aexit__()


STRANGER = "/p2p/12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS"


async def test_a_peer_is_dialed_by_name():
    async with Peers(lambda address, id: [address + STRANGER, address + "/p2p/" + id]) as peers:
        name = "/dnsaddr/x.org/p2p/{}".format(peers.listening.peer_id)
        connection = await peers.dialing.dial(Multiaddr(name))
        assert connection.remote_peer == peers.listening.peer_id
        assert connection.remote_address.value("ip4") == "127.0.0.1"


async def test_whoever_is_behind_a_name():
    async with Peers(lambda address, id: [address + "/p2p/" + id]) as peers:
        connection = await peers.dialing.dial(Multiaddr("/dnsaddr/x.org"))
        assert connection.remote_peer == peers.listening.peer_id


async def test_an_address_without_a_peer():
    async with Peers(lambda address, id: [address]) as peers:
        connection = await peers.dialing.dial(Multiaddr("/dnsaddr/x.org"))
        assert connection.remote_peer == peers.listening.peer_id
        await peers.dialing.close_peer(connection.remote_peer)
        name = "/dnsaddr/x.org/p2p/{}".format(peers.listening.peer_id)
        error = await kit.raises_async(LinkError, peers.dialing.dial(Multiaddr(name)))
        assert "leads to no address" in str(error)


async def test_somebody_else_behind_a_name():
    """The zone lies, or the address has changed hands: who answers must be whom it names."""
    async with Peers(lambda address, id: [address + STRANGER]) as peers:
        for name in ("/dnsaddr/x.org", "/dnsaddr/x.org" + STRANGER):
            await kit.raises_async(LinkError, peers.dialing.dial(Multiaddr(name)))
        assert peers.dialing.connections() == []


async def test_nothing_behind_a_name_can_be_dialed():
    async with Peers(lambda address, id: ["/ip4/192.0.2.1/udp/1/quic-v1/p2p/" + id]) as peers:
        error = await kit.raises_async(LinkError, peers.dialing.dial(Multiaddr("/dnsaddr/x.org")))
        assert "leads to no address" in str(error)


async def test_a_node_that_asks_nobody():
    swarm = Swarm(PrivateKey.generate(), [tcp.Transport()])
    error = await kit.raises_async(LinkError, swarm.dial(Multiaddr("/dnsaddr/x.org")))
    assert "no name server" in str(error)
    plain = Multiaddr("/ip4/192.0.2.1/tcp/1")
    assert await swarm.resolve(plain) == [plain]
    await swarm.close()


async def test_a_dial_ends_with_the_swarm():
    """Who asks a silent server holds nothing up."""
    async with DnsServer({}) as silent:
        silent.datagrams_for = lambda answer: []
        swarm = Swarm(PrivateKey.generate(), [tcp.Transport()])
        swarm.lookup_txt = lookup(silent).txt
        async with aio.Group() as group:
            group.spawn(swarm.dial(Multiaddr("/dnsaddr/x.org")))
            while not silent.asked:
                await aio.sleep_ms(1)
            await swarm.close()
            await group.join()


if __name__ == "__main__":
    kit.run(globals())
