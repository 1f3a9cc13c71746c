"""Who has a key: what is asked, how often, and who is found."""

import binascii

from edge.errors import LimitError
from edge.mdns import message
from edge.mdns.probes import KEYS_MAX, PROBES_MAX, Probes
from edge.system import MICROPYTHON
from tests import kit
from tests.edge.mdns.ether import (
    KEY,
    NAME,
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    Ether,
    answers_to,
    asking,
    entropy,
    found,
    met,
    peer_id,
    queries,
    responses,
)

QUESTION = (
    "000000000001000000000000"
    "225f6b3633656532666263373433303039663463383638653835663832636638326532"
    "045f737562045f703270045f756470056c6f63616c00000c0001"
)


def test_the_vector_of_the_specification():
    assert Probes(peer_id(1), SERVICE).name(KEY) == NAME
    ether, (asker, holder) = met()
    holder.offer(KEY)
    asker.probe(KEY, ether.now)
    ether.run(SECOND // 2)
    question, answer = [packet for _, _, _, packet in ether.heard]
    assert question == binascii.unhexlify(QUESTION)
    assert answer[:12] == b"\0\0\x84\0\0\0\0\1\0\0\0\3"
    assert answer[12:].startswith(NAME + b"\0\x0c\0\1\0\0\0\x78\0\x24\x21")
    assert answer[12 + len(NAME) + 44 :][:2] == b"\xc0\x34"


def test_a_peer_is_found_by_its_id():
    ether, (asker, _) = met()
    name, known = asker.probe(peer_id(2), ether.now)
    assert known == []
    ether.run(150)
    assert answers_to(asker) == [(name, found(2))]
    ether.run(2 * SECOND)
    assert answers_to(asker) == [(name, None)]


def test_all_who_offer_a_key_are_found_and_nobody_else():
    ether, agents = met(5)
    assert agents[1].offer(KEY) and agents[3].offer(KEY)
    agents[1].offer(KEY)
    name, _ = agents[0].probe(KEY, ether.now)
    ether.run(150)
    told = answers_to(agents[0])
    assert len(told) == 2 and (name, found(2)) in told and (name, found(4)) in told
    assert answers_to(agents[2]) == []
    agents[1].withdraw(KEY)
    ether.run(2 * SECOND)
    agents[0].probe(KEY, ether.now)
    ether.run(SECOND)
    assert answers_to(agents[0]) == [(name, None), (name, found(4))]


def test_a_node_answers_for_its_own_id_whatever_happens():
    ether, (asker, holder) = met()
    holder.withdraw(peer_id(2))
    name, _ = asker.probe(peer_id(2), ether.now)
    ether.run(150)
    assert answers_to(asker) == [(name, found(2))]


def test_it_is_asked_twice_and_is_over_soon():
    ether, (asker, holder) = met()
    start = ether.now
    name, _ = asker.probe(KEY, start)
    ether.run(5 * SECOND)
    assert [time - start for time, _, _ in ether.take()] == [0, SECOND]
    assert answers_to(asker) == [(name, None)]
    assert asker.deadline() > ether.now and holder.deadline() > ether.now


def test_a_lost_question_and_a_lost_answer():
    for deaf_ms in (10, 500):
        ether, (asker, _) = met()
        name, _ = asker.probe(peer_id(2), ether.now)
        if deaf_ms > 120:
            asker.handle_deadline(ether.now)
            ether.say(asker.data_to_send()[0][0], (b"\x0a\0\0\1", 5353))
        ether.is_deaf = True
        ether.run(deaf_ms)
        assert answers_to(asker) == []
        ether.is_deaf = False
        ether.run(1240 - deaf_ms)
        assert answers_to(asker) == [(name, found(2))]


def test_who_has_answered_is_named_in_the_second_question():
    ether, agents = met(3)
    agents[1].offer(KEY)
    asker = agents[0]
    asker.probe(KEY, ether.now)
    ether.run(500)
    agents[2].offer(KEY)
    ether.run(SECOND)
    first, second = queries(ether.take())
    assert first[2][3] == []
    ((owner, kind, _, ttl, instance),) = second[2][3]
    assert (owner, kind, ttl) == (NAME, PTR, 120) and instance.endswith(SERVICE)
    assert [told[1] for told in answers_to(asker)] == [found(2), found(3), None]


def test_who_has_the_key_itself_does_not_answer_itself():
    ether, (asker, holder) = met()
    asker.offer(KEY)
    name, _ = asker.probe(KEY, ether.now)
    ether.run(2 * SECOND)
    heard = ether.take()
    assert responses(heard) == [] and answers_to(asker) == [(name, None)]
    holder.offer(KEY)
    asker.probe(KEY, ether.now)
    ether.run(150)
    assert answers_to(asker) == [(name, found(2))]


def test_an_answer_to_one_serves_another_for_a_second():
    ether, agents = met(3)
    first, _ = agents[0].probe(peer_id(3), ether.now)
    ether.run(500)
    ether.take()
    name, known = agents[1].probe(peer_id(3), ether.now)
    assert name == first and known == [found(3)]
    agents[0].end(name)
    again, known = agents[0].probe(peer_id(3), ether.now)
    assert again == name and known == [found(3)]
    ether.run(400)
    assert responses(ether.take()) == []
    ether.run(4 * SECOND)
    assert agents[1].probe(peer_id(3), ether.now)[1] == []


def test_two_who_wait_for_the_same_share_a_probe():
    ether, (asker, _) = met()
    name, _ = asker.probe(peer_id(2), ether.now)
    ether.run(150)
    assert asker.probe(peer_id(2), ether.now) == (name, [found(2)])
    assert len(queries(ether.take())) == 1


def test_packets_of_questions_keep_a_distance():
    ether, (asker, _) = met()
    for number in range(PROBES_MAX):
        asker.probe(b"key %d" % number, ether.now)
        ether.run(3)
    times = [time for time, _, _ in queries(ether.take())]
    assert len(times) < PROBES_MAX // 4
    for index in range(1, len(times)):
        assert times[index] - times[index - 1] >= 50


def test_many_who_have_answered_take_more_packets():
    count = 5 if MICROPYTHON else 32
    ether, agents = met(1 + count)
    for holder in agents[1:]:
        holder.offer(KEY)
    asker = agents[0]
    name, _ = asker.probe(KEY, ether.now)
    ether.run(2 * SECOND)
    packets = [packet for _, source, _, packet in ether.heard if source[0] == b"\x0a\0\0\1"]
    assert max([len(packet) for packet in packets]) <= 1400
    _, *rest = [item[2] for item in queries(ether.take())]
    told = answers_to(asker)
    assert rest[0][2] and not [1 for later in rest[1:] if later[2]]
    assert [flags for _, flags, _, _ in rest] == [0x0200] * (len(rest) - 1) + [0]
    assert len(told) - 1 == sum([len(known) for _, _, _, known in rest]) == count
    assert told[-1] == (name, None)


def test_the_second_question_is_spared_if_another_asks_it():
    for known, count in (((), 0), ([(NAME, PTR, 1, 120, message.name("x._p2p._udp.local"))], 1)):
        ether, (asker, _) = met()
        asker.probe(KEY, ether.now)
        ether.run(500)
        ether.take()
        ether.say(asking(NAME, known=known), STRANGER)
        ether.run(2 * SECOND)
        assert len(ether.take()) == count


def test_two_at_once_share_the_questions():
    ether, (first, second) = met()
    first.probe(KEY, ether.now)
    ether.run(300)
    second.probe(KEY, ether.now)
    ether.run(3 * SECOND)
    asked = [time for time, _, _ in queries(ether.take())]
    assert len(asked) == 3  # the first one's second was not needed


def test_several_interfaces_and_both_families():
    from edge.mdns.agent import Agent

    agent = Agent(peer_id(1), entropy(1))
    both = ((b"\x0a\0\0\x01", 24), (b"\xfd" + bytes(14) + b"\x01", 64))
    local = ((b"\xfe\x80" + bytes(13) + b"\x01", 64),)
    agent.set_interfaces([("eth0", both), ("wlan0", local)], 0)
    agent.handle_deadline(150)
    agent.data_to_send()
    agent.probe(KEY, 200)
    agent.handle_deadline(200)
    asked = [(item[2], len(item[1][0])) for item in agent.data_to_send()]
    assert sorted(asked) == [("eth0", 4), ("eth0", 16), ("wlan0", 16)]
    ether, (_, holder) = met()
    holder.offer(KEY)
    ether.say(asking(NAME), STRANGER)
    ether.run(SECOND)
    for source in (STRANGER, (b"\xfd" + bytes(14) + b"\x09", 5353)):
        agent.receive_data(ether.heard[0][3], source, "eth0", 300)
    told = [one for _, one in answers_to(agent)]
    assert told == [found(2)]  # once, though heard by both


def test_who_is_not_to_be_found_asks_and_does_not_answer():
    ether = Ether()
    asker = ether.agent(1, told=())
    holder = ether.agent(2)
    ether.run(50 * SECOND)
    ether.take()
    assert not asker.offer(KEY) and holder.offer(KEY)
    name, _ = asker.probe(KEY, ether.now)
    ether.run(150)
    assert answers_to(asker) == [(name, found(2))]
    ether.run(2 * SECOND)
    ether.take()
    holder.withdraw(KEY)
    holder.probe(KEY, ether.now)
    ether.run(2 * SECOND)
    assert responses(ether.take()) == []


def test_private_networks_do_not_mix():
    ether = Ether()
    home, work = ether.agent(1), ether.agent(2, service="_p2p-ab12._udp.local")
    ether.run(50 * SECOND)
    ether.take()
    work.offer(KEY)
    name, _ = home.probe(KEY, ether.now)
    other, _ = work.probe(KEY, ether.now)
    ether.run(3 * SECOND)
    assert responses(ether.take()) == [] and answers_to(home) == [(name, None)]
    assert name[:35] != other[:35] and other.endswith(b"\x04_sub\x09_p2p-ab12\x04_udp\x05local\0")


def test_who_is_there():
    ether, (first, second) = met()
    assert first.probe(b"", ether.now) == (None, [found(2)])
    late = ether.agent(3, told=())
    name, known = late.probe(b"", ether.now)
    assert known == [] and name == SERVICE
    ether.run(3 * SECOND)
    told = answers_to(late)
    assert sorted(told[:-1]) == [(SERVICE, found(1)), (SERVICE, found(2))]
    assert told[-1] == (SERVICE, None) and answers_to(second) == []


def test_bounds():
    ether, (agent, _) = met()
    for number in range(KEYS_MAX):
        agent.offer(b"key %d" % number)
    kit.raises(LimitError, agent.offer, b"one more")
    agent.offer(b"key 1")
    agent.withdraw(b"key 1")
    agent.offer(b"one more")
    for number in range(PROBES_MAX):
        agent.probe(b"key %d" % number, ether.now)
    kit.raises(LimitError, agent.probe, b"one more", ether.now)
    agent.probe(b"key 1", ether.now)
    agent.end(agent.probe(b"key 1", ether.now)[0])
    agent.probe(b"one more", ether.now)
    agent.end(b"nothing")


if __name__ == "__main__":
    kit.run(globals())
