"""How many peers a network has, and how many of them are to keep a record; pure."""

from edge.routing.kad import Contact
from edge.routing.kad.key import KEY_BITS, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.routing.kad.table import RoutingTable

REPLICATION_MAX = 20
SAMPLE_MAX = 20  # contacts whose density is measured
UNLIKELY = 3  # times as many as there seem to be: more than chance makes of their distances


def estimate(table: "RoutingTable") -> int:
    """Servers in the network, we among them: about.

    Exact while no bucket has ever been full, for then all are known. Later the buckets from some
    number of bits on have not, and all who share so many with us are known, which of n peers one
    in 2 ** bits does. A node that has only just come knows few but its neighbours, whom its first
    search finds: they then lie far closer together than so few would.
    """
    bits, count = table.known_in_full()
    likely = max((count + 1) << bits, len(table) + 1)
    nearest = table.closest(table.own_key, min(SAMPLE_MAX, table.profile.k))
    dense = density(table.own_key, nearest)
    return dense if dense > UNLIKELY * likely else likely


def density(key: int, nearest: "list[Contact]") -> int:
    """Peers in a network where ``nearest`` are the nearest to ``key``, who is one, too.

    Of n - 1 peers anywhere the m-th nearest lies, as a share of all distances, at m / n on
    average; the unbiased estimate the other way round has m - 1 for m.
    """
    count = len(nearest)
    if count < 2:
        return count + 1
    farthest = key ^ key_of(nearest[-1].id)
    return ((count - 1) << KEY_BITS) // (farthest + 1) + 1


def replication(peers: int) -> int:
    """How many of ``peers`` are to keep a record.

        peers     1  2  3  4  5  6  8  10  20  50  100  1,000  10,000  100,000  1,000,000
        copies    1  2  2  3  3  4  5   5   6   7    8     11      15       18         20

    Two more than log2: were half of all peers to vanish at once, less than one record would be
    lost of as many as there were peers. In a small network barely the majority, so that nothing is
    kept by all, and yet any two such sets of peers have one in common.
    """
    copies = 2
    while peers >> (copies - 1) and copies < REPLICATION_MAX:
        copies += 1
    return max(1, min(copies, peers // 2 + 1))
