"""Swarms with stores of records that are synchronised."""

from edge.records.stores import Quota
from edge.records.stores.memory import MemoryStore
from edge.records.sync.service import SyncService
from tests.contract.judges import OWN, FakeJudge, key_of, record
from tests.edge.swarm.node import Net

QUOTA = Quota(200, 60000, 100, 30000)


class Host:
    """A swarm with a store that is synchronised."""

    def __init__(self, swarm, own=OWN, quota=QUOTA, **options) -> None:
        self.swarm = swarm
        self.judge = FakeJudge()
        self.store = MemoryStore(self.judge, own, quota)
        self.sync = SyncService(swarm, self.store, self.judge, **options)
        self.sync.start()

    async def fill(self, paths, version: int = 1, owner=OWN) -> None:
        for path in paths:
            await self.store.put(key_of(path, owner), record(version, path))

    async def records(self) -> dict:
        found = {}
        for key in await self.store.keys():
            found[key] = await self.store.get(key)
        return found


class Hosts(Net):
    async def __aexit__(self, *exception) -> None:
        for host in self.hosts:
            await host.sync.stop()
        await Net.__aexit__(self, *exception)

    async def two(self, faults=None, **options):
        self.hosts = []
        for _ in range(2):
            swarm, _, _ = await self.host(faults=faults)
            self.hosts.append(Host(swarm, **options))
        return self.hosts
