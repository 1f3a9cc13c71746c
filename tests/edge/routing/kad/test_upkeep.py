"""What happens by itself: checks, records told again, and nothing where nothing is due."""

from edge.routing.kad import table, upkeep
from edge.routing.kad.providers import Providers
from edge.routing.kad.upkeep import Published
from edge.system import aio, clock
from tests import kit
from tests.edge.routing.kad.samples import KEY
from tests.edge.routing.kad.town import Town, contact_of, until

HOUR_MS = 3600000


class Clock:
    """``with Clock() as clock:`` time goes on when the test says so, for who asks the clock."""

    def __enter__(self) -> "Clock":
        self._before = clock.monotonic_ms
        self._now = 1000000
        clock.monotonic_ms = lambda: self._now
        return self

    def __exit__(self, *exception) -> None:
        clock.monotonic_ms = self._before

    def pass_ms(self, duration_ms: int, *kads) -> None:
        self._now += duration_ms
        for kad in kads:
            kad.upkeep.wake()


async def test_a_contact_that_is_gone_is_in_no_answer_any_more():
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            await until(lambda: len(one.table))
            other.network.alive = False
            asked = one._failures
            time.pass_ms(table.CHECK_MS * 5 // 4, one)
            await until(lambda: one._failures > asked)
            assert one.table.closest(0, 9) == []


async def test_a_connection_that_breaks_off_is_a_reason_to_check_at_once():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        other.network.alive = False
        one.network.leave(other.network)
        await until(lambda: one.table.closest(0, 9) == [])


async def test_one_that_breaks_off_again_and_again_is_not_asked_each_time():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        before = other.network.asked
        for _ in range(5):
            one.network.leave(other.network)
            for _ in range(50):
                await aio.sleep_ms(0)
        assert other.network.asked == before + 1


async def test_one_in_doubt_that_connects_again_is_asked():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        other.network.alive = False
        one.network.leave(other.network)
        await until(lambda: one.table.closest(0, 9) == [])
        other.network.alive = True
        one.network.candidates.put_nowait((contact_of(other), {one.profile.protocol}))
        await until(lambda: one.table.closest(0, 9))


async def test_silence_is_checked_and_talk_is_not():
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            await until(lambda: len(one.table))
            before = other.network.asked
            time.pass_ms(table.CHECK_MS // 2, one)
            for _ in range(50):
                await aio.sleep_ms(0)
            assert other.network.asked == before
            time.pass_ms(table.CHECK_MS, one)
            await until(lambda: other.network.asked == before + 1)


async def test_own_keys_are_told_again_before_they_expire():
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            assert await one.provide(KEY) == 1
            assert len(other.server.providers) == 1
            for _ in range(3):
                time.pass_ms(22 * HOUR_MS, one, other)
                other.server.providers = Providers()
                await until(lambda: len(other.server.providers))
                await until(lambda: one.provided.due(clock.monotonic_ms()) is None)
            await one.unprovide(KEY)
            other.server.providers = Providers()
            time.pass_ms(22 * HOUR_MS, one, other)
            for _ in range(200):
                await aio.sleep_ms(0)
            assert not len(other.server.providers)


async def test_keys_nobody_was_told_of_are_told_when_somebody_comes():
    async with Town() as town:
        one = await town.node()
        assert await one.provide(KEY) == 0
        other = await town.node()
        one.consider(contact_of(other), "test")
        await until(lambda: len(other.server.providers) == 1)
        assert other.server.providers_of(KEY)[0].id == one.own_id


async def test_own_values_are_put_again():
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            assert await one.put_value(b"/new/a", b"1") == 1
            other.server.values._values.clear()
            time.pass_ms(22 * HOUR_MS, one)
            await until(lambda: other.held_value(b"/new/a") == b"1")


async def test_put_again_it_is_as_old_as_it_is_and_no_more_once_it_has_ended():
    key = b"/hours/a"
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            assert await one.put_value(key, b"\1\x1e\0") == 1
            other.server.values._values.clear()
            due = one.published.deadline()
            time.pass_ms(22 * HOUR_MS, one)
            await until(lambda: other.held_value(key) == b"\1\x1e\x16")
            await until(lambda: one.published.deadline() != due)
            time.pass_ms(22 * HOUR_MS, one)
            await until(lambda: key not in one.published)
            assert other.held_value(key) is None


async def test_what_others_stored_expires():
    with Clock() as time:
        async with Town() as town:
            one, other = await town.nodes(2)
            await one.provide(KEY)
            await one.put_value(b"/new/a", b"1")
            await one.unprovide(KEY)
            one.published.remove(b"/new/a")
            time.pass_ms(49 * HOUR_MS, other)
            await until(lambda: not len(other.server.providers) and not len(other.server.values))


async def test_a_node_that_is_alone_sleeps():
    """One look at the clock, and then nothing until somebody is heard of."""
    before = upkeep.PAUSE_LEAST_MS
    upkeep.PAUSE_LEAST_MS = 1
    try:
        async with Town() as town:
            kad = await town.node()
            looks = []
            choose = kad.choose_mode
            kad.choose_mode = lambda: looks.append(choose())
            await aio.sleep_ms(30)
            assert len(looks) == 1
            kad.consider(contact_of(await town.node()), "test")
            await until(lambda: len(kad.table))
            await aio.sleep_ms(30)
            seen = len(looks)
            await aio.sleep_ms(30)
            assert len(looks) == seen
    finally:
        upkeep.PAUSE_LEAST_MS = before


def test_own_keys_have_their_times():
    own = Published()
    assert own.deadline() is None and own.due(0) is None
    own.add(KEY, 1000)
    assert KEY in own and own.keys() == [KEY]
    due = 1000 + 22 * HOUR_MS
    assert own.due(due - 1) is None and own.due(due) == KEY and own.deadline() == due
    own.told(KEY, 3, 2000, 500)
    assert own.deadline() == 2000 + 22 * HOUR_MS - 500
    own.remove(KEY)
    own.remove(KEY)
    own.told(KEY, 1, 2000, 0)  # taken back while it was being told
    assert KEY not in own and own.deadline() is None


def test_what_nobody_was_told_is_tried_again_soon():
    own = Published()
    own.add(KEY, 0)
    pauses = []
    for _ in range(12):
        own.told(KEY, 0, 0, 0)
        pauses.append(own.deadline())
    assert pauses[:3] == [60000, 120000, 240000] and pauses[-1] == HOUR_MS
    own.add(b"fine", 0)
    own.told(b"fine", 2, 0, 0)
    own.hasten(5)
    assert own.due(5) == KEY
    own.told(KEY, 1, 5, 0)
    assert own.due(5) is None


def test_the_one_that_waited_longest_comes_first():
    own = Published()
    for number in (3, 1, 2):
        own.add(b"k%d" % number, number * 10 - 22 * HOUR_MS, b"v")
    assert [own.due(now) for now in (9, 10, 30)] == [None, b"k1", b"k1"]
    assert own.held(b"k2") == (b"v", 20 - 22 * HOUR_MS)


if __name__ == "__main__":
    kit.run(globals())
