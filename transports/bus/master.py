"""The master: whose turn it is, who is let in, who is gone.  Sections 4 to 6 of README.md.

    cycle:  [PRESENCE]  [INVITE -> JOIN, ASSIGN]  {frames for a node, POLL -> frames, LAST} ...

It never speaks while an answer may come, nor while somebody babbles.
"""

from collections import namedtuple

from edge.system import MICROPYTHON
from transports.bus import message
from transports.bus.message import (
    ASSIGN,
    CARRY,
    FORWARD,
    INVITE,
    JOIN,
    LAST,
    LEAVE,
    POLL,
    PRESENCE,
    Entry,
    Frame,
)
from transports.bus.pace import ANSWER_MS, ANSWER_MS_MAX, GAP_MS, QUIET_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from transports.bus.station import Station

CYCLE_MS_MIN = 20  # of a cycle in which nobody says anything
TURNS_MAX = 3  # of one node in one cycle
INVITE_MS = 250  # between invitations, while little is said
INVITE_BUSY_MS = 1000
INVITE_DEPTH_MAX = 12  # then all are invited anew
JOIN_BYTES_MAX = 16 + message.NAME_BYTES_MAX
INVITES_MAX = 16  # branches that wait
PRESENCE_MS = 1000
NEWS_MS = 200  # between presences, as long as
NEWS_FOR_MS = 2000  # after something has changed
ENTRIES_MAX = 2  # in one presence
FORWARDS_MAX = 4 if MICROPYTHON else 16  # frames that wait for one node
FORWARDS_IN_ALL_MAX = 8 if MICROPYTHON else 128
JITTER_MS = 8  # at most, after a damaged answer
BABBLE_MS = 400  # of noise: somebody babbles
NOISE_GAP_MS = 50  # of silence: that was it
PUSHING_MS = 250  # so long we wait for silence, then we speak up

# Somebody speaks who was not asked, and it is noise; ``name``: who may do it, or b"".
Babbled = namedtuple("Babbled", ("name", "duration_ms"))

FREE = 0
ASKED = 1  # one node has the floor
INVITED = 2


class Master:
    def __init__(self, station: "Station", reign: int, before: int, now: int) -> None:
        self.reign = reign
        self.cycle_ms = 0  # the longest of late
        self.master = 0  # nobody else
        self._before = before
        self._station = station
        self._state = FREE
        self._at = now
        self._free_at = now  # when all we say is said
        self._answer_by = now
        self._first_at = 0  # when an answer began
        self._asked = 0
        self._turn = 0
        self._was_damaged = False
        self._leaves = False
        self._cycle = 0
        self._cycle_at = now
        self._queue: list = []  # addresses to poll in this cycle
        self._turns: dict = {}  # address -> how many in this cycle
        self._busy = 0  # nodes that had something to say in the last one
        self._spoken: list = []  # of those in this one
        self._said_in_cycle = 0  # PRESENCE or INVITE: the last of these
        self._tree: list = []  # (depth, prefix) to invite
        self._invited = (0, 0)
        self._invite_at = now
        self._assigned: list = []  # addresses to tell
        self._presence_at = now
        self._news_until = now + NEWS_FOR_MS
        self._news: list = []  # addresses to tell of first
        self._told = 0  # address told of last
        self._heard_at = now - NOISE_GAP_MS  # any byte
        self._quiet_at = now  # nobody is in the middle of a word
        self._noise_from = now
        self._suspect = 0
        self._is_babble = False

    def deadline(self) -> int:
        return self._at

    def leave(self) -> None:
        self._leaves = True

    def slept(self, now: int) -> None:
        """Whoever answered meanwhile is not to blame."""
        self._was_damaged = True

    # turns

    def handle_deadline(self, now: int) -> None:
        state, self._state = self._state, FREE
        if state == INVITED:
            self._uninvite(self._was_damaged or self._first_at > 0)
        elif state == ASKED and self._is_disturbed(now):
            self._at = now + self._station.draw(JITTER_MS)  # two masters fall out of step
            return
        self._calm(now)
        if now < self._quiet_at and now - self._free_at < PUSHING_MS:
            self._at = self._quiet_at
            return
        self._speak(now)

    def _speak(self, now: int) -> None:
        station = self._station
        out: list = []
        if self._leaves:
            self._say([Frame(LEAVE, 0, station.address, (0,), b"")], now)
            station.follow(now)
            station.leave()
            return
        if self._assigned:
            address = self._assigned.pop(0)
            node = station.roster.nodes.get(address)
            if node:
                out.append(Frame(ASSIGN, address, station.address, (self.reign, node.nonce), b""))
                self._queue.insert(0, address)
        waits = self._queue or out
        if not waits and (self._broadcast(now) or not self._end_cycle(now)):
            return
        self._ask(out, now)

    def _say(self, out: list, now: int) -> None:
        self._free_at = self._station.write(out, now)
        self._first_at = 0
        self._was_damaged = False

    def _ask(self, out: list, now: int) -> None:
        """Give the floor to the next in the queue."""
        station = self._station
        while self._queue and self._queue[0] not in station.roster.nodes:
            self._queue.pop(0)
        if not self._queue:
            if out:
                self._say(out, now)
            self._at = max(now, self._free_at)
            return
        node = station.roster.nodes[self._queue.pop(0)]
        self._turns[node.address] = self._turns.get(node.address, 0) + 1
        credit = station.pace.credit(self._busy)
        room = credit
        while node.forwards and room >= len(node.forwards[0].rest):
            out.append(node.forwards.pop(0))
            room -= len(out[-1].rest) + message.OVERHEAD_BYTES
        said = station.collect(room, node.address, now)
        if said or out:
            node.idle = 0
        last = said.pop().rest if said else b""
        out += said
        self._turn = (self._turn + 1) & 255
        numbers = (self.reign, self._turn, credit)
        out.append(Frame(POLL, node.address, station.address, numbers, last))
        station.turns += 1
        self._say(out, now)
        self._state, self._asked = ASKED, node.address
        wait = min(ANSWER_MS_MAX, ANSWER_MS + 2 * node.took)
        self._at = self._free_at + wait
        self._answer_by = self._at + station.pace.duration(credit) + GAP_MS

    def _is_disturbed(self, now: int) -> bool:
        """The turn is over, and nobody said so.  Whether something was said at all."""
        station = self._station
        node = station.roster.nodes.get(self._asked)
        if not node:
            return False
        if self._was_damaged or self._first_at:
            node.idle = 0
            return True
        station.missed += 1
        if node.missed(now):
            station.roster.remove(node.address, "silent")
            self._changed(now)
        return False

    # cycles

    def _end_cycle(self, now: int) -> bool:
        """Begin the next one; False if it waits."""
        station = self._station
        ends = self._cycle_at + (CYCLE_MS_MIN if len(station.roster) > 1 else INVITE_MS)
        is_idle = not self._spoken and not self._tree and not self._waiting(now)
        if now < ends and is_idle:
            self._at = ends
            return False
        took = now - self._cycle_at
        self.cycle_ms = min(65535, max(took, self.cycle_ms * 7 // 8))
        self._cycle_at = now
        self._cycle += 1
        self._busy, self._spoken = len(self._spoken), []
        self._turns = {}
        waiting = self._waiting(now)
        for address in station.roster.addresses():
            node = station.roster.nodes[address]
            if address != station.address and (address in waiting or node.is_due(self._cycle)):
                self._queue.append(address)
        self._said_in_cycle = 0
        return True

    def _waiting(self, now: int) -> list:
        """Addresses for which something waits here."""
        station = self._station
        return [
            address
            for address in station.roster.addresses()
            if station.roster.nodes[address].forwards or station.has_frame(address, now)
        ]

    def _broadcast(self, now: int) -> bool:
        """What concerns all, between two cycles: one PRESENCE and one INVITE at most."""
        said = self._said_in_cycle
        if not said and now >= self._presence_at:
            self._said_in_cycle = PRESENCE
            self._tell(now)
        elif said != INVITE and (self._tree or now >= self._invite_at):
            self._said_in_cycle = INVITE
            self._invite(now)
        else:
            return False
        return True

    def _tell(self, now: int) -> None:
        station = self._station
        known = station.roster.nodes
        entries = b""
        for _ in range(ENTRIES_MAX):
            if self._news:
                address = self._news.pop(0)
            else:
                later = [one for one in station.roster.addresses() if one > self._told]
                self._told = address = later[0] if later else station.roster.addresses()[0]
            if address in known:
                entries += message.encode_entry(known[address].entry())
        time = 0 if station.clock_ms is None else max(0, station.clock_ms + now)
        numbers = (self.reign, self._before, self.cycle_ms, time, station.roster.used())
        self._say([Frame(PRESENCE, 0, station.address, numbers, entries)], now)
        self._at = self._free_at + QUIET_MS
        interval = NEWS_MS if now < self._news_until else PRESENCE_MS
        self._presence_at = now + station.pace.seldom(interval, self._at - now)

    def _changed(self, now: int, address: int = 0) -> None:
        self._presence_at = now
        self._news_until = now + NEWS_FOR_MS
        if address:
            self._news.append(address)

    # joining

    def _invite(self, now: int) -> None:
        self._invited = self._tree.pop() if self._tree else (0, 0)
        numbers = (self.reign, self._invited[0], self._invited[1])
        self._say([Frame(INVITE, 0, self._station.address, numbers, b"")], now)
        self._state = INVITED
        self._at = self._free_at + ANSWER_MS
        self._answer_by = self._at + self._station.pace.duration(JOIN_BYTES_MAX) + GAP_MS
        interval = INVITE_BUSY_MS if self._busy else INVITE_MS
        self._invite_at = now + self._station.pace.seldom(interval, (self._at - now) // 4)

    def _uninvite(self, is_collision: bool) -> None:
        """Nobody came, one did, or too many at once did: then halves of them are invited."""
        if is_collision and self._invited[0] < INVITE_DEPTH_MAX and len(self._tree) < INVITES_MAX:
            self._tree += message.branches(*self._invited)

    def _joined(self, frame: Frame, now: int) -> None:
        station = self._station
        nonce, flags = frame.numbers
        name = frame.rest
        if name == station.name or not 0 < len(name) <= message.NAME_BYTES_MAX:
            return
        known = station.roster.named(name)
        address = known.address if known else station.roster.free()
        if not address:
            return  # NODES_MAX are here
        if not known or known.nonce != nonce:
            station.roster.put(Entry(address, nonce, flags, name))
            self._changed(now, address)
        self._assigned.append(address)
        if self._state == INVITED:
            self._state = FREE
            self._at = self._quiet_at = now

    # what is heard

    def receive(self, frame: Frame, now: int) -> None:
        station = self._station
        if frame.kind in (POLL, INVITE, ASSIGN, PRESENCE):
            self._hear_master(frame, now)
            return
        if frame.kind == JOIN:
            if frame.to == station.address:
                self._heard_well(now)
                self._joined(frame, now)
            return
        node = station.roster.nodes.get(frame.source)
        if not node or frame.source == station.address or frame.kind == FORWARD:
            return
        if frame.source == self._asked and now <= self._answer_by:
            self._heard_well(now)
        else:
            self._suspect = frame.source
        if frame.kind in (CARRY, LAST) and frame.rest:
            self._pass_on(frame, now)
        if frame.kind in (LAST, LEAVE):
            self._end_turn(frame, node, now)

    def _end_turn(self, frame: Frame, node, now: int) -> None:
        if self._state != ASKED or frame.source != self._asked or frame.numbers[0] != self._turn:
            node.took = min(ANSWER_MS_MAX // 2, node.took + ANSWER_MS)  # late
            return
        if frame.kind == LEAVE:
            self._station.roster.remove(node.address, "left")
            self._changed(now)
        else:
            spoke = bool(frame.rest or frame.numbers[1])
            node.spoke(spoke or bool(self._spoken and self._spoken[-1] == node.address))
            node.took = max(0, self._first_at - self._free_at, node.took * 7 // 8)
            if frame.numbers[1] and node.address not in self._spoken:
                self._spoken.append(node.address)
        self._state = FREE
        self._at = self._quiet_at = now

    def _pass_on(self, frame: Frame, now: int) -> None:
        station = self._station
        if frame.source not in self._spoken:
            self._spoken.append(frame.source)
        if frame.to == station.address:
            station.deliver(frame.source, frame.rest, now)
            return
        node = station.roster.nodes.get(frame.to)
        in_all = sum([len(one.forwards) for one in station.roster.nodes.values()])
        if not node or len(node.forwards) >= FORWARDS_MAX or in_all >= FORWARDS_IN_ALL_MAX:
            station.dropped += 1  # it is sent again
            return
        node.forwards.append(Frame(FORWARD, frame.to, frame.source, (), frame.rest))
        if frame.to not in self._queue and self._turns.get(frame.to, 0) < TURNS_MAX:
            self._queue.append(frame.to)

    def _hear_master(self, frame: Frame, now: int) -> None:
        """Our own words, or those of another master: the newer one stays."""
        station = self._station
        reign = frame.numbers[0]
        if reign == self.reign and frame.source == station.address:
            self._heard_well(now)
            self._first_at = 0
            if frame.kind == PRESENCE:
                self._check_twin(frame, now)
            return
        is_theirs = message.is_newer(reign, self.reign)
        if reign == self.reign:
            is_theirs = frame.source < station.address
        if is_theirs or (reign - self.reign) & 65535 == 32768:
            station.follow(now)
            station.role.receive(frame, now)
        else:  # let it hear of us
            self._state, self._queue = FREE, []
            self._presence_at = now
            self._at = now + station.draw(ANSWER_MS)

    def _check_twin(self, frame: Frame, now: int) -> None:
        """Another master with our address and reign is known by its name and nonce."""
        me = (self._station.name, self._station.nonce)
        for entry in message.decode_entries(frame.rest):
            if entry.address == frame.source and (entry.name, entry.nonce) != me:
                self.reign = self._station.draw(65536)
                self._changed(now)

    def activity(self, size: int, now: int) -> None:
        """Bytes arrive, whatever they are."""
        if now - self._heard_at >= NOISE_GAP_MS:
            self._calm(now)
            self._noise_from = now
            self._suspect = self._asked if self._state == ASKED else 0
        self._heard_at = now
        self._quiet_at = now + QUIET_MS
        if now >= self._free_at and self._state != FREE:
            self._first_at = self._first_at or now
            self._at = max(self._at, min(now + GAP_MS, self._answer_by))
        if now - self._noise_from > BABBLE_MS and not self._is_babble:
            self._is_babble = True
            self._station.babbled += 1
            self._report(now)

    def noise(self, size: int, now: int) -> None:
        self._was_damaged = True

    def _calm(self, now: int) -> None:
        """Whether somebody who babbled has stopped."""
        if self._is_babble and now - self._heard_at >= NOISE_GAP_MS:
            self._is_babble = False
            self._report(self._heard_at)

    def _heard_well(self, now: int) -> None:
        """What came was to come: nobody babbles."""
        if self._is_babble:
            self._is_babble = False
            self._report(now)
        self._noise_from = now

    def _report(self, now: int) -> None:
        node = self._station.roster.nodes.get(self._suspect)
        name = node.name if node else b""
        self._station.events.append(Babbled(name, now - self._noise_from))
