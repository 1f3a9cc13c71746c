"""A network of kad nodes without a swarm: a request is a call of the other's handler."""

from edge.errors import EdgeError, LinkError, RemoteError
from edge.identity.peer_id import PeerId
from edge.routing.kad import EDGE, Contact
from edge.routing.kad.routing import KadRouting
from edge.system import aio
from tests import kit
from tests.edge.routing.kad.samples import VALIDATORS

ID_PREFIX = b"\x00\x24\x08\x01\x12\x20"  # an Ed25519 key as a peer id


class Town:
    """Nodes by their addresses; ids are the same in every run."""

    def __init__(self, seed: int = 1, validators=VALIDATORS) -> None:
        self._rng = kit.Rng(seed)
        self._validators = validators
        self.homes: dict = {}  # address -> Home
        self.kads: list = []

    async def __aenter__(self) -> "Town":
        return self

    async def __aexit__(self, *exception) -> None:
        for kad in self.kads:
            await kad.stop()

    def home(self) -> "Home":
        """A node that answers nobody."""
        number = len(self.homes) + 1
        address = b"\x04\x0a\x00" + number.to_bytes(2, "big") + b"\x06\x0f\xa1"
        home = Home(self, ID_PREFIX + self._rng.bytes(32), address)
        self.homes[address] = home
        return home

    async def node(self, mode: str = "server", discoveries=(), profile=EDGE) -> KadRouting:
        kad = KadRouting(self.home(), profile, self._validators, discoveries, mode)
        self.kads.append(kad)
        await kad.start()
        return kad

    async def nodes(self, count: int, discoveries=None) -> list:
        """Servers that all know the first, and whom they met when they looked for themselves."""
        kads = []
        for _ in range(count):
            kad = await self.node(discoveries=discoveries() if discoveries else ())
            kads.append(kad)
            if len(kads) > 1:
                kad.consider(contact_of(kads[0]), "test")
                await until(lambda: len(kads[0].table) == len(kads) - 1)
        return kads


class Home:
    """The Network of one node."""

    def __init__(self, town: Town, id: bytes, address: bytes) -> None:
        self.peer_id = PeerId(id)
        self.is_reachable = True
        self.contact = Contact(id, (address,))
        self.alive = True
        self.deaf = False  # takes requests and never answers
        self.handlers: dict = {}
        self.asked = 0
        self.kept: list = []
        self.candidates = aio.Queue(64)
        self._town = town
        self._connected: dict = {}  # ids

    def addresses(self) -> list:
        return list(self.contact.addresses)

    def serve(self, protocol: str, handler) -> None:
        self.handlers.pop(protocol, None)
        if handler:
            self.handlers[protocol] = handler

    def keep(self, contact: Contact, source: str) -> None:
        self.kept.append((contact.id, source))

    def known(self, id: bytes) -> "Contact | None":
        for home in self._town.homes.values():
            if home.contact.id == id and id in self._connected:
                return home.contact
        return None

    def is_connected(self, id: bytes) -> bool:
        return id in self._connected

    async def next_candidate(self):
        return await self.candidates.get()

    async def request(self, contact: Contact, protocol: str, data: bytes, answer: bool = True):
        await aio.sleep_ms(0)
        home = self._home_of(contact)
        home.asked += 1
        self._meet(home)
        home._meet(self)
        while home.deaf:
            await aio.sleep_ms(1000)
        handler = home.handlers.get(protocol)
        if not handler:
            raise RemoteError("speaks no kad")
        try:
            reply = handler(self.contact, data)
        except EdgeError:
            raise LinkError("stream reset")
        return reply if answer else None

    def _home_of(self, contact: Contact) -> "Home":
        for address in contact.addresses:
            home = self._town.homes.get(address)
            if home and home.alive and home.contact.id == contact.id:
                return home
        self._connected.pop(contact.id, None)
        raise LinkError("nobody there")

    def _meet(self, home: "Home") -> None:
        if home.contact.id not in self._connected:
            self._connected[home.contact.id] = True
            self.candidates.put_nowait((home.contact, set(home.handlers)))

    def leave(self, home: "Home") -> None:
        """The connection to ``home`` breaks off."""
        self._connected.pop(home.contact.id, None)
        self.candidates.put_nowait((Contact(home.contact.id, ()), None))


def contact_of(kad: KadRouting) -> Contact:
    return kad.network.contact


def ids_of(kads: list) -> list:
    return [kad.own_id for kad in kads]


async def until(condition) -> None:
    """Let the others work until ``condition()`` is true."""
    for _ in range(20000):
        if condition():
            return
        await aio.sleep_ms(0)
    raise AssertionError("never came true")
