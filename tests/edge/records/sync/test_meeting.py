"""A meeting of two stores: what both follow, what only one takes, quotas."""

from edge.records.stores import Quota
from edge.records.sync.meeting import FULL_MAX
from tests import kit
from tests.contract.judges import OTHER, key_of, record
from tests.edge.records.sync.hosts import Hosts
from tests.edge.swarm.node import address_of


async def test_only_what_both_follow_is_exchanged() -> None:
    async with Hosts() as net:
        one, other = await net.two(follows=(key_of("", OTHER), key_of("x")))
        other.sync._summary.follows = [b"/edge/"]
        await one.fill(["a", "b", "xa"])
        await one.fill(["a", "b"], 1, OTHER)
        await other.fill(["c", "xc"])
        await other.fill(["c"], 1, OTHER)
        meeting = await one.sync.meet(address_of(other.swarm))
        assert (meeting.sent, meeting.stored) == (3, 2)
        del meeting  # on a chip there is no room for two
        assert await other.store.get(key_of("a")) is None
        assert await one.store.get(key_of("c")) is None
        again = await one.sync.meet(other.swarm.peer_id)
        assert (again.sent, again.stored, again.is_complete) == (0, 0, True)


async def test_what_only_one_calls_valid_is_not_asked_for_again() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await other.store.put(key_of("ends"), record(1, "x", "@1000"))
        await other.fill(["good"])
        one.judge.now = 2000
        meeting = await one.sync.meet(address_of(other.swarm))
        assert (meeting.stored, meeting.refused) == (1, 1)
        meeting = await one.sync.meet(other.swarm.peer_id)
        assert (meeting.stored, meeting.refused) == (0, 0)
        assert one.sync.status()["shunned"] == 0


async def test_a_full_store_takes_what_it_can() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        assert FULL_MAX >= 6
        await other.fill([str(n) for n in range(9)], 1, OTHER)
        one.store._bounds.quota = Quota(8, 8000, 3, 2000)
        meeting = await one.sync.meet(address_of(other.swarm))
        assert (meeting.stored, meeting.full) == (3, 6)
        assert len(await other.records()) == 9


async def test_the_age_of_a_record_makes_no_difference() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await one.store.put(key_of("t"), record(1, "x", "900000+5"))
        await other.store.put(key_of("t"), record(1, "x", "900000+70000"))
        meeting = await one.sync.meet(address_of(other.swarm))
        assert (meeting.sent, meeting.stored) == (0, 0)


if __name__ == "__main__":
    kit.run(globals())
