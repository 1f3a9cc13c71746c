"""Node: the veneer over peer routing, swarm and record store; what a program talks to.

    transports, discovery --> Node: swarm + identify, ping, peer store --> events: watch()

Whom it does not know it asks its routings for, before it says that there is no such peer.

Peers found on the link are remembered, and connected to while there are fewer of those than
``connections_auto_max``: two boards on one cable talk without being told to.
"""

from collections import namedtuple

from edge.errors import EdgeError, LocalError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.identity.peer_store import FOREVER_MS, RECENT_TTL_MS, TEMPORARY_TTL_MS, PeerStore
from edge.mdns import Found, Lost
from edge.routing import check_key
from edge.swarm.limits import refuse_if_full
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import EVENTS_MAX, Connected, Disconnected, Swarm
from edge.system import MICROPYTHON, aio, clock, const
from edge.system.log import Log
from edge.wire import ip
from edge.wire.multiaddr import Multiaddr

GRACE_MS = 5000  # for an address of ours to come back
LOCATE_MS = 20000  # for the routings to say where a peer is that we are to dial
PROVIDED_MAX = 16 if MICROPYTHON else 1024  # keys
CLOSEST_COUNT = 20  # peers, unless asked for another number
_LOOPBACK = (b"\x7f\0\0\x01", bytes(15) + b"\x01")

Moved = namedtuple("Moved", ("addresses",))  # ours; the machine has others now

_log = Log("node")

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from typing import Any

    from edge.config import NodeConfig
    from edge.identity.keys import PrivateKey
    from edge.records import RecordStore
    from edge.records.author import Author
    from edge.routing.results import Results
    from edge.swarm.connection import Connection


class Home:
    """What a node asks of the machine it lives on.  This one has no network and no memory."""

    interfaces: "Any" = None  # as edge.mdns describes them
    remembers = True  # False: there is no use in calling save
    records_path: str | None = None  # a folder for the record store, if there are files

    def load(self, store: PeerStore, now: int) -> None:
        """Add the peers remembered from last time to ``store``."""

    def save(self, store: PeerStore, now: int) -> None:
        """Remember the peers in ``store``.  LocalError if that is impossible."""

    def load_provided(self) -> list[bytes]:
        """The keys that were provided last time."""
        return []

    def save_provided(self, keys: list[bytes]) -> None:
        """Remember these.  LocalError if that is impossible."""

    def has_records(self) -> bool:
        """Whether there are records from last time."""
        return False

    def load_observed(self) -> bytes | None:
        """What was known of the time."""
        return None

    def save_observed(self, data: bytes) -> None:
        """Remember that.  LocalError if that is impossible."""

    def seal(self, key: "PrivateKey", addresses: list[Multiaddr]) -> bytes | None:
        """A signed peer record of ``addresses``, if this machine can make one."""
        return None


class Node:
    def __init__(
        self,
        key: "PrivateKey",
        config: "NodeConfig",
        transports: "list[Any]",
        home: Home | None = None,
        discovery: "Any" = None,
    ) -> None:
        """``transports``: as edge.swarm.transport, ``discovery``: as edge.mdns describes them."""
        self.config = config
        self.discovery = discovery
        self.peer_store = PeerStore()
        self.swarm = Swarm(key, transports, self.peer_store, config)
        self.swarm.wants = self.wants
        self.peer_id = self.swarm.peer_id
        self.identify = Identify(self.swarm, self.addresses, self._seal)
        self.ping = Ping(self.swarm)
        self.routing: Any = None  # edge.routing.joined once there is something to join
        self.validators: Any = {}  # of values that others store with us, by namespace
        self.judge: Any = None  # edge.records.judge, of what is put into stores
        self.open_records: Any = None  # function: gives the RecordStore of this node
        self.fetch: Any = None  # edge.swarm.protocols.fetch, once something is fetched or served
        self.record_sync: Any = None  # edge.records.sync, set by open_records
        self.records_here: Any = None  # the nearest store of all, set by open_records
        self._records: Any = None
        self._author: Any = None
        self._opening = aio.Lock()
        self._provided: list[bytes] = []
        self.home = home or Home()
        self._group = aio.Group(self._failed)
        self._watchers: list = []
        self._keeper: Any = None  # stays connected to who is wanted
        self._hosts: list = []  # addresses of our interfaces, 4 or 16 bytes
        self._sealed: tuple = (None, None)  # addresses, their record
        self.started_ms = 0
        self._unsaved = False
        self._save_failed = False

    async def start(self) -> None:
        """Listen, announce, find.  LinkError if an address cannot be listened on."""
        self.started_ms = clock.monotonic_ms()
        self.home.load(self.peer_store, self.started_ms)
        if self.config.perf:
            from edge.swarm.protocols.perf import Perf

            Perf(self.swarm, True)
        for address in self.config.listen:
            await self.swarm.listen(address)
        self._group.spawn(self._follow_swarm(self.swarm.watch()))
        if self.config.peers or self.discovery:
            self._keep()
        if self.config.serial:
            await self._keep_cables()
        if self.discovery:
            self._group.spawn(self._discover())
        if self.home.interfaces:
            self._hosts = self._current_hosts()
            self._group.spawn(self._follow_interfaces())
        if self.routing:
            await self._start_routing()
        if self.open_records and (self.config.records_follow or self.home.has_records()):
            self._group.spawn(self.record_store())
        if self.home.remembers:
            self._group.spawn(self._remember())

    def _keep(self) -> None:
        from edge.swarm.dialing.keeper import Keeper

        config = self.config
        doubt = self.discovery and self.discovery.doubt
        interval_ms = config.reconnect_interval_s * 1000
        self._keeper = Keeper(self.swarm, interval_ms, config.connections_auto_max, doubt)
        for address in config.peers:
            info = PeerInfo.from_multiaddr(address)
            self.peer_store.add_addresses(info.peer_id, info.addresses, FOREVER_MS, self.started_ms)
            self._keeper.want(info.peer_id, self.started_ms, True)
        self._group.spawn(self._keeper.run())

    async def _keep_cables(self) -> None:
        try:
            from edge.swarm.dialing.cables import Cables
        except ImportError:
            raise LocalError("this firmware has no cables")
        cables = Cables(self.swarm, self.config.reconnect_interval_s * 1000)
        self._group.spawn(cables.run())
        for address in self.config.serial:
            await cables.keep(address)

    async def stop(self) -> None:
        """Say goodbye to everyone, remember whom we knew; within ``stop_timeout_ms``."""
        await self._group.cancel()
        self._save(clock.monotonic_ms(), True)
        try:
            await aio.wait_for_ms(self._say_goodbye(), self.config.stop_timeout_ms)
        except aio.TimeoutError:
            _log.warn("some peers did not take our goodbye")
        for watcher in self._watchers:
            watcher.close()

    async def _say_goodbye(self) -> None:
        if self.record_sync:
            await self.record_sync.stop()
        if self._records:
            await self._records.stop()
        if self.routing:
            await self.routing.stop()
        if self.discovery:
            await self.discovery.stop()
        await self.swarm.close()
        if self.home.interfaces:
            self.home.interfaces.close()

    def addresses(self) -> list[Multiaddr]:
        """Where peers can reach us: Multiaddrs without /p2p, nothing unspecified among them."""
        found: list = []
        for address in self.swarm.listen_addresses():
            for specific in self._specific(address):
                if specific not in found:
                    found.append(specific)
        return found + [seen for seen in self.identify.observed.confirmed(clock.monotonic_ms())
                        if seen not in found]  # fmt: skip

    def wants(self, peer_id: PeerId) -> bool:
        """Whether this node stays connected to the peer."""
        return bool(self._keeper and self._keeper.wants(peer_id))

    def watch(self) -> aio.Queue:
        """A Queue of what happens from now on: the swarm's events, Found, Lost, Moved."""
        queue = aio.Queue(EVENTS_MAX)
        self._watchers.append(queue)
        return queue

    def unwatch(self, queue: aio.Queue) -> None:
        queue.close()
        self._watchers = [watcher for watcher in self._watchers if watcher is not queue]

    # -- where we are

    def _look_around(self) -> None:
        """Learn our addresses on all links anew; say so if they have changed."""
        before = self.addresses()
        self._hosts = self._current_hosts()
        addresses = self.addresses()
        if addresses != before:
            self._emit(Moved(addresses))
            self._group.spawn(self.identify.push())

    def _current_hosts(self) -> list[bytes]:
        links = self.home.interfaces.current()
        return [host for _, networks in links for host, _ in networks]

    def _specific(self, address: Multiaddr) -> list[Multiaddr]:
        """``address`` on each of our hosts if it stands for all of them."""
        name = address.components[0][0]
        host = address.raw(name)
        if not host or name not in ("ip4", "ip6") or host != bytes(len(host)):
            return [address]
        rest = str(address)[len(name) + len(ip.text(host)) + 2 :]
        hosts = [other for other in self._hosts if len(other) == len(host) and _is_far(other)]
        hosts = hosts or [_LOOPBACK[len(host) > 4]]
        return [Multiaddr("/{}/{}{}".format(name, ip.text(other), rest)) for other in hosts]

    def _seal(self, addresses: list[Multiaddr]) -> bytes | None:
        if self._sealed[0] != addresses:
            self._sealed = (addresses, self.home.seal(self.swarm.key, addresses))
        return self._sealed[1]

    async def _follow_interfaces(self) -> None:
        """Tell when our addresses change; leave connections on one that is gone for good.

        A cable that is pulled for a moment takes no connection with it.  One on an address that
        stays away while there are others is closed: keepalive would take minutes to notice.
        """
        while True:
            await self.home.interfaces.changed()
            self._look_around()
            await aio.sleep_ms(GRACE_MS)
            self._look_around()
            for connection in self.swarm.connections():
                if not self._is_ours(connection.local_address):
                    self._group.spawn(connection.close())

    def _is_ours(self, address: Multiaddr | None) -> bool:
        """Whether the local end of a connection is still an address of ours, or none is."""
        host = address and (address.raw("ip4") or address.raw("ip6"))
        far = [other for other in self._hosts if _is_far(other)]
        return not host or not far or not _is_far(host) or host in far

    # -- whom we know

    async def _follow_swarm(self, events: aio.Queue) -> None:
        while True:
            event = await events.get()
            now = clock.monotonic_ms()
            if isinstance(event, Connected):
                self._connected(event.connection, now)
            elif isinstance(event, Disconnected):
                self._disconnected(event.connection, now)
            self._emit(event)

    def _connected(self, connection: "Connection", now: int) -> None:
        self._unsaved = True
        self.peer_store.set_connected(connection.remote_peer, True, now)
        address = connection.remote_address
        if connection.direction == "outbound" or address and address.raw("serial"):
            self.peer_store.mark_good(connection.remote_peer, address, now)

    def _disconnected(self, connection: "Connection", now: int) -> None:
        peer_id = connection.remote_peer
        if self.swarm.connections(peer_id):
            return
        self.peer_store.set_connected(peer_id, False, now)
        if self._keeper:
            self._keeper.lost(peer_id, now - connection.opened_ms, now)

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
                self._keeper.forget(peer_id)
                self._emit(Lost(peer_id))
            elif peer_id != self.peer_id:
                self._found(peer_id, event.addresses, clock.monotonic_ms())
                self._emit(Found(peer_id, event.addresses, event.interface))

    def _found(self, peer_id: PeerId, addresses: list[Multiaddr], now: int) -> None:
        self._unsaved = True
        self.peer_store.add_addresses(peer_id, addresses, RECENT_TTL_MS, now)
        self._keeper.want(peer_id, now)

    # -- whom others know

    def add_routing(self, routing: "Any") -> None:
        """Ask ``routing``, as edge.routing describes it, after those added before; not started."""
        if self.routing is None:
            from edge.routing.joined import JoinedRouting

            self.routing = JoinedRouting()
            self.swarm.locate = self._locate
        self.routing.add(routing)

    def find_peer(self, peer_id: PeerId) -> "Results":
        """Where the peer is, as each routing finds it."""
        return self._router().find_peer(peer_id)

    def get_closest_peers(self, key: bytes, count: int = CLOSEST_COUNT) -> "Results":
        return self._router().get_closest_peers(check_key(key), count)

    def find_providers(self, key: bytes, count: int = CLOSEST_COUNT) -> "Results":
        return self._router().find_providers(check_key(key), count)

    async def provide(self, key: bytes) -> int:
        """Say that this node has ``key``, after a restart too; how many peers heard it now."""
        router = self._router()
        if check_key(key) not in self._provided:
            refuse_if_full(len(self._provided), PROVIDED_MAX, "keys provided")
            self.home.save_provided(self._provided + [key])
            self._provided.append(key)
        return await router.provide(key)

    async def unprovide(self, key: bytes) -> bool:
        """Say it no more; whether it was said."""
        if key not in self._provided:
            return False
        self._provided.remove(key)
        self.home.save_provided(self._provided)
        await self._router().unprovide(key)
        return True

    def provided(self) -> list[bytes]:
        return list(self._provided)

    def _router(self) -> "Any":
        if self.routing is None:
            raise LocalError("this node has no peer routing: the setting 'routing' lists none")
        return self.routing

    async def _start_routing(self) -> None:
        await self.routing.start()
        self._group.spawn(self._follow_routing())
        self._provided = self.home.load_provided()[:PROVIDED_MAX]
        for key in self._provided:
            self._group.spawn(self.routing.provide(key))

    async def _follow_routing(self) -> None:
        while True:
            event = await self.routing.next_event()
            self._unsaved = True
            now = clock.monotonic_ms()
            self.peer_store.add_addresses(event.peer_id, event.addresses, TEMPORARY_TTL_MS, now)
            self._emit(event)

    async def _locate(self, peer_id: PeerId) -> list[Multiaddr]:
        try:
            info = await aio.wait_for_ms(self.routing.find_peer(peer_id).first(), LOCATE_MS)
        except aio.TimeoutError:
            return []
        return info.addresses if info else []

    # -- records

    async def record_store(self) -> "RecordStore":
        """The store of records, near and far as one; opened by who needs it first."""
        if self.open_records is None:
            raise LocalError("this node keeps no records: the setting 'records' lists no store")
        async with self._opening:
            if self._records is None:
                store = self.open_records()
                await store.start()
                self._records = store
                if self.record_sync:
                    self.record_sync.start()
                self._group.spawn(self.identify.push())  # it speaks more now
        return self._records

    async def author(self) -> "Author":
        """Who signs this node's own records."""
        store = await self.record_store()
        if self._author is None:
            from edge.records.author import Author

            self._author = Author(self.swarm.key, store)
        return self._author

    # -- memory

    async def _remember(self) -> None:
        while True:
            await aio.sleep_ms(self.config.save_interval_s * 1000)
            self._save(clock.monotonic_ms())

    def _save(self, now: int, stopping: bool = False) -> None:
        """A medium that takes nothing any more is a reason to warn, once, and not to stop."""
        try:
            if self._unsaved:
                self.home.save(self.peer_store, now)
                self._unsaved = self._save_failed = False
            observed = self._records and self.judge.time.to_save(now, stopping)
            if observed:
                self.home.save_observed(observed)
        except LocalError as error:
            if not self._save_failed:
                _log.warn("peers are not remembered: {}", error)
            self._save_failed = True

    def _failed(self, error: Exception) -> None:
        _log.error("a task failed: {}: {}", type(error).__name__, printable(error, 200))

    def _emit(self, event: tuple) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(event)


def _is_far(host: bytes) -> bool:
    """Whether an address of 4 or 16 bytes means something beyond its link."""
    return ip.scope(host) not in ("loopback", "link") or host[0] == 169
