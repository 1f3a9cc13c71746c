"""A node that is not the master: it waits for its turn, for an address, or for a master's end.

Sections 4 to 6 of README.md.
"""

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
from transports.bus.pace import CYCLES_MAX, QUIET_MS, TOLD_MS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from transports.bus.station import Station


class Member:
    def __init__(self, station: "Station", now: int) -> None:
        self.reign = 0  # of the master whom we follow, once one was heard
        self._station = station
        self._heard_at = now  # the master
        self._has_heard = False
        self.cycle_ms = 0  # as the master told
        self._draw = station.draw(65536)
        self._patience = station.draw(4 * station.pace.turn_ms)  # of a newcomer
        self._former = 0  # the reign before, if it was another's
        self._leaves = False
        self.master = 0

    def deadline(self) -> int:
        """When to be the master, if nobody is."""
        station = self._station
        if not station.may_lead or self._leaves:
            return self._heard_at + 1000000
        patience = 0 if station.address else self._patience
        return self._heard_at + self.silence_ms() + self._rank() * station.pace.turn_ms + patience

    def silence_ms(self) -> int:
        """So long no master is silent."""
        return CYCLES_MAX * max(self.cycle_ms, self._station.pace.turn_ms)

    def _rank(self) -> int:
        """In the order of addresses, the newcomers last."""
        station = self._station
        others = [one for one in station.roster.addresses() if one != self.master]
        if station.address:
            return len([one for one in others if one < station.address])
        return len(others)

    def slept(self, now: int) -> None:
        self._heard_at = max(self._heard_at, now - self._station.pace.turn_ms)

    def handle_deadline(self, now: int) -> None:
        station = self._station
        if not station.may_lead or self._leaves:
            return
        if self.master in station.roster.nodes:
            station.roster.remove(self.master, "silent")
        if not station.address:  # of a full bus nobody spoke up, the last makes way
            station.address = station.roster.free() or message.NODES_MAX
        if not self._has_heard:
            self.reign = station.draw(65536)
        mine = Entry(station.address, station.nonce, message.MAY_LEAD, station.name)
        station.roster.put(mine)
        station.lead(self.reign, now)

    def leave(self) -> None:
        self._leaves = True

    # what is heard

    def activity(self, size: int, now: int) -> None:
        """Bytes arrive, whatever they are."""

    def noise(self, size: int, now: int) -> None:
        """While somebody babbles nobody can tell whether there is a master."""
        pause = self._station.pace.duration(size) + QUIET_MS
        self._heard_at = min(now, self._heard_at + pause)

    def receive(self, frame: Frame, now: int) -> None:
        station = self._station
        kind = frame.kind
        if kind in (POLL, INVITE, ASSIGN, PRESENCE):
            if self._follows(frame, now):
                self._obey(frame, now)
            return
        if not station.address or frame.source == station.address:
            return
        if kind == LEAVE and frame.source == self.master:
            station.roster.remove(self.master, "left")
            self._heard_at = now - self.silence_ms()
        elif frame.to == station.address and self._is_from_master(frame):
            station.deliver(frame.source, frame.rest, now)

    def _is_from_master(self, frame: Frame) -> bool:
        return frame.kind == FORWARD or frame.kind == CARRY and frame.source == self.master

    def _follows(self, frame: Frame, now: int) -> bool:
        """Whether that is our master, from now on at least."""
        station, reign = self._station, frame.numbers[0]
        if not frame.source:
            return False
        if reign != self.reign or not self._has_heard:
            if self._has_heard and not self._is_to_follow(frame, now):
                return False
            if self._has_heard and not self._inherits(frame):
                station.address = 0
            self.reign, self._former, self._has_heard = reign, self.reign, True
        self.master = frame.source
        self._heard_at = now
        return True

    def _is_to_follow(self, frame: Frame, now: int) -> bool:
        """Of another reign.  An older one gives up by itself, when it hears of ours."""
        is_silent = now - self._heard_at >= self.silence_ms()
        if not message.is_newer(frame.numbers[0], self.reign):
            return is_silent and not self._station.address
        # Its PRESENCE tells whether we keep our address.
        return frame.kind == PRESENCE or not self._station.address

    def _inherits(self, frame: Frame) -> bool:
        """Whether those who followed our master keep their addresses under the new one."""
        return frame.kind == PRESENCE and frame.numbers[1] in (self.reign, self._former)

    def _obey(self, frame: Frame, now: int) -> None:
        station = self._station
        if frame.kind == PRESENCE:
            self._learn(frame, now)
        elif frame.kind == INVITE:
            if not station.address and not self._leaves:
                self._join(frame, now)
        elif frame.kind == ASSIGN:
            if frame.numbers[1] == station.nonce and frame.to:
                station.address = frame.to
        elif station.address and frame.to == station.address:
            station.turns += 1
            if frame.rest:
                station.deliver(frame.source, frame.rest, now)
            self._answer(frame, now)

    def _learn(self, frame: Frame, now: int) -> None:
        station = self._station
        _, _, cycle_ms, time, used = frame.numbers
        self.cycle_ms = min(cycle_ms, TOLD_MS_MAX)
        station.heard_clock_ms = time - now if time else None
        station.roster.keep(used)
        for entry in message.decode_entries(frame.rest):
            if entry.name == station.name and entry.nonce != station.nonce:
                station.address = 0  # we, before we started again: it has to hear of that
                continue
            if entry.address == station.address and entry.nonce != station.nonce:
                station.address = 0
            station.roster.put(entry)
        if station.address and not used & message.bit(station.address):
            station.address = 0

    def _join(self, frame: Frame, now: int) -> None:
        """Answer an invitation that is for us; a fresh one is for all, who draw anew."""
        station = self._station
        _, depth, prefix = frame.numbers
        if not depth:
            self._draw = station.draw(65536)
        if message.starts_with(self._draw, depth, prefix):
            flags = message.MAY_LEAD if station.may_lead else 0
            station.write([Frame(JOIN, frame.source, 0, (station.nonce, flags), station.name)], now)

    def _answer(self, poll: Frame, now: int) -> None:
        station = self._station
        _, turn, credit = poll.numbers
        out = station.collect(credit, 0, now)
        if self._leaves:
            out.append(Frame(LEAVE, poll.source, station.address, (turn,), b""))
            station.write(out, now)
            station.address = 0
            return
        last = out.pop() if out else Frame(CARRY, poll.source, station.address, (), b"")
        more = 1 if station.has_frame(0, now) else 0
        out.append(Frame(LAST, last.to, station.address, (turn, more), last.rest))
        station.write(out, now)
