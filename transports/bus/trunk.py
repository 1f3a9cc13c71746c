"""A port on a shared bus in use: many connections over it, one task, run(), that moves it all.

    Berth (a raw connection) <-- one of many --> Station (station.py) <--> port

Whoever has a session with us is named by the peer id it told on the bus; Noise proves it.
"""

from collections import namedtuple

from edge.errors import LinkError
from edge.system import aio, clock, entropy
from edge.system.log import Log
from transports.bus.berth import Berth
from transports.bus.master import Babbled
from transports.bus.pace import Pace
from transports.bus.pair import DIALS
from transports.bus.roster import Departed
from transports.bus.station import Called, Led, Station
from transports.link import session as link
from transports.serial.cable import BITS_PER_BYTE, FULL_PAUSE_MS, Status
from transports.serial.plug import Plug

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIAL_TIMEOUT_MS = 8000  # for the bus to be found, the node on it, and its answer
IN_USE_MS = 1000  # for the end of a session that may be over already
LINGER_MS = 5000  # what was written before a close may take so long to arrive
GOODBYE_MS = 1000  # for the turn in which we say that we leave

BusStatus = namedtuple(
    "BusStatus",
    (
        "address",  # ours on the bus; 0: none yet
        "is_master",
        "master",  # the master's; 0: none is known
        "nodes",  # (address, name) of all who are there; nothing is proven
        "cycle_ms",  # the longest of late, as the master says
        "babblers",  # how many times somebody babbled
        "error",  # the last thing that went wrong on the bus
        "is_kernel_driven",  # whether the driver turns the transceiver (RS-485 mode)
        "counters",  # of station.py
    ),
)

SessionStatus = namedtuple(
    "SessionStatus",
    (
        "name",  # of the node at the other end
        "round_trip_ms",
        "frame_bytes",
        "resent",  # frames
        "delivered",  # bytes of the streams above that arrived
        "taken",  # and that the other end has confirmed
    ),
)

_log = Log("bus")


class Trunk(Plug):
    def __init__(self, address, settings, name, open_port) -> None:
        super().__init__(address, settings, name, open_port)
        self.console = b""  # nobody's: what is no frame on a bus is noise
        self.console_bytes = 0
        self.station: Any = None  # a Station, once it is in use
        self._is_kernel_driven = False
        self._berths: list = []
        self._dials = 0  # that wait
        self._leave_by = 0
        self._changed = aio.Signal()  # who is there, who has answered
        self._ended = (0, 0, 0)  # frames resent, bytes each way of the sessions before

    # what the transport and connections ask for

    def start(self) -> None:
        if not self._is_running:
            self._leave_by = 0
            self._begin(clock.monotonic_ms())
        super().start()

    async def met(self) -> None:
        """Wait until there is a master, and it is not we."""
        while not self._master():
            await self._changed.wait()

    def neighbours(self) -> list:
        """The names of all others on the bus."""
        core = self.station
        return [name for name in core.names() if name != core.name] if core else []

    async def dial(self, name: bytes) -> Berth:
        """Connect to the node of that name; to the master if it is empty."""
        self._dials += 1
        try:
            return await aio.wait_for_ms(self._open_berth(name), DIAL_TIMEOUT_MS)
        except aio.TimeoutError:
            raise LinkError("nobody of that name answers on {}".format(self.address))
        finally:
            self._dials -= 1
            self.wake()

    async def _open_berth(self, name: bytes) -> Berth:
        peer = name or self._master()
        while not self._is_present(peer):
            await self._changed.wait()
            peer = name or self._master()
        await self._be_free(peer)
        berth = Berth(self, self.station.dial(peer, clock.monotonic_ms()))
        self._berths.append(berth)
        self._sessions += 1
        self.wake()
        try:
            while not berth.is_open:
                if berth.reason:
                    raise LinkError("{}: {}".format(self.address, berth.reason))
                await self._changed.wait()
            return berth
        finally:
            if not berth.is_open:
                await berth.close()

    async def _be_free(self, name: bytes) -> None:
        """Until we have no session with it: the one before may be over, and not all said yet."""
        due = clock.monotonic_ms() + IN_USE_MS
        while self.station.has_session(name):
            rest = due - clock.monotonic_ms()
            if rest <= 0 or not await self._changed.wait_ms(rest):
                raise LinkError(
                    "{}: there is a session with that node already".format(self.address)
                )

    def _is_present(self, name: bytes) -> bool:
        core = self.station
        return bool(name and core and core.address and core.roster.named(name))

    def _master(self) -> bytes:
        core = self.station
        return core.master_name() if core and core.address else b""

    def status(self) -> Status:
        core = self.station
        state = "unplugged"
        if self._port:
            state = "open" if core and core.address else "waiting"
        resent, delivered, taken = self._counted()
        pace = core.pace if core else Pace(self.settings.baud // BITS_PER_BYTE)
        told = core.counters() if core else None
        overruns = self._port.overruns() if self._port else None
        return Status(
            self.address, state, self.settings.baud, pace.frame_bytes, self._round_trip(),
            self._received, self._sent, told.frames if told else 0, told.damaged if told else 0,
            resent, overruns, self._replugs, self._sessions, self.error, delivered, taken,
        )  # fmt: skip

    def _counted(self) -> tuple:
        """Frames resent and bytes each way, of all sessions."""
        counts = self._ended
        for berth in self._berths:
            counts = _sum(counts, berth)
        return counts

    def _round_trip(self) -> int:
        known = [one.session.line.round_trip for one in self._berths if one.is_open]
        return max(known) if known else 0

    def bus_status(self) -> "BusStatus | None":
        core = self.station
        if not core:
            return None
        nodes = [(one, core.roster.nodes[one].name) for one in core.roster.addresses()]
        return BusStatus(
            core.address, core.is_master, core.address if core.is_master else core.role.master,
            nodes, core.role.cycle_ms, core.babbled, self.error, self._is_kernel_driven,
            core.counters(),
        )  # fmt: skip

    def sessions(self) -> list:
        """The SessionStatus of every session that is open."""
        found = []
        for berth in self._berths:
            core = berth.session
            if berth.is_open:
                found.append(
                    SessionStatus(
                        berth.pair.name, core.line.round_trip, core.line.frame_bytes,
                        *_sum((0, 0, 0), berth),
                    )
                )  # fmt: skip
        return found

    # the task

    async def _run(self) -> None:
        try:
            while self._is_needed(clock.monotonic_ms()):
                now = clock.monotonic_ms()
                self._step(now)
                await self._wait(now)
        finally:
            self._is_running = False
            for berth in list(self._berths):
                self._end(berth, "the port was closed")
            self._unplug()

    def _is_needed(self, now: int) -> bool:
        """While somebody uses it; then until we have said that we leave."""
        if self.inbound is not None or self._dials or self._berths:
            self._leave_by = 0
            return True
        if not self._leave_by:
            self._leave_by = now + GOODBYE_MS
            self.station.leave()
        return bool(self._port and (self.station.address or self._unsent) and now < self._leave_by)

    async def _wait(self, now: int) -> None:
        due = now if self._is_woken else self._deadline(now)
        if due > now:
            await self._wake.wait_ms(due - now)
        else:
            await aio.sleep_ms(0)  # a line that never falls silent must not stop the others
        self._is_woken = False

    def _deadline(self, now: int) -> int:
        times = [one.linger_until for one in self._berths if one.is_closed]
        times.append(self.station.deadline())
        if self._port is None:
            times.append(self._reopen_at)
        if self._leave_by:
            times.append(self._leave_by)
        due = min(times)
        return max(due, now + FULL_PAUSE_MS) if self._unsent else due

    def _step(self, now: int) -> None:
        if self._port is None and now >= self._reopen_at:
            self._replug(now)
        core = self.station
        core.accepts = self.inbound is not None
        self._receive(core, now)
        core.clock_ms = clock.unix_ms() - now
        if now >= core.deadline():
            core.handle_deadline(now)
        self._hear_of_it(core)
        for berth in list(self._berths):
            self._keep(berth, now)
        self._send(core)

    # the port

    def _begin(self, now: int) -> None:
        """A new station: who was here before has left."""
        name = self.local_peer or entropy.random_bytes(8)
        seed = entropy.random_below(0xFFFFFFFF) + 1
        self.station = Station(name, seed, Pace(self.settings.baud // BITS_PER_BYTE), now)
        if self._port is None:
            self.station.line_lost(now)

    def _plug(self, now: int) -> None:
        settings = self.settings
        self._port = self._open_port(
            self._name.path(), settings.baud, settings.rtscts, self.wake
        )  # fmt: skip
        use = getattr(self._port, "use_rs485", None)
        self._is_kernel_driven = bool(use and use())
        self._name.remember()
        if self.station and self._is_running:
            self._replugs += 1
            self.station.line_restored(now)
            _log.info("{} is back", self.address)

    def _waits(self) -> bool:
        return True

    def _cut(self, now: int) -> None:
        self.station.line_lost(now)

    # bytes

    def _send(self, core: Station) -> None:
        data = core.data_to_send()
        if self._port is None:
            return
        self._unsent += data
        try:
            if self._unsent:
                size = self._port.write(self._unsent)
                self._sent += size
                self._unsent = self._unsent[size:]
        except LinkError as error:
            self._lost(error, clock.monotonic_ms())

    # sessions

    def _hear_of_it(self, core: Station) -> None:
        event = core.next_event()
        while event:
            if isinstance(event, Called):
                self._berths.append(Berth(self, event.pair))
                self._sessions += 1
            elif isinstance(event, Babbled):
                who = "node {}".format(event.name[-4:]) if event.name else "somebody"
                self.error = "{} babbled for {} ms".format(who, event.duration_ms)
                _log.warn("{}: {}", self.address, self.error)
            elif isinstance(event, Departed):
                _log.info("{}: a node is gone: {}", self.address, event.reason)
            elif isinstance(event, Led):
                _log.info("{}: master from now on", self.address)
            self._changed.fire()
            event = core.next_event()

    def _keep(self, berth: Berth, now: int) -> None:
        core = berth.session
        event = core.next_event()
        while event:
            if isinstance(event, link.Opened):
                self._opened(berth, event.options)
            else:
                self._end(berth, event.reason)
            event = core.next_event()
        core.take_console()
        if berth.is_closed and berth in self._berths:
            self._say_goodbye(berth, now)
        berth.tell()

    def _opened(self, berth: Berth, options: bytes) -> None:
        """Find out who dialed; if both did, it is the lower epoch."""
        core = berth.session
        if berth.pair.is_dialed and not (options == DIALS and core.peer_epoch < core.epoch):
            berth.is_open = True
            self._changed.fire()
        elif berth.pair.is_dialed:
            self._end(berth, "the other end dials")
            self._accept(Berth(self, berth.pair))
        else:
            self._berths.remove(berth)
            self._accept(berth)

    def _accept(self, berth: Berth) -> None:
        if self.inbound is not None and self.inbound.put_nowait(berth):
            berth.is_open = True
            self._berths.append(berth)
        else:
            berth.session.close("nobody listens here")

    def _say_goodbye(self, berth: Berth, now: int) -> None:
        """The session of a connection closed here ends when all that was written has arrived."""
        core = berth.session
        berth.linger_until = berth.linger_until or now + LINGER_MS
        is_done = core.sender.is_done or core.state != link.OPEN
        if core.state != link.CLOSED and (is_done or now >= berth.linger_until):
            core.close()

    def _end(self, berth: Berth, reason: str) -> None:
        if berth in self._berths:
            self._berths.remove(berth)
        self._ended = _sum(self._ended, berth)
        berth.end(reason)
        self._changed.fire()


def _sum(counts: tuple, berth: Berth) -> tuple:
    sender, receiver = berth.session.sender, berth.session.receiver
    return counts[0] + sender.resent, counts[1] + receiver.expected, counts[2] + sender.acknowledged
