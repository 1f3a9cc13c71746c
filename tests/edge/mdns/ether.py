"""A link on which agents hear each other, without sockets and with a clock that is set by hand."""

import binascii

from edge.errors import RemoteError
from edge.mdns import Found, message
from edge.mdns.agent import Agent
from edge.wire.multiaddr import Multiaddr
from tests.contract.mdns import peer_id

GROUP4 = b"\xe0\0\0\xfb"
PORT = 5353
SERVICE = message.name("_p2p._udp.local")
PTR, TXT = 12, 16
SECOND = 1000
STRANGER = (b"\x0a\0\0\x63", PORT)
# The example of edge/routing/README.md.
KEY = b"\x12\x20" + binascii.unhexlify(
    "e536c7f88d731f374dccb568aff6f56e838a19382e488039b1ca8ad2599e82fe"
)
NAME = b"\x22_k63ee2fbc743009f4c868e85f82cf82e2\x04_sub" + SERVICE


def addresses(*texts) -> list:
    return [Multiaddr(text) for text in texts]


def entropy(number: int) -> bytes:
    return bytes([(number * 7 + i * 13) & 255 for i in range(64)])


class Ether:
    """Agent number n has 10.0.0.n on "eth0"; what one says, all hear at once, itself included."""

    def __init__(self) -> None:
        self.now = 100000
        self.agents = {}  # by address
        self.heard = []  # (time, source, destination, packet)
        self.is_deaf = False

    def agent(self, number: int, told=("/ip4/0.0.0.0/tcp/4001",), **options) -> Agent:
        host = bytes([10, 0, 0, number])
        agent = Agent(peer_id(number), entropy(number), **options)
        self.agents[host] = agent
        agent.set_interfaces([("eth0", ((host, 24),))], self.now)
        agent.update_addresses(addresses(*told), self.now)
        return agent

    def run(self, duration_ms: int) -> None:
        """Let time pass for all."""
        until = self.now + duration_ms
        while True:
            self._deliver()
            deadlines = [agent.deadline() for agent in self.agents.values()]
            due = min([until] + [time for time in deadlines if time is not None])
            if due >= until:
                break
            self.now = max(self.now, due)
            for agent in self.agents.values():
                agent.handle_deadline(self.now)
        self.now = until

    def _deliver(self) -> None:
        while True:
            said = []
            for host, agent in self.agents.items():
                said += [((host, PORT), item) for item in agent.data_to_send()]
            if not said:
                return
            for source, (packet, destination, _) in said:
                self.heard.append((self.now, source, destination, packet))
                if not self.is_deaf and destination[0] == GROUP4:
                    self.say(packet, source)

    def say(self, packet: bytes, source) -> None:
        """What somebody else puts on the link."""
        for agent in self.agents.values():
            try:
                agent.receive_data(packet, source, "eth0", self.now)
            except RemoteError:
                pass

    def take(self) -> list:
        """Decoded messages heard since the last call: (time, destination, message)."""
        heard, self.heard = self.heard, []
        return [(time, to, message.decode(packet)) for time, _, to, packet in heard]


def events(agent: Agent) -> list:
    """All that an agent has to tell."""
    told = []
    while True:
        event = agent.next_event()
        if not event:
            return told
        told.append(event)


def answers_to(agent: Agent) -> list:
    """What an agent has to tell of its probes."""
    told = []
    while True:
        answer = agent.next_answer()
        if not answer:
            return told
        told.append(answer)


def response(number: int, texts, ttl: int = 120, name: str = "") -> bytes:
    """A foreign peer's answer with the strings ``texts``; ``/%`` in them stands for its peer id."""
    instance = message.name(name or "peer%d._p2p._udp.local" % number)
    me = str(Multiaddr.from_bytes(b"\xa5\x03\x26" + peer_id(number)))
    strings = b""
    for text in texts:
        string = b"dnsaddr=" + text.replace("/%", me).encode()
        strings += bytes([len(string)]) + string
    return message.encode(
        0x8400, (), [(SERVICE, PTR, 1, ttl, instance)], [(instance, TXT, 0x8001, ttl, strings)]
    )


def query(*questions, known=()) -> bytes:
    return message.encode(0, questions or [(SERVICE, PTR, 1)], known)


def lone(**options):
    """An agent that has announced itself, alone, and has not spoken for a while."""
    ether = Ether()
    agent = ether.agent(1, **options)
    ether.run(50 * SECOND)  # the next question of its own is more than a minute away
    ether.take()
    return ether, agent


def responses(heard) -> list:
    return [item for item in heard if item[2][1] & 0x8000]


def queries(heard) -> list:
    return [item for item in heard if not item[2][1] & 0x8000]


def met(count: int = 2, **options):
    """An Ether and agents that know each other and have been silent for a while."""
    ether = Ether()
    agents = [ether.agent(number, **options) for number in range(1, count + 1)]
    for _ in range(50):
        ether.run(SECOND)
        ether.heard = []
    for agent in agents:
        events(agent)
    return ether, agents


def found(number: int) -> Found:
    return Found(peer_id(number), addresses("/ip4/10.0.0.%d/tcp/4001" % number), "eth0")


def asking(*names, known=(), flags: int = 0) -> bytes:
    return message.encode(flags, [(name, PTR, 1) for name in names], known)
