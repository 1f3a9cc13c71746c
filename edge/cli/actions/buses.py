"""What a bus can be asked: who is on it, who is its master, how each session over it does."""

from edge.cli.actions.request import peer_named
from edge.cli.events import TEXT_MAX, show
from edge.errors import printable
from edge.node import Node

ROLES = ("newcomer", "member", "master")


def rates(before, now, seconds: float) -> dict:
    """Bytes a second each way, from two looks at what was carried."""
    into, out = now.delivered - before.delivered, now.taken - before.taken
    return {
        "goodput_in": max(round(into / seconds), 0),
        "goodput_out": max(round(out / seconds), 0),
    }


def describe(node: Node, cable, line: dict) -> dict:
    """The bus that ``cable`` leads to; ``line`` are the numbers of the port."""
    told = cable.bus_status()
    found = {**line, "event": "bus", "role": None, "nodes": []}
    del found["peer_id"]
    if told:
        is_there = bool(told.address)
        peers = {one.remote_peer for one in connections(node, cable)}
        found.update({
            "role": ROLES[is_there + (is_there and told.is_master)],
            "bus_address": told.address or None,
            "master": told.master or None,
            "nodes": [_describe_node(told, peers, *one) for one in told.nodes],
            "cycle_ms": told.cycle_ms,
            "babblers": told.babblers,
            "turns": told.counters.turns,
            "missed": told.counters.missed,
            "dropped": told.counters.dropped,
            "reigns": told.counters.reigns,
            "is_kernel_driven": told.is_kernel_driven,
        })  # fmt: skip
    return found


def _describe_node(told, peers: set, address: int, name: bytes) -> dict:
    peer_id = peer_named(name)
    return {
        "bus_address": address,
        "peer_id": str(peer_id) if peer_id else None,
        "name": str(peer_id) if peer_id else printable(name.hex(), TEXT_MAX),
        "is_here": address == told.address,
        "is_master": address == told.master,
        "is_connected": peer_id in peers,
    }


def connections(node: Node, cable) -> list:
    return [one for one in node.swarm.connections() if one.remote_address == cable.address]


def links(node: Node, cable, before: dict, seconds: float) -> list[tuple]:
    """``(connection, how it does)`` of each peer over the bus, in the order of addresses there.

    Who is gone from the bus keeps its connection for a while: it may come back.

    ``before``: the sessions some ``seconds`` ago, by name.
    """
    told = cable.bus_status()
    where = {name: address for address, name in told.nodes} if told else {}
    now = sessions(cable)
    found = []
    for connection in connections(node, cable):
        name = connection.remote_peer.to_bytes()
        row = {
            "event": "link",
            "medium": "bus",
            "address": show(cable.address),
            "bus_address": where.get(name),
            "is_master": bool(told and told.master and where.get(name) == told.master),
            "state": "open" if name in where else "gone",
            "rtt_ms": None,
        }
        if name in now:  # else it is another by its own account than by its key
            status = now[name]
            row.update(rtt_ms=round(status.round_trip_ms, 1), frame_bytes=status.frame_bytes,
                       resent=status.resent, delivered=status.delivered, taken=status.taken,
                       **rates(before.get(name, status), status, seconds))  # fmt: skip
        found.append((connection, row))
    return sorted(found, key=lambda one: one[1]["bus_address"] or 0)


def sessions(cable) -> dict:
    """The open sessions of a bus, by the names of the nodes at their other ends."""
    return {one.name: one for one in cable.sessions()} if cable.settings.bus else {}
