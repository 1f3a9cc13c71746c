"""Many small nodes in one process that make themselves known to one: swarm, identify, kad servers.

Started inside a host's namespace (`python3 -m tests.bench.crowd ADDRESS HOST COUNT STAY`): all dial
the node at ADDRESS, which asks them back; then all but STAY of them close their connections, and
they go on listening.  Says "known" once, and ends with its input.
"""

import asyncio
import sys

from edge.identity.keys import PrivateKey
from edge.identity.peer_store import PeerStore
from edge.routing.kad import EDGE, LAN
from edge.routing.kad.network import SwarmNetwork
from edge.routing.kad.routing import SERVER, KadRouting
from edge.swarm.protocols.identify import Identify
from edge.swarm.swarm import Swarm
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

FIRST_PORT = 20000
SETTLE_S = 10  # for the node to ask everybody back


async def one(address: Multiaddr, listen: Multiaddr) -> Swarm:
    swarm = Swarm(PrivateKey.generate(), [open_transport("tcp")], PeerStore())
    identify = Identify(swarm, swarm.listen_addresses)
    await swarm.listen(listen)
    for profile in (EDGE, LAN):
        await KadRouting(SwarmNetwork(swarm, identify, profile), profile, mode=SERVER).start()
    await swarm.dial(address)
    return swarm


async def serve(address: str, host: str, count: int, stay: int) -> None:
    swarms = []
    for number in range(count):
        listen = Multiaddr(f"/ip4/{host}/tcp/{FIRST_PORT + number}")
        swarms.append(await one(Multiaddr(address), listen))
    await asyncio.sleep(SETTLE_S)
    for swarm in swarms[stay:]:
        for connection in swarm.connections():
            await connection.close()
    print("known", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
