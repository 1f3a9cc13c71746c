"""Provider records: who said to have which key, for a while and within bounds; pure.

    ADD_PROVIDER --add()--> Providers --get()--> GET_PROVIDERS

A peer has one set of addresses, the last it told, however many keys it provides.  Where there are
too many providers of a key those closest to it stay, so that every server keeps much the same
ones; where there are too many records, the peer with the most of them loses its oldest.
Spec: libp2p kad-dht, "Content provider advertisement and discovery".
"""

from edge.errors import LimitError
from edge.routing.closeness import distance
from edge.system import MICROPYTHON

EXPIRY_MS = 172800000  # 48 h: how long a record is kept
ADDRESSES_MS = 86400000  # 24 h: how long a provider's addresses are given with its records
SWEEP_MS = 3600000  # how often expired records are looked for
RECORDS_MAX = 64 if MICROPYTHON else 8192  # in all
PROVIDERS_MAX = 20  # of one key
KEYS_MAX = 16 if MICROPYTHON else 2048  # of one peer
ADDRESSES_MAX = 8  # of one peer
ADDRESS_BYTES_MAX = 1024  # of one peer, all addresses together


class Providers:
    """What other peers provide.  Ids, keys and addresses are bytes, ``now`` monotonic ms."""

    def __init__(self) -> None:
        self._keys: dict = {}  # key -> {peer id: until}
        self._peers: dict = {}  # peer id -> [addresses, until, number of records]
        self._count = 0
        self._swept = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: bytes, peer_id: bytes, addresses: tuple, now: int) -> None:
        """``peer_id`` has ``key``.  LimitError if it is closer to too few keys, or has too many."""
        held = self._keys.get(key, {})
        if peer_id not in held:
            self._make_room(key, held, peer_id)
        peer = self._peers.get(peer_id)
        if not peer:
            peer = self._peers[peer_id] = [(), 0, 0]
        peer[0], peer[1] = _bounded(addresses), now + ADDRESSES_MS
        held = self._keys.setdefault(key, {})
        if peer_id not in held:
            peer[2] += 1
            if not self._count:
                self._swept = now
            self._count += 1
        held[peer_id] = now + EXPIRY_MS

    def get(self, key: bytes, now: int) -> list:
        """``(peer id, addresses)`` of those that have ``key``, the closest to it first."""
        found = []
        for peer_id, until in self._keys.get(key, {}).items():
            if until > now:
                addresses, told_until, _ = self._peers[peer_id]
                found.append((peer_id, addresses if told_until > now else ()))
        found.sort(key=lambda row: distance(key, row[0]))
        return found

    def deadline(self) -> "int | None":
        """When ``handle_deadline`` has something to do; None while there are no records."""
        return self._swept + SWEEP_MS if self._count else None

    def handle_deadline(self, now: int) -> None:
        """Forget what has expired."""
        self._swept = now
        for key in list(self._keys):
            for peer_id in [known for known, until in self._keys[key].items() if until <= now]:
                self._remove(key, peer_id)

    def _make_room(self, key: bytes, held: dict, peer_id: bytes) -> None:
        peer = self._peers.get(peer_id)
        if peer and peer[2] >= KEYS_MAX:
            raise LimitError("{} keys of one provider is the limit here".format(KEYS_MAX))
        if len(held) >= PROVIDERS_MAX:
            farthest = max(held, key=lambda known: distance(key, known))
            if distance(key, farthest) < distance(key, peer_id):
                raise LimitError("{} providers of one key is the limit".format(PROVIDERS_MAX))
            self._remove(key, farthest)
        elif self._count >= RECORDS_MAX:
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        """The peer with the most records loses one."""
        greedy = max(self._peers, key=lambda known: (self._peers[known][2], known))
        held = [(rows[greedy], key) for key, rows in self._keys.items() if greedy in rows]
        self._remove(min(held)[1], greedy)

    def _remove(self, key: bytes, peer_id: bytes) -> None:
        held = self._keys[key]
        held.pop(peer_id)
        if not held:
            self._keys.pop(key)
        peer = self._peers[peer_id]
        peer[2] -= 1
        if not peer[2]:
            self._peers.pop(peer_id)
        self._count -= 1


def _bounded(addresses: tuple) -> tuple:
    """As many of the first ``addresses`` as are kept of one peer."""
    kept = []
    size = 0
    for address in addresses[:ADDRESSES_MAX]:
        size += len(address)
        if size <= ADDRESS_BYTES_MAX:
            kept.append(bytes(address))
    return tuple(kept)
