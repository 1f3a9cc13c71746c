"""Peers by number, each at addresses by port."""

from edge.identity.peer_id import PeerId
from edge.wire.multiaddr import Multiaddr

HOUR = 3_600_000  # ms
YEAR = 365 * 24 * HOUR


def peer(number: int) -> PeerId:
    return PeerId(b"\x12\x20" + bytes(28) + number.to_bytes(4, "big"))


def at(number: int) -> Multiaddr:
    return Multiaddr(f"/ip4/192.0.2.1/tcp/{number}")


def known(store, number: int, now: int) -> "list[int]":
    """The ports at which a peer is known, the best first."""
    return [int(address.value("tcp")) for address in store.addresses(peer(number), now)]
