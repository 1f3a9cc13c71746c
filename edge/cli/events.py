"""What happens to a node, as the events that `edge run` and `edge peers --follow` print."""

from edge import routing
from edge.errors import printable
from edge.identity.peer_info import PeerInfo
from edge.mdns import Found, Lost
from edge.node import Moved, Node
from edge.swarm.swarm import Connected, Disconnected

TEXT_MAX = 256  # characters of what a peer chose
SOURCES_MAX = 1024  # peers of whom it is remembered how they were found

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
    if isinstance(event, Found | routing.Found):
        found = {"event": "found", "peer_id": str(event.peer_id),
                 "addresses": show_all(event.addresses)}  # fmt: skip
        if isinstance(event, Found):
            return {**found, "source": "mdns", "interface": event.interface}
        return {**found, "source": printable(event.source)}
    if isinstance(event, Lost):
        return {"event": "lost", "peer_id": str(event.peer_id)}
    if isinstance(event, Moved):
        return {"event": "moved", "addresses": show_all(event.addresses)}
    if isinstance(event, Connected | Disconnected):
        return {"event": type(event).__name__.lower(), **describe_connection(event.connection)}
    return None


class Teller:
    """Describes what happens to one node, and with a connection how its peer was found."""

    def __init__(self, config) -> None:
        self._sources: dict[str, str] = {}  # by peer id, the oldest first
        for address in config.peers:
            self._sources[str(PeerInfo.from_multiaddr(address).peer_id)] = "static"

    def describe(self, event) -> dict | None:
        told = describe(event)
        if told and told["event"] == "found":
            self._sources.pop(told["peer_id"], None)
            self._sources[told["peer_id"]] = _source(told)
            if len(self._sources) > SOURCES_MAX:
                del self._sources[next(iter(self._sources))]
        elif told and told["event"] == "connected":
            inbound = told["direction"] == "inbound"
            source = self._sources.get(told["peer_id"], "inbound" if inbound else "")
            if source:
                told["found_by"] = source
        return told


def _source(found: dict) -> str:
    """How a peer was found, in words."""
    return ", ".join([found[name] for name in ("source", "interface") if found.get(name)])


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
        why = event.get("error") or event.get("found_by", "inbound")
        return f"{peer} {arrow} {event['address']}" + (f" ({why})" if why != "inbound" else "")
    where = event.get("addresses", [])
    more = f" and {len(where) - 1} more" if len(where) > 1 else ""
    how = f" ({_source(event)})" if event["event"] == "found" else ""
    return f"{peer} {where[0] + more if where else ''}".strip() + how


def full_addresses(node: Node) -> list[str]:
    """Where to reach the node, in the form one hands to other people."""
    tail = node.peer_id.to_bytes()
    return [str(address.with_peer_id(tail)) for address in node.addresses()]
