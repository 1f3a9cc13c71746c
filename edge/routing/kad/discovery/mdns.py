"""mDNS-discovery: peers that announce themselves on this LAN are candidates.

Most of them the node connects to anyway, and then they say what they speak.  The others are asked
after COURTESY_MS: of two that find each other at the same time one has dialed by then.  A node that
nobody can dial, such as a command that searches, asks at once.
"""

from edge.mdns import Found, Lost
from edge.routing.kad import Contact
from edge.system import MICROPYTHON, aio, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COURTESY_MS = 4000
WAITING_MAX = 8 if MICROPYTHON else 256  # peers found that are not yet asked


class MdnsDiscovery:
    name = "mdns"

    def __init__(self, node) -> None:
        self._node = node
        self._kad: Any = None
        self._waiting: list = []  # (due, Contact), the earliest first

    def start(self, kad) -> None:
        self._kad = kad
        kad.spawn(self._follow(self._node.watch()))

    def deadline(self) -> "int | None":
        return self._waiting[0][0] if self._waiting else None

    async def discover(self, now: int) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            contact = self._waiting.pop(0)[1]
            if not self._kad.network.is_connected(contact.id):
                self._kad.consider(contact, self.name)

    async def _follow(self, events: aio.Queue) -> None:
        try:
            while True:
                event = await events.get()
                if isinstance(event, Found):
                    self._found(event)
                elif isinstance(event, Lost):
                    self._lost(event.peer_id.to_bytes())
        except EOFError:
            pass
        finally:
            self._node.unwatch(events)

    def _found(self, event: Found) -> None:
        id = event.peer_id.to_bytes()
        self._kad.note(id, self.name)
        waiting = [contact.id for _, contact in self._waiting]
        if id not in waiting and len(waiting) < WAITING_MAX:
            addresses = tuple([address.to_bytes() for address in event.addresses])
            due = clock.monotonic_ms()
            if self._node.swarm.listen_addresses():
                due += COURTESY_MS
            self._waiting.append((due, Contact(id, addresses)))
            self._kad.upkeep.wake()

    def _lost(self, id: bytes) -> None:
        """It said goodbye, or fell silent: see whether it still answers."""
        self._waiting = [row for row in self._waiting if row[1].id != id]
        self._kad.doubt(id)


def open_discovery(node, profile) -> "MdnsDiscovery | None":
    """None where nothing is found on the LAN, or what is found does not belong here."""
    return MdnsDiscovery(node) if node.discovery and profile.name != "kad-wan" else None
