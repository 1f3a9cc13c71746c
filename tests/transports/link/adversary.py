"""Two ends that keep trying, and somebody on the line between them who does as he likes.

    ordeal(script)    the script, two bytes an act, says what he does; then he goes away, and the
                      ends must talk within CALM_MS_MAX

Whatever he did: all that was delivered is what the session at the other end was given, from its
first byte on, once and in order; and what is held is bounded.
"""

from edge.system import MICROPYTHON
from tests import kit
from transports.link import frames, message, session
from transports.link.session import Session

RATE = 11520
CALM_MS_MAX = 3000  # after the last disturbance: met, and bytes have passed both ways
TURNS_MAX = 200  # that an end may want without time passing
HELD_BYTES_MAX = 3 * session.BUFFER_BYTES_MAX + session.CONSOLE_BYTES_MAX + 8192
RECORDED_MAX = 40 if MICROPYTHON else 300  # frames he remembers
STEPS_OF_A_SCRIPT = 120  # bytes of one that finds most things soon
_PERIOD = 1009  # of the bytes that are sent: no frame size divides it


def held_bytes(core: Session) -> int:
    """All that a session keeps; a tuple counts as 32 bytes."""
    receiver, sender = core.receiver, core.sender
    kept = len(receiver._ready) + len(sender._buffer) + len(core._reader.pending)
    kept += len(core.console) + sum([len(frame) for frame in core._out])
    kept += sum([len(part[1]) + 32 for part in receiver._parts])
    return kept + 32 * (len(sender._frames) + len(sender._again) + len(core._events))


def started_at(position: int, epoch: int, rate: int, now: int) -> Session:
    """A session that has had ``position`` bytes behind it each way since it began."""
    core = Session(epoch, rate, now)
    core.sender.acknowledged = core.sender._fresh = core.receiver.expected = position
    grant = core.sender.grant

    def granted(credit: int) -> None:
        grant(credit)
        core.sender._limit += position

    core.sender.grant = granted  # type: ignore[method-assign]
    core._told += position
    return core


class Stream:
    """The bytes that a session sends: others for each epoch, and nowhere alike soon."""

    def __init__(self, epoch: int) -> None:
        self._period = kit.Rng(epoch * 7919 + 13).bytes(_PERIOD)

    def piece(self, start: int, size: int) -> bytes:
        at = start % _PERIOD
        return (self._period * (2 + size // _PERIOD))[at : at + size]


class End:
    """An end that begins a new session when one is over, as cable.py does."""

    def __init__(self, talk, epoch_of) -> None:
        self._talk = talk
        self._epoch_of = epoch_of
        self.sessions = 0
        self.reads = True
        self.wants = 0  # bytes to send in this session and not given to it yet
        self.reason = ""
        self.begin()

    def begin(self) -> None:
        """A new session; nobody tells the peer."""
        self.sessions += 1
        self.epoch = self._epoch_of(self.sessions)
        self.core = started_at(self._talk.start, self.epoch, self._talk.rate, self._talk.now)
        self.given = 0
        self.got = 0
        self.stream = Stream(self.epoch)
        self.heard_from = 0
        self._theirs = self.stream

    def step(self, now: int) -> bytes:
        core = self.core
        due = core.deadline()
        if due is not None and now >= due:
            core.handle_deadline(now)
        if core.state == session.OPEN and self.wants:
            size = min(self.wants, 1000)
            taken = core.send(self.stream.piece(self.given, size))
            self.given += taken
            self.wants -= taken
        self._read()
        out = core.data_to_send(now)
        if core.state == session.CLOSED:
            self.begin()
        assert held_bytes(core) <= HELD_BYTES_MAX
        assert len(core._reader.pending) <= frames.CHUNK_BYTES_MAX
        return out

    def _read(self) -> None:
        core = self.core
        data = core.read(4096) if self.reads else b""
        if core.peer_epoch != self.heard_from:
            assert not self.got, "another peer in the same session"
            self.heard_from = core.peer_epoch
            self._theirs = Stream(self.heard_from)
        assert data == self._theirs.piece(self.got, len(data)), "not what was sent"
        self.got += len(data)
        event = core.next_event()
        while event:
            if isinstance(event, session.Closed):
                self.reason = event.reason
            event = core.next_event()


class Talk:
    """Two ends, the time, and what is on the line: whole writes, each with its arrival."""

    def __init__(self, rate: int = RATE, start: int = 0, epochs=None) -> None:
        self.now = 0
        self.start = start
        self.rate = rate
        self.spoken: list = []  # (side, bytes): what he has recorded
        self.line: tuple = ([], [])  # towards side 0, towards side 1: [at, bytes]
        self.is_cut = [False, False]  # at each side
        self._free_at = [0, 0]
        epochs = epochs or (lambda number: 2 * number, lambda number: 2 * number + 1)
        self.ends = (End(self, epochs[0]), End(self, epochs[1]))

    def say(self, side: int, data: bytes) -> None:
        """``data`` goes out at ``side``, after what is on the line."""
        if self.is_cut[0] or self.is_cut[1]:
            return
        at = max(self.now, self._free_at[side]) + 1
        at += len(data) * 1000 // self.rate if self.rate else 0
        self._free_at[side] = at
        self.line[1 - side].append([at, data])

    def turn(self) -> bool:
        """All that is to be done now; False if nothing was."""
        done = False
        for side in (0, 1):
            end, queue = self.ends[side], self.line[side]
            while queue and queue[0][0] <= self.now:
                data = queue.pop(0)[1]
                if data:
                    end.core.receive_data(data, self.now)
                    end._read()  # before a session that is over makes room for the next
            out = end.step(self.now)
            if out:
                done = True
                self.spoken.append((side, out))
                del self.spoken[:-RECORDED_MAX]
                self.say(side, out)
        return done

    def next_time(self) -> int:
        times = [queue[0][0] for queue in self.line if queue]
        times += [end.core.deadline() for end in self.ends]
        known = [time for time in times if time is not None]
        return max(self.now + 1, min(known)) if known else self.now + 1

    def run(self, limit_ms: int, until=None) -> bool:
        """Until ``until()``, or for ``limit_ms``."""
        end = self.now + limit_ms
        while True:
            turns = 0
            while self.turn():
                turns += 1
                assert turns < TURNS_MAX, "it never stops talking"
            if until and until():
                return True
            if self.now >= end:
                return False
            self.now = min(end, self.next_time())

    # what happens

    def reboot(self, side: int) -> None:
        self.ends[side].begin()

    def unplug(self, side: int) -> None:
        if not self.is_cut[side]:
            self.is_cut[side] = True
            self.ends[side].core.line_lost(self.now)
            for queue in self.line:
                del queue[:]

    def plug(self, side: int) -> None:
        if self.is_cut[side]:
            self.is_cut[side] = False
            self.ends[side].core.line_restored(self.now)

    # and how it ends

    def calm(self, limit_ms: int = CALM_MS_MAX) -> int:
        """Nobody disturbs any more: how long until new bytes have arrived at both ends."""
        for side in (0, 1):
            self.plug(side)
            self.ends[side].reads = True
        began = self.now
        self.run(max([0] + [free - self.now for free in self._free_at]))  # what is on the line
        for end in self.ends:
            end.wants = 500
        marks: list = [None, None]

        def talked() -> bool:
            for side in (0, 1):
                end = self.ends[side]
                if not end.wants and marks[side] is None or end.given < 500:
                    end.wants = 500
                if marks[side] is None or marks[side][0] != end.epoch:
                    marks[side] = (end.epoch, end.got)
            return all([self._understood(side, marks) for side in (0, 1)])

        if not self.run(limit_ms, talked):
            raise AssertionError("no talk after {} ms: {}".format(self.now - began, self.told()))
        return self.now - began

    def _understood(self, side: int, marks: list) -> bool:
        end, other = self.ends[side], self.ends[1 - side]
        core = end.core
        if core.state != session.OPEN or core.peer_epoch != other.epoch:
            return False
        return end.got > marks[side][1]

    def told(self) -> list:
        return [(end.core.state, end.core.peer_epoch, end.got, end.reason) for end in self.ends]


class Adversary:
    """He carries out a script."""

    def __init__(self, talk: Talk, script: bytes) -> None:
        self.talk = talk
        self._script = script
        self._at = 0
        self.forged = False  # frames with the sums of a session
        self.calm = 0  # ms that it took afterwards
        self._acts = (
            self._wait,
            self._wait,
            self._give,
            self._drop,
            self._truncate,
            self._replay,
            self._replay_old,
            self._double,
            self._garbage,
            self._reboot,
            self._plug,
            self._jump,
            self._hello,
            self._reading,
            self._flip,
            self._forge,
        )

    def _take(self) -> int:
        self._at += 1
        return self._script[self._at - 1] if self._at <= len(self._script) else 0

    def go(self) -> None:
        while self._at < len(self._script):
            act, argument = self._take(), self._take()
            self._acts[act & 15](act >> 4 & 1, argument)
            self.talk.run(act >> 5)
        if self.forged:  # what a liar said in a session is over when the session is
            self.talk.reboot(0)
            self.talk.reboot(1)
        self.calm = self.talk.calm()

    def _wait(self, side: int, argument: int) -> None:
        self.talk.run(argument)

    def _give(self, side: int, argument: int) -> None:
        self.talk.ends[side].wants += 20 * argument

    def _last(self, side: int) -> "list | None":
        queue = self.talk.line[side]
        return queue[-1] if queue else None

    def _drop(self, side: int, argument: int) -> None:
        last = self._last(side)
        if last:
            last[1] = b""

    def _truncate(self, side: int, argument: int) -> None:
        last = self._last(side)
        if last:
            last[1] = last[1][: argument % (len(last[1]) + 1)]

    def _flip(self, side: int, argument: int) -> None:
        last = self._last(side)
        if last and last[1]:
            data = bytearray(last[1])
            data[argument % len(data)] ^= 1 << argument % 7
            last[1] = bytes(data)

    def _replay(self, side: int, argument: int) -> None:
        """One of what was said lately, to whom it was said or to who said it."""
        if self.talk.spoken:
            spoken = self.talk.spoken
            by, data = spoken[-1 - argument % min(len(spoken), 32)]
            self.talk.say(by ^ side, data)

    def _replay_old(self, side: int, argument: int) -> None:
        """Some in a row of what was ever said by one side."""
        said = [data for by, data in self.talk.spoken if by == side]
        if said:
            at = argument * len(said) // 256
            self.talk.say(side, b"".join(said[at : at + 1 + argument % 5]))

    def _double(self, side: int, argument: int) -> None:
        last = self._last(side)
        if last and len(last[1]) < frames.CHUNK_BYTES_MAX:
            last[1] += last[1]

    def _garbage(self, side: int, argument: int) -> None:
        data = kit.Rng(argument).bytes(argument)
        self.talk.say(side, data if argument < 240 else b"\xfe" * (16 * argument))

    def _reboot(self, side: int, argument: int) -> None:
        self.talk.reboot(side)

    def _plug(self, side: int, argument: int) -> None:
        if self.talk.is_cut[side]:
            self.talk.plug(side)
        else:
            self.talk.unplug(side)

    def _jump(self, side: int, argument: int) -> None:
        """Both clocks, by up to 25 s."""
        self.talk.now += argument * 100

    def _reading(self, side: int, argument: int) -> None:
        self.talk.ends[side].reads = bool(argument & 1)

    def _hello(self, side: int, argument: int) -> None:
        """A hello that says anything, to the other of ``side``."""
        ends = self.talk.ends
        epochs = (0, 1, ends[0].epoch, ends[1].epoch, 0xFFFFFFFF, ends[side].core.peer_epoch)
        rng = kit.Rng(argument + 1)
        hello = message.Hello(
            (0, 1, 1, 255)[rng.below(4)],
            (0, 1, 1, 9)[rng.below(4)],
            epochs[rng.below(6)],
            epochs[rng.below(6)],
            (0, 0xFFFFFFFF)[rng.below(2)],
            (0, 1, 1024, 65535)[rng.below(4)],
            (0, 1, 255)[rng.below(3)],
            rng.bytes((0, 1, 2, 255, 900)[rng.below(5)]),
        )
        kind = message.HELLO + rng.below(2)
        self.talk.say(side, frames.encode(message.encode_hello(kind, hello)))

    def _forge(self, side: int, argument: int) -> None:
        """A frame of the session that says anything."""
        core = self.talk.ends[side].core
        if not core.peer_epoch:
            return
        self.forged = True
        rng = kit.Rng(argument + 1)
        data = report = None
        if argument & 1:
            sequence = max(0, core.receiver.expected + rng.below(32768) - 16384)
            data = message.Data(rng.below(256), sequence, b"")
        if argument & 2 or not data:
            acknowledged = max(0, core.sender.acknowledged + rng.below(3000) - 1000)
            credit = (0, 1, 255)[rng.below(3)]
            heard = (0, 1, 0xFFFFFFFF)[rng.below(3)]
            report = message.Report(acknowledged, rng.below(256), heard, credit)
        if argument & 31 == 31:
            data = report = None  # CLOSE
        start = message.tag(core.peer_epoch, core.epoch)
        frame = frames.encode(message.encode(data, report, start))
        self.talk.say(1 - side, b"\0" + frame)


def ordeal(script: bytes, rate: int = RATE, start: int = 0) -> Adversary:
    adversary = Adversary(Talk(rate, start), script)
    adversary.go()
    return adversary
