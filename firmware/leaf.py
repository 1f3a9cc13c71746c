"""A leaf: a swarm with identify and ping and nothing else, for a heap of 64 KB.

It listens, and stays connected to the peers it is told.  With more heap, see node.py.
"""

from edge.errors import EdgeError
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio, forget
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

IDENTITY = "identity.key"
LISTEN = ("/ip4/0.0.0.0/tcp/4001",)
REDIAL_MS = 15000  # how often a peer that is wanted and missing is dialed


def load_key():
    """The identity of this chip.  What reads it is forgotten again: it is 2 KB of heap."""
    from edge.identity import identity_file

    key = identity_file.load_or_create(IDENTITY)
    forget("edge.identity.identity_file", "edge.system.files", "edge.system.files_flash")
    return key


def open_swarm(key) -> Swarm:
    """A swarm that is ready to listen and dial."""
    swarm = Swarm(key, [open_transport("tcp")])
    Identify(swarm)
    Ping(swarm)
    return swarm


async def run(read) -> None:
    config = read()
    swarm = open_swarm(load_key())
    print("peer id  ", swarm.peer_id)
    for address in config.get("listen", LISTEN):
        listener = await swarm.listen(Multiaddr(address))
        print("listening", listener.addresses()[0])
    while True:
        for address in config.get("peers", ()):
            await stay_connected(swarm, Multiaddr(address))
        await aio.sleep_ms(REDIAL_MS)


async def stay_connected(swarm: Swarm, address: Multiaddr) -> None:
    try:
        await swarm.dial(address)
    except EdgeError as error:
        print("no answer", address, error)


def start(read) -> None:
    """Run until the power goes; ``read()`` gives the settings."""
    aio.run(run(read))
