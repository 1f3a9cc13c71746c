"""In the guest: opens the store, tells what is in it, and writes until the power is cut."""

import asyncio
import os

from tests.power import guest
from tests.power.operations import key_of, operation, read_value, value_of
from tests.power.subject import open_store

BATCH = 16  # operations, at once or until a sync


class Judge:
    """Knows which value is newer; they need no signature here."""

    def check(self, key, value):
        assert value.count(b" ") >= 2, value[:40]

    def compare(self, key, a, b):
        a, b = _rank(a), _rank(b)
        return (a > b) - (a < b)

    def is_newer(self, key, value, held):
        assert self.compare(key, value, held) >= 0, (value[:40], held[:40])
        return value != held

    def best(self, key, values):
        return max(values, key=_rank)

    def lifetime_ms(self, key, value):
        return None

    def aged(self, key, value, held_ms):
        return value


def _rank(value):
    parts = bytes(value).split(b" ", 2)
    return int(parts[1]), int(parts[0])  # run, operation: in the order they were written


def work(orders: dict, link: guest.Link) -> None:
    if orders.get("mutant") == "no sync":
        os.fsync = os.fdatasync = os.sync = lambda *_: None
    guest.mount()
    asyncio.run(_run(orders, link))


async def _run(orders: dict, link: guest.Link) -> None:
    store = open_store(guest.DISK + "/records", Judge(), orders["durability"])
    await store.start()
    link.tell(found=await _contents(store), status=store.status())
    first = int(link.read())
    await _write(store, link, first, orders)


async def _contents(store) -> dict:
    found = {}
    for key in await store.keys():
        number = int(key.rpartition(b"/")[2])
        value = await store.get(key)
        found[number] = "named and not there" if value is None else read_value(number, value)
    return found


async def _write(store, link, first: int, orders: dict) -> None:
    """Until the power is gone; ``together``: all keys of a batch at once, each in order."""
    together, run = orders["together"], orders["run"]
    waits = orders["durability"] == "each"

    async def do(numbers: list[int]) -> None:
        for n in numbers:
            done = operation(n)
            if done.is_removal:
                await store.remove(key_of(done.key))
            else:
                await store.put(key_of(done.key), value_of(n, run))
            if waits:
                link.say(f"a {n}")

    for start in range(first, first + orders["most"], BATCH):
        numbers = list(range(start, start + BATCH))
        if together:
            by_key: dict[int, list[int]] = {}
            for n in numbers:
                by_key.setdefault(operation(n).key, []).append(n)
            await asyncio.gather(*[do(some) for some in by_key.values()])
        else:
            await do(numbers)
        if not waits:
            await store.sync()
            link.say(f"A {numbers[-1]}")
    link.say("end")
