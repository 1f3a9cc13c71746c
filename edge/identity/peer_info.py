"""A peer and where it may be reached."""

from edge.errors import LocalError
from edge.identity.peer_id import PeerId
from edge.wire.multiaddr import Multiaddr


class PeerInfo:
    """A peer id with addresses, which do not repeat it."""

    def __init__(self, peer_id: PeerId, addresses: "list[Multiaddr]") -> None:
        self.peer_id = peer_id
        self.addresses = addresses

    @staticmethod
    def from_multiaddr(address: Multiaddr) -> "PeerInfo":
        """From an address that ends in /p2p; one that is nothing else gives no addresses."""
        peer_id = address.peer_id
        if not peer_id:
            raise LocalError(f"{address} does not end in /p2p")
        bare = address.decapsulate("p2p")
        return PeerInfo(PeerId(peer_id), [bare] if bare else [])
