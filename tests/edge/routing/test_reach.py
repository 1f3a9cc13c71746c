"""Which addresses mean something where, and who owns them."""

from edge.routing import reach
from edge.wire.multiaddr import Multiaddr
from tests import kit

PEER = "12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS"
LOCAL = """/ip4/10.0.0.1/tcp/1 /ip4/192.168.1.1/udp/4001/quic-v1 /ip4/172.16.3.4/tcp/4001
/ip4/169.254.1.2/tcp/4001 /ip4/127.0.0.1/tcp/4001 /ip4/100.64.0.1/tcp/1 /ip6/::1/tcp/4001
/ip6/fe80::1/tcp/4001 /ip6/fd00::1/udp/1/quic-v1 /ip6/::ffff:10.0.0.1/tcp/1
/ip4/10.0.0.1/tcp/1/p2p/{}/p2p-circuit""".format(PEER)
PUBLIC = """/ip4/8.8.8.8/tcp/4001 /ip4/1.1.1.1/udp/4001/quic-v1 /ip6/2600::1/tcp/4001
/ip4/8.8.8.8/tcp/4001/p2p/{}/p2p-circuit /dns4/relay.example.org/tcp/443/wss
/dns6/local.example.org/tcp/1 /dns/x.mylocal/tcp/1 /ip6/::ffff:8.8.8.8/tcp/1""".format(PEER)
LOCAL_NAMES = """/dns4/printer.local/tcp/1 /dns/localhost/tcp/1 /dns4/nas/tcp/1
/dns/Pi.LAN/tcp/1 /dns4/a.home.arpa/tcp/1"""
NOWHERE = """/ip4/0.0.0.0/tcp/1 /ip4/224.0.0.251/udp/5353 /ip6/::/tcp/1 /ip6/ff02::fb/udp/1
/dnsaddr/bootstrap.libp2p.io /ip6zone/eth0/ip6/fe80::1/tcp/1 /unix/tmp/socket
/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234""".replace("\n", " ")
PRIVATE_USE = "/serial/ttyUSB0 /ble/aa%3Abb /ip4/10.0.0.1/tcp/1/ble/x /ip4/8.8.8.8/tcp/1/serial/x"


def each(texts: str) -> list:
    return [(text, Multiaddr(text).to_bytes()) for text in texts.split()]


def test_what_is_admitted_where():
    for texts, local, public in (
        (LOCAL, True, False),
        (PUBLIC, None, True),
        (LOCAL_NAMES, True, False),
        (NOWHERE, False, False),
        (PRIVATE_USE, False, False),
        ("/memory/5", False, False),
    ):
        for text, data in each(texts):
            assert local is None or reach.admits_local(data) is local, text
            assert reach.admits_public(data) is public, text
            assert reach.admits_any(data), text


def test_a_cable_is_known_wherever_it_stands():
    for text, data in each(PRIVATE_USE + " /serial/%2Fdev%2Fpts%2F3~0 /serial/ttyS0/p2p/" + PEER):
        assert reach.is_cable(data) == ("serial" in text), text
    for texts in (LOCAL, PUBLIC, LOCAL_NAMES, NOWHERE):
        for text, data in each(texts):
            assert not reach.is_cable(data), text


def test_public_ip_is_no_lan():
    for text, data in each(PUBLIC):
        assert reach.admits_local(data) is text.startswith("/dns"), text


def test_a_value_that_looks_like_a_private_code_is_looked_at_twice():
    digest = b"\x12\x20" + bytes(10) + b"\x81\x80\xc0\x01" + bytes(18)
    quic = Multiaddr("/ip4/8.8.8.8/udp/1/quic-v1/webtransport").to_bytes()
    certified = quic + b"\xd2\x03" + bytes([len(digest)]) + digest
    Multiaddr.from_bytes(certified)
    assert reach.admits_public(certified)
    assert not reach.admits_public(certified + b"\x81\x80\xc0\x01\x01x")
    assert not reach.admits_public(certified[:-1])  # not an address at all


def test_garbage_is_nowhere():
    rng = kit.Rng(3)
    for data in (
        b"",
        b"\x04",
        b"\x04\x0a\0\0\1",
        b"\x29\xfe\x80\0\0\0\0",
        b"\x35\xff\xffabcd",
        b"?",
    ):
        assert not reach.admits_local(data) and not reach.admits_public(data)
    for size in range(40):
        data = rng.bytes(size)
        for admits in (reach.admits_any, reach.admits_local, reach.admits_public):
            assert admits(data) in (True, False)
        if size:
            assert isinstance(reach.host(data), bytes) and isinstance(reach.network(data), bytes)
    assert not reach.admits_any(bytes(1025)) and not reach.admits_local(b"\x04\x0a" + bytes(1025))


def test_hosts_and_networks():
    def alike(of, first: str, second: str) -> bool:
        a, b = of(Multiaddr(first).to_bytes()), of(Multiaddr(second).to_bytes())
        return bool(a) and a == b

    assert alike(reach.host, "/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/udp/2/quic-v1")
    assert not alike(reach.host, "/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1")
    assert alike(reach.network, "/ip4/8.8.0.1/tcp/1", "/ip4/8.8.255.2/tcp/9")
    assert not alike(reach.network, "/ip4/8.8.0.1/tcp/1", "/ip4/8.9.0.1/tcp/1")
    assert alike(reach.network, "/ip6/2600:1::1/tcp/1", "/ip6/2600:1:9::2/tcp/9")
    assert not alike(reach.network, "/ip6/2600:1::1/tcp/1", "/ip6/2600:2::1/tcp/1")
    assert alike(reach.host, "/ble/aa%3Abb", "/ble/aa%3Abb/p2p/" + PEER)
    assert not alike(reach.host, "/ble/aa%3Abb", "/ble/aa%3Acc")
    assert alike(reach.network, "/dns4/example.org/tcp/1", "/dns4/example.org/tcp/2")
    relayed = "/ip4/10.0.0.1/tcp/1/p2p/{}/p2p-circuit".format(PEER)
    assert alike(reach.host, relayed, "/ip4/10.0.0.1/tcp/1")


def test_what_leads_back_to_who_dials_it():
    here = """/ip4/127.0.0.1/tcp/1 /ip4/127.9.9.9/udp/1 /ip4/0.0.0.0/tcp/1 /ip6/::1/tcp/1
    /ip6/::/tcp/1 /ip6/::ffff:127.0.0.1/tcp/1 /ip6zone/lo/ip6/::1/tcp/1 /dns/LocalHost/tcp/1
    /dns4/x.localhost/tcp/1"""
    for text, address in each(here):
        assert reach.is_here(address), text
    for texts in (PUBLIC, PRIVATE_USE, "/ip4/10.0.0.1/tcp/1 /ip6zone/eth0/ip6/fe80::1/tcp/1"):
        for text, address in each(texts):
            assert not reach.is_here(address), text
    for size in range(1, 20):
        for code in (4, 41, 42, 53, 0):
            reach.is_here(bytes([code] + [size] * size))  # whatever it is, it is no error


def test_loopback_is_nobodys():
    for text in ("/ip4/127.0.0.1/tcp/1", "/ip4/127.9.9.9/tcp/1", "/ip6/::1/tcp/1"):
        assert reach.host(Multiaddr(text).to_bytes()) == b""
        assert reach.network(Multiaddr(text).to_bytes()) == b""


if __name__ == "__main__":
    kit.run(globals())
