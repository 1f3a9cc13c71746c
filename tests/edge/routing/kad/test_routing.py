"""Kademlia routing on a network without a swarm: what is found, what is believed, what is told."""

from edge.errors import LocalError
from edge.identity.peer_id import PeerId
from edge.routing.closeness import distance
from edge.routing.kad import Contact
from edge.routing.kad.message import PING, Message
from edge.system import MICROPYTHON, aio
from tests import kit
from tests.edge.routing.kad.samples import KEY, VALIDATORS
from tests.edge.routing.kad.town import Town, contact_of, until

COUNT = 3 if MICROPYTHON else 12
NAME = b"/new/name"
FALSE = b"\x04\x0a\xff\xff\xff\x06\x0f\xa1"  # an address where nobody lives


async def test_a_peer_is_found_through_others():
    async with Town() as town:
        kads = await town.nodes(COUNT)
        for kad in kads[1:]:
            found = await kads[-1].find_peer(kad.network.peer_id).first()
            if kad is kads[-1]:
                assert found is None  # nobody looks for itself
            else:
                assert found.peer_id == kad.network.peer_id
                assert tuple([one.to_bytes() for one in found.addresses]) == contact_of(kad)[1]


async def test_a_client_is_found_where_somebody_has_met_it():
    async with Town() as town:
        one, other = await town.nodes(2)
        client = await town.node("client")
        client.consider(contact_of(one), "test")
        await until(lambda: len(client.table))
        assert len(one.table) == 1  # a client is no contact
        found = await other.find_peer(client.network.peer_id).first()
        assert found.peer_id == client.network.peer_id


async def test_who_has_not_proven_itself_is_not_found():
    async with Town() as town:
        one, other = await town.nodes(2)
        gone = town.home()
        gone.alive = False
        one.table.heard(gone.contact, 0, True)
        assert await other.find_peer(gone.peer_id).all() == []
        assert one.name == "kad-edge"


async def test_a_false_address_hides_no_peer():
    """Somebody tells lies of where a peer is, somebody else the truth."""
    async with Town() as town:
        kads = await town.nodes(3)
        hidden = await town.node()
        hidden.network.contact = contact_of(hidden)
        kads[0].table.heard(Contact(hidden.own_id, (FALSE,)), 0, True)
        kads[1].table.heard(contact_of(hidden), 0, True)
        found = await kads[2].find_peer(hidden.network.peer_id).first()
        assert found.peer_id == hidden.network.peer_id


async def test_a_false_address_costs_no_contact_its_place():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table) and len(other.table))
        lie = Contact(other.own_id, (FALSE,))
        await one.ask(lie, Message(PING, b"", None, (), ()))
        contacts = one.table.closest(0, 9)
        assert contacts == [contact_of(other)]


async def test_the_closest_in_their_order():
    async with Town() as town:
        kads = await town.nodes(COUNT)
        infos = await kads[0].get_closest_peers(KEY, 5).all()
        ids = sorted([kad.own_id for kad in kads[1:]], key=lambda id: distance(KEY, id))
        assert [info.peer_id.to_bytes() for info in infos] == ids[:5]


async def test_a_provider_is_found_by_all():
    async with Town() as town:
        kads = await town.nodes(COUNT)
        told = await kads[1].provide(KEY)
        assert 0 < told <= kads[1].replication()
        assert told < COUNT - 1 or COUNT <= 3  # not by everyone
        for kad in kads:
            found = await kad.find_providers(KEY, 5).all()
            wanted = [] if kad is kads[1] else [kads[1].network.peer_id]
            assert [info.peer_id for info in found] == wanted
        await kads[1].unprovide(KEY)
        assert KEY not in kads[1].provided


async def test_a_key_has_its_bounds():
    async with Town() as town:
        kad = await town.node()
        for key in (b"", bytes(81)):
            await kit.raises_async(LocalError, kad.provide(key))
            kit.raises(LocalError, kad.find_providers, key, 1)
            kit.raises(LocalError, kad.get_closest_peers, key, 1)
        assert await kad.provide(KEY) == 0  # nobody is there
        assert await kad.find_providers(KEY, 1).all() == []


async def test_a_value_is_found_and_the_better_one_wins():
    async with Town() as town:
        kads = await town.nodes(COUNT)
        assert await kads[0].get_value(NAME) is None
        assert await kads[0].put_value(NAME, b"1") > 0
        assert await kads[1].get_value(NAME) == b"1"
        assert await kads[1].put_value(NAME, b"2") > 0
        for kad in kads:
            assert await kad.get_value(NAME) == b"2"
        await kit.raises_async(LocalError, kads[1].put_value(NAME, b"1"))
        await kit.raises_async(LocalError, kads[1].put_value(NAME, b"x"))
        await kit.raises_async(LocalError, kads[1].put_value(b"/old/name", b"1"))


async def test_who_lacks_the_best_value_is_given_it():
    async with Town() as town:
        kads = await town.nodes(3)
        kads[0].hold_value(NAME, b"7")
        kads[1].hold_value(NAME, b"3")
        assert await kads[2].get_value(NAME) == b"7"
        await until(lambda: kads[1].held_value(NAME) == b"7")


async def test_who_has_the_same_value_at_another_age_lacks_nothing():
    async with Town() as town:
        kads = await town.nodes(3)
        for key, ages in ((b"/hours/b", (3, 5)), (b"/hours/a", (5, 3))):
            for at in range(2):
                kads[at].hold_value(key, b"\1\x09" + bytes(ages[at : at + 1]))
            assert await kads[2].get_value(key) == b"\1\x09\5"
            await aio.sleep_ms(20)
            assert tuple([kad.held_value(key)[2] for kad in kads[:2]]) == ages
        kads[1].hold_value(key, b"\2\x09\0")
        assert await kads[2].get_value(key) == b"\2\x09\0"
        await until(lambda: kads[0].held_value(key) == b"\2\x09\0")


async def test_no_value_is_believed_unchecked():
    async with Town() as town:
        one, other = await town.nodes(2)
        rest = (0, 1 << 60, 0, 0, VALIDATORS["new"])
        one.server.values._values[NAME] = (b"not valid",) + rest
        assert await other.get_value(NAME) is None
        one.server.values._values[NAME] = (b"1",) + rest
        assert await other.get_value(NAME) == b"1"


async def test_a_network_of_clients_finds_nothing_and_ends():
    async with Town() as town:
        one = await town.node("client")
        others = [await town.node("client"), await town.node("client")]
        for other in others:
            one.consider(contact_of(other), "test")
        await until(lambda: others[0].network.asked and others[1].network.asked)
        assert await one.provide(KEY) == 0
        assert await one.find_providers(KEY, 1).all() == []
        assert await one.get_closest_peers(KEY, 3).all() == []
        stranger = PeerId(b"\x12\x20" + bytes(32))
        assert await one.find_peer(stranger).all() == []
        assert len(one.table) == 0


async def test_who_never_answers_is_given_up_by_who_searches():
    async with Town() as town:
        kad = await town.node()
        deaf = town.home()
        deaf.deaf = True
        kad.consider(deaf.contact, "test")
        await until(lambda: deaf.asked)
        results = kad.find_providers(KEY, 1)
        await aio.sleep_ms(1)
        await results.close()
        assert await results.all() == []


async def test_a_server_that_names_itself_for_ever():
    async with Town() as town:
        kad = await town.node()
        vain = await town.node()
        vain.table.closest = lambda *_: [contact_of(vain)] * 20
        kad.consider(contact_of(vain), "test")
        await until(lambda: len(kad.table))
        before = vain.network.asked
        assert [i.peer_id for i in await kad.get_closest_peers(KEY, 9).all()] == [
            vain.network.peer_id
        ]
        assert vain.network.asked == before + 1


async def test_events_say_who_was_found_and_how():
    async with Town() as town:
        one, other = await town.nodes(2)
        found = await other.next_event()
        assert found.peer_id == one.network.peer_id and found.source == "test"
        found = await one.next_event()
        assert found.peer_id == other.network.peer_id and found.source == "connection"
        assert one.network.kept == [(other.own_id, "connection")]
        await one.stop()
        await kit.raises_async(EOFError, one.next_event())


async def test_a_peer_that_becomes_a_client_is_no_contact_any_more():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        one.network.candidates.put_nowait((contact_of(other), {"/else/1.0.0"}))
        await until(lambda: not len(one.table))
        one.network.candidates.put_nowait((contact_of(other), {one.profile.protocol}))
        await until(lambda: len(one.table))


async def test_the_mode_follows_what_is_reachable():
    async with Town() as town:
        kad = await town.node("auto")
        assert kad.is_server and kad.network.handlers
        kad.network.is_reachable = False
        kad.upkeep.wake()
        await until(lambda: not kad.network.handlers)
        assert kad.status()["mode"] == "client"
        kad.network.is_reachable = True
        kad.upkeep.wake()
        await until(lambda: kad.network.handlers)
        await kad.stop()
        assert not kad.network.handlers


async def test_what_it_tells_of_itself():
    async with Town() as town:
        one, other = await town.nodes(2)
        await until(lambda: len(one.table))
        status = one.status()
        assert status["mode"] == "server" and status["contacts"] == 1
        assert status["network_size"] == 2 and status["last_search_ms"] is None
        assert status["peers"][0]["peer_id"] == str(other.network.peer_id)
        await one.provide(KEY)
        assert one.status()["last_search_ms"] >= 0 and one.status()["provided"] == 1
        assert other.status()["providers_kept"] == 1


if __name__ == "__main__":
    kit.run(globals())
