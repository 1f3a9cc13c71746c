"""One serial port in use: its session, who dialed over it, what happens when it is unplugged.

    connection <-> session (transports/link) <-> port      one task, run(), moves it all

Who dialed is settled at the beginning of a session: roles.py.
"""

from collections import namedtuple

from edge.errors import LinkError
from edge.system import aio, clock, entropy
from edge.system.log import Log
from transports.link import session as link
from transports.serial.connection import POLITE, Connection
from transports.serial.ladder import Ladder
from transports.serial.plug import Plug
from transports.serial.roles import ACCEPTER, DIALER, Roles

DIAL_TIMEOUT_MS = 5000  # for the other end to answer, and to be done with a connection before
IN_USE_MS = 1000  # a dial waits so long for the end of a connection that may be over already
FIRST_WORD_MS = 150  # the connection's first bytes may take so long; then the role is said without
LINGER_MS = 2000  # what was written before a close may take so long to arrive
UNANSWERED_MS = 10000  # then an end that only listens speaks more seldom
UNANSWERED_INTERVAL_MS = 1000
SESSION_INTERVAL_MS = 100  # in the mean, between the beginnings of sessions
SESSIONS_AT_ONCE = 8  # but so many may follow each other as quickly as they end
MIRRORED_MS = 1000  # then a session that heard its own epoch gives way to one with another
FULL_PAUSE_MS = 5  # at least, until a full driver is asked again
WAITING_MAX = 4  # connections that nobody has accepted yet
BITS_PER_BYTE = 10  # one start bit, one stop bit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Status = namedtuple(
    "Status",
    (
        "address",
        "state",  # "unplugged", "waiting" or "open"
        "baud",
        "frame_bytes",  # payload of a frame now
        "round_trip_ms",
        "received",  # bytes off the line, all sessions
        "sent",
        "frames",  # that arrived
        "damaged",
        "resent",
        "overruns",  # None where the driver does not tell
        "replugs",
        "sessions",
        "error",  # why the last session ended, or the port cannot be opened
        "delivered",  # bytes of the streams above that arrived, all sessions
        "taken",  # and that the other end has confirmed
    ),
)

_log = Log("serial")


class Cable(Plug):
    def __init__(self, address, settings, name, open_port) -> None:
        super().__init__(address, settings, name, open_port)
        self.console = b""  # the last of what the far board said besides
        self.console_bytes = 0  # that it said in all
        self._session: Any = None
        self._ladder = Ladder(settings.baud, settings.baud_max)
        self._roles: Roles | None = None  # of the session, once it is open
        self._speak_at = 0
        self._dial: Any = None  # the Signal of whoever dials, until it has an outcome
        self._dialed: Connection | None = None
        self._connection: Connection | None = None
        self._linger_until = 0
        self._begin_at = 0  # a session may begin
        self._began_at = 0
        self._woken_at = 0
        self._met = aio.Signal()
        self._freed = aio.Signal()
        self._ended = (0, 0, 0, 0, 0)  # what is counted, of the sessions before

    # what the transport and connections ask for

    async def dial(self) -> Connection:
        """Be the one who dials.  LinkError if nobody takes it."""
        await self._be_free()
        self._dial = outcome = aio.Signal()
        self._dialed = None
        self._woken_at = clock.monotonic_ms()
        self.wake()
        try:
            if not await outcome.wait_ms(DIAL_TIMEOUT_MS):
                raise LinkError("nobody answers at the other end of {}".format(self.address))
            if self._dialed is None:
                raise LinkError("{}: {}".format(self.address, self.error))
            dialed, self._dialed = self._dialed, None
            return dialed
        finally:
            if self._dial is outcome:
                self._dial = None
            if self._dialed:  # who waited for it was cancelled
                await self._dialed.close()
                self._dialed = None
            self._freed.fire()
            self.wake()

    async def met(self) -> None:
        """Wait until there is somebody at the other end."""
        while not self._session or self._session.state != link.OPEN:
            await self._met.wait()

    async def _be_free(self) -> None:
        """Until nobody uses it: the other end may be done with it, and we not know yet."""
        due = clock.monotonic_ms() + IN_USE_MS
        while self._dial or self._connection and not self._connection.is_closed:
            rest = due - clock.monotonic_ms()
            if rest <= 0:
                raise LinkError("{} is in use".format(self.address))
            await self._freed.wait_ms(rest)

    def leave(self) -> None:
        """The connection was closed here."""
        self._linger_until = clock.monotonic_ms() + LINGER_MS
        self._freed.fire()
        self.wake()

    def status(self) -> Status:
        core = self._session
        state = "unplugged"
        if self._port:
            state = "open" if core and core.state == link.OPEN else "waiting"
        frames, damaged, resent, delivered, taken = self._counted()
        return Status(
            self.address, state, self._ladder.rate, core.line.frame_bytes if core else 0,
            core.line.round_trip if core else 0, self._received, self._sent, frames, damaged,
            resent, self._port.overruns() if self._port else None, self._replugs, self._sessions,
            self.error, delivered, taken,
        )  # fmt: skip

    def _counted(self) -> tuple:
        """Frames, damaged chunks, frames resent, bytes each way, of all sessions."""
        core, before = self._session, self._ended
        if not core:
            return before
        now = core.counters()
        carried = core.receiver.expected, core.sender.acknowledged
        counts = (now.frames, now.damaged, now.resent) + carried
        return tuple([before[at] + counts[at] for at in range(len(counts))])

    # the task

    async def _run(self) -> None:
        try:
            while self._is_needed():
                now = clock.monotonic_ms()
                self._step(now)
                await self._wait(now)
        finally:
            self._is_running = False
            self._hang_up(clock.monotonic_ms())

    def _hang_up(self, now: int) -> None:
        """Let go of the port; of a session that goes on, with a last word to the peer."""
        if self._session and self._session.state == link.OPEN:
            self._session.close()
            self._send(self._session, now)
        self._end_session("the port was closed")
        self._unplug()

    def _is_needed(self) -> bool:
        if self.inbound is not None or self._dial or self._connection:
            return True
        return bool(self._unsent and clock.monotonic_ms() < self._linger_until)

    async def _wait(self, now: int) -> None:
        due = now if self._is_woken else self._deadline(now)
        if due is None:
            await self._wake.wait()
        elif due > now:
            await self._wake.wait_ms(due - now)
        else:
            await aio.sleep_ms(0)  # a line that never falls silent must not stop the others
        self._is_woken = False

    def _deadline(self, now: int) -> "int | None":
        times: list = [self._session and self._session.deadline()]
        if self._port is None:
            times.append(self._reopen_at)
        else:
            times.append(self._ladder.deadline())
            times.append(self._room_at(now))
            if self._session is None:
                times.append(self._begin_at)
            if self._roles and self._roles.is_due:
                times.append(self._speak_at)
        if self._connection and self._connection.is_closed:
            times.append(self._linger_until)
        known = [time for time in times if time is not None]
        due = min(known) if known else None
        if due is not None and self._unsent:
            due = max(due, now + FULL_PAUSE_MS)
        if due is not None and self._is_unanswered(now):
            due = max(due, now + UNANSWERED_INTERVAL_MS)
        return due

    def _room_at(self, now: int) -> "int | None":
        """When to ask the connection for more."""
        held = self._connection
        if not held or not held.wants_room or not held.session.sender.room():
            return None
        at = held.room_at(now)
        return at if at > now else None  # it has been told

    def _is_unanswered(self, now: int) -> bool:
        core = self._session
        waits = self._port and core and core.state == link.WAITING and not self._dial
        return bool(waits and now - self._woken_at > UNANSWERED_MS)

    def _step(self, now: int) -> None:
        if self._port is None and now >= self._reopen_at:
            self._replug(now)
        if self._port and self._session is None and now >= self._begin_at:
            self._begin(now)
        core = self._session
        self._receive(core, now)
        if core:
            self._keep_time(core, now)
            if core.state == link.OPEN:
                self._meet(core, now)
            elif core.is_mirrored and now - self._began_at >= MIRRORED_MS:
                core.close("the line is looped back")
            self._say_goodbye(core, now)
            self._send(core, now)
            if self._connection:
                self._connection.tell()
            if core.state == link.CLOSED:
                self._hear_of_it(core, now)
                self._end_session(self.error)
                self.wake()  # and at once the next one

    # the port

    def _plug(self, now: int) -> None:
        settings = self.settings
        self._ladder.come_back(now)
        path = self._name.path()
        self._port = self._open_port(path, settings.baud, settings.rtscts, self.wake)
        self._name.remember()
        self._woken_at = now
        if self._session:
            self._replugs += 1
            self._session.rate_changed(settings.baud // BITS_PER_BYTE, now)
            _log.info("{} is back", self.address)

    def _waits(self) -> bool:
        return bool(self._session or self._dial)

    def _cut(self, now: int) -> None:
        if self._session:
            self._session.line_lost(now)

    # bytes

    def _send(self, core, now: int) -> None:
        if self._port is None:
            return
        try:
            while True:
                if not self._unsent:
                    self._unsent = core.data_to_send(now)
                if not self._unsent:
                    return
                size = self._port.write(self._unsent)
                self._sent += size
                self._unsent = self._unsent[size:]
                if self._unsent:
                    return
        except LinkError as error:
            self._lost(error, now)

    # the session

    def _begin(self, now: int) -> None:
        if self._ladder.restart(now):
            self._change_rate()
        rate = self.settings.baud // BITS_PER_BYTE
        epoch = entropy.random_below(0xFFFFFFFF) + 1
        self._session = link.Session(epoch, rate, now, self._ladder.options())
        self._roles = None
        self._sessions += 1
        self._began_at = now
        full = now - SESSIONS_AT_ONCE * SESSION_INTERVAL_MS
        self._begin_at = max(self._begin_at, full) + SESSION_INTERVAL_MS

    def _keep_time(self, core, now: int) -> None:
        due = core.deadline()
        if due is not None and now >= due:
            core.handle_deadline(now)
        self._hear_of_it(core, now)
        told = core.counters()
        self._ladder.count(told.frames, told.damaged, now)
        if self._port and core.state != link.CLOSED and self._ladder.handle_deadline(now):
            self._change_rate()
            core.rate_changed(self._ladder.rate // BITS_PER_BYTE, now)

    def _hear_of_it(self, core, now: int) -> None:
        event = core.next_event()
        while event:
            if isinstance(event, link.Opened):
                self._ladder.agree(event.options, now)
                self._met.fire()
            else:
                self.error = event.reason
            event = core.next_event()
        text = core.take_console()
        if text:
            self.console_bytes += len(text)
            self.console = (self.console + text)[-link.CONSOLE_BYTES_MAX :]
            _log.debug("{} says {}", self.address, text)

    def _change_rate(self) -> None:
        rate = self._ladder.rate
        try:
            self._port.set_baud(rate)
            _log.info("{} at {} baud", self.address, rate)
        except LinkError as error:  # the ladder hears nothing there, and comes back
            _log.warn("{}", error)

    def _meet(self, core, now: int) -> None:
        """Settle who dials."""
        roles = self._roles = self._roles or Roles(core)
        if self._dial and not self._connection and not roles.outcome:
            roles.dial()
            self._dialed = self._attach(core, now)
            self._end_dial()
        if roles.is_due and now >= self._speak_at:
            roles.say(b"")
        held = self._connection
        if held and held.is_settled:
            return
        outcome = roles.hear()
        if outcome == DIALER and held:
            held.is_settled = True
        elif outcome == ACCEPTER:
            self._accept(core, now)
        elif outcome:
            self._refuse(core, "no known role")

    def _attach(self, core, now: int) -> Connection:
        self._speak_at = now + FIRST_WORD_MS
        self._connection = Connection(self, core, self._roles)
        return self._connection

    def _accept(self, core, now: int) -> None:
        if self._connection:
            self._connection.end("the other end dials")
        if self.inbound is None:
            self._refuse(core, "nobody listens here")
            return
        connection = self._attach(core, now)
        connection.is_settled = True
        if not self.inbound.put_nowait(connection):
            self._connection = None
            self._refuse(core, "too many wait here")

    def _refuse(self, core, reason: str) -> None:
        self.error = reason
        core.close(reason)

    def _end_dial(self) -> None:
        outcome, self._dial = self._dial, None
        if outcome:
            outcome.fire()

    def _say_goodbye(self, core, now: int) -> None:
        """The session of a connection closed here ends when all that was written has arrived."""
        held = self._connection
        if held and held.is_closed and core.state != link.CLOSED:
            is_done = core.sender.is_done and core.state == link.OPEN
            if is_done or self._port is None or now >= self._linger_until:
                core.close()

    def _end_session(self, reason: str) -> None:
        self._ended = self._counted()
        self._session = None
        held, self._connection = self._connection, None
        if held and not held.is_settled and reason == POLITE[0]:
            reason = self.error = "nobody listens at the other end"
        if held:
            held.end(reason)
        self._freed.fire()
