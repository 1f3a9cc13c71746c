"""Node: the veneer over peer routing, swarm and record store; what a program talks to.

    transports, discovery --> Node: swarm + identify, ping, peer store --> events: watch()

Peers found on the link are remembered, and connected to while there are fewer of those than
``connections_auto_max``: two boards on one cable talk without being told to.  A peer that is wanted
and lost is dialed again, later each time; discovery hearing of it makes that at once.
"""

from collections import namedtuple

from edge.errors import EdgeError, LocalError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.identity.peer_store import FOREVER_MS, RECENT_TTL_MS, PeerStore
from edge.mdns import Found, Lost
from edge.swarm.identify import Identify
from edge.swarm.ping import Ping
from edge.swarm.swarm import EVENTS_MAX, Connected, Disconnected, Swarm
from edge.system import MICROPYTHON, aio, clock, const
from edge.system.log import Log
from edge.wire import ip
from edge.wire.multiaddr import Multiaddr

WANTED_MAX = 16 if MICROPYTHON else 256  # peers we try to stay connected to
COURTESY_MS = 2000  # of two who find each other, the one with the greater id lets the other dial
STEADY_MS = 60000  # a connection that lasted so long was no failure
RETRY_MAX_MS = 3600000

_LOOPBACK = (b"\x7f\0\0\x01", bytes(15) + b"\x01")
_SOON_MS = const(1000)

Moved = namedtuple("Moved", ("addresses",))  # ours; the machine has others now

_log = Log("node")


class Home:
    """What a node asks of the machine it lives on.  This one has no network and no memory."""

    interfaces = None  # as edge.mdns describes them

    def load(self, store, now: int) -> None:
        """Add the peers remembered from last time to ``store``."""

    def save(self, store, now: int) -> None:
        """Remember the peers in ``store``.  LocalError if that is impossible."""

    def seal(self, key, addresses: list) -> bytes | None:
        """A signed peer record of ``addresses``, if this machine can make one."""
        return None


class _Wanted:
    """A peer to stay connected to."""

    def __init__(self, pinned: bool, due: int) -> None:
        self.pinned = pinned  # by the configuration; others come and go with discovery
        self.due = due  # when to dial next
        self.failures = 0
        self.dialing = False


class Node:
    def __init__(self, key, config, transports, home=None, discovery=None) -> None:
        """``key``: PrivateKey; ``config``: NodeConfig; ``discovery``: as edge.mdns describes it."""
        self.config = config
        self.discovery = discovery
        self.peer_store = PeerStore()
        self.swarm = Swarm(key, transports, self.peer_store, config)
        self.peer_id = self.swarm.peer_id
        self.identify = Identify(self.swarm, self.addresses, self._seal)
        self.ping = Ping(self.swarm)
        self._home = home or Home()
        self._group = aio.Group(self._failed)
        self._watchers: list = []
        self._wanted: dict = {}  # PeerId -> _Wanted
        self._changed = aio.Signal()  # something for the keeper to look at
        self._sealed = (None, None)  # addresses, their record
        self.started_ms = 0
        self._unsaved = False
        self._save_due = 0
        self._save_failed = False

    async def start(self) -> None:
        """Listen, announce, find.  LinkError if an address cannot be listened on."""
        now = clock.monotonic_ms()
        self.started_ms = now
        self._home.load(self.peer_store, now)
        self._save_due = now + self.config.save_interval_s * 1000
        if self.config.perf:
            from edge.swarm.perf import Perf

            Perf(self.swarm, True)
        for address in self.config.listen:
            await self.swarm.listen(address)
        for address in self.config.peers:
            info = PeerInfo.from_multiaddr(address)
            self.peer_store.add_addresses(info.peer_id, info.addresses, FOREVER_MS, now)
            self._wanted[info.peer_id] = _Wanted(True, now)
        self._group.spawn(self._follow_swarm(self.swarm.watch()))
        if self.discovery:
            self._group.spawn(self._discover())
        if self._home.interfaces:
            self._group.spawn(self._follow_interfaces())
        self._group.spawn(self._keep())

    async def stop(self) -> None:
        """Say goodbye to everyone, remember whom we knew; within ``stop_timeout_ms``."""
        await self._group.cancel()
        self._save(clock.monotonic_ms())
        try:
            await aio.wait_for_ms(self._say_goodbye(), self.config.stop_timeout_ms)
        except aio.TimeoutError:
            _log.warn("some peers did not take our goodbye")
        for watcher in self._watchers:
            watcher.close()

    async def _say_goodbye(self) -> None:
        if self.discovery:
            await self.discovery.stop()
        await self.swarm.close()

    def addresses(self) -> list:
        """Where peers can reach us: Multiaddrs without /p2p, nothing unspecified among them."""
        found: list = []
        for address in self.swarm.listen_addresses():
            for specific in self._specific(address):
                if specific not in found:
                    found.append(specific)
        return found + [seen for seen in self.identify.observed.confirmed(clock.monotonic_ms())
                        if seen not in found]  # fmt: skip

    def watch(self):
        """A Queue of what happens from now on: the swarm's events, Found, Lost, Moved."""
        queue = aio.Queue(EVENTS_MAX)
        self._watchers.append(queue)
        return queue

    def unwatch(self, queue) -> None:
        queue.close()
        self._watchers = [watcher for watcher in self._watchers if watcher is not queue]

    # -- where we are

    def _hosts(self) -> list:
        """Our addresses on all links, as 4 or 16 bytes."""
        interfaces = self._home.interfaces
        links = interfaces.current() if interfaces else ()
        return [host for _, networks in links for host, _ in networks]

    def _specific(self, address) -> list:
        """``address`` on each of our hosts if it stands for all of them."""
        name = address.components[0][0]
        host = address.raw(name)
        if name not in ("ip4", "ip6") or host != bytes(len(host)):
            return [address]
        rest = str(address)[1 + len(name) + 1 + len(ip.text(host)) :]
        hosts = [other for other in self._hosts() if len(other) == len(host)]
        hosts = [other for other in hosts if other[:2] != b"\xfe\x80"] or [_LOOPBACK[len(host) > 4]]
        return [Multiaddr("/{}/{}{}".format(name, ip.text(other), rest)) for other in hosts]

    def _seal(self, addresses: list):
        if self._sealed[0] != addresses:
            self._sealed = (addresses, self._home.seal(self.swarm.key, addresses))
        return self._sealed[1]

    async def _follow_interfaces(self) -> None:
        """When an address of ours goes, so do the connections on it; peers are told the rest."""
        before = self.addresses()
        while True:
            await self._home.interfaces.changed()
            hosts = self._hosts()
            for connection in self.swarm.connections():
                if not _is_on(connection.local_address, hosts):
                    self._group.spawn(connection.close())
            addresses = self.addresses()
            if addresses != before:
                before = addresses
                self._emit(Moved(addresses))
                self._group.spawn(self.identify.push())

    # -- whom we know

    async def _follow_swarm(self, events) -> None:
        while True:
            event = await events.get()
            now = clock.monotonic_ms()
            if isinstance(event, Connected):
                self._connected(event.connection, now)
            elif isinstance(event, Disconnected):
                self._disconnected(event.connection, now)
            self._emit(event)

    def _connected(self, connection, now: int) -> None:
        self._unsaved = True
        self.peer_store.set_connected(connection.remote_peer, True, now)
        if connection.direction == "outbound":
            self.peer_store.mark_good(connection.remote_peer, connection.remote_address, now)

    def _disconnected(self, connection, now: int) -> None:
        peer_id = connection.remote_peer
        if self.swarm.connections(peer_id):
            return
        self.peer_store.set_connected(peer_id, False, now)
        if peer_id in self._wanted:
            self._postpone(peer_id, now - connection.opened_ms >= STEADY_MS, now)

    async def _discover(self) -> None:
        try:
            await self.discovery.start(self.swarm.listen_addresses())
        except EdgeError as error:
            _log.warn("nobody is found on the LAN: {}", error)
            return
        while True:
            event = await self.discovery.next_event()
            peer_id = PeerId(bytes(event.peer_id))
            if isinstance(event, Lost):
                wanted = self._wanted.get(peer_id)
                if wanted and not wanted.pinned:
                    self._wanted.pop(peer_id)
                self._emit(Lost(peer_id))
            elif peer_id != self.peer_id:
                self._found(peer_id, event.addresses, clock.monotonic_ms())
                self._emit(Found(peer_id, event.addresses, event.interface))

    def _found(self, peer_id, addresses: list, now: int) -> None:
        self._unsaved = True
        self.peer_store.add_addresses(peer_id, addresses, RECENT_TTL_MS, now)
        wanted = self._wanted.get(peer_id)
        if not wanted:
            if len(self._wanted) >= WANTED_MAX or not self.config.connections_auto_max:
                return
            wanted = self._wanted[peer_id] = _Wanted(False, now)
        wanted.failures = 0
        wanted.due = now + self._courtesy(peer_id)
        self._changed.fire()

    # -- the keeper: dials who is wanted, writes down who is known

    async def _keep(self) -> None:
        while True:
            now = clock.monotonic_ms()
            pause = self.config.reconnect_interval_s * 1000
            for peer_id in self._missing():
                wanted = self._wanted[peer_id]
                if wanted.due <= now:
                    wanted.dialing = True
                    self._group.spawn(self._dial(peer_id, wanted))
                else:
                    pause = min(pause, wanted.due - now)
            if now >= self._save_due:
                self._save(now)
            try:
                await aio.wait_for_ms(self._changed.wait(), pause)
            except aio.TimeoutError:
                pass

    def _missing(self) -> list:
        """Those wanted who are not connected, as many as may be."""
        held = [peer_id for peer_id in self._wanted if self.swarm.connections(peer_id)]
        missing = [peer_id for peer_id in self._wanted if peer_id not in held]
        room = self.config.connections_auto_max
        room -= len([1 for peer_id in held if not self._wanted[peer_id].pinned])
        room -= len([1 for peer_id in missing if self._wanted[peer_id].dialing])
        chosen: list = []
        for peer_id in missing:
            wanted = self._wanted[peer_id]
            if not wanted.dialing and (wanted.pinned or room > 0):
                room -= not wanted.pinned
                chosen.append(peer_id)
        return chosen

    async def _dial(self, peer_id, wanted) -> None:
        try:
            await self.swarm.dial(peer_id)
        except EdgeError as error:
            _log.info("{}: {}", peer_id.short, printable(error, 200))
            self._postpone(peer_id, False, clock.monotonic_ms())
            if self.discovery and not wanted.pinned:
                self.discovery.doubt(peer_id.to_bytes())
        finally:
            wanted.dialing = False
            self._changed.fire()

    def _postpone(self, peer_id, steady: bool, now: int) -> None:
        """Dial again soon after a steady connection, later and later otherwise."""
        wanted = self._wanted.get(peer_id)
        if wanted:
            wanted.failures = 0 if steady else min(wanted.failures + 1, 10)
            wait = self.config.reconnect_interval_s * 500 << wanted.failures
            wait = _SOON_MS if steady else min(wait, RETRY_MAX_MS)
            wanted.due = now + wait + self._courtesy(peer_id)
            self._changed.fire()

    def _courtesy(self, peer_id) -> int:
        return COURTESY_MS if self.peer_id.to_bytes() > peer_id.to_bytes() else 0

    def _save(self, now: int) -> None:
        """A medium that takes nothing any more is a reason to warn, once, and not to stop."""
        self._save_due = now + self.config.save_interval_s * 1000
        if not self._unsaved:
            return
        try:
            self._home.save(self.peer_store, now)
            self._unsaved = self._save_failed = False
        except LocalError as error:
            if not self._save_failed:
                _log.warn("peers are not remembered: {}", error)
            self._save_failed = True

    def _failed(self, error) -> None:
        _log.error("a task failed: {}: {}", type(error).__name__, printable(error, 200))

    def _emit(self, event) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(event)


def _is_on(address, hosts: list) -> bool:
    """Whether the local end ``address`` of a connection is still one of ours, as far as we see."""
    host = address and (address.raw("ip4") or address.raw("ip6"))
    if not host or not hosts or host in _LOOPBACK or host[0] == 127:
        return True
    return host in hosts or host[:2] == b"\xfe\x80"
