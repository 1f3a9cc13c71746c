"""Searches among those who lie, vanish and keep silent, on a network without a swarm."""

from edge.errors import LinkError
from edge.routing.kad import EDGE, Contact, lookup
from edge.routing.kad.message import FIND_NODE, GET_PROVIDERS, Message, Record, decode, encode
from edge.system import MICROPYTHON, clock
from tests import kit
from tests.edge.routing.kad.samples import KEY
from tests.edge.routing.kad.town import ID_PREFIX, Town, contact_of, until

FALSE = b"\x04\x0a\xff\xff\xff\x06\x0f\xa1"  # an address where nobody lives
COUNT = 4 if MICROPYTHON else 10
WANTED = 6 if MICROPYTHON else 20
NAME = b"/new/name"


def tell(home, closer=(), providers=(), record=None) -> None:
    """Let ``home`` answer every request with these."""

    def answer(_: Contact, data: bytes) -> bytes:
        asked = decode(data, EDGE)
        return encode(Message(asked.type, asked.key, record, closer, providers), EDGE)

    home.serve(EDGE.protocol, answer)


def invented(count: int, first: int = 0) -> tuple:
    ids = [ID_PREFIX + (first + number).to_bytes(32, "big") for number in range(count)]
    return tuple([Contact(id, (FALSE,)) for id in ids])


async def test_invented_peers_do_not_keep_a_search_going():
    async with Town() as town:
        kad = await town.node()
        liar = town.home()
        turn = []

        def answer(_: Contact, data: bytes) -> bytes:
            turn.append(1)
            told = invented(20, 20 * len(turn))
            return encode(Message(FIND_NODE, b"", None, told, ()), EDGE)

        liar.serve(EDGE.protocol, answer)
        kad.consider(liar.contact, "test")
        await until(lambda: len(kad.table))
        infos = await kad.get_closest_peers(KEY, 5).all()
        assert [info.peer_id.to_bytes() for info in infos] == [liar.contact.id]
        assert kad.status()["requests"] < 200


async def test_liars_do_not_hide_a_provider():
    """Each of them names as many providers that do not exist as are wanted."""
    async with Town() as town:
        kads = await town.nodes(3)
        one, seeker = kads[0], kads[2]
        own = contact_of(one)
        kads[1].server.providers.add(KEY, own.id, own.addresses, clock.monotonic_ms())
        seeker.replication = lambda: 9
        for number in range(2):
            liar = town.home()
            tell(liar, providers=invented(WANTED, 100 * number))
            seeker.consider(liar.contact, "test")
        await until(lambda: len(seeker.table) >= 3)
        found = await seeker.find_providers(KEY, WANTED).all()
        assert own.id in [info.peer_id.to_bytes() for info in found]
        assert len(found) == WANTED


async def test_a_provider_that_several_name_comes_before_those_of_one():
    async with Town() as town:
        seeker = await town.node("client")
        common = invented(3)
        for number in range(3):
            home = town.home()
            tell(home, providers=invented(6, 100 + 10 * number) + common)
            seeker.consider(home.contact, "test")
        await until(lambda: len(seeker.table) == 3)
        results = seeker.find_providers(KEY, 9)
        first = []
        async for info in results:
            first.append(info.peer_id.to_bytes())
        for contact in common:
            assert contact.id in first


async def test_a_provider_without_addresses_is_given_with_those_we_know():
    async with Town() as town:
        seeker = await town.node("client")
        one, other = town.home(), await town.node()
        tell(one, providers=(Contact(other.own_id, ()), Contact(seeker.own_id, (FALSE,))))
        for contact in (one.contact, contact_of(other)):
            seeker.consider(contact, "test")
        await until(lambda: len(seeker.table) == 2)
        found = await seeker.find_providers(KEY, 5).all()
        assert [info.peer_id for info in found] == [other.network.peer_id]
        assert [one.to_bytes() for one in found[0].addresses] == list(contact_of(other).addresses)


async def test_a_stranger_has_nobody_knock_at_its_own_doors():
    """Of addresses of loopback only who is on this machine can know something."""
    here = (b"\x04\x7f\0\0\x01\x06\0\x16", b"\x36\x09localhost\x06\0\x16")
    there = b"\x04\x0a\xff\xff\xfe\x06\x0f\xa1"
    told = (
        Contact(ID_PREFIX + bytes(32), here),
        Contact(ID_PREFIX + bytes([1] * 32), here + (there,)),
    )
    async with Town() as town:
        kad = await town.node()
        liar = town.home()
        asked = Message(GET_PROVIDERS, KEY, None, (), ())
        tell(liar, told, told)
        answer = await kad.ask(liar.contact, asked)
        assert answer.closer == (Contact(told[1].id, (there,)),)
        assert answer.providers == (Contact(told[0].id, ()), answer.closer[0])
        kad.network.contact = Contact(kad.own_id, (liar.contact.addresses[0][:5] + b"\x06\0\1",))
        answer = await kad.ask(liar.contact, asked)
        assert answer.closer == told and answer.providers == told


async def test_names_of_providers_do_not_fill_memory():
    async with Town() as town:
        kad = await town.node()
        kept, lookup.NAMED_MAX = lookup.NAMED_MAX, 4
        try:
            own = contact_of(kad)
            for number in range(3):
                liar = town.home()
                tell(liar, (), invented(5, 100 + 5 * number))
                kad.consider(liar.contact, "test")
            await until(lambda: len(kad.table) == 3)
            kad.replication = lambda: 9
            infos = await kad.find_providers(KEY, 50).all()
            assert own.id not in infos
            assert 6 <= len(infos) <= 10  # two of each answer, and who was remembered
        finally:
            lookup.NAMED_MAX = kept


async def test_an_answer_of_another_kind_is_none():
    async with Town() as town:
        kad = await town.node()
        wrong = town.home()

        def answer(_: Contact, data: bytes) -> bytes:
            return encode(Message(GET_PROVIDERS, KEY, None, (), ()), EDGE)

        wrong.serve(EDGE.protocol, answer)
        kad.consider(wrong.contact, "test")
        await until(lambda: wrong.asked)
        await until(lambda: kad.status()["failures"])
        assert len(kad.table) == 0


async def test_a_value_of_another_key_is_none():
    async with Town() as town:
        kad = await town.node("client")
        wrong = town.home()
        tell(wrong, record=Record(b"/new/other", b"9", ""))
        kad.consider(wrong.contact, "test")
        await until(lambda: len(kad.table))
        assert await kad.get_value(NAME) is None
        tell(wrong, record=Record(NAME, b"9", ""))
        assert await kad.get_value(NAME) == b"9"


async def test_a_fifth_that_is_gone_hides_nobody():
    async with Town() as town:
        kads = await town.nodes(COUNT)
        await kads[1].provide(KEY)
        for kad in kads[2 : 2 + max(1, COUNT // 5)]:
            kad.network.alive = False
        seeker = kads[-1]
        found = await seeker.find_providers(KEY, 5).all()
        assert [info.peer_id for info in found] == [kads[1].network.peer_id]
        assert await seeker.find_peer(kads[1].network.peer_id).first()
        assert await seeker.find_peer(kads[2].network.peer_id).first() is None


async def test_a_search_that_is_closed_leaves_nothing_behind():
    async with Town() as town:
        kads = await town.nodes(3)
        tasks = len(kads[0]._group)
        for _ in range(3):
            results = kads[0].get_closest_peers(KEY, 5)
            await results.close()
        await until(lambda: len(kads[0]._group) <= tasks)


async def test_who_puts_hears_how_many_keep_it():
    async with Town() as town:
        kad = await town.node("client")
        keeps, refuses, lies = await town.node(), town.home(), town.home()

        def refuse(_: Contact, data: bytes) -> bytes:
            asked = decode(data, EDGE)
            if asked.type != FIND_NODE:
                raise LinkError("no")
            return encode(Message(FIND_NODE, b"", None, (), ()), EDGE)

        refuses.serve(EDGE.protocol, refuse)
        tell(lies, record=Record(NAME, b"0", ""))
        for contact in (contact_of(keeps), refuses.contact, lies.contact):
            kad.consider(contact, "test")
        await until(lambda: len(kad.table) == 3)
        kad.replication = lambda: 3
        assert await kad.put_value(NAME, b"1") == 1
        assert keeps.held_value(NAME) == b"1"


if __name__ == "__main__":
    kit.run(globals())
