"""The pure agent: packets that are strange, broken or meant to harm."""

from edge.errors import RemoteError
from edge.mdns import Found, Lost, message
from tests import kit
from tests.edge.mdns.ether import (
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    TXT,
    addresses,
    events,
    lone,
    peer_id,
    query,
    response,
    responses,
)


def test_strangers_answers():
    """Forms that others use: see protocols of go, rust and js."""
    ether, agent = lone()
    instance = message.name("x" * 63)  # rust: outside of the service
    ether.say(response(2, ["/ip4/10.0.0.2/tcp/1/%"], name="x" * 63), (b"\x0a\0\0\x02", 49152))
    pointer = (SERVICE, PTR, 1, 120, message.name("js._p2p._udp.local"))
    records = []
    for port in (1, 2):  # js: everything an answer, a TXT for each address
        strings = message.decode(response(3, ["/ip4/10.0.0.3/tcp/%d/%%" % port]))[3][1][4]
        records.append((pointer[4], TXT, 1, 120, strings))
    ether.say(message.encode(0x8400, (), [pointer] + records), (b"\x0a\0\0\x03", 5353))
    found = events(agent)
    assert [event.peer_id for event in found] == [peer_id(2), peer_id(3)]
    assert found[1].addresses == addresses("/ip4/10.0.0.3/tcp/1", "/ip4/10.0.0.3/tcp/2")
    assert instance not in ether.agents


def test_times_to_live():
    ether, agent = lone()
    ether.say(response(2, ["/ip4/10.0.0.2/tcp/1/%"], ttl=0), STRANGER)
    assert events(agent) == []
    ether.say(response(2, ["/ip4/10.0.0.2/tcp/1/%"], ttl=0x80000000), STRANGER)
    assert len(events(agent)) == 1
    ether.run(4501 * SECOND)
    assert events(agent) == [Lost(peer_id(2))]


def test_our_own_packets_and_our_own_id():
    ether, agent = lone()
    ether.say(response(1, ["/ip4/10.0.0.66/tcp/1/%"]), STRANGER)
    ether.run(SECOND)
    assert events(agent) == [] and ether.take() == []


def test_from_beyond_the_link():
    ether, agent = lone()
    for host in (b"\x08\x08\x08\x08", b"\x0a\0\x01\x01"):
        ether.say(response(2, ["/ip4/8.8.8.8/tcp/1/%"]), (host, 5353))
        ether.say(query(), (host, 5353))
        ether.say(query(), (host, 40000))
    for host in (b"\xfe\x80" + bytes(14), bytes(16)):  # no link of ours hears IPv6
        ether.say(response(2, ["/ip4/8.8.8.8/tcp/1/%"]), (host, 5353))
    agent.receive_data(response(2, ["/ip4/8.8.8.8/tcp/1/%"]), STRANGER, "eth7", ether.now)
    ether.run(SECOND)
    assert events(agent) == [] and ether.take() == []


def test_broken_packets_raise_and_change_nothing():
    ether, agent = lone()
    packet = response(2, ["/ip4/10.0.0.2/tcp/1/%"])
    for size in range(29, len(packet)):
        kit.raises(RemoteError, agent.receive_data, packet[:size], STRANGER, "eth0", ether.now)
        ether.now += 100
    broken = packet.replace(b"dnsaddr=", b"dnsadd\xff=")
    agent.receive_data(broken, STRANGER, "eth0", ether.now)
    agent.receive_data(packet.replace(b"dnsaddr=", b"dnsaddr/"), STRANGER, "eth0", ether.now)
    assert events(agent) == []
    agent.receive_data(packet, STRANGER, "eth0", ether.now)
    assert len(events(agent)) == 1


def test_what_is_not_about_us_is_not_looked_at():
    ether, agent = lone()
    agent.receive_data(b"\0" * 5 + b"\xff" * 500, STRANGER, "eth0", ether.now)
    agent.receive_data(b"", STRANGER, "eth0", ether.now)


def test_one_hostile_source_does_not_crowd_out_the_others():
    ether, agent = lone(peers_max=32)
    good = [(bytes([10, 0, 0, n]), 5353) for n in range(2, 10)]
    for number, source in enumerate(good):
        ether.say(response(number + 2, ["/ip4/10.0.0.%d/tcp/1/%%" % (number + 2)], 4500), source)
    assert len(events(agent)) == 8
    known = set()
    for second in range(20):
        for number in range(500):
            hostile = 1000 + second * 500 + number
            ether.say(response(hostile, ["/ip4/10.0.0.99/tcp/1/%"], 4500), STRANGER)
        for event in events(agent):
            assert event.peer_id not in [peer_id(n) for n in range(2, 10)]
            (known.add if isinstance(event, Found) else known.discard)(event.peer_id)
        ether.run(SECOND)
    assert len(known) <= 24
    ether.say(query(), good[0])
    ether.run(2 * SECOND)
    assert len(responses(ether.take())) >= 1


def test_newcomers_are_found_through_a_flood_from_one_source():
    ether, agent = lone(peers_max=32)
    for number in range(200):
        ether.say(response(1000 + number, ["/ip4/10.0.0.99/tcp/1/%"], 4500), STRANGER)
    ether.say(response(2, ["/ip4/10.0.0.2/tcp/1/%"]), (b"\x0a\0\0\x02", 5353))
    found = [event.peer_id for event in events(agent)]
    assert peer_id(2) in found and len(found) <= 10


def test_questions_are_heard_through_a_flood_of_answers_from_everywhere():
    ether, agent = lone(peers_max=16)
    for number in range(1000):
        source = (bytes([10, 0, 0, 2 + number % 250]), 5353)
        ether.say(response(1000 + number, ["/ip4/10.0.0.99/tcp/1/%"], 4500), source)
    ether.say(query(), STRANGER)
    ether.run(200)
    assert len(responses(ether.take())) == 1
    assert len(events(agent)) <= 64


def test_nobody_reads_the_events():
    ether, agent = lone(peers_max=16)
    for number in range(2, 400):
        source = (bytes([10, 0, 0, number % 250]), 5353)
        ether.say(response(number, ["/ip4/10.0.0.9/tcp/1/%"], 4500), source)
        ether.run(100)
    assert len(events(agent)) == 16


if __name__ == "__main__":
    kit.run(globals())
