"""Stays connected to peers that are wanted: dials them, and again when they are lost.

    want(peer) ----> due now --> dial --> connected --lost--> due in a second, or later and
    forget(peer)                   |                          later while it does not last
                                   +--failed--> due later and later, or now if wanted meanwhile

Who found a peer is told when it is lost or cannot be dialed.

Of two who find each other at the same moment, the one with the greater id lets the other dial.
Who is connected over a cable only is dialed where it is reached faster, as if it were not.
"""

from edge.errors import EdgeError, printable
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

WANTED_MAX = 8 if MICROPYTHON else 256  # peers
COURTESY_MS = 2000  # head start of the peer with the smaller id
STEADY_MS = 60000  # a connection that lasted so long was no failure
SOON_MS = 1000  # until a peer lost after that is dialed again
RETRY_MAX_MS = 3600000

_log = Log("keeper")


class _Wanted:
    def __init__(self, pinned: bool) -> None:
        self.pinned = pinned  # wanted by the user; others come and go with discovery
        self.due = 0  # when to dial
        self.failures = 0
        self.dialing = False
        self.again = False  # wanted anew while it was being dialed


class Keeper:
    def __init__(self, swarm, interval_ms: int, auto_max: int, doubt=None) -> None:
        """``interval_ms``: the first wait after a failure, doubled by each; ``auto_max``: peers
        dialed that are not pinned; ``doubt(peer id)`` is told who is lost or not to be reached."""
        self._swarm = swarm
        self._interval_ms = interval_ms
        self._auto_max = auto_max
        self._doubt = doubt
        self._wanted: dict = {}  # PeerId -> _Wanted
        self._changed = aio.Signal()

    def want(self, peer_id, now: int, pinned: bool = False) -> None:
        """Dial the peer now, whatever happened before: somebody has just heard of it."""
        wanted = self._wanted.get(peer_id)
        if not wanted:
            if len(self._wanted) >= WANTED_MAX or not (pinned or self._auto_max):
                return
            wanted = self._wanted[peer_id] = _Wanted(pinned)
        wanted.failures = 0
        wanted.again = wanted.dialing
        self._plan(peer_id, wanted, now)

    def wants(self, peer_id) -> bool:
        """Whether a connection to the peer, whoever made it, is to last."""
        wanted = self._wanted.get(peer_id)
        if not wanted or wanted.pinned:
            return bool(wanted)
        connected = self._swarm.connections
        held = [1 for key, other in self._wanted.items() if not other.pinned and connected(key)]
        return len(held) <= self._auto_max

    def forget(self, peer_id) -> None:
        """Discovery has lost the peer; a connection to it may live on."""
        wanted = self._wanted.get(peer_id)
        if wanted and not wanted.pinned:
            self._wanted.pop(peer_id)

    def lost(self, peer_id, lasted_ms: int, now: int) -> None:
        """The last connection to the peer is gone, after ``lasted_ms``."""
        wanted = self._wanted.get(peer_id)
        if not wanted:
            return
        if lasted_ms < STEADY_MS:
            self._failed(peer_id, wanted, now)
        else:
            wanted.failures = 0
            self._plan(peer_id, wanted, now + SOON_MS)
        if self._doubt:
            self._doubt(peer_id.to_bytes())

    async def run(self) -> None:
        """Dial whoever is due, for ever."""
        while True:
            now = clock.monotonic_ms()
            try:
                pause = self._dial_due(now)
            except MemoryError:
                pause = SOON_MS
            await self._changed.wait_ms(pause)

    def _dial_due(self, now: int) -> int:
        """Dial whoever is due now; how long nobody else will be."""
        pause = self._interval_ms
        for peer_id, wanted in self._missing():
            if wanted.due <= now:
                self._swarm.spawn(self._dial(peer_id, wanted))
                wanted.dialing = True
                wanted.again = False
            else:
                pause = min(pause, wanted.due - now)
        return pause

    def _missing(self) -> list:
        """Those who may be dialed now or later: nobody is trying, and there is room."""
        room = self._auto_max
        free: list = []
        for peer_id, wanted in self._wanted.items():
            if not wanted.dialing and not self._swarm.is_settled(peer_id):
                free.append((peer_id, wanted))
            elif not wanted.pinned:
                room -= 1
        free.sort(key=lambda item: (item[1].due, item[0].to_bytes()))
        found: list = []
        for item in free:
            if item[1].pinned or room > 0:
                found.append(item)
                room -= not item[1].pinned
        return found

    async def _dial(self, peer_id, wanted: _Wanted) -> None:
        try:
            if self._swarm.connections(peer_id):
                await self._swarm.dial_faster(peer_id)
            else:
                await self._swarm.dial(peer_id)
        except (EdgeError, MemoryError) as error:
            _log.info("{}: {}", peer_id.short, printable(error, 200))
            if wanted.again:
                self._plan(peer_id, wanted, clock.monotonic_ms())
            else:
                self._failed(peer_id, wanted, clock.monotonic_ms())
            if self._doubt:
                self._doubt(peer_id.to_bytes())
        finally:
            wanted.dialing = False
            self._changed.fire()

    def _failed(self, peer_id, wanted: _Wanted, now: int) -> None:
        wait = min(self._interval_ms * 2 ** (wanted.failures), RETRY_MAX_MS)
        wanted.failures = min(wanted.failures + 1, 12)
        self._plan(peer_id, wanted, now + wait)

    def _plan(self, peer_id, wanted: _Wanted, due: int) -> None:
        greater = self._swarm.peer_id.to_bytes() > peer_id.to_bytes()
        wanted.due = due + COURTESY_MS if greater else due
        self._changed.fire()
