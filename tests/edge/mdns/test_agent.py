"""The pure agent: who is found and lost, on which interfaces."""

from edge.mdns import Found, Lost, message
from edge.mdns.agent import Agent
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract.mdns import check_universal
from tests.edge.mdns.ether import (
    SECOND,
    STRANGER,
    TXT,
    Ether,
    addresses,
    entropy,
    events,
    lone,
    peer_id,
    queries,
    response,
)


def test_two_find_each_other_at_once():
    ether = Ether()
    first = ether.agent(1)
    ether.run(5 * SECOND)
    second = ether.agent(2)
    ether.run(300)
    assert events(second) == [Found(peer_id(1), addresses("/ip4/10.0.0.1/tcp/4001"), "eth0")]
    assert events(first) == [Found(peer_id(2), addresses("/ip4/10.0.0.2/tcp/4001"), "eth0")]


def test_five_that_start_together():
    ether = Ether()
    agents = [ether.agent(number) for number in range(1, 6)]
    ether.run(SECOND)
    for agent in agents:
        assert len(events(agent)) == 4


def test_goodbye():
    ether = Ether()
    first, second = ether.agent(1), ether.agent(2)
    ether.run(5 * SECOND)
    events(second)
    first.close(ether.now)
    assert first.deadline() is None
    ether.run(500)
    assert events(second) == []  # it may think better of it
    ether.run(600)
    assert events(second) == [Lost(peer_id(1))]


def test_new_addresses_are_told_without_a_loss():
    ether = Ether()
    first, second = ether.agent(1), ether.agent(2)
    ether.run(5 * SECOND)
    events(second)
    first.update_addresses(addresses("/ip4/10.0.0.1/tcp/9"), ether.now)
    ether.run(5 * SECOND)
    assert events(second) == [Found(peer_id(1), addresses("/ip4/10.0.0.1/tcp/9"), "eth0")]
    ether.take()
    first.update_addresses(addresses("/ip4/10.0.0.1/tcp/9"), ether.now)
    ether.run(500)
    assert ether.take() == []


def test_who_listens_nowhere_finds_and_is_not_found():
    ether = Ether()
    first = ether.agent(1)
    second = ether.agent(2, told=())
    third = ether.agent(3, told=("/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.9/tcp/1", "/serial/x"))
    ether.run(5 * SECOND)
    assert len(events(second)) == 1 and len(events(third)) == 1
    assert events(first) == []


def test_private_networks_do_not_mix():
    ether = Ether()
    home, work = ether.agent(1), [ether.agent(n, service="_p2p-AB12._udp.local") for n in (2, 3)]
    ether.run(5 * SECOND)
    assert events(home) == []
    assert [event.peer_id for event in events(work[0])] == [peer_id(3)]


def test_a_peer_that_falls_silent_is_asked_for_and_lost():
    ether, agent = lone()
    start = ether.now
    ether.say(response(9, ["/ip4/10.0.0.99/tcp/1/%"], ttl=100), STRANGER)
    assert events(agent) == [Found(peer_id(9), addresses("/ip4/10.0.0.99/tcp/1"), "eth0")]
    ether.run(79 * SECOND)
    ether.take()
    ether.run(20 * SECOND)
    asked = [round((time - start) / SECOND) for time, _, _ in queries(ether.take())]
    assert asked in ([80, 85, 90, 95], [81, 86, 91, 96], [82, 87, 92, 97]), asked
    assert events(agent) == []
    ether.run(2 * SECOND)
    assert events(agent) == [Lost(peer_id(9))]


def test_doubt():
    ether = Ether()
    first = ether.agent(1)
    ether.agent(2)
    ether.run(5 * SECOND)
    events(first)
    first.doubt(peer_id(2), ether.now)
    ether.run(20 * SECOND)
    assert events(first) == []  # it answered
    del ether.agents[b"\x0a\0\0\x02"]
    first.doubt(peer_id(2), ether.now)
    first.doubt(peer_id(77), ether.now)
    ether.run(5 * SECOND + 1)
    assert events(first) == [Lost(peer_id(2))]


def test_interfaces_come_and_go():
    ether = Ether()
    first = ether.agent(1)
    ether.agent(2)
    ether.run(5 * SECOND)
    events(first)
    first.set_interfaces([], ether.now)
    assert events(first) == [Lost(peer_id(2))]
    assert first.deadline() is None
    ether.run(5 * SECOND)
    first.set_interfaces([("eth0", ((b"\x0a\0\0\x01", 24),))], ether.now)
    ether.run(300)
    assert [event.peer_id for event in events(first)] == [peer_id(2)]


def test_a_new_address_on_an_interface():
    ether = Ether()
    first, second = ether.agent(1), ether.agent(2)
    ether.run(5 * SECOND)
    events(second)
    ether.agents[b"\x0a\0\0\x07"] = ether.agents.pop(b"\x0a\0\0\x01")
    first.set_interfaces([("eth0", ((b"\x0a\0\0\x07", 24),))], ether.now)
    ether.run(300)
    assert events(second) == [Found(peer_id(1), addresses("/ip4/10.0.0.7/tcp/4001"), "eth0")]


def test_two_interfaces_each_with_its_own_addresses():
    agent = Agent(peer_id(1), entropy(1))
    networks = ((b"\x0a\0\0\x01", 24), (b"\xfd" + bytes(14) + b"\x01", 64))
    other = ((b"\xc0\xa8\0\x01", 24),)
    agent.set_interfaces([("eth0", networks), ("wlan0", other)], 0)
    agent.update_addresses(addresses("/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1"), 0)
    agent.handle_deadline(200)
    said = {}
    for packet, destination, interface in agent.data_to_send():
        if packet[2]:
            check_universal(packet, peer_id(1))
            (text,) = [r[4] for r in message.decode(packet)[3] if r[1] == TXT]
            strings = [str(string[8:], "utf-8") for string in message.split(text)]
            found = [str(Multiaddr(string).decapsulate("p2p")) for string in strings]
            said[(interface, len(destination[0]))] = found
    both = ["/ip4/10.0.0.1/tcp/1", "/ip6/fd00::1/tcp/1"]
    assert said == {
        ("eth0", 4): both, ("eth0", 16): both, ("wlan0", 4): ["/ip4/192.168.0.1/tcp/1"],
    }  # fmt: skip


def test_a_peer_on_two_interfaces_is_lost_with_the_last():
    agent = Agent(peer_id(1), entropy(1))
    networks = ((b"\x0a\0\0\x01", 24),)
    agent.set_interfaces([("eth0", networks), ("wlan0", networks)], 0)
    for interface in ("eth0", "wlan0"):
        agent.receive_data(response(2, ["/ip4/10.0.0.2/tcp/1/%"]), STRANGER, interface, 0)
    assert len(events(agent)) == 2
    agent.set_interfaces([("wlan0", networks)], 10)
    assert events(agent) == []
    agent.set_interfaces([], 20)
    assert events(agent) == [Lost(peer_id(2))]


def test_ipv6_only():
    agent = Agent(peer_id(1), entropy(1))
    local = b"\xfe\x80" + bytes(13) + b"\x01"
    agent.set_interfaces([("eth0", ((local, 64),))], 0)
    agent.update_addresses(addresses("/ip6/::/tcp/1"), 0)
    agent.handle_deadline(200)
    (packet, destination, _), _ = agent.data_to_send()
    assert destination == (b"\xff\x02" + bytes(13) + b"\xfb", 5353)
    check_universal(packet, peer_id(1))
    source = (b"\xfe\x80" + bytes(13) + b"\x02", 5353)
    agent.receive_data(response(2, ["/ip6/fe80::2/tcp/1/%"]), source, "eth0", 300)
    assert events(agent)[0].addresses == addresses("/ip6zone/eth0/ip6/fe80::2/tcp/1")


if __name__ == "__main__":
    kit.run(globals())
