"""Tasks and waiting behave alike on both Pythons."""

from edge.system import aio
from tests import kit


async def test_queue_keeps_order_and_ends():
    queue, taken = aio.Queue(2), []

    async def consume():
        try:
            while True:
                taken.append(await queue.get())
        except EOFError:
            taken.append("end")

    async with aio.Group() as group:
        group.spawn(consume())
        for item in range(6):
            await queue.put(item)
        queue.close()
        await group.join()
    assert taken == [0, 1, 2, 3, 4, 5, "end"]


async def test_queue_is_bounded():
    queue = aio.Queue(2)
    assert queue.put_nowait(1) and queue.put_nowait(2) and not queue.put_nowait(3)
    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(queue.put(3), 20))
    assert await queue.get() == 1 and len(queue) == 1


async def test_a_cancelled_get_takes_nothing():
    queue = aio.Queue(2)
    async with aio.Group() as group:
        group.spawn(queue.get())
        await aio.sleep_ms(5)
        await group.cancel()
    await queue.put(1)
    assert await queue.get() == 1


async def test_closed_queue_refuses_put():
    queue = aio.Queue(1)
    queue.close()
    assert not queue.put_nowait(1)
    await kit.raises_async(EOFError, queue.put(1))


async def test_signal_wakes_all_who_wait_and_remembers_nothing():
    signal, woken = aio.Signal(), []

    async def wait(name):
        await signal.wait()
        woken.append(name)

    async with aio.Group() as group:
        signal.fire()
        group.spawn(wait("a"))
        group.spawn(wait("b"))
        await aio.sleep_ms(5)
        assert woken == []
        signal.fire()
        await group.join()
    assert sorted(woken) == ["a", "b"]


async def test_signal_survives_a_cancelled_waiter():
    signal = aio.Signal()
    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(signal.wait(), 10))
    signal.fire()
    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(signal.wait(), 10))


async def test_timeout_cancels_and_result_passes():
    ended = []

    async def slow():
        try:
            await aio.sleep_ms(5000)
        finally:
            ended.append(True)

    async def quick():
        return 7

    await kit.raises_async(aio.TimeoutError, aio.wait_for_ms(slow(), 20))
    assert ended == [True]
    assert await aio.wait_for_ms(quick(), 20000) == 7


async def test_group_keeps_the_failures_of_its_tasks():
    async def fail():
        raise ValueError("x")

    group = aio.Group()
    group.spawn(fail())
    await group.join()
    assert [str(error) for error in group.errors] == ["x"] and len(group) == 0


async def test_group_tells_its_owner_of_failures():
    told = []

    async def fail():
        raise ValueError("x")

    group = aio.Group(told.append)
    group.spawn(fail())
    await group.join()
    assert len(told) == 1 and not group.errors


async def test_cancelling_a_group_ends_even_what_never_started():
    ended = []

    async def work():
        try:
            await aio.sleep_ms(5000)
        finally:
            ended.append(True)

    group = aio.Group()
    group.spawn(work())
    await aio.sleep_ms(5)
    group.spawn(work())  # has not run yet when it is cancelled
    await group.cancel()
    assert ended == [True] and len(group) == 0


async def test_a_task_may_cancel_its_own_group():
    group, done = aio.Group(), []

    async def leader():
        await group.cancel()
        done.append(True)

    async def follower():
        await aio.sleep_ms(5000)

    group.spawn(follower())
    group.spawn(leader())
    await group.join()
    assert done == [True]


async def test_a_signal_is_waited_for_so_long():
    signal, came = aio.Signal(), []

    async def wait(ms):
        came.append((ms, await signal.wait_ms(ms)))

    async with aio.Group() as group:
        group.spawn(wait(20))
        group.spawn(wait(5000))
        group.spawn(wait(6000))
        await aio.sleep_ms(60)
        assert came == [(20, False)]
        signal.fire()
        await group.join()
        assert sorted(came) == [(20, False), (5000, True), (6000, True)]
        group.spawn(wait(5000))
        await aio.sleep_ms(5)
        await group.cancel()
        signal.fire()  # nobody waits any more
        assert len(came) == 3

        async def wake_at_last():
            try:
                await aio.sleep_ms(5000)
            finally:
                signal.fire()

        group.spawn(wake_at_last())
        group.spawn(wait(5000))
        await aio.sleep_ms(5)
        await group.cancel()  # who is cancelled stays so
        assert len(came) == 3


async def test_a_failing_reporter_harms_nobody():
    def fail(error):
        raise MemoryError

    async def work():
        raise ValueError

    group = aio.Group(fail)
    group.spawn(work())
    await aio.sleep_ms(5)
    assert len(group) == 0


if __name__ == "__main__":
    kit.run(globals())
