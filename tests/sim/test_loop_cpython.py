"""Virtual time passes in order, costs nothing, and stands still for nobody."""

import asyncio
import time

import pytest

from edge.system import aio, clock, entropy, log
from tests.sim.loop import NODE, START_MS, Failed, Ground, Standstill

YEAR_MS = 365 * 86_400_000


class Sleeper:
    """What stands in for a node."""

    def __init__(self) -> None:
        self.wakeups = 0

    def wake(self) -> None:
        self.wakeups += 1


def test_a_year_passes_in_order():
    heard = []

    async def say(after_ms: int) -> None:
        await aio.sleep_ms(after_ms)
        heard.append((after_ms, clock.monotonic_ms()))

    async def all_at_once() -> None:
        await asyncio.gather(*[say(after_ms) for after_ms in (YEAR_MS, 1, 5000, 1000)])

    with Ground(1) as ground:
        ground.run(all_at_once())
    assert heard == [(ms, START_MS + ms) for ms in (1, 1000, 5000, YEAR_MS)]


def test_a_timeout_comes_in_time():
    async def wait() -> int:
        try:
            await aio.wait_for_ms(aio.Event().wait(), 700)
        except aio.TimeoutError:
            return clock.monotonic_ms()
        return 0

    with Ground(1) as ground:
        assert ground.run(wait()) == START_MS + 700


def test_who_waits_for_nothing_is_told():
    with Ground(1) as ground, pytest.raises(Standstill):
        ground.run(aio.Event().wait())


def test_a_timer_wakes_the_node_it_belongs_to():
    node = Sleeper()

    async def work() -> None:
        NODE.set(node)
        await aio.sleep_ms(10)
        await aio.wait_for_ms(aio.sleep_ms(20), 1000)  # the timeout is not reached

    with Ground(1) as ground:
        ground.run(work())
    assert node.wakeups == 2


def test_the_ground_is_given_back():
    kept = clock.monotonic_ms, clock.unix_ms, entropy.random_bytes
    drawn = []
    for seed in (3, 3, 4):
        with Ground(seed):
            drawn.append((entropy.random_bytes(8), entropy.random_below(1000)))
    assert drawn[0] == drawn[1] != drawn[2]
    assert (clock.monotonic_ms, clock.unix_ms, entropy.random_bytes) == kept
    assert abs(clock.unix_ms() - time.time() * 1000) < 60_000


def test_what_fails_out_of_sight_fails_the_run():
    def breaks() -> None:
        raise ValueError("seven")

    async def work() -> None:
        asyncio.get_running_loop().call_soon(breaks)
        await aio.sleep_ms(1)

    with Ground(1) as ground, pytest.raises(Failed, match="seven"):
        ground.run(work())

    async def complain() -> None:
        log.Log("test").error("eight")

    with Ground(1) as ground, pytest.raises(Failed, match="eight"):
        ground.run(complain())
