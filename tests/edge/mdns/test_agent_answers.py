"""The pure agent: what it asks and answers, and when."""

from edge.mdns import message
from tests import kit
from tests.contract.mdns import check_universal
from tests.edge.mdns.ether import (
    GROUP4,
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    TXT,
    Ether,
    lone,
    peer_id,
    queries,
    query,
    responses,
)

META = message.name("_services._dns-sd._udp.local")


def test_what_it_says_suits_everybody():
    ether = Ether()
    agent = ether.agent(1)
    ether.run(5 * SECOND)
    agent.close(ether.now)
    ether.run(1)
    packets = [packet for _, _, _, packet in ether.heard]
    assert len(packets) > 4
    for packet in packets:
        check_universal(packet, peer_id(1))


def test_as_many_addresses_as_fit():
    told = ["/ip4/10.0.0.1/tcp/%d" % port for port in range(10000, 10050)]
    ether = Ether()
    ether.agent(1, told)
    ether.run(200)
    packet = ether.heard[0][3]
    assert len(packet) <= 1400
    (text,) = [record[4] for record in message.decode(packet)[3] if record[1] == TXT]
    assert 8 <= len(message.split(text)) <= 12


def test_a_query_asks_first_and_names_us():
    ether = Ether()
    ether.agent(1)
    ether.run(200)
    _, to, (id, flags, questions, known) = queries(ether.take())[0]
    assert (id, flags, questions) == (0, 0, [(SERVICE, PTR, 1)])
    assert [(record[0], record[1]) for record in known] == [(SERVICE, PTR)]
    assert to == (GROUP4, 5353)


def test_questions_become_rare():
    ether, _ = Ether(), None
    ether.agent(1)
    start = ether.now
    ether.run(24 * 3600 * SECOND)
    heard = ether.take()
    asked = [time - start for time, _, _ in queries(heard)]
    assert asked[0] <= 120 and asked[1] - asked[0] < 1200 and asked[2] - asked[1] < 3200
    assert len([time for time in asked if time < 60 * SECOND]) == 5
    assert len([time for time in asked if time > 3600 * SECOND]) <= 24
    assert len(responses(heard)) == len(asked)


def test_an_answer_waits_20_to_120_ms():
    for number in range(10):
        ether, _ = lone()
        ether.run(7 * number)
        start = ether.now
        ether.say(query(), STRANGER)
        ether.run(SECOND)
        (answer,) = ether.take()
        assert 20 <= answer[0] - start <= 120


def test_a_flood_of_questions_is_answered_once_a_second():
    ether, _ = lone()
    for _ in range(1000):
        ether.say(query(), STRANGER)
        ether.say(query((META, PTR, 1)), STRANGER)
        ether.run(10)
    times = [time for time, _, _ in responses(ether.take())]
    assert 8 <= len(times) <= 11
    assert min([times[i + 1] - times[i] for i in range(len(times) - 1)]) >= SECOND


def test_who_knows_us_is_not_told():
    ether, _ = lone()
    ether.say(query(), STRANGER)
    ether.run(200)
    pointer = message.decode(ether.heard[0][3])[3][0]
    ether.run(5 * SECOND)
    ether.take()
    ether.say(query(known=[pointer]), STRANGER)
    ether.say(query(known=[pointer[:3] + (2250,) + pointer[4:]]), STRANGER)
    ether.run(SECOND)
    assert ether.take() == []
    ether.say(query(known=[pointer[:3] + (2249,) + pointer[4:]]), STRANGER)  # half forgotten
    ether.run(SECOND)
    assert len(ether.take()) == 1


def test_questions_are_found_anywhere_in_any_case():
    for questions in (
        [(b"\x04_P2P\x04_uDp\x05LOCAL\0", PTR, 1)],
        [(message.name("_http._tcp.local"), PTR, 1), (SERVICE, PTR, 1)],
        [(SERVICE, 255, 255)],
        [(SERVICE, PTR, 0x8001)],
    ):
        ether, _ = lone()
        ether.say(message.encode(0, questions, ()), STRANGER)
        ether.run(200)
        assert len(responses(ether.take())) == 1, questions
    for questions in ([(SERVICE, TXT, 1)], [(message.name("_http._tcp.local"), PTR, 1)], []):
        ether, _ = lone()
        ether.say(message.encode(0, questions, ()), STRANGER)
        ether.run(200)
        assert ether.take() == [], questions


def test_direct_questions_are_answered_at_once():
    ether, _ = lone()
    ether.say(query(), STRANGER)
    ether.run(5 * SECOND)
    records = message.decode(ether.heard[0][3])[3]
    ether.take()
    for record in records[1:]:
        start = ether.now
        ether.say(query((record[0], record[1], 1)), STRANGER)
        ether.run(2 * SECOND)
        (answer,) = ether.take()
        assert answer[0] == start and record in answer[2][3]


def test_kinds_of_service():
    ether, _ = lone()
    ether.say(query((META, PTR, 1)), STRANGER)
    ether.run(200)
    (answer,) = ether.take()
    assert (META, PTR, 1, 4500, SERVICE) in answer[2][3]


def test_legacy_askers_get_an_answer_of_their_own():
    ether, _ = lone()
    asker = (STRANGER[0], 40000)
    packet = message.encode(0x0100, [(SERVICE, PTR, 1)], (), (), 0x1234)
    for _ in range(5):  # one of them is answered
        ether.say(packet, asker)
    ether.run(200)
    own, group = ether.take()
    assert own[1] == asker and group[1] == (GROUP4, 5353)
    id, flags, questions, records = own[2]
    assert (id, flags, questions) == (0x1234, 0x8400, [(SERVICE, PTR, 1)])
    assert {(record[2], record[3]) for record in records} == {(1, 10)}


if __name__ == "__main__":
    kit.run(globals())
