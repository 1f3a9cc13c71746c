"""What happens to a node, as the events that `edge run` and `edge peers --follow` print."""

from edge import routing
from edge.errors import printable
from edge.identity.peer_info import PeerInfo
from edge.mdns import Found, Lost
from edge.node import Moved, Node
from edge.swarm.swarm import Connected, Disconnected

TEXT_MAX = 256  # characters of what a peer chose
_MET = "connection"  # the source of a routing that was told nothing: the peer came by itself
CABLE = "/serial/"  # how the address of a peer at the other end of one begins
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
    """Describes what happens to one node, and with a connection how its peer was found.

    Several routings find the same peer: only the first one is news, or one with more addresses.
    """

    def __init__(self, config) -> None:
        # peer id -> (how it was found, the addresses told), the oldest first
        self._found: dict[str, tuple[str, set[str]]] = {}
        for address in config.peers:
            self._found[str(PeerInfo.from_multiaddr(address).peer_id)] = ("static", set())

    def describe(self, event) -> dict | None:
        told = describe(event)
        if told and told["event"] == "found" and not self._is_news(told):
            return None
        if told and told["event"] == "lost":
            self._found.pop(told["peer_id"], None)
        if told and told["event"] == "connected":
            if told["address"].startswith(CABLE):
                return {**told, "found_by": "cable"}
            inbound = told["direction"] == "inbound"
            source, _ = self._found.get(told["peer_id"], ("inbound" if inbound else "", set()))
            if source:
                told["found_by"] = source
        return told

    def _is_news(self, found: dict) -> bool:
        """Whether anybody learns from it; remembered if so."""
        known = self._found.pop(found["peer_id"], None)
        where = set(found["addresses"])
        is_told = known and known[1] and where <= known[1]
        if "interface" not in found and (is_told or found["source"] == _MET):
            if known:
                self._found[found["peer_id"]] = known
            return False
        self._found[found["peer_id"]] = (_source(found), where | (known[1] if known else set()))
        while len(self._found) > SOURCES_MAX:
            del self._found[next(iter(self._found))]
        return True


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
    """Where the node listens, in the form one hands to other people."""
    tail = node.peer_id.to_bytes()
    return [str(address.with_peer_id(tail)) for address in node.addresses()]
