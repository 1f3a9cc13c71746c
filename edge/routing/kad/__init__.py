"""Kademlia: peers keep contacts near and far, and a search halves the distance with every answer.

    routing ---- lookup ---- query (pure)      which contact to ask next, when to stop
       |            \\------ network           carries a request to one contact
       |---- server --------/
       |---- upkeep ---- table (pure)          contacts by how many bits they share with us
       \\---- providers, values (pure)         what we keep for others
                 message, key, size (pure)     bytes; where ids lie; how many peers there are

A contact stays bytes until it is dialled or shown.  A profile says how one network does it: our
own (``EDGE``), where chips and links without IP are at home, and the two that go-, rust- and
js-libp2p speak, on one LAN (``LAN``) and in the world (``WAN``).  Spec: libp2p kad-dht.
"""

from collections import namedtuple

from edge.routing import reach
from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.identity.peer_id import PeerId

# A peer of the network: bytes of its id, tuple of the bytes of its addresses.  The first address
# is, once the peer has proven itself, the one that it was reached at.
Contact = namedtuple("Contact", ("id", "addresses"))

Profile = namedtuple(
    "Profile",
    (
        "name",  # of the routing
        "protocol",
        "k",  # contacts of a bucket, and of an answer
        "replication",  # peers that are to keep a record; None: as many as size.replication says
        "alpha",  # requests of one search in flight
        "beta",  # closest contacts that must have answered before a path of a search ends
        "paths",  # of a search, disjoint
        "admits",  # admits(address bytes) -> bool: may be kept, dialled and passed on here
        "group",  # group(address bytes) -> bytes: equal if one owner is likely; b"": not counted
        "group_table_max",  # contacts of one group in the table
        "group_bucket_max",  # and in one bucket
        "namespaces",  # of value records; None: those there is a validator for
        "send_bytes_max",  # of a message; rust-libp2p reads no longer one
        "receive_bytes_max",  # go-libp2p writes up to 4 MiB, and nothing of use to us beyond this
    ),
)

_K = 4 if MICROPYTHON else 20
# Simulated with 3,000 nodes, 40 % of them naming only each other: one path finds 90 % of peers with
# 7 requests a search, two 99 % with 10, three all with 14. Two in flight on each: one that is slow
# or dead stops no path.
_ALPHA = 3 if MICROPYTHON else 6
_PATHS = 1 if MICROPYTHON else 3
_SEND_BYTES_MAX = 4096 if MICROPYTHON else 16384
_RECEIVE_BYTES_MAX = 16384 if MICROPYTHON else 1048576
_HOST_MAX = 8 if MICROPYTHON else 64  # contacts of one host, where hosts are not strangers
_HOST_BUCKET_MAX = 4 if MICROPYTHON else 10

EDGE = Profile(
    "kad-edge", "/edge/kad/1.0.0", _K, None, _ALPHA, 3, _PATHS,
    reach.admits_any, reach.host, _HOST_MAX, _HOST_BUCKET_MAX,
    None, _SEND_BYTES_MAX, _RECEIVE_BYTES_MAX,
)  # fmt: skip
LAN = Profile(
    "kad-lan", "/ipfs/lan/kad/1.0.0", _K, None, _ALPHA, 3, _PATHS,
    reach.admits_local, reach.host, _HOST_MAX, _HOST_BUCKET_MAX,
    ("pk", "ipns"), _SEND_BYTES_MAX, _RECEIVE_BYTES_MAX,
)  # fmt: skip
WAN = Profile(
    "kad-wan", "/ipfs/kad/1.0.0", _K, 20, _ALPHA, 3, _PATHS,
    reach.admits_public, reach.network, 3, 2,
    ("pk", "ipns"), _SEND_BYTES_MAX, _RECEIVE_BYTES_MAX,
)  # fmt: skip
PROFILES = {"kad-edge": EDGE, "kad-lan": LAN, "kad-wan": WAN}


class Network:
    """What carries the requests of one node; a contract that inhabitants need not inherit.

    ``network.py`` does it over the swarm, a simulation in memory.
    """

    peer_id: "PeerId"

    def addresses(self) -> "list[bytes]":
        """Ours."""
        raise NotImplementedError

    async def request(
        self, contact: Contact, protocol: str, data: bytes, answer: bool = True
    ) -> "bytes | None":
        """Ask ``contact``, whose id is verified, and wait for its answer unless ``answer`` is
        false, as it is for ADD_PROVIDER.  EdgeError on any failure; bounded in time."""
        raise NotImplementedError

    def serve(self, protocol: str, handler: "Callable | None") -> None:
        """Answer requests with ``handler(source: Contact, data) -> bytes | None``, a plain
        function whose RemoteError resets the stream; None: answer no more."""
        raise NotImplementedError

    def keep(self, contact: Contact, source: str) -> None:
        """``contact`` has proven good: its addresses are worth remembering."""

    async def next_candidate(self) -> "tuple[Contact, set]":
        """The next peer that has connected and said which protocols it speaks; None in their
        place for one whose connection broke off without a goodbye."""
        raise NotImplementedError

    def known(self, id: bytes) -> "Contact | None":
        """The peer of this id, a client too, if it has proven itself: connected now, or reached
        before; the address that led to it comes first."""
        return None

    def is_connected(self, id: bytes) -> bool:
        return False

    @property
    def is_reachable(self) -> bool:
        """Whether strangers can dial us, as far as is known."""
        return False
