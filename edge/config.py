"""NodeConfig: every knob of a node, its unit and its bounds, from a plain dict.

On Linux the dict comes from a TOML file and the command line, on a chip from the board's JSON.
A name nobody knows is an error that names the nearest one: a knob mistyped is not a knob turned.
"""

from edge.errors import LocalError, printable
from edge.swarm.limits import Limits
from edge.system import MICROPYTHON
from edge.wire.multiaddr import Multiaddr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The name, the default (its type is the knob's), the least and the most it may be.  A tuple holds
# multiaddrs and a list names, both with the least and the most there may be; a text is one of
# several, which come in place of the least.
KNOBS: "tuple[tuple[str, Any, Any, Any], ...]" = (
    ("listen", ("/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001"), 0, 16),  # none: dial only
    ("peers", (), 0, 64),  # stay connected to these; each ends in /p2p/<peer id>
    ("serial", (), 0, 16),  # ports: stay connected to who is at the other end; /p2p: to that peer
    ("mdns", True, 0, 1),  # announce ourselves on the LAN and find others there
    ("mdns_agent", True, 0, 1),  # by our own agent; python-zeroconf if not, without mdns routing
    ("routing", ["static", "mdns", "kad-edge", "kad-lan"], 0, 16),  # who is asked, near ones first
    ("bootstrap", (), 0, 64),  # whom kad asks first; with or without /p2p, dnsaddr too
    ("kad_mode", "auto", ("auto", "client", "server"), None),  # server: answers others
    ("records", ["flash", "mdns", "kad"], 0, 8),  # stores of records, near ones first
    ("records_bytes_max", 16 << 20, 16384, 1 << 40),  # of records here, what is dead not counted
    ("records_commit_ms", 0, 0, 60000),  # how late a record may be on the medium; 0: before "done"
    ("records_follow", [], 0, 16),  # what names begin with of records that are kept here, too
    ("s3", {}, 0, 16),  # the bucket of the store s3; see edge.records.stores.s3
    ("perf", False, 0, 1),  # serve /perf/1.0.0: anyone may then use up this node's bandwidth
    ("connections_auto_max", 2 if MICROPYTHON else 16, 0, 1024),  # to peers that discovery finds
    ("reconnect_interval_s", 15, 1, 86400),  # how often peers we want and lost are tried again
    ("save_interval_s", 300, 10, 86400),  # how often a changed peer store is written
    ("stop_timeout_ms", 3000, 100, 60000),  # for all goodbyes together
    # what edge.swarm.limits describes; a NodeConfig is a Limits
    ("connections_max", Limits.connections_max, 1, 65536),
    ("inbound_max", Limits.inbound_max, 0, 65536),
    ("connections_per_peer_max", Limits.connections_per_peer_max, 1, 1024),
    ("upgrades_max", Limits.upgrades_max, 1, 4096),
    ("streams_per_connection_max", Limits.streams_per_connection_max, 1, 65536),
    ("dials_max", Limits.dials_max, 1, 4096),
    ("dial_timeout_ms", Limits.dial_timeout_ms, 100, 600000),
    ("address_timeout_ms", Limits.address_timeout_ms, 100, 600000),
    ("stalled_ms", Limits.stalled_ms, 10, 60000),
)


class NodeConfig:
    """One attribute a knob; made whole or not at all (LocalError)."""

    listen: list[Multiaddr]
    peers: list[Multiaddr]
    serial: list[Multiaddr]
    mdns: bool
    mdns_agent: bool
    routing: list[str]
    bootstrap: list[Multiaddr]
    kad_mode: str
    records: list[str]
    records_bytes_max: int
    records_commit_ms: int
    records_follow: list[str]
    s3: dict
    perf: bool
    connections_auto_max: int
    reconnect_interval_s: int
    save_interval_s: int
    stop_timeout_ms: int

    def __init__(self, values: dict | None = None) -> None:
        rest = dict(values or {})
        for name, default, least, most in KNOBS:
            value = rest.pop(name, default)
            if isinstance(default, tuple):
                value = _addresses(name, value, most)
            elif isinstance(default, list):
                value = _names(name, value, most)
            elif isinstance(default, dict):
                value = _table(name, value, most)
            elif type(value) is not type(default) or not _is_within(value, least, most):
                raise LocalError("{} must be {}".format(name, _wanted(default, least, most)))
            setattr(self, name, value)
        for name in rest:
            near = nearest(name, [knob[0] for knob in KNOBS])
            raise LocalError("no setting {}; did you mean {}?".format(printable(name), near))


def _is_within(value: "Any", least: "Any", most: int) -> bool:
    return value in least if isinstance(least, tuple) else least <= value <= most


def _wanted(default: object, least: "Any", most: int) -> str:
    if isinstance(least, tuple):
        return "one of " + ", ".join(least)
    if default is True or default is False:
        return "true or false"
    return "a whole number from {} to {}".format(least, most)


def _names(name: str, value: object, most: int) -> list[str]:
    """A list of different names; what they may be is known to who uses them."""
    names = [text for text in value if isinstance(text, str)] if isinstance(value, list) else None
    if names is None or names != value or len(set(names)) < len(names) or len(names) > most:
        raise LocalError("{} must be a list of at most {} different names".format(name, most))
    return names


def _table(name: str, value: object, most: int) -> dict:
    """Settings of a part that few nodes have; that part knows them."""
    if not isinstance(value, dict) or len(value) > most:
        raise LocalError("{} must be a table of at most {} settings".format(name, most))
    return dict(value)


def _addresses(name: str, value: object, most: int) -> list[Multiaddr]:
    if not isinstance(value, (list, tuple)) or len(value) > most:
        raise LocalError("{} must be a list of at most {} multiaddrs".format(name, most))
    addresses = [Multiaddr(str(text)) for text in value]
    if name == "peers" and None in [address.peer_id for address in addresses]:
        raise LocalError("each of peers must end in /p2p/<peer id>")
    if name == "serial" and None in [address.raw("serial") for address in addresses]:
        raise LocalError("each of serial must be a port: /serial/<port>")
    return addresses


def nearest(name: str, known: list[str]) -> str:
    """The one of ``known`` most of whose pairs of letters are in ``name``, too."""
    name = name.lower()
    best, score = "", -1
    for candidate in known:
        shared = 0
        for i in range(len(candidate) - 1):
            shared += 99 * (candidate[i : i + 2] in name)
        shared //= len(candidate)
        if shared > score:
            best, score = candidate, shared
    return best
