"""What happens to a node, as the events that `edge run` and `edge peers --follow` print."""

from edge.errors import printable
from edge.mdns import Found, Lost
from edge.node import Moved, Node
from edge.swarm.swarm import Connected, Disconnected

TEXT_MAX = 256  # characters of what a peer chose

STYLES = {
    "found": "cyan",
    "lost": "dim",
    "connected": "green",
    "disconnected": "yellow",
    "moved": "cyan",
}


def show(address) -> str:
    """An address as text that can do no harm: a peer may have chosen the name of a host."""
    return printable(address, TEXT_MAX)


def show_all(addresses) -> list[str]:
    return [show(address) for address in addresses]


def describe(event) -> dict | None:
    """``event`` as plain values; None for one that people need not see."""
    if isinstance(event, Found):
        where = show_all(event.addresses)
        return {"event": "found", "peer_id": str(event.peer_id), "addresses": where,
                "interface": event.interface}  # fmt: skip
    if isinstance(event, Lost):
        return {"event": "lost", "peer_id": str(event.peer_id)}
    if isinstance(event, Moved):
        return {"event": "moved", "addresses": show_all(event.addresses)}
    if isinstance(event, Connected | Disconnected):
        return {"event": type(event).__name__.lower(), **describe_connection(event.connection)}
    return None


def describe_connection(connection) -> dict:
    found = {
        "peer_id": str(connection.remote_peer),
        "direction": connection.direction,
        "address": show(connection.remote_address),
    }
    if connection.error:
        found["error"] = printable(connection.error, TEXT_MAX)
    return found


def sentence(event: dict) -> str:
    """The same for people, without the name of the event."""
    peer = event.get("peer_id", "")
    if "direction" in event:
        arrow = "to" if event["direction"] == "outbound" else "from"
        why = f" ({event['error']})" if "error" in event else ""
        return f"{peer} {arrow} {event['address']}{why}"
    where = event.get("addresses", [])
    more = f" and {len(where) - 1} more" if len(where) > 1 else ""
    return f"{peer} {where[0] + more if where else ''}".strip()


def full_addresses(node: Node) -> list[str]:
    """Where to reach the node, in the form one hands to other people."""
    tail = node.peer_id.to_bytes()
    return [str(address.with_peer_id(tail)) for address in node.addresses()]
