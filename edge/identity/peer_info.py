"""A peer and where it may be reached."""

from edge.errors import LocalError, RemoteError
from edge.identity.peer_id import PeerId
from edge.wire.multiaddr import Multiaddr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class PeerInfo:
    """A peer id with addresses, which do not repeat it."""

    def __init__(self, peer_id: PeerId, addresses: "list[Multiaddr]") -> None:
        self.peer_id = peer_id
        self.addresses = addresses

    @staticmethod
    def from_peer_bytes(peer_id: bytes, addresses: "Iterable[bytes]") -> "PeerInfo":
        """What a peer told of another; addresses that nobody here can read are left out."""
        known = []
        for address in addresses:
            try:
                known.append(Multiaddr.from_bytes(address))
            except RemoteError:
                pass
        return PeerInfo(PeerId(peer_id), known)

    @staticmethod
    def from_multiaddr(address: Multiaddr) -> "PeerInfo":
        """From an address that ends in /p2p; one that is nothing else gives no addresses."""
        peer_id = address.peer_id
        if not peer_id:
            raise LocalError(f"{address} does not end in /p2p")
        bare = address.decapsulate("p2p")
        return PeerInfo(PeerId(peer_id), [bare] if bare else [])
