"""Who is on the bus: a node by its address or its name.  Section 5 of README.md."""

from collections import namedtuple

from transports.bus.message import NODES_MAX, Entry, bit

SILENT_POLLS_MAX = 6
SILENT_MS_MAX = 3000  # and as many polls without an answer: the node is gone
SKIP_MAX = 3  # an idle node is polled at least every 2 ** this cycles
IDLE_TURNS = 4  # then it is polled half as often

Arrived = namedtuple("Arrived", ("name",))
Departed = namedtuple("Departed", ("name", "reason"))


class Node:
    """One of those on the bus; what comes after ``flags`` is for the master."""

    def __init__(self, entry: Entry) -> None:
        self.address = entry.address
        self.nonce = entry.nonce
        self.flags = entry.flags
        self.name = entry.name
        self.idle = 0  # turns in which nothing was said
        self.misses = 0  # turns without an answer
        self.missed_at = 0  # the first of these
        self.took = 0  # ms until the first byte of an answer, of late
        self.forwards: list = []  # encoded frames of others for it

    def entry(self) -> Entry:
        return Entry(self.address, self.nonce, self.flags, self.name)

    def is_due(self, cycle: int) -> bool:
        """Whether to poll it in this cycle, if nothing waits for it."""
        skip = min(SKIP_MAX, (self.misses or self.idle) // IDLE_TURNS)
        return (cycle + self.address) % (1 << skip) == 0

    def spoke(self, anything: bool) -> None:
        self.misses = 0
        self.idle = 0 if anything else self.idle + 1

    def missed(self, now: int) -> bool:
        """Whether it has not answered for so long that it is gone."""
        if not self.misses:
            self.missed_at = now
        self.misses += 1
        return self.misses >= SILENT_POLLS_MAX and now - self.missed_at >= SILENT_MS_MAX


class Roster:
    def __init__(self, events: list) -> None:
        """What changes is told in ``events``."""
        self.nodes: dict = {}  # address -> Node
        self._names: dict = {}  # name -> Node
        self._events = events
        self._last = 0  # address given away last

    def __len__(self) -> int:
        return len(self.nodes)

    def addresses(self) -> list:
        return sorted(self.nodes)

    def named(self, name: bytes) -> "Node | None":
        return self._names.get(name)

    def put(self, entry: Entry) -> Node:
        """Who has that address from now on."""
        known = self.nodes.get(entry.address)
        if known and known.entry() == entry:
            return known
        known = known or self._names.get(entry.name)
        if known and known.name == entry.name:  # it started again, or moved
            del self.nodes[known.address]
        elif known:
            self.remove(known.address, "replaced")
        other = self._names.get(entry.name)
        if other and other.address in self.nodes:
            del self.nodes[other.address]
        node = self.nodes[entry.address] = self._names[entry.name] = Node(entry)
        if not other:
            self._events.append(Arrived(entry.name))
        return node

    def remove(self, address: int, reason: str) -> None:
        node = self.nodes.pop(address, None)
        if node:
            del self._names[node.name]
            self._events.append(Departed(node.name, reason))

    def keep(self, used: int) -> None:
        """Only those whose addresses are in the set ``used`` are there."""
        for address in self.addresses():
            if not used & bit(address):
                self.remove(address, "gone")

    def used(self) -> int:
        return sum([bit(address) for address in self.nodes])

    def free(self) -> int:
        """An address nobody has, not one that was given away lately; 0 if there is none."""
        for step in range(NODES_MAX):
            address = (self._last + step) % NODES_MAX + 1
            if address not in self.nodes:
                self._last = address
                return address
        return 0
