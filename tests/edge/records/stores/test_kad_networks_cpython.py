"""The kad store: what becomes of records in a network."""

from edge.errors import LimitError, LinkError, RemoteError
from edge.records.stores.kad import KadStore
from edge.routing.kad import EDGE, LAN
from edge.routing.kad import message as kad_message
from edge.routing.kad.message import GET_VALUE, PUT_VALUE, Message, Record
from edge.system import aio
from tests import kit
from tests.contract.judges import OWN, FakeJudge, key_of, record
from tests.edge.routing.kad.town import Town, until

KEY = key_of("a")
NODES = 8


class Validator:
    """What kad asks, answered by a judge."""

    def __init__(self, judge) -> None:
        self._judge = judge

    def validate(self, key, value, now_unix_ms):
        self._judge.check(key, value)

    def compare(self, key, a, b):
        return self._judge.compare(key, a, b)

    def select(self, key, values):
        best = 0
        for index, value in enumerate(values):
            if self._judge.compare(key, value, values[best]) > 0:
                best = index
        return best

    def lifetime_ms(self, value, now_unix_ms):
        return self._judge.lifetime_ms(KEY, value)

    def aged(self, value, held_ms):
        return self._judge.aged(KEY, value, held_ms)


def town_of(judge) -> Town:
    return Town(validators={"edge": Validator(judge)})


class Yes:
    """A peer that takes whatever it is given, and says it has ``values``, one after the other."""

    def __init__(self, town: Town, profile=EDGE) -> None:
        self.home = town.home()
        self.contact = self.home.contact
        self.profile = profile
        self.values: list = []
        self.took: list = []
        self.home.serve(profile.protocol, self.answer)

    def answer(self, source, data):
        request = kad_message.decode(data, self.profile)
        kept = None
        if request.type == PUT_VALUE:
            kept = request.record
            self.took.append(kept.value)
        elif request.type == GET_VALUE and self.values:
            kept = Record(request.key, self.values[0], "")
            self.values = self.values[1:] + self.values[:1]
        return kad_message.encode(Message(request.type, request.key, kept, (), ()), self.profile)


async def meets(kad, *others) -> None:
    count = len(kad.table)
    for other in others:
        kad.consider(other.contact, "test")
    await until(lambda: len(kad.table) >= count + len(others))


async def stores_of(town, judge, count: int) -> list:
    stores = []
    for kad in await town.nodes(count):
        stores.append(KadStore(judge, [kad], OWN))
        await stores[-1].start()
    return stores


async def test_what_one_puts_all_get():
    judge = FakeJudge()
    async with town_of(judge) as town:
        stores = await stores_of(town, judge, NODES)
        assert await stores[1].put(KEY, record(1)) is True
        assert await stores[1].put(KEY, record(1)) is False
        for store in stores:
            assert await store.get(KEY) == record(1)
        assert await stores[2].put(KEY, record(2)) is True
        for store in stores:
            assert (await store.get_all(KEY))[0] == record(2)
        held = [kad.held_value(KEY) for kad in town.kads]
        assert len([value for value in held if value]) >= town.kads[0].replication()
        assert town.kads[1].published.held(KEY)[0] == record(2)  # of what it had put itself
        assert stores[1].status()["corrected"] == 1
        await stores[0].sync()


async def test_an_old_record_is_refused():
    judge = FakeJudge()
    async with town_of(judge) as town:
        stores = await stores_of(town, judge, NODES)
        await stores[0].put(KEY, record(5))
        for store in stores:
            error = await kit.raises_async(RemoteError, store.put(KEY, record(4)))
            assert "old record" in str(error)
            assert await store.keys() == ([KEY] if store is stores[0] else [])
        assert len([kad for kad in town.kads if len(kad.published)]) == 1
        assert await stores[1].get(KEY) == record(5)


async def test_every_valid_one_is_given_and_the_best_handed_on():
    judge = FakeJudge()
    async with town_of(judge) as town:
        kad = await town.node("client")
        yes = [Yes(town) for _ in range(3)]
        await meets(kad, *yes)
        yes[0].values, yes[1].values, yes[2].values = [record(1)], [record(3)], [b"forged"]
        store = KadStore(judge, [kad], OWN)
        assert await store.get_all(KEY) == [record(3), record(1)] or kad.replication() < 3
        assert await store.get(KEY) in (record(3), record(1))
        await until(lambda: record(3) in yes[0].took + yes[2].took)


async def test_lies_are_not_believed():
    judge = FakeJudge()
    judge.now = 1000
    async with town_of(judge) as town:
        kad = await town.node("client")
        liar = Yes(town)
        await meets(kad, liar)
        store = KadStore(judge, [kad], OWN)
        for lie in (b"", b"garbage", record(9, "ended", "@1000"), bytes(12000)):
            liar.values = [lie]
            assert await store.get(KEY) is None
            assert await store.get_all(KEY) == []
        assert liar.took == []


async def test_too_few_keep_it():
    judge = FakeJudge()
    async with town_of(judge) as town:
        alone = await town.node()
        store = KadStore(judge, [alone], OWN)
        await kit.raises_async(LinkError, store.put(KEY, record(1)))
        assert store.status()["unkept"] == 1
        assert await store.get(KEY) == record(1)  # here it is
        await kit.raises_async(LinkError, store.sync())
        peers = [Yes(town) for _ in range(3)]
        await meets(alone, *peers)
        await store.sync()
        assert store.status()["unkept"] == 0
        assert await store.put(KEY, record(1)) is False
        for peer in peers:
            peer.home.alive = False
        await kit.raises_async(LinkError, store.put(KEY, record(2)))
        peers[0].home.alive = True
        assert await store.get(KEY) == record(2)
        await store.stop()


async def test_it_is_told_as_soon_as_somebody_comes():
    judge = FakeJudge()
    async with town_of(judge) as town:
        alone = await town.node()
        store = KadStore(judge, [alone], OWN)
        await kit.raises_async(LinkError, store.put(KEY, record(1)))
        other = Yes(town)
        await meets(alone, other)
        await until(lambda: record(1) in other.took)


async def test_what_ends_is_told_no_more():
    judge = FakeJudge()
    async with town_of(judge) as town:
        stores = await stores_of(town, judge, 3)
        await stores[0].put(KEY, record(1, "", "200+0"))
        value = await stores[1].get(KEY)
        assert value is not None
        await aio.sleep_ms(250)
        for store in stores:
            assert await store.get(KEY) is None
        assert await stores[0].keys() == []


async def test_forgotten_is_what_this_node_keeps():
    judge = FakeJudge()
    async with town_of(judge) as town:
        stores = await stores_of(town, judge, 4)
        await stores[0].put(KEY, record(1))
        assert await stores[0].remove(KEY) is True
        assert not len(town.kads[0].published) and town.kads[0].held_value(KEY) is None
        assert await stores[0].keys() == []


async def test_other_networks_take_their_namespaces_alone():
    judge = FakeJudge()
    async with Town(validators={"edge": Validator(judge), "pk": Validator(judge)}) as town:
        lan = await town.node("client", profile=LAN)
        edge = await town.node("client")
        on_lan, on_edge = Yes(town, LAN), Yes(town)
        await meets(lan, on_lan)
        await meets(edge, on_edge)
        store = KadStore(judge, [lan, edge], OWN)
        await store.put(KEY, record(1))
        assert on_edge.took == [record(1)] and on_lan.took == []
        await kit.raises_async(LimitError, KadStore(judge, [lan], OWN).put(KEY, record(1)))
        assert await KadStore(judge, [lan], OWN).get(KEY) is None


if __name__ == "__main__":
    kit.run(globals())
