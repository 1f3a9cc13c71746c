"""One node of a bus: what it says and hears, as member or master.  README.md.

    Pair (a link session) <-- by name --> Station <-- Master or Member: whose turn it is --> bytes

A station is a newcomer until it has an address; who has one may become master.  Nobody but the
master speaks unasked.
"""

from collections import namedtuple

from edge.errors import LimitError, LocalError
from edge.system import MICROPYTHON
from transports.bus import message
from transports.bus.master import Master
from transports.bus.member import Member
from transports.bus.message import CARRY, REFUSAL, Frame
from transports.bus.pace import Pace
from transports.bus.pair import DIALS, Pair
from transports.bus.roster import Roster
from transports.link import frames
from transports.link import session as link
from transports.link.session import Session

PAIRS_MAX = 3 if MICROPYTHON else 32  # sessions at once
REFUSALS_MAX = 4
EVENTS_MAX = 64
TICK_MS = 500  # sessions are asked at least so often how they are
LATE_MS = 100  # a deadline missed by so much: we slept, not the others

Called = namedtuple("Called", ("pair",))  # another node opens a session
Led = namedtuple("Led", ("reign",))  # we are master now
Followed = namedtuple("Followed", ("reign",))  # we were master
Counters = namedtuple(
    "Counters", ("frames", "damaged", "turns", "missed", "dropped", "babbled", "reigns")
)


class Station:
    def __init__(self, name: bytes, seed: int, pace: Pace, now: int) -> None:
        """``name``: the peer id, or anything that is the same nowhere else; ``seed``: 32 random
        bits."""
        if not 0 < len(name) <= message.NAME_BYTES_MAX:
            raise LocalError("expected a name of 1 to {} bytes".format(message.NAME_BYTES_MAX))
        self.name = name
        self.pace = pace
        self.address = 0
        self.nonce = seed & 0xFFFFFFFF
        self.may_lead = True
        self.accepts = False  # sessions that others open
        self.clock_ms: int | None = None  # unix time at ``now`` 0, if known
        self.heard_clock_ms: int | None = None  # the same, as the master told
        self.events: list = []
        self.roster = Roster(self.events)
        self.arrived = self.damaged = self.turns = self.missed = 0
        self.dropped = self.babbled = self.reigns = 0
        self._seed = seed & 0xFFFFFFFF
        self._draws = 0
        self._pairs: list = []
        self._refusals: list = []  # (address, REFUSAL)
        self._reader = frames.Reader()
        self._out: list = []
        self._tick_at = now
        self._is_up = True
        self.role: Member | Master = Member(self, now)

    # what the owner does

    def dial(self, name: bytes, now: int) -> Pair:
        """A session with the node of that name, new unless it is being opened already."""
        if self.has_session(name):
            raise LimitError("there is a session with that node already")
        if name == self.name:
            raise LocalError("that is this node")
        return self._add(name, True, now)

    def has_session(self, name: bytes) -> bool:
        """With the node of that name, one that is not over."""
        pairs = [pair for pair in self._pairs if pair.session.state != link.CLOSED]
        return name in [pair.name for pair in pairs]

    def leave(self) -> None:
        """Say goodbye at the next opportunity."""
        self.role.leave()

    def next_event(self):
        return self.events.pop(0) if self.events else None

    def counters(self) -> Counters:
        return Counters(
            self.arrived, self.damaged, self.turns, self.missed, self.dropped, self.babbled,
            self.reigns,
        )  # fmt: skip

    def names(self) -> list:
        """Of all who are there."""
        return [self.roster.nodes[address].name for address in self.roster.addresses()]

    def master_name(self) -> bytes:
        """b"" if that is nobody we know, or we."""
        node = None if self.is_master else self.roster.nodes.get(self.role.master)
        return node.name if node else b""

    @property
    def is_master(self) -> bool:
        return isinstance(self.role, Master)

    def line_lost(self, now: int) -> None:
        """The port is gone."""
        self._reader.take()
        self._out = []
        self._is_up = False
        for pair in self._pairs:
            pair.session.line_lost(now)

    def line_restored(self, now: int) -> None:
        """There is a port again; who is master by now will be heard."""
        self._is_up = True
        for pair in self._pairs:
            pair.session.line_restored(now)
        self.follow(now)

    # time and bytes

    def deadline(self) -> int:
        return min(self.role.deadline(), self._tick_at) if self._is_up else self._tick_at

    def handle_deadline(self, now: int) -> None:
        if now - self.deadline() > LATE_MS:
            self.role.slept(now)
        if now >= self._tick_at:
            self._tick_at = now + TICK_MS
            self._tick(now)
        if self._is_up and now >= self.role.deadline():
            self.role.handle_deadline(now)

    def data_to_send(self) -> bytes:
        out, self._out = self._out, []
        return b"".join(out)

    def receive_data(self, data: "bytes | memoryview", now: int) -> None:
        """Any bytes; those that mean nothing are counted."""
        self.role.activity(len(data), now)
        for chunk in self._reader.receive_data(data):
            frame = message.decode(chunk)
            if frame:
                self.arrived += 1
                self.role.receive(frame, now)
            else:
                self.damaged += 1
                self.role.noise(len(chunk), now)
        while len(self.events) > EVENTS_MAX:
            self.events.pop(0)

    # what the roles ask for

    def draw(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1."""
        self._draws += 1
        self._seed = message.mixed(self._seed, self._draws)
        return self._seed % bound

    def write(self, frames_out: "list[Frame]", now: int) -> int:
        """Say it; returns when all of it is said."""
        data = b"\0" + b"".join([message.encode(frame) for frame in frames_out])
        self._out.append(data)
        return now + self.pace.duration(len(data))

    def take(self, room: int, to: int, now: int) -> "tuple[int, bytes] | None":
        """The next link frame and for whom it is: for ``to``, or whoever if that is 0."""
        for index, (address, chunk) in enumerate(self._refusals):
            if to in (0, address):
                del self._refusals[index]
                return address, chunk
        for pair in list(self._pairs):
            address = self.address_of(pair)
            if address and to in (0, address):
                chunk = pair.take(room, now)
                if chunk:
                    self._pairs.remove(pair)  # the next time it is another's turn
                    self._pairs.append(pair)
                    return address, chunk
        return None

    def collect(self, credit: int, to: int, now: int) -> "list[Frame]":
        """CARRYs of our own, at most ``credit`` bytes on the line."""
        found = []
        room = credit - message.OVERHEAD_BYTES - 2
        taken = self.take(room, to, now)
        while taken:
            found.append(Frame(CARRY, taken[0], self.address, (), taken[1]))
            room -= len(taken[1]) + message.OVERHEAD_BYTES
            taken = self.take(room, to, now)
        return found

    def has_frame(self, to: int, now: int) -> bool:
        """Whether something waits to be said to ``to``, or anybody if that is 0."""
        for pair in self._pairs:
            address = self.address_of(pair)
            if address and to in (0, address) and pair.has_frame(now):
                return True
        return bool(self._refusals)

    def address_of(self, pair: Pair) -> int:
        node = self.roster.named(pair.name)
        return node.address if node else 0

    def deliver(self, source: int, chunk: bytes, now: int) -> None:
        """A link frame that ``source`` sent to us."""
        node = self.roster.nodes.get(source)
        if not node or not chunk:
            return
        pair = None
        for known in self._pairs:
            if known.name == node.name and not known.is_over(now):
                pair = known
        if pair is None and chunk != REFUSAL:
            pair = self._called(node, chunk, now)
        if pair:
            pair.receive(chunk, now)

    def lead(self, before: int, now: int) -> None:
        """Be the master from now on."""
        reign = (before + 1 + self.draw(256)) & 65535
        self.reigns += 1
        self.role = Master(self, reign, before, now)
        self.events.append(Led(reign))

    def follow(self, now: int) -> None:
        """Be nobody until a master gives us an address."""
        if self.is_master:
            self.events.append(Followed(self.role.reign))
        self.address = 0
        self.role = Member(self, now)

    # sessions

    def _has_room(self, now: int) -> bool:
        """For one more session.  One that is closed makes way, if it has not said so yet, too."""
        self._pairs = [pair for pair in self._pairs if not pair.is_over(now)]
        closed = [pair for pair in self._pairs if pair.session.state == link.CLOSED]
        if len(self._pairs) >= PAIRS_MAX and closed:
            self._pairs.remove(closed[0])
        return len(self._pairs) < PAIRS_MAX

    def _add(self, name: bytes, is_dialed: bool, now: int) -> Pair:
        if not self._has_room(now):
            raise LimitError("{} sessions on this bus already".format(PAIRS_MAX))
        epoch = self.draw(0xFFFFFFFF) + 1
        options = DIALS if is_dialed else b""
        session = Session(epoch, self.pace.bytes_per_s, now, options)
        session.sender.ahead_bytes = min(self.pace.burst_bytes, link.BUFFER_BYTES_MAX // 2)
        pair = Pair(name, session, is_dialed, now)
        self._pairs.append(pair)
        return pair

    def _called(self, node, chunk: bytes, now: int) -> "Pair | None":
        """A node speaks with whom we have no session."""
        is_hello = message.is_hello(chunk)
        if is_hello and self.accepts and self._has_room(now):
            pair = self._add(node.name, False, now)
            self.events.append(Called(pair))
            return pair
        if len(self._refusals) < REFUSALS_MAX and not message.is_close(chunk):
            self._refusals.append((node.address, REFUSAL))
        return None

    def _tick(self, now: int) -> None:
        for pair in list(self._pairs):
            pair.tick(now)
            if pair.is_over(now):
                self._pairs.remove(pair)
