"""Who is dialed when: room, courtesy, and waits that grow."""

from edge.errors import LinkError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.swarm.dialing import keeper
from edge.swarm.dialing.keeper import COURTESY_MS, RETRY_MAX_MS, SOON_MS, STEADY_MS, Keeper
from edge.system import aio
from tests import kit

INTERVAL_MS = 1000


class Swarm:
    """Dials nobody; remembers whom it was asked to dial."""

    def __init__(self, peer_id) -> None:
        self.peer_id = peer_id
        self.held = []
        self.dialed = []
        self.refuse = False
        self._group = aio.Group()

    def connections(self, peer_id) -> list:
        return [peer_id] if peer_id in self.held else []

    def is_settled(self, peer_id) -> bool:
        return peer_id in self.held

    async def dial(self, peer_id) -> None:
        self.dialed.append(peer_id)
        if self.refuse:
            raise LinkError("nobody there")
        self.held.append(peer_id)

    def spawn(self, coroutine) -> None:
        self._group.spawn(coroutine)


def peer_ids(count: int) -> list:
    """Ids that rise."""
    found = [PeerId.from_public_key(PrivateKey.generate().public) for _ in range(count)]
    return sorted(found, key=lambda peer_id: peer_id.to_bytes())


def due(kept: Keeper, peer_id) -> int:
    return kept._wanted[peer_id].due


async def run_shortly(kept: Keeper) -> None:
    async with aio.Group() as group:
        group.spawn(kept.run())
        await aio.sleep_ms(30)


def test_the_greater_id_waits():
    low, middle, high = peer_ids(3)
    kept = Keeper(Swarm(middle), INTERVAL_MS, 9)
    kept.want(low, 0)
    kept.want(high, 0)
    assert (due(kept, low), due(kept, high)) == (COURTESY_MS, 0)


def test_waits_double_and_end_somewhere():
    us, peer = peer_ids(2)
    kept = Keeper(Swarm(us), INTERVAL_MS, 9)
    kept.want(peer, 0)
    waits = []
    for _ in range(16):
        kept.lost(peer, STEADY_MS - 1, 0)
        waits.append(due(kept, peer))
    assert waits[:4] == [1000, 2000, 4000, 8000]
    assert max(waits) == waits[-1] == RETRY_MAX_MS
    kept.lost(peer, STEADY_MS, 0)
    assert due(kept, peer) == SOON_MS
    kept.lost(peer, 0, 0)
    assert due(kept, peer) == INTERVAL_MS
    kept.want(peer, 7)
    assert due(kept, peer) == 7


async def test_room_is_for_the_found_not_for_the_pinned():
    us, first, second, third, pinned = peer_ids(5)
    swarm = Swarm(us)
    kept = Keeper(swarm, INTERVAL_MS, 2)
    for peer_id in (first, second, third):
        kept.want(peer_id, 0)
    kept.want(pinned, 0, True)
    await run_shortly(kept)
    assert len(swarm.dialed) == 3 and pinned in swarm.dialed
    assert len([peer_id for peer_id in (first, second, third) if peer_id in swarm.held]) == 2


async def test_no_room_at_all_keeps_only_the_pinned():
    us, found, pinned = peer_ids(3)
    swarm = Swarm(us)
    kept = Keeper(swarm, INTERVAL_MS, 0)
    kept.want(found, 0)
    kept.want(pinned, 0, True)
    await run_shortly(kept)
    assert swarm.dialed == [pinned]


async def test_who_is_forgotten_is_not_dialed_unless_pinned():
    us, found, pinned = peer_ids(3)
    swarm = Swarm(us)
    kept = Keeper(swarm, INTERVAL_MS, 9)
    kept.want(found, 0)
    kept.want(pinned, 0, True)
    kept.forget(found)
    kept.forget(pinned)
    kept.lost(found, 0, 0)
    await run_shortly(kept)
    assert swarm.dialed == [pinned]


async def test_a_failed_dial_is_told_and_waits():
    us, peer = peer_ids(2)
    swarm = Swarm(us)
    swarm.refuse = True
    doubted = []
    kept = Keeper(swarm, INTERVAL_MS, 9, doubted.append)
    kept.want(peer, 0)
    await run_shortly(kept)
    assert swarm.dialed == [peer] and doubted == [peer.to_bytes()]


async def test_who_is_seen_while_it_is_dialed_in_vain_is_dialed_at_once():
    us, peer = peer_ids(2)
    swarm = Swarm(us)
    kept = Keeper(swarm, 60000, 9)

    async def dial(peer_id) -> None:
        swarm.dialed.append(peer_id)
        if len(swarm.dialed) == 1:
            kept.want(peer, 0)
        raise LinkError("nobody there")

    swarm.dial = dial
    kept.want(peer, 0)
    await run_shortly(kept)
    assert swarm.dialed == [peer, peer]  # and not a third time


def test_who_is_lost_is_doubted():
    us, peer, stranger = peer_ids(3)
    doubted = []
    kept = Keeper(Swarm(us), INTERVAL_MS, 9, doubted.append)
    kept.want(peer, 0)
    kept.lost(peer, 0, 0)
    kept.lost(peer, STEADY_MS, 0)
    kept.lost(stranger, STEADY_MS, 0)
    assert doubted == [peer.to_bytes()] * 2


def test_the_wanted_are_counted():
    us = peer_ids(1)[0]
    kept = Keeper(Swarm(us), INTERVAL_MS, 9)
    most, keeper.WANTED_MAX = keeper.WANTED_MAX, 3
    for peer_id in peer_ids(5):
        kept.want(peer_id, 0)
    keeper.WANTED_MAX = most
    assert len(kept._wanted) == 3


if __name__ == "__main__":
    kit.run(globals())
