"""What we know of other peers, within bounds and for a while.

An address lives for its time, for as long as its peer is connected, or, once it has led to the
peer, until it has to make room: a node that restarts alone still knows where to look. What has to
go first was never of use, then was of use longest ago. Order comes from a counter, not a clock.
"""

from edge.identity.keys import PublicKey
from edge.identity.peer_id import PeerId
from edge.system import MICROPYTHON, const
from edge.wire.multiaddr import Multiaddr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.identity.peer_record import PeerRecord

PEERS_MAX = 12 if MICROPYTHON else 1000
ADDRESSES_MAX = 4 if MICROPYTHON else 16  # of one peer
PROTOCOLS_MAX = 32 if MICROPYTHON else 128  # of one peer

TEMPORARY_TTL_MS = 120_000  # an address we were told of in passing
RECENT_TTL_MS = 900_000  # all addresses of a peer that was connected
KNOWN_TTL_MS = 3_600_000  # what a peer says of itself
FOREVER_MS = 1 << 50  # what our own configuration says

_ADDRESS = const(0)
_UNTIL = const(1)
_GOOD = const(2)


class Entry:
    """One peer: ``addresses`` are lists of address, expiry in ms, turn of the last success or 0.

    ``good`` says that there ever was a success, ``used`` the turn of the last use.
    """

    def __init__(self) -> None:
        self.addresses: list[list] = []
        self.protocols: tuple[str, ...] = ()
        self.public_key: PublicKey | None = None
        self.seq = -1
        self.envelope: bytes | None = None
        self.connected = False
        self.good = False
        self.used = 0

    def worth(self) -> "tuple[bool, bool, int]":
        return self.connected, self.good, self.used


def _address_worth(row: list) -> tuple:
    return row[_GOOD], row[_UNTIL], row[_ADDRESS].to_bytes()


class PeerStore:
    """Peers by id; ``now`` is monotonic milliseconds everywhere."""

    def __init__(self, peers_max: int = PEERS_MAX, addresses_max: int = ADDRESSES_MAX) -> None:
        self.entries: dict[PeerId, Entry] = {}
        self.peers_max = peers_max
        self._addresses_max = addresses_max
        self._turn = 0

    def add_addresses(
        self, peer_id: PeerId, addresses: "list[Multiaddr]", ttl_ms: int, now: int
    ) -> None:
        """Know ``addresses`` for at least ``ttl_ms``."""
        for address in addresses:
            self._add(peer_id, address, now + ttl_ms)

    def mark_good(self, peer_id: PeerId, address: Multiaddr, now: int) -> None:
        """``address`` has led to the peer."""
        row = self._add(peer_id, address, now)  # takes a turn
        row[_GOOD] = self._turn
        self.entries[peer_id].good = True

    def addresses(self, peer_id: PeerId, now: int) -> "list[Multiaddr]":
        """Where to look for the peer, the best first."""
        entry = self.entries.get(peer_id)
        if not entry:
            return []
        if not entry.connected:
            entry.addresses = [row for row in entry.addresses if row[_UNTIL] > now or row[_GOOD]]
        entry.addresses.sort(key=_address_worth, reverse=True)
        return [row[_ADDRESS] for row in entry.addresses]

    def peers(self) -> "list[PeerId]":
        """The ids of all, the last used first."""
        return sorted(self.entries, key=lambda peer_id: -self.entries[peer_id].used)

    def set_connected(self, peer_id: PeerId, connected: bool, now: int) -> None:
        """The first connection to the peer was made, or the last one closed."""
        entry = self.touch(peer_id)
        entry.connected = connected
        for row in entry.addresses:
            row[_UNTIL] = max(row[_UNTIL], now + RECENT_TTL_MS)

    def add_record(self, record: "PeerRecord", envelope: bytes, now: int) -> bool:
        """Take over a peer record and keep its envelope; False if another of its seq or later
        is known."""
        entry = self.touch(record.peer_id)
        if record.seq <= entry.seq and envelope != entry.envelope:
            return False
        entry.seq = record.seq
        entry.envelope = envelope
        self.add_addresses(record.peer_id, record.addresses, KNOWN_TTL_MS, now)
        return True

    def envelope(self, peer_id: PeerId) -> "bytes | None":
        """The latest peer record as the peer signed it."""
        entry = self.entries.get(peer_id)
        return entry.envelope if entry else None

    def set_protocols(self, peer_id: PeerId, protocols: "list[str]") -> None:
        self.touch(peer_id).protocols = tuple(protocols[:PROTOCOLS_MAX])

    def protocols(self, peer_id: PeerId) -> "tuple[str, ...]":
        entry = self.entries.get(peer_id)
        return entry.protocols if entry else ()

    def set_public_key(self, peer_id: PeerId, key: PublicKey) -> None:
        """``key`` is known to be the peer's; one that the id holds anyway is not kept twice."""
        if not peer_id.public_key():
            self.touch(peer_id).public_key = key

    def public_key(self, peer_id: PeerId) -> "PublicKey | None":
        entry = self.entries.get(peer_id)
        return entry.public_key if entry and entry.public_key else peer_id.public_key()

    def remove(self, peer_id: PeerId) -> None:
        self.entries.pop(peer_id, None)

    def touch(self, peer_id: PeerId) -> Entry:
        """The entry of a peer, now the last one used; the least worth makes room for a new one."""
        entry = self.entries.get(peer_id)
        if not entry:
            if len(self.entries) >= self.peers_max:
                self.remove(min(self.entries.items(), key=lambda item: item[1].worth())[0])
            entry = self.entries[peer_id] = Entry()
        self._turn += 1
        entry.used = self._turn
        return entry

    def _add(self, peer_id: PeerId, address: Multiaddr, until: int) -> list:
        """The row of an address, there until ``until`` at least; the least worth makes room."""
        rows = self.touch(peer_id).addresses
        for row in rows:
            if row[_ADDRESS] == address:
                row[_UNTIL] = max(row[_UNTIL], until)
                return row
        if len(rows) >= self._addresses_max:
            rows.remove(min(rows, key=_address_worth))
        rows.append([address, until, 0])
        return rows[-1]
