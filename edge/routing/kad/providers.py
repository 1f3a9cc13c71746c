"""Provider records: who said to have which key, for a while and within bounds; pure.

    ADD_PROVIDER --add()--> Providers --get()--> GET_PROVIDERS

A peer has one set of addresses, the last it told, however many keys it provides.  Where there are
too many providers of a key those closest to it stay, so that every server keeps much the same
ones; where there are too many records, who has the most of them loses its oldest.  Either way the
peers of one owner, such as a host, stand for one: ids are free, and whoever has many of them pushes
out its own records before those of anybody else.
Spec: libp2p kad-dht, "Content provider advertisement and discovery".
"""

from edge.errors import LimitError
from edge.routing.closeness import distance
from edge.routing.kad.key import key_of
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
        self._peers: dict = {}  # peer id -> [addresses, until, {key: until}, owner]
        self._owners: dict = {}  # owner -> number of records
        self._count = 0
        self._swept = 0

    def __len__(self) -> int:
        return self._count

    def add(
        self, key: bytes, peer_id: bytes, addresses: tuple, now: int, owner: bytes = b""
    ) -> None:
        """``peer_id`` has ``key``; ``owner``: whose peer it is, b"" if its own.

        LimitError if it is closer to too few keys, or has too many.
        """
        owner = owner or peer_id
        if peer_id not in self._keys.get(key, ()):
            self._make_room(key, peer_id, owner)
        peer = self._peers.get(peer_id)
        if not peer:
            peer = self._peers[peer_id] = [(), 0, {}, owner]
        peer[0], peer[1] = _bounded(addresses), now + ADDRESSES_MS
        held = self._keys.setdefault(key, {})
        if peer_id not in held:
            if not self._count:
                self._swept = now
            self._count += 1
            self._owners[peer[3]] = self._owners.get(peer[3], 0) + 1
        held[peer_id] = peer[2][key] = now + EXPIRY_MS

    def get(self, key: bytes, now: int) -> list:
        """``(peer id, addresses)`` of those that have ``key``, the closest to it first."""
        found = []
        for peer_id, until in self._keys.get(key, {}).items():
            if until > now:
                addresses, told_until = self._peers[peer_id][:2]
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

    def _make_room(self, key: bytes, peer_id: bytes, owner: bytes) -> None:
        peer = self._peers.get(peer_id)
        if peer and len(peer[2]) >= KEYS_MAX:
            raise LimitError("{} keys of one provider is the limit here".format(KEYS_MAX))
        held = self._keys.get(key, {})
        if len(held) >= PROVIDERS_MAX:
            worst = self._least_wanted(key, peer_id, owner)
            if worst == peer_id:
                raise LimitError("{} providers of one key is the limit".format(PROVIDERS_MAX))
            self._remove(key, worst)
        elif self._count >= RECORDS_MAX:
            self._remove_oldest()

    def _least_wanted(self, key: bytes, peer_id: bytes, owner: bytes) -> bytes:
        """Of ``peer_id`` and the providers of ``key``: of those whose owner has the most of them,
        the farthest."""
        rows = [(self._peers[known][3], known) for known in self._keys[key]] + [(owner, peer_id)]
        counts: dict = {}
        for whose, _ in rows:
            counts[whose] = counts.get(whose, 0) + 1
        place = key_of(key)
        return max(rows, key=lambda row: (counts[row[0]], place ^ key_of(row[1])))[1]

    def _remove_oldest(self) -> None:
        """The owner with the most records loses one, of its peer that has the most."""
        owners = self._owners
        greedy = max(owners, key=lambda owner: (owners[owner], owner))
        mine = [(len(peer[2]), id) for id, peer in self._peers.items() if peer[3] == greedy]
        id = max(mine)[1]
        self._remove(min([(until, key) for key, until in self._peers[id][2].items()])[1], id)

    def _remove(self, key: bytes, peer_id: bytes) -> None:
        held = self._keys[key]
        held.pop(peer_id)
        if not held:
            self._keys.pop(key)
        _, _, records, owner = self._peers[peer_id]
        records.pop(key)
        if not records:
            self._peers.pop(peer_id)
        self._owners[owner] -= 1
        if not self._owners[owner]:
            self._owners.pop(owner)
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
