"""Random walk: searches for our own surroundings and for ids of each distance, to meet contacts.

Who comes looks for its surroundings at once, and a few times more soon after: others may have come
at the same moment.  Later the table says where it knows too few and has not looked for long; it
waits longer where nothing new is found.  An idle node in a network that it knows well searches once
an hour.
"""

from edge.routing.kad.key import seed_with_prefix
from edge.routing.kad.lookup import ask_around
from edge.routing.kad.message import FIND_NODE, Message
from edge.routing.kad.table import OWN
from edge.system import clock, entropy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JITTER_MS = 60000  # at most so much later than the table says: nodes started together drift apart
JOIN_MS = (1000, 4000, 15000, 60000)  # pauses between the first searches for our surroundings
SEED_BYTES = 16


class RandomWalk:
    name = "random walk"

    def __init__(self) -> None:
        self._kad: Any = None
        self._jitter = 0
        self._alone = True  # nobody has answered yet
        self._joining: list = []  # when to look for our surroundings again

    def start(self, kad) -> None:
        self._kad = kad

    def deadline(self) -> "int | None":
        table = self._kad.table
        if self._alone and len(table):
            return 0  # somebody to ask at last
        due = table.refresh_deadline()
        if due is None:
            return None
        due += self._jitter
        return min(due, self._joining[0]) if self._joining else due

    async def discover(self, now: int) -> None:
        table = self._kad.table
        self._jitter = entropy.random_below(JITTER_MS)
        if self._alone or self._joining and self._joining[0] <= now:
            if self._alone:
                self._join(now)
            else:
                self._joining.pop(0)
            await self._search(OWN)
        bits = table.stale_bucket(clock.monotonic_ms())
        while bits is not None:
            await self._search(bits)
            bits = table.stale_bucket(clock.monotonic_ms())
        self._alone = not len(table)

    def _join(self, now: int) -> None:
        self._alone = False
        self._joining = []
        for pause in JOIN_MS:
            now += pause + entropy.random_below(pause // 2)
            self._joining.append(now)

    async def _search(self, bits: int) -> None:
        kad = self._kad
        table = kad.table

        def heard(_, answer: Message) -> bool:
            for contact in answer.closer:
                kad.note(contact.id, self.name)
            return False

        if bits == OWN:
            key, count = kad.own_id, kad.profile.k
        else:
            seed = entropy.random_bytes(SEED_BYTES)
            key, count = seed_with_prefix(table.own_key, bits, seed), None
        await ask_around(kad, Message(FIND_NODE, key, None, (), ()), heard, count)
        kad.refreshed_ms = clock.monotonic_ms()
        table.refreshed(bits, kad.refreshed_ms)


def open_discovery(node, profile) -> RandomWalk:
    return RandomWalk()
