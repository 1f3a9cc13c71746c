"""Kademlia routing: one network that this node takes part in, as a PeerRouting.

    find_peer, find_providers, provide .. --- lookup --- Network --- other peers
    candidates from connections, discoveries --- table <--- who answers
    upkeep: the one timer          server: only while others are to ask us

A node is a server if it can be reached and its link bears it, else a client: it asks, and nobody
keeps it as a contact.  Spec: libp2p kad-dht.
"""

from edge.errors import EdgeError, LimitError, LocalError, RemoteError, printable
from edge.identity.peer_info import PeerInfo
from edge.routing import Found, check_key, reach
from edge.routing.kad import PROFILES, Contact, lookup
from edge.routing.kad.message import ADD_PROVIDER, Message, decode, encode
from edge.routing.kad.network import SwarmNetwork
from edge.routing.kad.size import estimate, replication
from edge.routing.kad.table import RoutingTable
from edge.routing.kad.upkeep import Published, Upkeep
from edge.routing.results import Results, search
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTO = "auto"
CLIENT = "client"
SERVER = "server"

EVENTS_MAX = 16 if MICROPYTHON else 256  # that wait to be read; later ones are dropped
SOURCES_MAX = 16 if MICROPYTHON else 512  # peers of whom we remember who told us first
DOUBT_MS = 60000  # a contact whose connections break off is not checked more often for that
DOUBTED_MAX = 16 if MICROPYTHON else 256  # contacts of whom that is remembered

_log = Log("kad")


class KadRouting:
    """``network``, ``profile``: see edge.routing.kad; ``validators``: of values, by namespace;
    ``discoveries``: see edge.routing.kad.discovery; ``mode``: AUTO, CLIENT or SERVER."""

    def __init__(self, network, profile, validators=None, discoveries=(), mode: str = AUTO) -> None:
        self.name = profile.name
        self.profile = profile
        self.network = network
        self.own_id = network.peer_id.to_bytes()
        self.table = RoutingTable(self.own_id, profile)
        self.provided = Published()
        self.published = Published()  # values
        # What is told again and again, and how; who never puts a value has no code for that.
        self.records = [(self.provided, lookup.announce)]
        self.mode = mode
        self.server: Any = None
        self.is_server = False
        self._validators = {} if validators is None else validators
        self._group = aio.Group(self.report)
        self._events = aio.Queue(EVENTS_MAX)
        self._sources: dict = {}  # id -> who told us of it first
        self._doubted: dict = {}  # id -> when its connection broke off
        self._failing: dict = {}  # ids that did not answer last
        self._searches = self._requests = self._failures = 0
        self._searched_ms: int | None = None
        self.refreshed_ms: int | None = None  # when the random walk looked for contacts last
        self.upkeep = Upkeep(self, discoveries)

    # -- the door

    async def start(self) -> None:
        self.choose_mode()
        self._group.spawn(self._meet())
        self._group.spawn(self.upkeep.run())

    async def stop(self) -> None:
        await self._group.cancel()
        if self.is_server:
            self.is_server = False
            self.network.serve(self.profile.protocol, None)
        self._events.close()

    def find_peer(self, peer_id) -> Results:
        id = peer_id.to_bytes()

        async def run(results: Results) -> None:
            if id != self.own_id:
                await lookup.find_peer(self, id, results)

        return search(self._group, id, 1, run)

    def get_closest_peers(self, key: bytes, count: int) -> Results:
        check_key(key)
        return search(
            self._group, key, count, lambda results: lookup.find_closest(self, key, results)
        )

    def find_providers(self, key: bytes, count: int) -> Results:
        check_key(key)
        return search(
            self._group, key, count, lambda results: lookup.find_providers(self, key, results)
        )

    async def provide(self, key: bytes) -> int:
        """Tell the peers closest to ``key`` now, and every 22 hours from now on."""
        self.provided.add(check_key(key), clock.monotonic_ms())
        told = await lookup.announce(self, key)
        self.provided.told(key, told, clock.monotonic_ms(), 0)
        self.upkeep.wake()
        return told

    async def unprovide(self, key: bytes) -> None:
        self.provided.remove(key)

    async def put_value(self, key: bytes, value: bytes) -> int:
        """Have ``value`` kept by the peers closest to ``key``; how many do.

        LocalError if it is not valid, or this node knows a better one.
        """
        if len(self.records) == 1:
            self.records.append((self.published, lookup.put_again))
        told = await lookup.put_value(self, key, value)
        self.upkeep.wake()
        return told

    async def get_value(self, key: bytes) -> "bytes | None":
        """The best valid value of ``key`` that is found."""
        return await lookup.get_value(self, key)

    async def get_values(self, key: bytes) -> list:
        """All valid values of ``key`` that are found, no two the same, the best first."""
        return await lookup.get_values(self, key)

    def forget_value(self, key: bytes) -> None:
        """Put it again no more, and keep it here no longer; what others keep ends by itself."""
        self.published.remove(key)
        if self.server:
            self.server.values.remove(key)

    async def next_event(self) -> Found:
        return await self._events.get()

    def status(self) -> dict:
        now = clock.monotonic_ms()
        server = self.server
        rows = self.table.rows()
        return {
            "mode": SERVER if self.is_server else CLIENT,
            "protocol": self.profile.protocol,
            "contacts": len(self.table),
            "spares": sum([len(spares) for _, _, spares in rows]),
            "network_size": estimate(self.table),
            "replication": self.replication(),
            "last_search_ms": None if self._searched_ms is None else now - self._searched_ms,
            "last_refresh_ms": None if self.refreshed_ms is None else now - self.refreshed_ms,
            "searches": self._searches,
            "requests": self._requests,
            "failures": self._failures,
            "answered": server.answered if server else 0,
            "provided": len(self.provided),
            "providers_kept": len(server.providers) if server else 0,
            "values_kept": len(server.values) if server else 0,
            "peers": [
                _describe(bits, row, now) for bits, contacts, _ in rows for row in contacts
            ],
        }  # fmt: skip

    # -- contacts

    def consider(self, contact: Contact, source: str) -> bool:
        """Somebody told of a peer that may be a server here; whether it will be looked at."""
        admits = self.profile.admits
        addresses = tuple([address for address in contact.addresses if admits(address)])
        if not self.table.heard(Contact(contact.id, addresses), clock.monotonic_ms()):
            return False
        self.note(contact.id, source)
        self.upkeep.wake()
        return True

    def note(self, id: bytes, source: str) -> None:
        """Remember who told us of a peer first, for when it has proven itself."""
        if len(self._sources) >= SOURCES_MAX:
            self._sources = {}
        self._sources.setdefault(id, source)

    async def _meet(self) -> None:
        """Follow who connects, what they speak, and whose connections break off."""
        try:
            while True:
                contact, protocols = await self.network.next_candidate()
                id = contact.id
                if protocols is None:
                    self.doubt(id)
                elif self.profile.protocol not in protocols:
                    self.table.remove(id)
                elif self.consider(contact, "connection") and id in self._failing:
                    self.table.doubt(id, clock.monotonic_ms())
                self.upkeep.wake()
        except EOFError:
            pass  # the swarm is closed

    def doubt(self, id: bytes) -> None:
        """A contact may be gone: check it soon."""
        now = clock.monotonic_ms()
        if now - self._doubted.get(id, -DOUBT_MS) >= DOUBT_MS:
            if len(self._doubted) >= DOUBTED_MAX:
                self._doubted = {}
            self._doubted[id] = now
            self.table.doubt(id, now)
            self.upkeep.wake()

    # -- requests

    async def ask(self, contact: Contact, message: Message) -> "Message | None":
        """The answer of ``contact``, None to ADD_PROVIDER.  EdgeError if there is none.

        An address that somebody tells of a contact we have is tried after those that we know.
        """
        known = self.table.find(contact.id)
        if known and known is not contact:
            more = [one for one in contact.addresses if one not in known.addresses]
            contact = Contact(contact.id, known.addresses + tuple(more))
        profile = self.profile
        wants_answer = message.type != ADD_PROVIDER
        self._requests += 1
        try:
            data = await self.network.request(
                contact, profile.protocol, encode(message, profile), wants_answer
            )
            if not wants_answer:
                return None
            answer = decode(data, profile)
            if answer.type != message.type:
                raise RemoteError("asked {}, answered {}".format(message.type, answer.type))
        except LimitError:
            raise  # ours, no fault of the peer
        except MemoryError:
            raise LimitError("no memory for a request")
        except EdgeError:
            self._failures += 1
            if known:
                if len(self._failing) >= DOUBTED_MAX:
                    self._failing = {}
                self._failing[contact.id] = True
                self.table.failed(contact.id, clock.monotonic_ms())
                self.upkeep.wake()
            raise
        self._lives(contact)
        return self._credible(contact, answer)

    def _credible(self, contact: Contact, answer: Message) -> Message:
        """Without addresses of this machine, unless somebody here tells them: no stranger has us
        knock at our own doors."""
        told = answer.closer + answer.providers
        if not [1 for one in told for address in one.addresses if reach.is_here(address)]:
            return answer
        reached = (self.network.known(contact.id) or contact).addresses
        hosts = [reach.host(address) for address in self.network.addresses()] + [b""]
        if reached and reach.host(reached[0]) in hosts:
            return answer
        closer = [one for one in _elsewhere(answer.closer) if one.addresses]
        return Message(
            answer.type, answer.key, answer.record, tuple(closer), _elsewhere(answer.providers)
        )

    def _lives(self, contact: Contact) -> None:
        """It has answered, so it is a server and where we asked."""
        self._failing.pop(contact.id, None)
        reached = self.network.known(contact.id) or contact
        addresses = tuple([one for one in reached.addresses if self.profile.admits(one)])
        count = len(self.table)
        self.table.heard(Contact(contact.id, addresses), clock.monotonic_ms(), True)
        if len(self.table) > count:
            self._proven(Contact(contact.id, addresses))

    def _proven(self, contact: Contact) -> None:
        """There is one contact more."""
        source = self._sources.pop(contact.id, self.name)
        self.network.keep(contact, source)
        info = PeerInfo.from_peer_bytes(contact.id, contact.addresses)
        self._events.put_nowait(Found(info.peer_id, info.addresses, source))
        now = clock.monotonic_ms()
        for records, _ in self.records:
            records.hasten(now)
        self.upkeep.wake()

    def searched(self, query) -> None:
        """A search has ended."""
        self._searches += 1
        self._searched_ms = clock.monotonic_ms()

    def replication(self) -> int:
        """How many peers are to keep a record: in a small network not all of them."""
        return self.profile.replication or replication(estimate(self.table))

    # -- answering

    def choose_mode(self) -> None:
        """Serve, or serve no more."""
        serve = self.mode == SERVER or (self.mode == AUTO and self.network.is_reachable)
        if serve == self.is_server:
            return
        if serve and not self.server:
            try:
                from edge.routing.kad.server import Server
            except ImportError:
                raise LocalError("this firmware has no kad server")
            self.server = Server(self)
        self.is_server = serve
        self.network.serve(self.profile.protocol, self.server.answer if serve else None)

    def own_contact(self) -> Contact:
        return Contact(self.own_id, tuple(self.network.addresses()))

    def held_providers(self, key: bytes) -> list:
        """Contacts that told this node that they have ``key``."""
        return self.server.providers_of(key) if self.server else []

    def held_value(self, key: bytes) -> "bytes | None":
        held = self.server.values.get(key, clock.monotonic_ms()) if self.server else None
        return held[0] if held else None

    def hold_value(self, key: bytes, value: bytes) -> None:
        """Keep a value of our own as others are to.  RemoteError if a better one is here."""
        if self.server:
            self.server.values.put(key, value, clock.monotonic_ms(), clock.unix_ms())

    def validators(self) -> dict:
        """Those of the namespaces that this network knows."""
        names = self.profile.namespaces
        every = self._validators
        return dict([(name, every[name]) for name in every if names is None or name in names])

    def check_value(self, key: bytes, value: bytes):
        """The validator that finds ``value`` good.  RemoteError if none does."""
        from edge.routing.kad.values import check

        return check(self.validators(), key, value, clock.unix_ms())

    # -- tasks

    def spawn(self, coroutine) -> None:
        """Run ``coroutine`` until it ends or this routing stops."""
        self._group.spawn(coroutine)

    def report(self, error: Exception) -> None:
        _log.error("{}: a task failed: {}", self.name, printable(repr(error), 200))


def _elsewhere(contacts: tuple) -> tuple:
    """``contacts`` without addresses of this machine."""
    return tuple([
        Contact(one.id, tuple([told for told in one.addresses if not reach.is_here(told)]))
        for one in contacts
    ])  # fmt: skip


def _describe(bits: int, row: tuple, now: int) -> dict:
    contact, answered, failures = row
    info = PeerInfo.from_peer_bytes(contact.id, contact.addresses)
    return {
        "peer_id": str(info.peer_id),
        "bits": bits,
        "addresses": [str(address) for address in info.addresses],
        "answered_ms": now - answered,
        "failures": failures,
    }


def open_routing(name: str, node) -> KadRouting:
    """Kademlia of the profile ``name`` over the swarm of ``node``, an edge.node.Node."""
    from edge.routing.kad.discovery import open_discoveries

    profile = PROFILES[name]
    network = SwarmNetwork(node.swarm, node.identify, profile, node.wants)
    discoveries = open_discoveries(node, profile)
    return KadRouting(network, profile, node.validators, discoveries, node.config.kad_mode)
