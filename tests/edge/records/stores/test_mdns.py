"""The mDNS store: the contract of all stores, and nodes on one link that ask each other."""

from edge.errors import LinkError
from edge.mdns import message, probes, values
from edge.mdns.probes import SOURCE_MAX
from edge.mdns.service import Service
from edge.records.stores import mdns
from edge.records.stores.mdns import MdnsStore
from edge.records.stores.memory import MemoryStore
from edge.system import MICROPYTHON, aio, clock
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract import record_store
from tests.contract.judges import OWN, FakeJudge, key_of, record
from tests.contract.mdns import peer_id
from tests.edge.mdns.cable import PORT, Link
from tests.edge.mdns.ether import TXT

KEY = key_of("a")
LONG = b"x" * 1200
NODES = 4 if MICROPYTHON else 10
FORGED_MAX = 200


class Swarm:
    """What the store asks of one: here every peer is reached, and nobody is connected."""

    wants = None

    def connections(self, peer_id):
        return [None]  # somebody else's: to be left alone


class Fetch:
    """Fetches from those of one Place."""

    def __init__(self, place, number: int) -> None:
        self.swarm = Swarm()
        self.place = place
        self.number = number
        self.lookup = None
        self.answer = None  # what it says instead

    def serve(self, prefix, lookup) -> None:
        self.place.fetches[peer_id(self.number)] = self
        self.lookup = lookup

    def withdraw(self, prefix) -> None:
        self.lookup = None

    async def fetch(self, target, key, bytes_max):
        self.place.fetched += 1
        other = self.place.fetches.get(target.peer_id.to_bytes())
        if other is None or other.lookup is None:
            raise LinkError("nobody there")
        if other.answer == "never":
            await aio.sleep_ms(60000)
        return other.answer or await other.lookup(key)


class Place:
    """``async with Place(3) as place``: nodes on one link, each with a store."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.link = Link()
        self.judge = FakeJudge()
        self.fetches = {}
        self.fetched = 0
        self.stores = []
        self.services = []

    async def __aenter__(self) -> "Place":
        for number in range(1, self.count + 1):
            self.stores.append(await self.open(number))
        return self

    async def __aexit__(self, *exception) -> None:
        for store in self.stores:
            await store.stop()
        for service in self.services:
            await service.stop()

    async def open(self, number: int, quota=record_store.QUOTA, judge=None) -> MdnsStore:
        judge = judge or self.judge
        service = Service(peer_id(number), self.link.open_datagrams())
        self.services.append(service)
        await service.start([Multiaddr("/ip4/10.0.0.1/tcp/4001")])
        held = MemoryStore(judge, OWN, quota)
        store = MdnsStore(judge, service, Fetch(self, number), held)
        await store.start()
        return store

    def say(self, packet: bytes) -> None:
        """What a stranger puts on the link."""
        for listener in self.link.listeners:
            listener.put_nowait((packet, (b"\x0a\0\0\x63", PORT), "eth0"))

    def tell(self, body: bytes) -> None:
        name = self.services[0].values(None).name(KEY)
        data = b""
        for start in range(0, len(body), 255):
            string = body[start : start + 255]
            data += bytes([len(string)]) + string
        self.say(message.encode(0x8400, (), [(name, TXT, 1, 10, data)]))


async def test_contract():
    place = Place(0)

    async def make(judge):
        store = await place.open(1, judge=judge)
        service = place.services.pop()

        async def stop() -> None:
            await store.stop()
            await service.stop()

        return store, stop

    kept, mdns.SETTLE_MS = mdns.SETTLE_MS, 5
    kept_probe = getattr(probes, "_PROBE_MS", None)
    if kept_probe:  # a number that the compiler of a chip has folded away
        probes._PROBE_MS = 50
    try:
        await record_store.check(make)
    finally:
        mdns.SETTLE_MS = kept
        if kept_probe:
            probes._PROBE_MS = kept_probe


async def test_what_one_holds_all_get():
    async with Place(NODES) as place:
        for value in (record(1, "short"), record(2) + LONG):
            assert await place.stores[0].put(KEY, value) is True
            for store in place.stores[1:]:
                began = clock.monotonic_ms()
                assert await store.get(KEY) == value
                assert clock.monotonic_ms() - began < 1000
                assert await store.keys() == []  # what is asked for is not kept
        assert place.stores[0].status()["offered"] == 1


async def test_all_ask_at_once():
    async with Place(NODES) as place:
        await place.stores[0].put(KEY, record(1, "short"))
        got = []

        async def ask(store) -> None:
            got.append(await store.get(KEY))

        async with aio.Group() as group:
            for store in place.stores[1:]:
                group.spawn(ask(store))
            await group.join()
        assert got == [record(1, "short")] * (NODES - 1)


async def test_the_best_one_wins_wherever_it_is():
    async with Place(3) as place:
        first, second, third = place.stores
        await first.put(KEY, record(1))
        await second.put(KEY, record(2) + LONG)
        assert await third.get(KEY) == record(2) + LONG
        assert await first.get(KEY) == record(2) + LONG  # which holds an older one
        assert await second.get(KEY) == record(2) + LONG
        await aio.sleep_ms(1000)  # a name is answered once a second
        assert await third.get_all(KEY) == [record(2) + LONG, record(1)]
        assert await second.remove(KEY) is True
        await aio.sleep_ms(1000)
        assert await third.get_all(KEY) == [record(1)]


async def test_nobody_has_it():
    async with Place(2) as place:
        assert await place.stores[0].get(KEY) is None
        await place.stores[1].put(KEY, record(1, "", "@1000"))
        place.judge.now = 1000
        assert await place.stores[0].get_all(KEY) == []


async def test_what_is_heard_is_judged():
    async with Place(2) as place:
        asker, holder = place.stores
        await holder.put(KEY, record(1))

        async def forge() -> None:
            for number in range(FORGED_MAX):
                place.tell(b"v=forged %d" % number)
                place.tell(b"v=" + record(number, "ended", "@0"))
                if number % 10 == 0:
                    await aio.sleep_ms(1)

        async with aio.Group() as group:
            group.spawn(forge())
            assert await asker.get_all(KEY) == [record(1)]
            await group.join()
        assert asker.status()["refused"] <= values.ANSWERS_MAX
        assert await asker.keys() == [] and await holder.keys() == [KEY]


async def test_holders_that_lie():
    """They say they have something long, and give nothing, something else, or no answer at all."""
    lies = ("never", b"garbage", "gone")
    at_once = min(len(lies), SOURCE_MAX - 1)  # all here are of one host, as links see it
    for first in range(0, len(lies), at_once):
        await lied_to(lies[first : first + at_once])


async def lied_to(lies):
    async with Place(2 + len(lies)) as place:
        asker, honest = place.stores[0], place.stores[-1]
        for number, lie in enumerate(lies):
            await place.stores[1 + number].put(KEY, record(5 + number) + LONG)
            liar = place.fetches[peer_id(2 + number)]
            if lie == "gone":
                liar.lookup = None
            else:
                liar.answer = lie
        await honest.put(KEY, record(3))
        kept, mdns.GRACE_MS = mdns.GRACE_MS, 300
        try:
            assert await asker.get_all(KEY) == [record(3)]
        finally:
            mdns.GRACE_MS = kept


async def test_one_holder_after_the_other():
    async with Place(SOURCE_MAX) as place:  # as many as are heard of one host, and one who asks
        value = record(1) + LONG
        for store in place.stores[1:]:
            await store.put(KEY, value)
        for number in range(2, SOURCE_MAX):
            place.fetches[peer_id(number)].lookup = None
        assert await place.stores[0].get(KEY) == value
        assert place.fetched <= SOURCE_MAX


async def test_what_is_put_into_the_store_beside_is_offered():
    async with Place(1) as place:
        near = MemoryStore(place.judge, OWN)
        await near.put(key_of("before"), record(1))
        service = Service(peer_id(9), place.link.open_datagrams())
        await service.start([Multiaddr("/ip4/10.0.0.1/tcp/4001")])
        store = MdnsStore(place.judge, service, Fetch(place, 9), near)
        store.serve_from(near)
        await store.start()
        await near.put(key_of("after"), record(2))
        await aio.sleep_ms(10)
        asker = place.stores[0]
        assert await asker.get(key_of("before")) == record(1)
        assert await asker.get(key_of("after")) == record(2)
        await near.remove(key_of("after"))
        await aio.sleep_ms(10)
        assert store.status()["offered"] == 1
        await store.stop()
        await service.stop()
        assert await near.get(key_of("before")) == record(1)  # it is not ours to stop


if __name__ == "__main__":
    kit.run(globals())
