"""The mDNS store fetches what is long over real streams, and lets go of who it fetched it from."""

from edge.errors import EdgeError, LinkError
from edge.mdns import Found
from edge.records.stores import mdns
from edge.records.stores.mdns import MdnsStore
from edge.records.stores.memory import MemoryStore
from edge.swarm.protocols.fetch import Fetch
from edge.system import MICROPYTHON, aio
from tests import kit
from tests.contract.judges import OWN, FakeJudge, key_of, record
from tests.edge.swarm.node import Net, until

KEY = key_of("a")


class Discovery:
    """A link with nobody else; what is offered is remembered."""

    offered = 0

    def __init__(self) -> None:
        self.keys: list = []

    def values(self, load) -> "Discovery":
        return self

    def offer(self, key: bytes) -> bool:
        self.keys.append(key)
        return True

    def has(self, key: bytes) -> bool:
        return key in self.keys

    def withdraw_all(self) -> None:
        self.keys = []


SIZE = 400 if MICROPYTHON else 1500  # two whole swarms leave a chip no long piece of its heap


async def store_of(swarm) -> MdnsStore:
    swarm.wants = lambda peer_id: False
    judge = FakeJudge()
    store = MdnsStore(judge, Discovery(), Fetch(swarm), MemoryStore(judge, OWN))
    await store.start()
    return store


async def test_a_long_one_is_fetched():
    kept, mdns.UNUSED_MS = mdns.UNUSED_MS, 50
    try:
        async with Net() as net:
            holder, asker = await net.swarm(), await net.swarm(listen=False)
            here, there = await store_of(asker), await store_of(holder)
            value = record(1) + b"x" * SIZE
            await there.put(KEY, value)
            found = Found(holder.peer_id.to_bytes(), holder.listen_addresses(), "eth0")
            assert await here.fetch(found, KEY) == value
            assert await here.fetch(found, key_of("b")) is None
            assert len(asker.connections()) == 1
            await until(lambda: not asker.connections())  # nobody else had a use for it
            connection = await asker.dial(holder.listen_addresses()[0].with_peer_id(
                holder.peer_id.to_bytes()))  # fmt: skip
            assert await here.fetch(found, KEY) == value
            await aio.sleep_ms(100)
            assert not connection.closed  # somebody else's
            await there.stop()
            await kit.raises_async(EdgeError, here.fetch(found, KEY))
            await here.stop()
            gone = Found(found.peer_id, [], "eth0")
            await connection.close()
            await kit.raises_async(LinkError, here.fetch(gone, KEY))
    finally:
        mdns.UNUSED_MS = kept


if __name__ == "__main__":
    kit.run(globals())
