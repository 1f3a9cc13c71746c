"""Kademlia of the node under test: a whole Node with one routing, the record store over that, and
the commands for both.  Values go through the store."""

import asyncio
import time

from edge.config import NodeConfig
from edge.errors import LinkError
from edge.identity import peer_record
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.node import Home, Node
from edge.records.judge import Judge
from edge.records.observed import Time
from edge.records.stores.kad import KadStore
from edge.records.validators import ipns, open_validators
from edge.routing import open_routing
from edge.routing.kad import PROFILES
from transports import open_transport

CLOSEST_COUNT = 20
IDENTIFY_TIMEOUT_S = 10
IDENTIFY_POLL_S = 0.005


class SealingHome(Home):
    def seal(self, key, addresses):
        return peer_record.seal(key, time.time_ns(), addresses)


class KadHost:
    """What the host without a DHT is to the commands, and more."""

    def __init__(self, protocol: str, mode: str, listen: list[str], perf: bool) -> None:
        names = {profile.protocol: name for name, profile in PROFILES.items()}
        name = names[protocol]
        config = NodeConfig(
            {"listen": listen, "mdns": False, "routing": [name], "kad_mode": mode, "perf": perf}
        )
        self.node = Node(PrivateKey.generate(), config, [open_transport("tcp")], SealingHome())
        time = Time()
        self.node.validators = open_validators(time)
        self.kad = open_routing(name, self.node)
        self.node.add_routing(self.kad)
        judge = Judge(self.node.validators, time)
        self.store = KadStore(judge, [self.kad], self.node.peer_id.to_bytes())
        self.swarm = self.node.swarm
        self.ping = self.node.ping
        self.identify = PolledIdentify(self.node.identify)

    async def start(self) -> None:
        await self.node.start()
        await self.store.start()

    async def stop(self) -> None:
        await self.store.stop()
        await self.node.stop()

    async def execute(self, name: str, fields: dict) -> dict:
        return await getattr(self, name)(**fields)

    async def find_peer(self, peer_id):
        wanted = PeerId.parse(peer_id)
        info = await self.node.find_peer(wanted).first()
        if info is None:
            raise LinkError("the peer was not found")
        return {"addresses": [f"{address}/p2p/{wanted}" for address in info.addresses]}

    async def closest(self, key):
        found = await self.node.get_closest_peers(bytes.fromhex(key), CLOSEST_COUNT).all()
        return {"peers": [str(info.peer_id) for info in found]}

    async def provide(self, key):
        if not await self.node.provide(bytes.fromhex(key)):
            raise LinkError("there was nobody to tell")
        return {}

    async def find_providers(self, key, count=1):
        found = await self.node.find_providers(bytes.fromhex(key), count).all()
        return {"peers": [str(info.peer_id) for info in found]}

    async def put_value(self, key, value):
        await self.store.put(bytes.fromhex(key), bytes.fromhex(value))
        return {}

    async def get_value(self, key):
        value = await self.store.get(bytes.fromhex(key))
        if value is None:
            raise LinkError("the value was not found")
        return {"value": value.hex()}

    async def get_values(self, key):
        return {"values": [value.hex() for value in await self.store.get_all(bytes.fromhex(key))]}

    async def store_status(self):
        return self.store.status()

    async def table(self):
        """Those it names to others: who did not answer last is not among them."""
        rows = self.kad.status()["peers"]
        return {"peers": [row["peer_id"] for row in rows if not row["failures"]]}

    async def ipns_record(self, value, lifetime_s, sequence=0):
        end_ns = time.time_ns() + int(lifetime_s * 1e9)
        record = ipns.create(self.swarm.key, value.encode(), sequence, end_ns)
        return {"key": ipns.key_of(self.swarm.peer_id).hex(), "record": record.hex()}


class PolledIdentify:
    """Waits for what a connection's peer says of itself."""

    def __init__(self, identify) -> None:
        self.agent_version = identify.agent_version

    async def wait(self, connection):
        deadline = time.monotonic() + IDENTIFY_TIMEOUT_S
        while not connection.identified:
            if connection.closed or time.monotonic() > deadline:
                raise LinkError("identify failed")
            await asyncio.sleep(IDENTIFY_POLL_S)
        return connection.identified
