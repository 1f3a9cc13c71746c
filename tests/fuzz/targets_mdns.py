"""Packets from the link, TXT records, and what claims to come from the kernel."""

from edge.errors import EdgeError
from edge.mdns import dnsaddr, message
from edge.mdns.agent import Agent
from edge.mdns.probes import ANSWERS_MAX
from edge.wire.multiaddr import Multiaddr

_HOST = b"\x0a\0\0\x01"
_NEIGHBOUR = b"\x0a\0\0\x02"
_SERVICE = message.name("_p2p._udp.local")
_KEY = b"a key"
_LISTEN = [Multiaddr("/ip4/0.0.0.0/tcp/4001")]


def dns_message(data: bytes) -> None:
    """What can be read can be written and is then read alike."""
    id, flags, questions, records = message.decode(data)
    again = message.encode(flags, questions, records, (), id)
    assert message.decode(again) == (id, flags, questions, records)


def txt_record(data: bytes) -> None:
    peer_id, addresses = dnsaddr.read(message.split(data), "eth0", True)
    assert (peer_id is None) == (not addresses)
    text = dnsaddr.text(addresses, peer_id or b"", [_HOST])
    assert len(text) <= dnsaddr.TEXT_MAX


def mdns_agent(data: bytes) -> None:
    """Packets, each behind a byte that says how long it is and one that says whose it is."""
    agent = _agent()
    agent.offer(_KEY)
    name, _ = agent.probe(_KEY, 0)
    _receive(agent, name, data)


def mdns_values(data: bytes) -> None:
    """Likewise, where values are asked for: of one key that the agent has, too, and one more."""
    agent = _agent()
    agent.values().offer(_KEY)
    agent.values().ask(_KEY + b" that is not here", None, 0)
    name, _ = agent.values().ask(_KEY, bytes(32), 0)
    _receive(agent, name, data)


def _agent() -> Agent:
    agent = Agent(b"\0\x24\x08\x01\x12\x20" + bytes(32), bytes(range(64)), peers_max=16)
    agent.set_interfaces([("eth0", ((_HOST, 24),))], 0)
    agent.update_addresses(_LISTEN, 0)
    return agent


def _receive(agent: Agent, name: bytes, data: bytes) -> None:
    now = 1000
    while data:
        size = 2 * data[0]
        host = _NEIGHBOUR[:3] + (data[1:2] or b"\2")
        source = (host, 5353 if data[0] & 1 else 40000)
        packet, data = data[2 : 2 + size], data[2 + size :]
        now += 500
        if data[:1] > b"\xc0":
            agent.probe(_KEY, now)
        for variant in (packet, _about_us(packet, _SERVICE), _about_us(packet, name)):
            try:
                agent.receive_data(variant, source, "eth0", now)
            except EdgeError:
                pass
        for key in agent.wanted():
            agent.values().supply(key, data[:5] * 300, now)
        agent.handle_deadline(now)
        _check(agent, now)


def _about_us(packet: bytes, name: bytes) -> bytes:
    """The same records with a name that an agent looks at."""
    head = packet[:4] + b"\0\0" + packet[6:12]
    return head + name + packet[12:]


def _check(agent: Agent, now: int) -> None:
    for packet, destination, interface in agent.data_to_send():
        assert len(packet) <= 9000 and len(destination[0]) == 4 and interface == "eth0"
        message.decode(packet)
    for _ in range(40):
        if not agent.next_event():
            break
    else:
        raise AssertionError("more events than peers can be remembered")
    answers = 0
    while agent.next_answer():
        answers += 1
    assert answers <= ANSWERS_MAX + 2
    due = agent.deadline()
    assert due is None or due > now - 1


TARGETS = {
    "dns_message": dns_message,
    "txt_record": txt_record,
    "mdns_agent": mdns_agent,
    "mdns_values": mdns_values,
}
