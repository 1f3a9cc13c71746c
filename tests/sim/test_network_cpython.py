"""Links, connections and attackers do what the simulation says they do."""

import pytest

from edge.errors import LinkError
from edge.routing.kad import EDGE, Contact
from edge.routing.kad.message import FIND_NODE, GET_PROVIDERS, Message, decode, encode
from edge.routing.kad.network import CONNECTION_IDLE_MS, REQUEST_TIMEOUT_MS
from edge.swarm.limits import Limits
from edge.system import aio, clock
from tests.sim import links
from tests.sim.hostile import Attackers, place
from tests.sim.loop import Ground
from tests.sim.network import SimulatedNetwork, World

PROTOCOL = EDGE.protocol
KEY = b"\x12\x20" + bytes(32)


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch):
    """Links that lose nothing: what is lost is another test."""
    monkeypatch.setattr(links, "LOSS", 0)
    monkeypatch.setattr(links, "VANISH", 0)
    with Ground(1) as ground:
        yield ground


def two(ground: Ground) -> tuple[SimulatedNetwork, SimulatedNetwork]:
    world = World(ground, EDGE)
    one, other = world.add(), world.add()
    other.serve(PROTOCOL, lambda source, data: data + source.id)
    return one, other


async def timed(one: SimulatedNetwork, contact: Contact, answer: bool = True):
    """(answer or error, ms)"""
    began = clock.monotonic_ms()
    try:
        told = await one.request(contact, PROTOCOL, b"x", answer)
    except LinkError as error:
        told = error
    return told, clock.monotonic_ms() - began


def test_a_request_takes_its_way(ground: Ground):
    one, other = two(ground)
    told, first_ms = ground.run(timed(one, other.contact))
    assert told == b"x" + one.id
    told, then_ms = ground.run(timed(one, other.contact))
    trip_ms = 2 * one.place.delay_ms(other.place)
    assert abs(then_ms - trip_ms) <= 2
    assert abs(first_ms - (1 + links.CONNECT_TRIPS) * trip_ms) <= 4
    assert one.dials == 1 and other.dials == 0
    assert one.counters()[:3] == other.counters()[:3]
    assert one.messages == 4


def test_both_meet_when_a_connection_is_made(ground: Ground):
    one, other = two(ground)
    ground.run(timed(one, other.contact))
    assert ground.run(one.next_candidate()) == (other.contact, {PROTOCOL})
    assert ground.run(other.next_candidate()) == (one.contact, set())
    assert one.known(other.id) == other.contact and one.is_connected(other.id)
    ground.run(aio.sleep_ms(CONNECTION_IDLE_MS + 1))
    assert not one.is_connected(other.id)
    assert one.known(other.id) and not other.known(one.id)  # one has dialed, other has not


def test_who_is_not_there_cannot_be_reached(ground: Ground):
    one, other = two(ground)
    nowhere = one.world.new_address()
    false = Contact(other.id, (nowhere, one.contact.addresses[0]))
    told, _ = ground.run(timed(one, false))
    assert isinstance(told, LinkError)
    told, _ = ground.run(timed(one, Contact(other.id, false.addresses + other.contact.addresses)))
    assert told == b"x" + one.id  # the true one of several
    third = one.world.add()
    third.die()
    told, took_ms = ground.run(timed(one, third.contact))
    assert isinstance(told, LinkError) and took_ms == Limits.address_timeout_ms


def test_who_vanishes_leaves_the_connection_silent(ground: Ground):
    one, other = two(ground)
    ground.run(timed(one, other.contact))
    ground.run(one.next_candidate())
    other.die()
    told, took_ms = ground.run(timed(one, other.contact))
    assert isinstance(told, LinkError) and took_ms == REQUEST_TIMEOUT_MS
    assert ground.run(one.next_candidate()) == (Contact(other.id, ()), None)


def test_who_does_not_serve_resets(ground: Ground):
    one, other = two(ground)
    other.serve(PROTOCOL, None)
    told, took_ms = ground.run(timed(one, other.contact))
    assert isinstance(told, LinkError) and took_ms < REQUEST_TIMEOUT_MS


def test_links_lose():
    with Ground(1) as ground:
        world = World(ground, EDGE)
        one, other = world.add(), world.add()
        took = [links.transit_ms(one.place, other.place, world.chance) for _ in range(100_000)]
    usual = one.place.delay_ms(other.place)
    gone = len([ms for ms in took if ms is None])
    late = len([ms for ms in took if ms is not None and ms > usual])
    assert 50 < gone < 150 and 800 < late < 1200


# -- attackers


def gang(ground: Ground, scenario: str, members: int = 20, others: int = 80):
    """(asker, attackers, the gang)"""
    world = World(ground, EDGE)
    attackers = [world.add() for _ in range(members)]
    for _ in range(others):
        world.add()
    found = Attackers(world, scenario)
    for node in attackers:
        found.enlist(node)
        node.serve(PROTOCOL, lambda source, data: b"the truth")
    return world.nodes[-1], attackers, found


def ask(asker: SimulatedNetwork, node: SimulatedNetwork, kind: int, key: bytes):
    """(ms it waits, answer)"""
    request = encode(Message(kind, key, None, (), ()), EDGE)
    return node.hostile.answer(node, asker, node.handlers[PROTOCOL], request)


def test_an_eclipse_shows_attackers_only(ground: Ground):
    asker, attackers, _ = gang(ground, "eclipse", 40)
    wanted = asker.world.nodes[50]
    _, data = ask(asker, attackers[0], FIND_NODE, wanted.id)
    told = [contact.id for contact in decode(data, EDGE).closer]
    target = place(wanted.id)
    closest = sorted([node.id for node in attackers], key=lambda id_: place(id_) ^ target)
    assert told == closest[:20]


def test_liars_invent_who_is_closer_than_anybody(ground: Ground):
    asker, attackers, found = gang(ground, "liar")
    world = asker.world
    wanted = world.nodes[50]
    _, data = ask(asker, attackers[0], FIND_NODE, wanted.id)
    closer = decode(data, EDGE).closer
    assert closer[0].id == wanted.id
    assert world.who_answers(wanted.id, closer[0].addresses)[0] is None
    target = place(wanted.id)
    nearest = min(place(node.id) ^ target for node in world.nodes if node is not wanted)
    invented = [contact for contact in closer[1:] if contact.id not in world.by_id]
    assert len(invented) == 12
    for contact in invented:
        assert place(contact.id) ^ target < nearest
        assert world.who_answers(contact.id, contact.addresses)[0] is None
    found.told[KEY] = [wanted.id]
    _, data = ask(asker, attackers[1], GET_PROVIDERS, KEY)
    providers = decode(data, EDGE).providers
    assert providers[0].id == wanted.id
    assert world.who_answers(wanted.id, providers[0].addresses)[0] is None
    assert len(providers) > 20


def test_the_slow_answer_just_before_and_just_after_the_end(ground: Ground):
    asker, attackers, _ = gang(ground, "slow")
    answers = [ask(asker, node, FIND_NODE, KEY) for node in attackers]
    before = [data for ms, data in answers if 0.9 * REQUEST_TIMEOUT_MS < ms < REQUEST_TIMEOUT_MS]
    after = [data for ms, data in answers if REQUEST_TIMEOUT_MS < ms < 1.1 * REQUEST_TIMEOUT_MS]
    assert len(before) == len(after) == 10
    assert 0 < before.count(b"the truth") < 10 and 0 < after.count(b"the truth") < 10


def test_a_gang_of_every_kind(ground: Ground):
    asker, attackers, _ = gang(ground, "mixed")
    silent = [ask(asker, node, FIND_NODE, KEY)[1] for node in attackers[3::5]]
    assert silent == [None] * 4
