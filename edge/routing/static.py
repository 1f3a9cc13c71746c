"""Static routing: knows the peers one was told, the whole of what a small fixed network needs."""

from edge.identity.peer_info import PeerInfo
from edge.routing.results import Results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.identity.peer_id import PeerId
    from edge.wire.multiaddr import Multiaddr


class StaticRouting:
    """Serves ``addresses``, Multiaddrs that end in /p2p."""

    name = "static"

    def __init__(self, addresses: "list[Multiaddr]") -> None:
        self._peers: dict = {}  # PeerId -> PeerInfo
        for address in addresses:
            info = PeerInfo.from_multiaddr(address)
            told = self._peers.setdefault(info.peer_id, PeerInfo(info.peer_id, []))
            told.addresses += [where for where in info.addresses if where not in told.addresses]

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def find_peer(self, peer_id: "PeerId") -> Results:
        info = self._peers.get(peer_id)
        return _told(peer_id.to_bytes(), 1, [info] if info else [])

    def get_closest_peers(self, key: bytes, count: int) -> Results:
        infos = _told(key, len(self._peers), self._peers.values()).ordered()
        return _told(key, count, infos[:count])

    def find_providers(self, key: bytes, count: int) -> Results:
        """Nobody: it is told where peers are, not what they have."""
        return _told(key, count, [])

    async def provide(self, key: bytes) -> int:
        return 0

    async def unprovide(self, key: bytes) -> None:
        pass

    def status(self) -> dict:
        return {"peers": len(self._peers)}

    async def next_event(self):
        """There is none: they are known from the start."""
        raise EOFError


def _told(key: bytes, count: int, infos) -> Results:
    results = Results(key, count)
    for info in infos:
        results.add(info)
    results.finish()
    return results


def open_routing(name: str, node) -> StaticRouting:
    """The peers and bootstrap peers of the configuration that say who they are."""
    config = node.config
    return StaticRouting(
        [address for address in config.peers + config.bootstrap if address.peer_id]
    )
