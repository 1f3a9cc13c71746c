"""Who has a key: what is answered, when, and how often."""

from edge.mdns import message
from edge.mdns.probes import KEYS_MAX, PROBES_MAX
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.mdns.ether import (
    GROUP4,
    KEY,
    NAME,
    PTR,
    SECOND,
    STRANGER,
    Ether,
    addresses,
    answers_to,
    asking,
    met,
    peer_id,
    queries,
    responses,
)


def test_an_answer_waits_20_to_120_ms():
    ether, (asker, _) = met()
    waits = []
    for _ in range(20):
        start = ether.now
        name, _ = asker.probe(peer_id(2), start)
        ether.run(1100)
        asker.end(name)
        ((time, to, _),) = responses(ether.take())
        assert to == (GROUP4, 5353)
        waits.append(time - start)
        ether.run(SECOND)
    assert 20 <= min(waits) < max(waits) <= 120


def test_a_flood_of_questions_is_answered_once_a_second():
    ether, (_, holder) = met()
    holder.offer(KEY)
    for _ in range(1000):
        ether.say(asking(NAME), STRANGER)
        ether.run(10)
    times = [time for time, _, _ in responses(ether.take())]
    assert 8 <= len(times) <= 11
    assert min([times[i + 1] - times[i] for i in range(len(times) - 1)]) >= SECOND


def test_many_keys_of_one_node():
    told = ["/ip4/10.0.0.2/tcp/%d" % port for port in range(10000, 10050)]
    for many, least in ((told, 8), (["/ip4/0.0.0.0/tcp/1"], 16)):
        ether = Ether()
        asker, holder = ether.agent(1), ether.agent(2, many)
        ether.run(50 * SECOND)
        ether.take()
        keys = [b"key %d" % number for number in range(PROBES_MAX)]
        names = []
        for key in keys:
            holder.offer(key)
            names.append(asker.probe(key, ether.now)[0])
        ether.run(4 * SECOND)
        packets = [packet for _, _, _, packet in ether.heard]
        assert max([len(packet) for packet in packets]) <= 1400
        for _, _, (_, _, questions, _) in queries(ether.take()):
            assert len(questions) <= 16
        seen = [name for name, one in answers_to(asker) if one]
        # A quarter of what may wait is for one host; what did not fit can be asked for again.
        assert len(seen) == len(set(seen)) >= min(least, PROBES_MAX // 2)


def test_what_a_host_says_behind_its_question():
    ether, (_, holder) = met()
    holder.offer(KEY)
    ether.say(asking(NAME), STRANGER)
    ether.run(2 * SECOND)
    ((_, _, (_, _, _, records)),) = responses(ether.take())
    start = ether.now
    ether.say(asking(NAME, flags=0x0200), STRANGER)
    ether.run(300)
    ether.say(asking(known=records[:1]), (b"\x0a\0\0\x63", 5353))
    ether.run(2 * SECOND)
    assert ether.take() == []
    start = ether.now
    ether.say(asking(NAME, flags=0x0200), STRANGER)
    ether.run(300)
    ether.say(asking(known=records[:1]), (b"\x0a\0\0\x62", 5353))  # somebody else knows it
    ether.run(2 * SECOND)
    ((time, _, _),) = responses(ether.take())
    assert 400 <= time - start <= 500


def test_who_knows_us_is_not_told():
    ether, (_, holder) = met()
    holder.offer(KEY)
    ether.say(asking(NAME), STRANGER)
    ether.run(2 * SECOND)
    ((_, _, (_, _, _, records)),) = responses(ether.take())
    pointer = records[0]
    for ttl, count in ((120, 0), (60, 0), (59, 1)):
        ether.say(asking(NAME, known=[pointer[:3] + (ttl, pointer[4])]), STRANGER)
        ether.run(2 * SECOND)
        assert len(ether.take()) == count


def test_legacy_askers_get_an_answer_of_their_own():
    ether, (_, holder) = met()
    holder.offer(KEY)
    asker = (STRANGER[0], 40000)
    for _ in range(10):  # four of them are answered
        ether.say(message.encode(0x0100, [(NAME, PTR, 1)], (), (), 0x1234), asker)
    ether.run(SECOND // 2)
    heard = ether.take()
    assert len(heard) == 4
    for time, to, (id, flags, questions, records) in heard:
        assert to == asker and time <= ether.now - SECOND // 2
        assert (id, flags, questions) == (0x1234, 0x8400, [(NAME, PTR, 1)])
        assert {(record[2], record[3]) for record in records} == {(1, 10)}
        assert len(records) == 4


def test_kinds_of_question():
    upper = bytes([octet - 32 if 97 <= octet <= 122 else octet for octet in NAME])
    for question, count in (
        ((NAME, 255, 255), 1), ((upper, PTR, 1), 1), ((NAME, PTR, 0x8001), 1),
        ((NAME, 16, 1), 0), ((NAME[:-7] + b"\x05other\0", PTR, 1), 0),
    ):  # fmt: skip
        ether, (_, holder) = met()
        holder.offer(KEY)
        ether.say(message.encode(0, [question], ()), STRANGER)
        ether.run(SECOND)
        assert len(ether.take()) == count, question


def test_an_answer_is_complete_and_for_nobody_else():
    """js-libp2p takes the last PTR of the answers, rust those of the service: neither is there."""
    ether, (_, holder) = met()
    holder.offer(KEY)
    ether.say(asking(NAME), STRANGER)
    ether.run(SECOND)
    packet = ether.heard[0][3]
    id, flags, questions, records = message.decode(packet)
    assert (id, flags, questions, packet[6:12]) == (0, 0x8400, [], b"\0\1\0\0\0\3")
    assert [record[:2] for record in records if record[1] == PTR] == [(NAME, PTR)]
    assert [(record[1], record[2], record[3]) for record in records] == [
        (12, 1, 120), (16, 0x8001, 4500), (33, 0x8001, 120), (1, 0x8001, 120),
    ]  # fmt: skip


def test_what_is_withdrawn_while_the_answer_waits_is_not_answered():
    ether, (asker, holder) = met()
    holder.offer(KEY)
    for key in (KEY, peer_id(2)):
        asker.probe(key, ether.now)
    ether.run(5)
    holder.withdraw(KEY)
    holder.withdraw(peer_id(2))
    ether.run(2 * SECOND)
    assert len([one for _, one in answers_to(asker) if one]) == 1


def test_new_addresses_are_in_the_next_answer():
    ether, (asker, holder) = met()
    holder.update_addresses([Multiaddr("/ip4/10.0.0.2/tcp/9")], ether.now)
    asker.probe(peer_id(2), ether.now)
    ether.run(150)
    (told,) = answers_to(asker)
    assert told[1].addresses == addresses("/ip4/10.0.0.2/tcp/9")


def test_nothing_is_said_of_its_own_accord():
    ether, (quiet, holder) = met()
    for number in range(KEYS_MAX):
        holder.offer(b"key %d" % number)
    ether.run(60 * SECOND)
    assert ether.take() == []
    holder.close(ether.now)
    holder.withdraw(b"key 1")
    ether.run(SECOND)
    assert len(ether.take()) == 1  # goodbye
    assert quiet.deadline() >= ether.now


if __name__ == "__main__":
    kit.run(globals())
