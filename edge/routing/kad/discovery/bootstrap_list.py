"""Bootstrap list: the peers a node asks first, those of its configuration and those of last time.

    /ip4/../tcp/../p2p/..    a candidate           /ip4/../tcp/..     dialed to learn who it is
    /dnsaddr/..              what the name's TXT records say, with /p2p or without

Without a network all of it fails, is tried again while nobody is known, and holds nothing up.
Spec: libp2p addressing (dnsaddr).
"""

from edge.errors import EdgeError, printable
from edge.routing.kad import Contact
from edge.system import MICROPYTHON, aio, clock, entropy
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REMEMBERED_MAX = 8 if MICROPYTHON else 48  # peers of last time
RESOLVED_MAX = 16  # peers that one name stands for
DIAL_TIMEOUT_MS = 20000  # of an address that does not say who is there
RETRY_MS = 10000  # while nobody is known; twice as long each time
RETRY_MAX_MS = 600000

_log = Log("bootstrap")


class BootstrapList:
    name = "bootstrap"

    def __init__(self, node, profile) -> None:
        self._node = node
        self._profile = profile
        self._kad: Any = None
        self._due = 0
        self._pause = RETRY_MS
        self._tried = False

    def start(self, kad) -> None:
        self._kad = kad
        self._due = clock.monotonic_ms()

    def deadline(self) -> "int | None":
        if self._tried and len(self._kad.table):
            return None
        return self._due

    async def discover(self, now: int) -> None:
        self._tried = True
        remembered = self._remember(now)
        addresses = self._node.config.bootstrap
        async with aio.Group(self._kad.report) as group:
            for address in addresses:
                group.spawn(self._try(address))
            await group.join()
        if not remembered and not addresses:
            self._pause = RETRY_MAX_MS  # there may be somebody to remember by then
        self._due = clock.monotonic_ms() + self._pause + entropy.random_below(RETRY_MS)
        self._pause = min(2 * self._pause, RETRY_MAX_MS)

    def _remember(self, now: int) -> int:
        """Consider those who spoke our protocol when we saw them last."""
        store = self._node.peer_store
        count = 0
        for peer_id in store.peers():
            if count < REMEMBERED_MAX and self._profile.protocol in store.protocols(peer_id):
                addresses = [one.to_bytes() for one in store.addresses(peer_id, now)]
                contact = Contact(peer_id.to_bytes(), tuple(addresses))
                count += self._kad.consider(contact, "last time")
        return count

    async def _try(self, address) -> None:
        try:
            found = await self._node.swarm.resolve(address)
            for one in found[:RESOLVED_MAX]:
                if one.peer_id:
                    self._consider(one)
                elif self._profile.admits(one.to_bytes()):
                    await self._dial(one)
        except EdgeError as error:
            _log.info("{}", printable(error, 200))

    def _consider(self, address) -> None:
        bare = address.decapsulate("p2p")
        if bare:
            contact = Contact(address.peer_id, (bare.to_bytes(),))
            self._kad.consider(contact, self.name)

    async def _dial(self, address) -> None:
        """Who connects says what it speaks, and is a candidate then."""
        try:
            connection = await aio.wait_for_ms(self._node.swarm.dial(address), DIAL_TIMEOUT_MS)
        except aio.TimeoutError:
            return
        self._kad.note(connection.remote_peer.to_bytes(), self.name)


def open_discovery(node, profile) -> BootstrapList:
    return BootstrapList(node, profile)
