"""A chip's composition root, the twin of edge/cli/open.py.

A file `config.json` beside it may name other addresses to listen on, and peers to dial:
{"listen": ["/ip4/0.0.0.0/tcp/4001"], "peers": ["/ip4/192.0.2.7/tcp/4001/p2p/12D3KooW..."]}
"""

import json

from edge.errors import EdgeError
from edge.identity import identity_file
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio, files
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

IDENTITY = "identity.key"
CONFIG = "config.json"
LISTEN = ("/ip4/0.0.0.0/tcp/4001",)
REDIAL_MS = 15000  # how often a peer that is wanted and missing is dialed


def open_swarm(key) -> Swarm:
    """A swarm that is ready to listen and dial."""
    swarm = Swarm(key, [open_transport("tcp")])
    Identify(swarm)
    Ping(swarm)
    return swarm


async def run() -> None:
    config = json.loads(files.read(CONFIG) or b"{}")
    swarm = open_swarm(identity_file.load_or_create(IDENTITY))
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


def start() -> None:
    """Run until the power goes."""
    aio.run(run())
