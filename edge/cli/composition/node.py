"""A node out of its parts: transports, what finds peers on the LAN, and the routings."""

from edge.cli.composition import plug_ins
from edge.cli.composition.records import add_records
from edge.config import NodeConfig
from edge.node import Home, Node
from edge.routing import ENTRY_POINTS, NAMES, open_routing
from edge.system.log import Log
from transports import MODULES, open_transport
from transports.multicast.interfaces import open_interfaces

_log = Log("edge")


def open_node(key, config: NodeConfig, home: Home, trace: str | None = None) -> Node:
    """A node that is ready to start."""
    names = ["tcp"]
    for address in config.listen + config.peers + config.bootstrap + config.serial:
        names += [name for name, _ in address.components if name in MODULES and name not in names]
    transports = [open_transport(name) for name in names]
    if trace:
        transports = _traced(transports, trace)
    node = Node(key, config, transports, home, _discovery(key, config))
    node.swarm.lookup_txt = _lookup_txt
    add_records(node, home)
    for name in config.routing:
        routing = _open_routing(name, node)
        if routing is None:
            _log.info("no routing by {} here", name)
        else:
            node.add_routing(routing)
    return node


def _open_routing(name: str, node: Node):
    """The routing of that name, built in or of another distribution; None if it cannot be here."""
    if name not in NAMES:
        point = plug_ins.find("routing", ENTRY_POINTS, name, [*NAMES])
        return plug_ins.load("routing", point, node)
    try:
        return open_routing(name, node)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("edge.routing."):
            raise
        return None  # left out of this installation


async def _lookup_txt(name: str) -> list[bytes]:
    """What DNS says; loaded when the first /dnsaddr is met."""
    from edge.swarm.dialing.name_lookup import NameLookup
    from transports.nameserver import Nameservers

    return await NameLookup(Nameservers()).txt(name)


def _traced(transports: list, path: str) -> list:
    """The same transports, each byte they carry written to a file that Wireshark opens."""
    from transports import traced

    trace = traced.Trace(path)
    return [traced.Transport(transport, trace) for transport in transports]


def _discovery(key, config: NodeConfig):
    """What finds peers on the LAN; None where it is turned off."""
    if not config.mdns:
        return None
    from edge.identity.peer_id import PeerId
    from edge.mdns import open_discovery

    peer_id = PeerId.from_public_key(key.public).to_bytes()
    if not config.mdns_agent:
        try:
            return open_discovery("zeroconf", peer_id, open_interfaces())
        except ImportError:
            pass  # a system without it has the agent
    from transports.multicast.datagrams import Multicast

    return open_discovery("agent", peer_id, Multicast(open_interfaces()))
