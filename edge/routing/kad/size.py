"""How many peers a network has, and how many of them are to keep a record; pure."""

from edge.routing.kad.table import RoutingTable


def estimate(table: RoutingTable) -> int:
    """Servers in the network, we included if we are one or not: about.

    Exact while no bucket has ever been full, for then all are known; else by how dense those
    nearest to us lie.
    """
    raise NotImplementedError


def replication(peers: int) -> int:
    """How many of ``peers`` are to keep a record."""
    raise NotImplementedError
