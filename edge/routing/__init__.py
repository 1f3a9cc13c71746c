"""Peer routing: given a key, the peers that a message about it should be routed to.

    node --- JoinedRouting --- static         addresses one was told
                          \\-- mdns           whoever on this link answers, without the internet
                          \\-- kad-edge ..    Kademlia: found at scale, in step with go, rust, js
                          \\-- a plug-in

One door for all, whether they ask one another recursively, ask iteratively, or ask everyone at
once: ``PeerRouting``.  A further one is a file with ``open_routing(name, node)`` and a line in
``_MODULES``, or in another distribution an entry point of the group ``libp2p_edge.routing``.

A key is 1 to 80 bytes, usually a multihash; how close a peer is to it is edge.routing.closeness.
What a peer said of others is never passed on unchecked: a peer that ``find_peer`` gives has
proven itself at one of its addresses, or is one that the user named.
"""

from collections import namedtuple

from edge.errors import LocalError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.identity.peer_id import PeerId
    from edge.routing.results import Results

KEY_BYTES_MAX = 80
ENTRY_POINTS = "libp2p_edge.routing"  # group of the plug-ins

# A peer has become known; ``source`` says how: "kad-lan", "bootstrap", "random walk" ..
Found = namedtuple("Found", ("peer_id", "addresses", "source"))

_MODULES = {
    "static": "edge.routing.static",
    "mdns": "edge.routing.mdns",
    "kad-edge": "edge.routing.kad.routing",
    "kad-lan": "edge.routing.kad.routing",
    "kad-wan": "edge.routing.kad.routing",
}
NAMES = tuple(_MODULES)  # built in


class PeerRouting:
    """The contract; inhabitants need not inherit it."""

    name = ""

    async def start(self) -> None:
        """Take part.  Returns at once: what needs the network goes on in tasks."""

    async def stop(self) -> None:
        """End every search and task."""

    def find_peer(self, peer_id: "PeerId") -> "Results":
        """Where that peer is."""
        raise NotImplementedError

    def get_closest_peers(self, key: bytes, count: int) -> "Results":
        """The peers closest to ``key``."""
        raise NotImplementedError

    def find_providers(self, key: bytes, count: int) -> "Results":
        """Peers that said they have ``key``."""
        raise NotImplementedError

    async def provide(self, key: bytes) -> int:
        """Say from now on that this node has ``key``; how many peers keep or will hear that."""
        return 0

    async def unprovide(self, key: bytes) -> None:
        """Say it no more; what others keep expires."""

    def status(self) -> dict:
        """How it is doing, as plain values."""
        return {}

    async def next_event(self) -> "Found":
        """The next peer that becomes known.  EOFError once stopped, or if there will be none."""
        raise NotImplementedError


def open_routing(name: str, node: "Any") -> "PeerRouting | None":
    """The routing ``name`` for ``node``, an edge.node.Node; its module is loaded now.

    None if it is impossible here; LocalError if there is none of that name.
    """
    module = _MODULES.get(name)
    if module is None:
        raise LocalError("there is no routing {}".format(printable(name)))
    return __import__(module, None, None, ("open_routing",)).open_routing(name, node)


def check_key(key: bytes) -> bytes:
    """``key``; LocalError if it cannot be one."""
    if not 0 < len(key) <= KEY_BYTES_MAX:
        raise LocalError("a key has 1 to {} bytes, not {}".format(KEY_BYTES_MAX, len(key)))
    return key
