"""Nodes that do harm.  They know each other, act together, and everything that each was told.

    eclipse   answers with attackers only, those closest to what was asked for first
    liar      invents peers closer to the target than any real one, at addresses where nobody lives;
              tells false addresses of the target, false providers, false addresses of true ones
    slow      the truth or an eclipse, just before the one who asks gives up, or just after
    silent    takes the connection and the request, and says nothing
    broken    answers with what is no message, or with a thousand entries

An invented peer id has to lie close to the target by its hash, so they have prepared a stock of ids
much larger than the network.  "mixed" is all of them, each attacker one.
"""

import bisect
import hashlib
from collections.abc import Callable
from typing import Any

from edge.errors import RemoteError
from edge.routing.kad import Contact
from edge.routing.kad import message as kad_message
from edge.routing.kad.message import Message
from edge.routing.kad.network import REQUEST_TIMEOUT_MS
from tests.sim.network import SimulatedNetwork, World

KINDS = ("eclipse", "liar", "slow", "silent", "broken")
SCENARIOS = ("eclipse", "liar", "slow", "mixed")
STOCK_MIN = 1 << 16  # invented ids that lie ready
STOCK_PER_NODE = 16
JUST_BEFORE, JUST_AFTER = 0.95, 1.05  # of the time the one who asks waits
FLOOD = 1000  # entries in an answer


def place(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest(), "big")


class Attackers:
    """The gang: what its members share."""

    def __init__(self, world: World, scenario: str) -> None:
        self.world = world
        self.profile = world.profile
        self._kinds = KINDS if scenario == "mixed" else (scenario,)
        self._members: list[tuple[int, Contact]] = []  # sorted
        self._stock: list[tuple[int, Contact]] = []  # sorted
        self.told: dict[bytes, list[bytes]] = {}  # key -> who provides it, as we were told

    def enlist(self, node: SimulatedNetwork) -> None:
        number, kind = divmod(len(self._members), len(self._kinds))
        node.hostile = Attacker(self, self._kinds[kind], number)
        bisect.insort(self._members, (place(node.id), node.contact))

    def invented(self, target: int, count: int) -> list[Contact]:
        """Peers that do not exist, close to ``target``."""
        if not self._stock:
            size = max(STOCK_MIN, STOCK_PER_NODE * len(self.world.nodes))
            ids = [self.world.new_id() for _ in range(size)]
            address = self.world.new_address
            self._stock = sorted([(place(id_), Contact(id_, (address(),))) for id_ in ids])
        return closest(self._stock, target, count)

    def colluding(self, target: int, count: int) -> list[Contact]:
        """Attackers, the closest to ``target`` first."""
        return closest(self._members, target, count)


def closest(contacts: list[tuple[int, Contact]], target: int, count: int) -> list[Contact]:
    """Of a sorted list.  Who shares the longest prefix with ``target`` stands around it."""
    at = bisect.bisect_left(contacts, (target,))
    near = contacts[max(0, at - 4 * count) : at + 4 * count]
    near.sort(key=lambda item: item[0] ^ target)
    return [contact for _, contact in near[:count]]


class Attacker:
    """What one of them answers."""

    def __init__(self, gang: Attackers, kind: str, number: int) -> None:
        self._gang = gang
        self._answer = getattr(self, "_" + kind)
        self._number = number

    def answer(
        self, node: SimulatedNetwork, source: SimulatedNetwork, handler: Callable, data: bytes
    ) -> tuple[float, Any]:
        """(ms to wait, answer), where None is never to answer."""
        asked = kad_message.decode(data, self._gang.profile)
        if asked.type == kad_message.ADD_PROVIDER:
            tellers = self._gang.told.setdefault(asked.key, [])
            if source.id not in tellers:
                tellers.append(source.id)
            return 0, None  # and forgotten
        honest = lambda: node.run(handler, source.contact, data)  # noqa: E731
        return self._answer(asked, honest)

    def _eclipse(self, asked: Message, _honest: Callable) -> tuple[float, Any]:
        return 0, self._reply(asked, self._gang.colluding(place(asked.key), 20))

    def _liar(self, asked: Message, _honest: Callable) -> tuple[float, Any]:
        gang, world = self._gang, self._gang.world
        target = place(asked.key)
        closer = gang.invented(target, 12) + gang.colluding(target, 7)
        if asked.key in world.by_id:
            liars = gang.colluding(target, 3)
            addresses = [world.new_address()] + [liar.addresses[0] for liar in liars]
            closer.insert(0, Contact(asked.key, tuple(addresses)))
        providers = []
        if asked.type == kad_message.GET_PROVIDERS:
            for id_ in gang.told.get(asked.key, ()):
                providers.append(Contact(id_, (world.new_address(),)))
            providers += gang.invented(target, 10) + gang.colluding(target, 10)
        return 0, self._reply(asked, closer, providers)

    def _slow(self, asked: Message, honest: Callable) -> tuple[float, Any]:
        factor = JUST_BEFORE if self._number % 2 else JUST_AFTER
        _, reply = self._eclipse(asked, honest) if self._number % 4 < 2 else (0, honest())
        return factor * REQUEST_TIMEOUT_MS, reply

    def _silent(self, _asked: Message, _honest: Callable) -> tuple[float, Any]:
        return 0, None

    def _broken(self, asked: Message, _honest: Callable) -> tuple[float, Any]:
        if self._number % 3 == 0:
            return 0, b"\x00" + self._gang.world.chance.randbytes(64)
        if self._number % 3 == 1:
            raise RemoteError("reset")
        crowd = [self._gang.world.nodes[0].contact] * FLOOD
        return 0, self._reply(asked, crowd + self._gang.invented(place(asked.key), 20))

    def _reply(
        self, asked: Message, closer: list[Contact], providers: list[Contact] | tuple = ()
    ) -> bytes:
        told = Message(asked.type, b"", None, tuple(closer), tuple(providers))
        return kad_message.encode(told, self._gang.profile)
