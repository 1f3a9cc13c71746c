"""Which addresses are told on an interface, and which that are heard there are believed."""

from edge.mdns import dnsaddr, message
from edge.wire import ip
from tests import kit
from tests.edge.mdns.ether import addresses, peer_id

ME = "/p2p/" + str(addresses("/ip4/1.2.3.4")[0].with_peer_id(peer_id(1))).split("/")[-1]
OTHER = "/p2p/" + str(addresses("/ip4/1.2.3.4")[0].with_peer_id(peer_id(2))).split("/")[-1]
LAN = (ip.parse4("10.0.0.1"), ip.parse6("fd00::1"))


def told(own, *texts):
    found = message.split(dnsaddr.text(addresses(*texts), peer_id(1), own))
    for string in found:
        assert string.startswith(b"dnsaddr=") and string.endswith(ME.encode())
    return [str(string[8 : -len(ME)], "utf-8") for string in found]


def read(*texts, interface="eth0", is_own_host=False):
    strings = [b"dnsaddr=" + text.encode() for text in texts]
    found, where = dnsaddr.read(strings, interface, is_own_host)
    return found, [str(address) for address in where]


def test_unspecified_stands_for_the_interfaces_own():
    assert told(LAN, "/ip4/0.0.0.0/tcp/1") == ["/ip4/10.0.0.1/tcp/1"]
    assert told(LAN, "/ip6/::/tcp/1") == ["/ip6/fd00::1/tcp/1"]
    assert told(LAN[:1], "/ip6/::/tcp/1") == []


def test_only_what_the_interface_has():
    assert told(LAN, "/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1", "/ip4/127.0.0.1/tcp/1") == [
        "/ip4/10.0.0.1/tcp/1"
    ]
    assert told((ip.parse4("127.0.0.1"),), "/ip4/127.0.0.1/tcp/1") == ["/ip4/127.0.0.1/tcp/1"]


def test_only_what_everybody_can_parse():
    foreign = ("/ip4/10.0.0.1/tcp/1/serial/x", "/serial/dev", "/ble/x", "/dns4/example/tcp/1")
    assert told(LAN, *foreign) == []


def test_each_once_and_none_too_long():
    assert len(told(LAN, "/ip4/0.0.0.0/tcp/1", "/ip4/10.0.0.1/tcp/1")) == 1
    assert told(LAN, "/ip4/10.0.0.1/tcp/1/sni/" + "a" * 180) == []


def test_no_more_than_fits_a_packet():
    many = ["/ip4/10.0.0.1/tcp/%d" % port for port in range(10000, 10050)]
    assert 8 <= len(told(LAN, *many)) < 13


def test_our_own_id_is_not_told_twice():
    assert told(LAN, "/ip4/0.0.0.0/tcp/1" + ME) == ["/ip4/10.0.0.1/tcp/1"]


def test_link_local_is_the_last_resort():
    local = ip.parse6("fe80::1")
    assert dnsaddr.hosts(((LAN[0], 24), (local, 64))) == [LAN[0]]
    assert dnsaddr.hosts(((local, 64),)) == [local]
    assert told([local], "/ip6/::/tcp/1") == ["/ip6/fe80::1/tcp/1"]


def test_reads_what_others_tell():
    assert read("/ip4/10.0.0.2/tcp/1" + OTHER) == (peer_id(2), ["/ip4/10.0.0.2/tcp/1"])
    many = ["/ip4/10.0.0.2/tcp/%d%s" % (port, OTHER) for port in range(1, 40)]
    assert len(read(*many)[1]) == 16
    assert len(read(many[0], many[0])[1]) == 1


def test_a_link_local_address_gets_the_zone_it_was_heard_on():
    assert read("/ip6/fe80::2/tcp/1" + OTHER)[1] == ["/ip6zone/eth0/ip6/fe80::2/tcp/1"]
    assert read("/ip4/169.254.0.2/tcp/1" + OTHER)[1] == ["/ip4/169.254.0.2/tcp/1"]


def test_two_peers_under_one_name():
    assert read("/ip4/10.0.0.2/tcp/1" + OTHER, "/ip4/10.0.0.3/tcp/1" + ME) == (
        peer_id(2),
        ["/ip4/10.0.0.2/tcp/1"],
    )


def test_what_is_not_believed():
    for text in (
        "",
        "/ip4/10.0.0.2/tcp/1",  # nobody's
        "/ip4/0.0.0.0/tcp/1" + OTHER,
        "/ip6/::/tcp/1" + OTHER,
        "/ip4/224.0.0.1/tcp/1" + OTHER,
        "/ip4/127.0.0.1/tcp/1" + OTHER,
        "/ip6/::1/tcp/1" + OTHER,
        "/ip4/10.0.0.2/tcp/1/serial/x" + OTHER,
        "/ip6zone/eth7/ip6/fe80::2/tcp/1" + OTHER,
        "/unknown/1" + OTHER,
        OTHER,
        OTHER[:-1],
        "\x1b[2J",
    ):
        assert read(text) == (None, []), text
    assert dnsaddr.read([b"dnsaddr", b"DNSADDR=/", b"\xff" * 20, b"", b"a=b"], "eth0", True) == (
        None,
        [],
    )


def test_not_everything_is_looked_at():
    """Bad addresses without end cost little, and strings of others nothing."""
    good = "/ip4/10.0.0.2/tcp/1" + OTHER
    assert read(*["/ip4/x"] * 31, good)[0] == peer_id(2)
    assert read(*["/ip4/x"] * 32, good) == (None, [])
    strings = [b"a=b"] * 200 + [b"dnsaddr=" + good.encode()]
    assert dnsaddr.read(strings, "eth0", False)[0] == peer_id(2)


def test_loopback_is_believed_of_our_own_machine():
    assert read("/ip4/127.0.0.1/tcp/1" + OTHER, is_own_host=True)[1] == ["/ip4/127.0.0.1/tcp/1"]


if __name__ == "__main__":
    kit.run(globals())
