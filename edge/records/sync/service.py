"""Sync: meets every connected peer that keeps records, too: soon after it connects, when something
has changed here, and now and again.

    swarm: Introduced, Disconnected --> whom to meet, and when --> Meeting over a new stream
    swarm: /edge/records/sync/1.0.0 ----------------------------> Meeting over theirs

Of two peers the one that dialed opens the meetings, but for those about a change.  One that breaks
the protocol is not met for a while, and one that cannot be met is tried ever less often.
"""

from edge.errors import EdgeError, LimitError, LocalError, RemoteError, printable
from edge.records.sync import FOLLOWS_MAX, PROTOCOL
from edge.records.sync.meeting import Meeting
from edge.records.sync.summary import Summary
from edge.swarm.connection import INBOUND, OUTBOUND
from edge.swarm.limits import refuse_if_full, refuse_if_short_of_memory
from edge.swarm.swarm import Disconnected, Introduced
from edge.system import MICROPYTHON, aio, clock, entropy
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLLOWS = (b"/edge/",)  # unless told otherwise: what our own records are called
INTERVAL_S = 600  # between two meetings of two peers that stay connected
INTERVAL_S_MIN = 10
INTERVAL_S_MAX = 86400
GREETING_MS = 500  # at most, from knowing a peer to meeting it; not all at once
CHANGED_MS = 1000  # from a change here to meeting everybody; up to twice that, not all at once
AGAIN_MS = 5000  # until what one meeting had no room for is met again
MEETINGS_MAX = 1 if MICROPYTHON else 4  # at once, that we open; and as many that others do
JOINED_MAX = 4 if MICROPYTHON else 64  # of others, those that wait for their turn with them
JOINED_PER_PEER_MAX = 2  # one may begin while the one before it ends
RETRY_MS = 15000  # until a peer that could not be met is tried again, doubled each time
DOUBLINGS_MAX = 8
MEMORY_BYTES_MIN = 5120  # of a chip, that are free before a meeting begins
LOOK_MS = 100  # between two looks for what is due
SHUNNED_MS = 600000  # who broke the protocol is not met for so long
SHUNNED_MAX = 8 if MICROPYTHON else 256  # peers; the earliest is forgotten

_COUNTS = ("meetings", "failed", "stored", "sent", "refused", "full")

_log = Log("sync")


class SyncService:
    def __init__(
        self, swarm: "Any", store: "Any", judge: "Any", follows: "Any" = FOLLOWS,
        interval_s: int = INTERVAL_S,
    ) -> None:  # fmt: skip
        """``follows``: the prefixes of the keys that this node wants of others and hands on.
        Of several stores used as one, only what is near is compared."""
        if not 0 < len(follows) <= FOLLOWS_MAX:
            raise LocalError("1 to {} prefixes are followed".format(FOLLOWS_MAX))
        if not INTERVAL_S_MIN <= interval_s <= INTERVAL_S_MAX:
            raise LocalError(
                "between two meetings are {} to {} s".format(INTERVAL_S_MIN, INTERVAL_S_MAX)
            )
        self._swarm = swarm
        near = store.nearby() if hasattr(store, "nearby") else store
        self._summary = Summary(near, judge, list(follows))
        self._interval_ms = interval_s * 1000
        self._group = aio.Group(_log_error)
        self._events: Any = None
        self._due: dict = {}  # peer id -> [when to meet it, failures since the last meeting]
        self._opened: set = set()  # peers we are meeting
        self._joined: list = []  # streams of peers that meet us, or wait for that
        self._left = aio.Signal()
        self._shunned: dict = {}  # peer id -> until when
        self._counts = dict([(name, 0) for name in _COUNTS])

    def start(self) -> None:
        """Peers that are connected already hear by identify-push that this is spoken here now."""
        self._summary.start()
        self._summary.on_change = self._tell
        self._swarm.set_stream_handler(PROTOCOL, self._join)
        self._events = self._swarm.watch()
        for connection in self._swarm.connections():
            self._notice(Introduced(connection))
        self._group.spawn(self._run())

    async def stop(self) -> None:
        self._swarm.remove_stream_handler(PROTOCOL)
        if self._events:
            self._swarm.unwatch(self._events)
        await self._group.cancel()
        await self._summary.stop()

    def status(self) -> dict:
        known = dict(self._counts)
        known["peers"] = len(self._due)
        known["shunned"] = len(self._shunned)
        return known

    async def meet(self, target: "Any") -> Meeting:
        """Meet ``target`` now; what became of it."""
        stream = await self._swarm.new_stream(target, (PROTOCOL,))
        peer_id = stream.connection.remote_peer
        self._opened.add(peer_id)
        try:
            meeting = await self._hold(stream, True)
        except BaseException:
            stream.reset()
            raise
        finally:
            self._opened.discard(peer_id)
        self._plan(peer_id, self._interval_ms if meeting.is_complete else AGAIN_MS, 0)
        await stream.close()
        return meeting

    async def _join(self, stream: "Any") -> None:
        """A peer has opened a meeting."""
        peer_id = stream.connection.remote_peer
        if self._is_shunned(peer_id):
            raise LimitError("a meeting with a peer that broke the protocol")
        refuse_if_full(len(self._joined), JOINED_MAX, "meetings")
        others = [one for one in self._joined if one.connection.remote_peer == peer_id]
        refuse_if_full(len(others), JOINED_PER_PEER_MAX, "meetings with one peer")
        self._joined.append(stream)
        try:
            while stream not in self._joined[:MEETINGS_MAX]:
                await self._left.wait()
            await self._hold(stream, False)
        finally:
            self._joined.remove(stream)
            self._left.fire()

    async def _hold(self, stream: "Any", is_opener: bool) -> Meeting:
        refuse_if_short_of_memory(MEMORY_BYTES_MIN)
        meeting = Meeting(stream, self._summary, is_opener, None if is_opener else self._is_full)
        counts = self._counts
        try:
            await meeting.run()
        except (EdgeError, EOFError) as error:
            counts["failed"] += 1
            if isinstance(error, RemoteError):
                self._shun(stream.connection.remote_peer)
            raise
        finally:
            counts["meetings"] += 1
            for name in _COUNTS[2:]:
                counts[name] += getattr(meeting, name)
        return meeting

    def _is_full(self) -> bool:
        return len(self._joined) > MEETINGS_MAX

    # -- whom to meet, and when

    async def _run(self) -> None:
        while True:
            try:
                self._notice(await aio.wait_for_ms(self._events.get(), self._pause_ms()))
            except aio.TimeoutError:
                pass
            except EOFError:
                return
            now = clock.monotonic_ms()
            for peer_id in [one for one in self._due if self._due[one][0] <= now]:
                if len(self._opened) < MEETINGS_MAX and peer_id not in self._opened:
                    self._opened.add(peer_id)
                    self._due[peer_id][0] = now + self._interval_ms
                    self._group.spawn(self._visit(peer_id))

    def _pause_ms(self) -> int:
        """Until something is due, or may be."""
        if not self._due:
            return INTERVAL_S_MIN * 1000
        soonest = min([due for due, _ in self._due.values()]) - clock.monotonic_ms()
        return min(max(soonest, LOOK_MS), INTERVAL_S_MIN * 1000)

    def _notice(self, event: "Any") -> None:
        if isinstance(event, Introduced) and PROTOCOL in event.connection.known:
            peer_id = event.connection.remote_peer
            if peer_id not in self._due and self._is_ours_to_open(peer_id):
                wait = 1 + entropy.random_below(GREETING_MS)
                self._due[peer_id] = [clock.monotonic_ms() + wait, 0]
        elif isinstance(event, Disconnected):
            peer_id = event.connection.remote_peer
            if not self._swarm.connections(peer_id):
                self._due.pop(peer_id, None)

    def _tell(self) -> None:
        """Something changed: meet everybody soon."""
        due = clock.monotonic_ms() + CHANGED_MS
        for connection in self._swarm.connections():
            peer_id = connection.remote_peer
            if PROTOCOL in connection.known:
                planned = self._due.get(peer_id)
                if planned is None or (not planned[1] and planned[0] > due + CHANGED_MS):
                    self._due[peer_id] = [due + entropy.random_below(CHANGED_MS), 0]
        self._events.put_nowait(None)  # look at it now

    def _is_ours_to_open(self, peer_id: "Any") -> bool:
        """Whoever dialed; if both did, the one with the lesser peer id."""
        made = [connection.direction for connection in self._swarm.connections(peer_id)]
        if OUTBOUND in made and INBOUND in made:
            return self._swarm.peer_id.to_bytes() < peer_id.to_bytes()
        return OUTBOUND in made

    async def _visit(self, peer_id: "Any") -> None:
        try:
            if self._is_shunned(peer_id):
                self._plan(peer_id, SHUNNED_MS, 0)
            else:
                await self.meet(peer_id)
        except (EdgeError, EOFError) as error:
            _log.info("no meeting with {}: {}", peer_id.short, printable(error, 200))
            failures = min(self._due[peer_id][1] + 1, DOUBLINGS_MAX) if peer_id in self._due else 0
            self._plan(peer_id, RETRY_MS * 2**failures, failures)
        finally:
            self._opened.discard(peer_id)

    def _plan(self, peer_id: "Any", wait_ms: int, failures: int) -> None:
        """The next meeting with a peer that is still there; not all at once."""
        if peer_id not in self._due:
            return
        now = clock.monotonic_ms()
        due = now + wait_ms - entropy.random_below(wait_ms // 8)
        if not failures:
            planned = self._due[peer_id][0]
            if planned <= now + 2 * CHANGED_MS:
                due = min(due, planned)  # something changed meanwhile
            elif not self._is_ours_to_open(peer_id):
                self._due.pop(peer_id)  # the next one comes by itself
                return
        self._due[peer_id] = [due, failures]

    def _shun(self, peer_id: "Any") -> None:
        if len(self._shunned) >= SHUNNED_MAX:
            until = min(self._shunned.values())
            for other in [one for one in self._shunned if self._shunned[one] == until]:
                del self._shunned[other]
        self._shunned[peer_id] = clock.monotonic_ms() + SHUNNED_MS

    def _is_shunned(self, peer_id: "Any") -> bool:
        return self._shunned.get(peer_id, 0) > clock.monotonic_ms()


def _log_error(error: Exception) -> None:
    _log.error("{}", printable(repr(error), 200))
