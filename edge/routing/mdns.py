"""mDNS routing: asks the link who has a key, or who is there, and believes who proves it.

    find_peer, find_providers -- probe --> everyone on the link
    answers, hints from an open medium --> dialed, few at once --> proven: a result

No server, no internet, nothing announced.  Spec: edge/routing/README.md, "mDNS-routing".
"""

from edge.errors import EdgeError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.routing import Found
from edge.routing.closeness import distance
from edge.routing.results import Results, search
from edge.system import MICROPYTHON, aio
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIALS_MAX = 2 if MICROPYTHON else 8  # at once, for one search
DIAL_MS = 8000  # for one peer
UNUSED_MS = 10000  # a connection made for a proof alone is closed after that
EVENTS_MAX = 64  # that wait to be read; later ones are dropped

_log = Log("mdns")


class MdnsRouting:
    name = "mdns"

    def __init__(self, discovery, swarm, wants) -> None:
        """``discovery``: as edge.mdns describes it, and can_probe; ``wants(peer id)``: whether a
        connection to the peer is to last."""
        self._discovery = discovery
        self._swarm = swarm
        self._wants = wants
        self._group = aio.Group(_log_error)
        self._events = aio.Queue(EVENTS_MAX)
        self._offered: list = []
        self._counts = {"probes": 0, "proven": 0, "unproven": 0}

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await self._group.cancel()
        for key in self._offered:
            self._discovery.withdraw(key)
        self._offered = []
        self._events.close()

    def find_peer(self, peer_id: PeerId) -> Results:
        key = peer_id.to_bytes()
        return self._search(key, 1, lambda found: found.peer_id == key)

    def find_providers(self, key: bytes, count: int) -> Results:
        return self._search(key, count, lambda found: True)

    def get_closest_peers(self, key: bytes, count: int) -> Results:
        """Who is there, as far as it can be reached."""

        async def run(results: Results) -> None:
            checks = _Checks(self, results, True)
            present: list = []
            queue = self._probe(b"")
            try:
                while True:
                    present.append(await queue.get())
            except EOFError:
                pass
            finally:
                self._discovery.end(queue)
            present.sort(key=lambda found: distance(key, found.peer_id))
            for found in present:
                checks.add(found)
            await checks.run(None)

        return search(self._group, key, count, run)

    async def provide(self, key: bytes) -> int:
        """1: this node answers for the key from now on; 0: it does, but is on no link now."""
        is_heard = self._discovery.offer(key)
        if key not in self._offered:
            self._offered.append(key)
        return 1 if is_heard else 0

    async def unprovide(self, key: bytes) -> None:
        if key in self._offered:
            self._offered.remove(key)
            self._discovery.withdraw(key)

    def status(self) -> dict:
        status = dict(self._counts)
        status["offered"] = len(self._offered)
        return status

    async def next_event(self) -> Found:
        return await self._events.get()

    def _search(self, key: bytes, count: int, is_wanted) -> Results:
        async def run(results: Results) -> None:
            checks = _Checks(self, results, False)
            queue = self._probe(key)
            try:
                await checks.run(queue, is_wanted)
            finally:
                self._discovery.end(queue)

        return search(self._group, key, count, run)

    def _probe(self, key: bytes) -> aio.Queue:
        self._counts["probes"] += 1
        return self._discovery.probe(key)

    async def prove(self, peer_id: PeerId, told: list) -> "PeerInfo | None":
        """The peer and where it proved to be; None if it did not."""
        was_connected = self._swarm.connections(peer_id)
        try:
            dial = self._swarm.dial(PeerInfo(peer_id, told))
            connection = await aio.wait_for_ms(dial, DIAL_MS)
        except aio.TimeoutError:
            _log.debug("{}: no proof within {} ms", peer_id.short, DIAL_MS)
        except EdgeError as error:
            _log.debug("{}: {}", peer_id.short, printable(error, 200))
        else:
            info = PeerInfo(peer_id, _where(connection, told))
            self._counts["proven"] += 1
            if not was_connected:
                self._events.put_nowait(Found(peer_id, info.addresses, self.name))
                self._group.spawn(self._let_go(connection))
            return info
        self._counts["unproven"] += 1
        return None

    def doubt(self, peer_id: PeerId) -> None:
        self._discovery.doubt(peer_id.to_bytes())

    async def _let_go(self, connection) -> None:
        """Close a connection that nobody has found a use for."""
        await aio.sleep_ms(UNUSED_MS)
        is_used = connection.streams or self._wants(connection.remote_peer)
        if not connection.closed and not is_used:
            await connection.close()


class _Checks:
    """The peers that one search was told of, each dialed before it becomes a result."""

    def __init__(self, routing: MdnsRouting, results: Results, nearest_first: bool) -> None:
        self._routing = routing
        self._results = results
        self._nearest_first = nearest_first
        self._waiting: list = []  # (PeerId, addresses told)
        self._busy: list = []  # PeerIds being dialed, as often as they were told of
        self._enough = False
        self._changed = aio.Signal()
        self._queue: Any = None
        self._group: Any = None

    def add(self, found) -> None:
        """Dial this one, too."""
        self._waiting.append((PeerId(bytes(found.peer_id)), found.addresses))

    async def run(self, queue, is_wanted=None) -> None:
        """Until there are enough, or all are dialed that were added or come by ``queue``."""
        async with aio.Group(_log_error) as group:
            self._queue, self._group = queue, group
            self._start()
            try:
                await self._listen(is_wanted)
                while self._busy and not self._enough:
                    await self._changed.wait()
            finally:
                self._enough = True

    async def _listen(self, is_wanted) -> None:
        try:
            while self._queue is not None and not self._enough:
                found = await self._queue.get()
                if is_wanted(found):
                    self.add(found)
                    self._start()
        except EOFError:
            pass

    def _start(self) -> None:
        """Dial those for whom there is room.

        One that is being dialed needs none: two tell different addresses of it, one of them lies,
        and the dialer tries the addresses of both in turn.
        """
        most = DIALS_MAX
        if self._nearest_first:  # and nobody who is not needed
            most = min(most, self._results.count - len(self._results))
        waiting, self._waiting = self._waiting, []
        for peer_id, told in waiting:
            if peer_id in self._busy or len(set(self._busy)) < most:
                self._busy.append(peer_id)
                self._group.spawn(self._check(peer_id, told))
            else:
                self._waiting.append((peer_id, told))

    async def _check(self, peer_id: PeerId, told: list) -> None:
        try:
            info = await self._routing.prove(peer_id, told)
        finally:
            self._busy.remove(peer_id)
            self._changed.fire()
        if info and not self._results.add(info):
            self._enough = True
            if self._queue is not None:
                self._queue.close()  # wakes who waits for more
        elif not info and self._nearest_first:
            self._routing.doubt(peer_id)
        if not self._enough:
            self._start()


def _where(connection, told: list) -> list:
    """What a connection proves of the addresses that were told."""
    remote = connection.remote_address
    if connection.direction == "outbound":
        return [remote]
    host = remote and _host(remote)
    own = connection.identified.listen_addresses if connection.identified else []
    # Who came to us has told its addresses itself: a liar who is the first to answer cannot make it
    # a peer that is nowhere.
    return [where for where in told if _host(where) == host or where in own] + [
        where for where in own if _host(where) == host and where not in told
    ]


def _host(address) -> "bytes | None":
    return address.raw("ip4") or address.raw("ip6")


def _log_error(error: Exception) -> None:
    _log.error("{!r}", error)


def open_routing(name: str, node) -> "MdnsRouting | None":
    """None where discovery is off, or by a responder that cannot probe."""
    if not node.discovery or not node.discovery.can_probe:
        return None
    return MdnsRouting(node.discovery, node.swarm, node.wants)
