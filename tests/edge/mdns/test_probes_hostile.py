"""Who has a key: packets that are strange, broken or meant to harm."""

from edge.errors import RemoteError
from edge.mdns import message
from edge.mdns.probes import ANSWERS_MAX, SOURCE_MAX
from edge.system import MICROPYTHON
from tests import kit
from tests.edge.mdns.ether import (
    KEY,
    NAME,
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    TXT,
    answers_to,
    asking,
    events,
    found,
    met,
    peer_id,
    response,
    responses,
)

FLOOD = 200 if MICROPYTHON else 2000


def claim(number: int, name: bytes = NAME, ttl: int = 120, host: int = 99) -> bytes:
    """What one says who has the key, with peer ``number`` for who has it."""
    texts = ["/ip4/10.0.0.%d/tcp/4001/%%" % host]
    instance, _, _, _, strings = message.decode(response(number, texts))[3][1]
    return message.encode(
        0x8400, (), [(name, PTR, 1, ttl, instance)], [(instance, TXT, 0x8001, 120, strings)]
    )


def probing():
    """An Ether, an agent that asks for KEY, one that has it and whose answer is on its way."""
    ether, (asker, holder) = met()
    holder.offer(KEY)
    asker.probe(KEY, ether.now)
    ether.run(1)
    return ether, asker, holder


def peers(asker) -> list:
    return [answer[1].peer_id for answer in answers_to(asker) if answer[1]]


def test_broken_packets_raise_and_change_nothing():
    for packet in (claim(9), asking(NAME)):
        ether, agents = met()
        for agent in agents:
            agent.offer(KEY)
            agent.probe(KEY, ether.now)
            ether.run(5 * SECOND)
            agent.probe(KEY, ether.now)
        for size in range(60, len(packet)):  # before that it does not say that it is for us
            for agent in agents:
                cut = (packet[:size], STRANGER, "eth0", ether.now)
                kit.raises(RemoteError, agent.receive_data, *cut)
            ether.now += 200
        assert peer_id(9) not in peers(agents[0])


def test_claims_that_are_none():
    instance = message.name("x._p2p._udp.local")
    for packet in (
        claim(9, ttl=0),
        claim(1),  # the asker itself
        claim(9, NAME[:-7] + b"\x05other\0"),
        claim(9, NAME[:10] + b"x" + NAME[11:]),  # another key
        claim(9, b"\x21" + NAME[1:34] + NAME[35:]),  # a label too short
        claim(9, b"\x01x" + NAME),  # below the name
        message.encode(0x8400, (), [(NAME, PTR, 1, 120, instance)]),  # and who is that?
        message.encode(0x8400, (), [(NAME, PTR, 1, 120, NAME)]),
        message.encode(0x8400, (), [(NAME, PTR, 1, 120, b"\0")]),
        message.encode(0x8400, (), [(NAME, TXT, 1, 120, b"\0")]),
        claim(9).replace(b"dnsaddr=", b"dnsadd\xff="),
        claim(9).replace(b"dnsaddr=", b"dnsaddr/"),
    ):
        ether, asker, _ = probing()
        ether.say(packet, STRANGER)
        ether.run(SECOND)
        assert peers(asker) == [peer_id(2)], packet


def test_a_bad_claim_beside_a_good_one():
    """One bad packet costs itself and nothing else."""
    ether, asker, _ = probing()
    bad = message.encode(
        0x8400, (), [(NAME, PTR, 1, 120, SERVICE)], [(SERVICE, TXT, 1, 120, b"\x09short")]
    )
    ether.say(bad, STRANGER)
    ether.say(claim(9), STRANGER)
    ether.run(SECOND)
    assert sorted(peers(asker)) == [peer_id(2), peer_id(9)]


def test_from_beyond_the_link():
    ether, asker, holder = probing()
    ether.run(2 * SECOND)
    answers_to(asker)
    ether.take()
    asker.probe(b"another", ether.now)
    name = asker.probe(b"another", ether.now)[0]
    ether.run(10)
    ether.take()
    for host in (b"\x08\x08\x08\x08", b"\x0a\0\x01\x01"):
        ether.say(claim(9, name), (host, 5353))
        ether.say(asking(NAME), (host, 5353))
        ether.say(asking(NAME), (host, 40000))
    holder.receive_data(asking(NAME), STRANGER, "eth7", ether.now)
    ether.run(SECOND - 20)
    assert peers(asker) == [] and ether.take() == []


def test_answers_that_nobody_asked_for():
    ether, (agent, _) = met()
    for number in range(3, 3 + FLOOD // 20):
        ether.say(claim(number), (b"\x0a\0\0\x63", 40000))
        ether.run(20)
    assert answers_to(agent) == []
    _, known = agent.probe(KEY, ether.now)
    assert len(known) <= ANSWERS_MAX  # the last ones, if somebody asks now


def test_an_instance_known_from_elsewhere_needs_no_txt():
    ether, (asker, _) = met(2)
    ether.say(response(9, ["/ip4/10.0.0.99/tcp/4001/%"]), STRANGER)
    asker.probe(KEY, ether.now)
    ether.run(10)
    instance = message.name("peer9._p2p._udp.local")
    ether.say(message.encode(0x8400, (), [(NAME, PTR, 1, 120, instance)]), STRANGER)
    ((_, told),) = answers_to(asker)
    assert told.peer_id == peer_id(9)


def test_an_id_claimed_with_other_addresses_does_not_hide_the_peer():
    """Whoever asks hears both, and dials."""
    ether, (asker, _) = met()
    name, _ = asker.probe(peer_id(2), ether.now)
    ether.run(1)
    ether.say(claim(2, name), STRANGER)
    ether.run(SECOND)
    told = [one for _, one in answers_to(asker)]
    assert len(told) == 2 and told[0].peer_id == told[1].peer_id and told[1] == found(2)


def test_one_liar_leaves_room():
    ether, asker, _ = probing()
    for number in range(3, 3 + 2 * ANSWERS_MAX):
        ether.say(claim(number), STRANGER)
    ether.run(SECOND)
    told = peers(asker)
    assert len(told) <= SOURCE_MAX + 1 and told[-1] == peer_id(2)


def test_many_liars():
    ether, asker, _ = probing()
    for number in range(3, 3 + FLOOD):
        ether.say(claim(number), (bytes([10, 0, 0, 3 + number % 240]), 5353))
    ether.run(100)
    assert len(peers(asker)) <= ANSWERS_MAX
    ether.run(SECOND)
    assert len(events(asker)) <= 2 * 128


def test_a_flood_of_answers_hides_neither_question_nor_answer():
    ether, (asker, holder) = met()
    holder.offer(KEY)
    asker.probe(KEY, ether.now)
    for number in range(3, 3 + FLOOD):
        for packet in (claim(number, b"\x22_k" + b"0" * 32 + NAME[35:]), response(number, [])):
            ether.say(packet, (bytes([10, 0, 0, 3 + number % 240]), 5353))
    ether.run(500)
    assert peers(asker) == [peer_id(2)]


def test_a_flood_of_questions_for_other_keys_hides_none_for_ours():
    ether, (asker, holder) = met()
    holder.offer(KEY)
    asker.probe(KEY, ether.now)
    for number in range(FLOOD):
        name = b"\x22_k" + ("%032x" % number).encode() + NAME[35:]
        ether.say(asking(name), (bytes([10, 0, 0, 3 + number % 240]), 5353))
    ether.run(500)
    assert peers(asker) == [peer_id(2)] and len(responses(ether.take())) == 1


def test_a_flood_of_questions_for_our_keys():
    """What waits is bounded, what is said is bounded, and no host has it all."""
    ether, (asker, holder) = met()
    keys = [b"key %d" % number for number in range(15)]
    names = [asker.probe(key, ether.now)[0] for key in keys[:8]]
    for name in names:
        asker.end(name)
    for key in keys:
        holder.offer(key)
    for _ in range(FLOOD // 20):
        ether.say(asking(*names), STRANGER)
        ether.run(100)
        name = asker.probe(keys[9], ether.now)[0]
        ether.run(10)
    heard = responses(ether.take())
    assert len(heard) <= 10 * FLOOD // 20 * 110 // 1000 + 10
    assert name in [record[0] for _, _, (_, _, _, records) in heard for record in records]


def test_questions_and_records_without_end():
    ether, (_, holder) = met()
    holder.offer(KEY)
    ether.say(asking(*[NAME] * 250), STRANGER)
    ether.run(SECOND)
    assert len(ether.take()) == 1
    many = asking(NAME)[:4] + b"\x03\xe8" + asking(NAME)[6:]  # says that there are 1000
    kit.raises(RemoteError, holder.receive_data, many, STRANGER, "eth0", ether.now)
    ether.run(2 * SECOND)
    ether.say(message.encode(0, [(NAME, PTR, 1)], [(NAME, PTR, 1, 120, NAME)] * 200), STRANGER)
    ether.run(SECOND)
    assert len(ether.take()) == 1


def test_nobody_reads_the_answers():
    ether, (asker, _) = met()
    for second in range(20):
        asker.probe(b"key %d" % second, ether.now)
        name = asker.probe(peer_id(2), ether.now)[0]
        ether.say(claim(9, name), STRANGER)
        ether.run(2 * SECOND)
    assert len(answers_to(asker)) <= 20 * 4


if __name__ == "__main__":
    kit.run(globals())
