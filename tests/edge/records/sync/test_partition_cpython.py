"""Halves of a partition that write, and meet again; links that are cut in the middle of that.

Two whole nodes and their records do not fit a chip's heap beside each other.
"""

from random import Random

from edge.errors import EdgeError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import names, observed, record
from edge.records.judge import Judge
from edge.records.stores.memory import MemoryStore
from edge.records.sync.service import SyncService
from edge.records.validators import open_validators
from tests.contract.judges import key_of
from tests.edge.records.sync.hosts import Hosts
from tests.edge.swarm.node import Net, address_of, until
from transports.faulty import Faults


async def test_two_halves_of_a_partition_converge() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        for turn in range(3):
            await one.fill([str(n) for n in range(0, 60, 2)], 3 * turn)
            await other.fill([str(n) for n in range(0, 60, 3)], 3 * turn + turn % 2)
            await one.sync.meet(address_of(other.swarm))
            assert await one.records() == await other.records()
            await one.swarm.close_peer(other.swarm.peer_id)
            await until(lambda: not other.swarm.connections())
            await one.store.remove(key_of("3"))
        assert len(await other.records()) == 40


class Member:
    """A node of several; its store has signed records and judges as a node does."""

    def __init__(self, swarm, own: PrivateKey) -> None:
        time = observed.Time()
        judge = Judge(open_validators(time), time)
        self.swarm = swarm
        self.own = own
        self.store = MemoryStore(judge, PeerId.from_public_key(own.public).to_bytes())
        self.sync = SyncService(swarm, self.store, judge)
        self.sync.start()

    async def write(self, path: str, value: bytes, version: int) -> None:
        key = names.edge_key(PeerId.from_public_key(self.own.public), path)
        try:
            await self.store.put(key, record.create(self.own, key, value, version))
        except RemoteError as error:
            assert "old record" in str(error)

    async def records(self) -> dict[bytes, bytes]:
        found = {}
        for key in await self.store.keys():
            value = await self.store.get(key)
            assert value is not None
            found[key] = value
        return found


async def test_signed_records_reach_everyone_whoever_meets_whom() -> None:
    """Two on each side of a partition; one owner writes on both, as a user with two devices."""
    rng = Random(7)
    async with Net() as net:
        members = []
        shared = PrivateKey.generate()
        for number in range(4):
            swarm, _, _ = await net.host()
            own = shared if number % 2 else PrivateKey.generate()
            members.append(Member(swarm, own))
        for turn in range(3):
            for member in members * 25:
                value = rng.randbytes(rng.randrange(200))
                await member.write(f"log/{rng.randrange(40)}", value, rng.randrange(9))
            for one, other in ((0, 1), (2, 3), (1, 2), (0, 1), (2, 3))[: 5 if turn == 2 else 2]:
                await members[one].sync.meet(address_of(members[other].swarm))
        first = await members[0].records()
        assert len(first) > 60
        for member in members:
            assert await member.records() == first
            assert member.sync.status()["refused"] == 0
            await member.sync.stop()


async def test_a_link_that_is_cut_loses_nothing_and_the_next_meeting_goes_on() -> None:
    faults = Faults(crumb_bytes=500)
    async with Hosts() as net:
        one, other = await net.two(faults=faults)
        await one.fill([f"a{n}" for n in range(90)])
        await other.fill([f"b{n}" for n in range(90)])
        had, cuts = 180, 0
        for turn in range(40):
            faults.cut_after_bytes = 2000 + 400 * turn
            try:
                await one.sync.meet(address_of(other.swarm))
                break
            except EdgeError:
                cuts += 1
            await one.swarm.close_peer(other.swarm.peer_id)
            await until(lambda: not one.swarm.connections() and not other.swarm.connections())
            records = len(await one.records()) + len(await other.records())
            assert records >= had
            had = records
        assert await one.records() == await other.records()
        assert len(await one.records()) == 180 and cuts > 2
        assert one.sync.status()["shunned"] == other.sync.status()["shunned"] == 0
