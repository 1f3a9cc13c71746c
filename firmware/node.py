"""A chip's composition root, the twin of edge/cli/composition/node.py.

It takes the knobs of edge/config.py and the interfaces it is on, announces itself there, finds
others and asks them for more, in a heap of 112 KB.  What it is for is the application's business:
`await application.run(node)`, a file that is built into the image, console.py if no other is.
"""

from edge.errors import EdgeError
from edge.identity.peer_id import PeerId
from edge.mdns import Found, open_discovery
from edge.node import Home, Node
from edge.routing import open_routing
from edge.swarm.limits import Limits
from edge.swarm.swarm import Connected
from edge.system import aio, forget
from edge.wire import ip
from transports import open_transport
from transports.multicast.datagrams import FixedInterfaces, Multicast

IDENTITY = "identity.key"
DEFAULTS = {"listen": ["/ip4/0.0.0.0/tcp/4001"], "routing": ["mdns", "kad-lan"]}


def open_node(settings: dict) -> Node:
    """A node that is ready to start."""
    values = dict(DEFAULTS)
    values.update(settings)
    home = Home()
    home.remembers = False
    interfaces = values.pop("interfaces", {})
    key = load_key()
    config = read_config(values)
    home.interfaces = FixedInterfaces([named(name, interfaces[name]) for name in interfaces])
    discovery = None
    if config.mdns:
        peer_id = PeerId.from_public_key(key.public).to_bytes()
        discovery = open_discovery("agent", peer_id, Multicast(home.interfaces))
    node = Node(key, config, [open_transport("tcp")], home, discovery)
    for name in config.routing:
        routing = open_routing(name, node)
        if routing:
            node.add_routing(routing)
    return node


def load_key():
    """The identity of this chip.  What reads it is forgotten again: it is 2 KB of heap."""
    from edge.identity import identity_file

    key = identity_file.load_or_create(IDENTITY)
    forget("edge.identity.identity_file", "edge.system.files", "edge.system.files_flash")
    return key


def read_config(values: dict) -> Limits:
    """The knobs as NodeConfig checks them; what does that is forgotten again, too."""
    from edge.config import NodeConfig

    config = Limits()
    checked = NodeConfig(values).__dict__
    for name in checked:
        setattr(config, name, checked[name])
    forget("edge.config")
    return config


def named(name: str, network: str) -> tuple:
    """An interface as edge.mdns describes it, of an address with its prefix: 192.168.1.7/24."""
    host, _, prefix = network.partition("/")
    return name, ((ip.parse4(host), int(prefix or 24)),)


async def run(read) -> None:
    node = open_node(read())
    await node.start()
    print("peer id  ", node.peer_id)
    for address in node.addresses():
        print("listening", address)
    import application

    async with aio.Group(report) as group:
        group.spawn(application.run(node))
        await watch(node)


def report(error: Exception) -> None:
    print("the application failed:", repr(error))


async def watch(node: Node) -> None:
    """Tell who is found and who connects."""
    events = node.watch()
    while True:
        event = await events.get()
        if isinstance(event, Found):
            print("found    ", event.peer_id)
        elif isinstance(event, Connected):
            print("connected", event.connection.remote_peer)


def start(read) -> None:
    """Run until the power goes; ``read()`` gives the settings, which are not kept."""
    try:
        aio.run(run(read))
    except EdgeError as error:
        print("the node cannot run:", error)
