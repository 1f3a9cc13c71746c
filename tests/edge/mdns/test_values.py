"""Which value a key has: what is asked, who answers with what, and who stays silent."""

import binascii

from edge.errors import LimitError, RemoteError
from edge.mdns import message
from edge.mdns.probes import ANSWERS_MAX, PROBES_MAX, SOURCE_MAX
from edge.mdns.values import OFFERED_MAX, OVERHEARD_MAX, SHORT_BYTES_MAX, Told, Values
from edge.system.primitives import sha256
from tests import kit
from tests.edge.mdns.ether import (
    KEY,
    PORT,
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    TXT,
    Ether,
    answers_to,
    found,
    peer_id,
    queries,
    responses,
)

NAME = b"\x22_vafcbafc676a5f33e019189a7de9b5142\x04_sub" + SERVICE
SHORT = b"a value"
LONG = bytes(SHORT_BYTES_MAX + 1)
OTHER = (b"\x0a\0\0\x62", PORT)


class Link(Ether):
    """Agents that hold values: ``held[number]`` by key."""

    def __init__(self) -> None:
        super().__init__()
        self.held = {}
        self.loads = 0

    def hold(self, number: int, value: bytes, key: bytes = KEY) -> None:
        self.held.setdefault(bytes([10, 0, 0, number]), {})[key] = value
        self.agents[bytes([10, 0, 0, number])].values().offer(key)

    def say(self, packet: bytes, source) -> None:
        super().say(packet, source)
        for host, agent in self.agents.items():
            for key in agent.wanted():
                self.loads += 1
                agent.values().supply(key, self.held[host].get(key), self.now)

    def ask(self, number: int, digest=None, key: bytes = KEY) -> tuple:
        agent = self.agents[bytes([10, 0, 0, number])]
        return agent.values().ask(key, digest, self.now)


def met(count: int = 2):
    link = Link()
    agents = [link.agent(number) for number in range(1, count + 1)]
    for _ in range(50):
        link.run(SECOND)
        link.heard = []
    return link, agents


def told(value: bytes, holder=None) -> Told:
    return Told(None if holder else value, sha256(value), holder)


def text(body: bytes) -> bytes:
    out = b""
    for start in range(0, len(body), 255):
        out += bytes([len(body[start : start + 255])]) + body[start : start + 255]
    return out


def saying(body: bytes, name: bytes = NAME, ttl: int = 10) -> bytes:
    return message.encode(0x8400, (), [(name, TXT, 1, ttl, text(body))])


def asking(*names, has=()) -> bytes:
    known = [(name, TXT, 1, 10, text(b"h=" + sha256(value))) for name in names for value in has]
    return message.encode(0, [(name, TXT, 1) for name in names], known)


def test_the_vector_of_the_specification():
    assert Values(peer_id(1), SERVICE).name(KEY) == NAME
    link, _ = met()
    link.hold(2, SHORT)
    link.ask(1)
    link.run(SECOND // 2)
    question, answer = [packet for _, _, _, packet in link.heard]
    assert question == binascii.unhexlify("000000000001000000000000") + NAME + b"\0\x10\0\1"
    head = binascii.unhexlify("000084000000000100000000")
    assert answer == head + NAME + b"\0\x10\0\1\0\0\0\x0a\0\x0a\x09v=" + SHORT


def test_a_short_value_is_told():
    link, (asker, _) = met()
    for value in (SHORT, b"", bytes(range(256)) * 3, bytes(SHORT_BYTES_MAX)):
        link.hold(2, value)
        name, known = link.ask(1)
        assert name == NAME and known == []
        link.run(150)
        assert answers_to(asker) == [(NAME, told(value))]
        link.run(3 * SECOND)
        assert answers_to(asker) == [(NAME, None)]


def test_of_a_long_value_its_holder_is_told():
    link, (asker, _) = met()
    link.hold(2, LONG)
    link.ask(1)
    link.run(150)
    assert answers_to(asker) == [(NAME, told(LONG, found(2)))]
    for _, _, packet in responses(link.take()):
        assert [record[1] for record in packet[3]][:3] == [TXT, PTR, TXT]
    assert max([len(packet) for _, _, _, packet in link.heard] or [0]) <= 1400


def test_nobody_answers_for_what_it_does_not_have():
    link, (asker, holder) = met()
    link.hold(2, SHORT, b"another key")
    link.hold(2, SHORT)
    link.held[b"\x0a\0\0\2"].pop(KEY)  # offered, but it has ended since
    link.ask(1)
    link.run(2 * SECOND)
    assert responses(link.take()) == [] and answers_to(asker) == [(NAME, None)]
    link.hold(2, SHORT)
    holder.values().withdraw(KEY)
    link.ask(1)
    link.run(2 * SECOND)
    assert responses(link.take()) == [] and answers_to(asker) == [(NAME, None)]


def test_it_is_asked_twice():
    link, (asker, _) = met()
    start = link.now
    link.ask(1)
    link.run(5 * SECOND)
    assert [time - start for time, _, _ in link.take()] == [0, SECOND]
    assert answers_to(asker) == [(NAME, None)]


def test_of_many_who_hold_the_same_one_answers():
    link, agents = met(8)
    for number in range(2, 9):
        link.hold(number, SHORT)
    link.ask(1)
    link.run(SECOND - 100)
    assert len(responses(link.take())) == 1
    assert answers_to(agents[0]) == [(NAME, told(SHORT))]


def test_who_has_another_value_is_not_silenced():
    link, agents = met(8)
    for number in range(2, 8):
        link.hold(number, SHORT)
    link.hold(8, b"a better one")
    link.ask(1)
    link.run(SECOND - 100)
    assert len(responses(link.take())) == 2
    answers = answers_to(agents[0])
    assert len(answers) == 2 and (NAME, told(b"a better one")) in answers


def test_who_asks_says_what_it_has():
    link, agents = met(4)
    for number in (2, 3):
        link.hold(number, SHORT)
    link.ask(1, sha256(SHORT))
    link.run(3 * SECOND)
    first, second = queries(link.take())
    assert first[2][3] == second[2][3] == [(NAME, TXT, 1, 10, text(b"h=" + sha256(SHORT)))]
    assert answers_to(agents[0]) == [(NAME, None)]
    link.hold(4, b"a better one")
    link.ask(1, sha256(SHORT))
    link.run(SECOND - 100)
    assert len(responses(link.take())) == 1
    assert answers_to(agents[0]) == [(NAME, told(b"a better one"))]


def test_what_one_has_does_not_silence_the_answer_to_another():
    for first, second in ((STRANGER, OTHER), (OTHER, STRANGER)):
        link, _ = met()
        link.hold(2, SHORT)
        link.say(asking(NAME, has=(SHORT,) if first is STRANGER else ()), first)
        link.say(asking(NAME, has=() if first is STRANGER else (SHORT,)), second)
        link.run(SECOND)
        assert len(responses(link.take())) == 1


def test_what_is_known_may_come_behind_the_question():
    link, _ = met()
    link.hold(2, SHORT)
    link.say(message.encode(0x0200, [(NAME, TXT, 1)], ()), STRANGER)
    link.run(300)
    assert responses(link.take()) == []
    link.say(message.encode(0, (), [(NAME, TXT, 1, 10, text(b"h=" + sha256(SHORT)))]), STRANGER)
    link.run(2 * SECOND)
    assert responses(link.take()) == []
    link.say(message.encode(0x0200, [(NAME, TXT, 1)], ()), STRANGER)
    link.say(message.encode(0, (), [(NAME, TXT, 1, 10, text(b"h=" + sha256(b"x")))]), STRANGER)
    link.run(2 * SECOND)
    assert len(responses(link.take())) == 1


def test_nobody_is_silenced_twice():
    """Somebody says the same to the holders alone: who asks again is answered."""
    link, (asker, holder) = met()
    link.hold(2, SHORT)
    link.ask(1)
    asker.handle_deadline(link.now)
    question = asker.data_to_send()[0][0]
    for answered in (False, True):
        link.say(question, (b"\x0a\0\0\1", PORT))
        holder.receive_data(saying(b"v=" + SHORT), STRANGER, "eth0", link.now)
        link.run(SECOND - 10)
        assert len(responses(link.take())) == answered
    assert (NAME, told(SHORT)) in answers_to(asker)


def test_an_answer_serves_others_for_a_second():
    link, agents = met(3)
    agents[1].values()
    link.hold(3, SHORT)
    link.ask(1)
    link.run(500)
    assert link.ask(2) == (NAME, [told(SHORT)])
    assert link.ask(2, sha256(SHORT)) == (NAME, [])
    link.take()
    link.run(400)
    assert responses(link.take()) == []  # each name once a second
    link.run(4 * SECOND)
    assert link.ask(2) == (NAME, [])
    for number in range(OVERHEARD_MAX + 3):
        link.say(saying(b"v=%d" % number), STRANGER)
    assert len(link.ask(1)[1]) == OVERHEARD_MAX


def test_many_values_share_packets():
    link, agents = met()
    keys = [b"key %d" % number for number in range(4)]
    for key in keys:
        link.hold(2, key * 20, key)
        link.ask(1, None, key)
    link.run(SECOND - 100)
    values = [answer[1].value for answer in answers_to(agents[0]) if answer[1]]
    assert sorted(values) == sorted([key * 20 for key in keys])
    assert len(responses(link.take())) < len(keys)


def test_a_value_is_loaded_when_it_is_asked_for():
    link, _ = met()
    link.hold(2, SHORT)
    link.run(5 * SECOND)
    assert link.loads == 0
    for _ in range(5):
        link.say(asking(NAME), STRANGER)
    link.run(500)
    assert link.loads == 1
    link.hold(2, b"a newer one")
    link.run(SECOND)
    link.say(asking(NAME), STRANGER)
    link.run(500)
    assert responses(link.take())[-1][2][3][0][4] == text(b"v=a newer one")


def test_a_new_value_does_not_wait_for_the_second_to_pass():
    link, agents = met(3)
    for number, value in enumerate((SHORT, b"another", b"a third"), 1):
        link.hold(2, value)
        link.ask(1 if number % 2 else 3)
        link.run(250)
        assert len(responses(link.take())) == 1
        for agent in agents:
            agent.end(NAME)
    link.say(asking(NAME), STRANGER)
    link.run(250)
    assert len(responses(link.take())) == 0


def test_garbage_is_no_answer():
    link, (asker, _) = met()
    link.ask(1)
    link.run(10)
    for packet in (
        saying(b""),
        saying(b"value without a mark"),
        saying(b"h=" + bytes(31)),
        saying(b"h=" + bytes(32)),  # and nobody who has it
        saying(b"v=of another name", NAME.replace(b"_v", b"_k")),
        saying(b"v=gone", ttl=0),
        message.encode(0x8400, (), [(NAME, TXT, 1, 10, b"\xffcut off")]),
        message.encode(0x8400, (), [(NAME, 99, 1, 10, text(b"v=no text"))]),
        message.encode(0x8400, (), [(NAME, PTR, 1, 10, SERVICE)]),
    ):
        link.say(packet, STRANGER)
    assert answers_to(asker) == []
    cut_off = message.encode(0x8400, (), [(NAME, TXT, 1, 10, b"\xffcut off")])
    kit.raises(RemoteError, asker.receive_data, cut_off, STRANGER, "eth0", link.now)
    link.say(saying(b"v="), STRANGER)
    assert answers_to(asker) == [(NAME, told(b""))]


def test_a_flood_of_answers_is_bounded():
    link, (asker, _) = met()
    link.ask(1)
    link.run(10)
    for number in range(200):
        link.say(saying(b"v=forged %d" % number), STRANGER)
    assert len(answers_to(asker)) == SOURCE_MAX
    for number in range(3000):
        host = bytes([10, 0, 1 + number // 250, 1 + number % 250])
        link.say(saying(b"v=from afar %d" % number), (host, PORT))  # not on this link
        link.say(saying(b"v=forged by %d" % number), (b"\x0a\0\0" + host[3:], PORT))
    assert len(answers_to(asker)) <= ANSWERS_MAX


def test_a_flood_of_questions_is_bounded():
    link, (_, holder) = met()
    keys = [b"key %d" % number for number in range(OFFERED_MAX // 2)][:500]
    for key in keys:
        link.hold(2, bytes(900), key)
    names = [holder.values().name(key) for key in keys]
    for start in range(0, len(names), 50):
        link.say(asking(*names[start : start + 50]), STRANGER)
    link.run(SECOND)
    heard = responses(link.take())
    assert 0 < len(heard) <= 10
    link.run(60 * SECOND)
    assert len(heard) + len(responses(link.take())) <= 16


def test_who_listens_elsewhere_is_not_answered():
    link, _ = met()
    link.hold(2, SHORT)
    link.say(asking(NAME), (b"\x0a\0\0\x63", 40000))
    link.run(2 * SECOND)
    assert responses(link.take()) == []


def test_bounds():
    _, (agent, _) = met()
    values = agent.values()
    for number in range(OFFERED_MAX):
        values.offer(b"%d" % number)
    assert values.offer(b"0") is True
    kit.raises(LimitError, values.offer, b"one more")
    values.withdraw(b"0")
    assert values.offer(b"one more") is False
    for number in range(PROBES_MAX):
        values.ask(b"%d" % number, None, 0)
    kit.raises(LimitError, values.ask, b"one more", None, 0)


if __name__ == "__main__":
    kit.run(globals())
