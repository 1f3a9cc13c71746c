"""Peers that fell silent are looked for: often at first, then rarely; and a quiet link stays so."""

from edge.mdns import Found, Lost
from tests import kit
from tests.edge.mdns.ether import (
    PTR,
    SECOND,
    SERVICE,
    STRANGER,
    Ether,
    events,
    found,
    met,
    peer_id,
    queries,
    response,
    responses,
)

MINUTE = 60 * SECOND


class Parted:
    """An Ether with walls in it: agents hear those on their side alone."""

    def __init__(self, ether: Ether, *sides) -> None:
        self.ether = ether
        self._sides = []
        for numbers in sides:
            self._sides.append([bytes([10, 0, 0, number]) for number in numbers])
        self._whole = ether.say
        ether.say = self._say

    def _say(self, packet: bytes, source) -> None:
        agents = self.ether.agents
        for side in self._sides:
            if source[0] in side:
                self.ether.agents = dict([(host, agents[host]) for host in side])
                self._whole(packet, source)
        self.ether.agents = agents

    def heal(self) -> None:
        self.ether.say = self._whole


def lose_each_other(ether: Ether, agents: list, *sides) -> Parted:
    parted = Parted(ether, *sides)
    for side in sides:
        beyond = [other for other in range(1, len(agents) + 1) if other not in side]
        for number in side:
            for other in beyond:
                agents[number - 1].doubt(peer_id(other), ether.now)
    ether.run(6 * SECOND)
    return parted


def test_a_healed_partition_is_found_out_soon():
    for gap_ms in (0, 10 * SECOND + 70, 100 * SECOND + 1234):
        ether, agents = met(6)
        parted = lose_each_other(ether, agents, (1, 2, 3), (4, 5, 6))
        ether.run(gap_ms)
        for agent in agents:
            assert len([event for event in events(agent) if isinstance(event, Lost)]) == 3
        parted.heal()
        ether.run(3500)
        for agent in agents:
            told = events(agent)
            assert len(told) == 3 and isinstance(told[0], Found), told
        ether.heard = []
        ether.run(60 * SECOND)
        assert len(queries(ether.take())) <= 3  # the usual ones


def test_it_is_asked_often_then_rarely_then_as_usual():
    ether, agents = met(2)
    del ether.agents[b"\x0a\0\0\2"]
    agents[0].doubt(peer_id(2), ether.now)
    ether.run(5 * SECOND)
    ether.take()
    counts = []
    for quarters in (1, 3, 23 * 4, 24 * 4):
        asked = answered = 0
        for _ in range(quarters):
            for _ in range(15):
                ether.run(MINUTE)
                heard = ether.take()
                asked += len(queries(heard))
                answered += len(responses(heard))
        assert answered <= 1 + quarters // 4  # what it is known to say
        counts.append(asked)
    first, second, rest, last = counts
    assert 280 <= first <= 300
    assert second <= 450
    assert rest <= 1050
    assert last <= 25


def test_one_on_each_side_asks_for_all():
    ether, agents = met(6)
    lose_each_other(ether, agents, (1, 2, 3), (4, 5, 6))
    ether.run(10 * SECOND)
    ether.take()
    ether.run(60 * SECOND)
    heard = ether.take()
    asked = [time for time, _, _ in queries(heard)]
    assert len(asked) <= 2 * 22
    assert responses(heard) == []  # those who are there are known to be


def test_who_says_goodbye_is_not_looked_for():
    ether, (agent, other) = met(2)
    other.close(ether.now)
    ether.run(2 * SECOND)
    assert events(agent) == [Lost(peer_id(2))]
    ether.take()
    ether.run(20 * SECOND)
    assert ether.take() == []


def test_who_is_gone_with_its_interface_is_not_looked_for():
    ether, (agent, _) = met(2)
    networks = ((b"\x0a\0\0\1", 24),)
    agent.set_interfaces([("eth0", networks), ("wlan0", networks)], ether.now)
    agent.set_interfaces([("wlan0", networks)], ether.now)
    ether.run(60 * SECOND)
    ether.take()
    ether.run(60 * SECOND)
    assert len(queries(ether.take())) <= 1


def test_who_ages_away_is_looked_for_and_found_by_its_own_word():
    ether, (agent, _) = met(2)
    ether.say(response(9, ["/ip4/10.0.0.99/tcp/1/%"], ttl=100), STRANGER)
    assert isinstance(events(agent)[0], Found)
    ether.run(110 * SECOND)
    assert events(agent) == [Lost(peer_id(9))]
    ether.take()
    ether.run(20 * SECOND)
    assert 5 <= len(queries(ether.take())) <= 7
    ether.say(response(9, ["/ip4/10.0.0.99/tcp/1/%"]), STRANGER)
    ether.take()
    ether.run(20 * SECOND)
    assert ether.take() == []


def test_one_who_answers_late_is_told_again_so_that_it_is_dialed():
    ether, (agent, other) = met(2)
    agent.doubt(peer_id(2), ether.now)
    ether.run(SECOND)
    assert events(agent) == []  # it answered at once: nothing is new
    host = b"\x0a\0\0\2"
    del ether.agents[host]
    agent.doubt(peer_id(2), ether.now)
    ether.run(2 * SECOND)
    other.data_to_send()
    ether.agents[host] = other
    ether.run(3 * SECOND)
    assert events(agent) == [found(2)]


def test_new_addresses_are_announced_while_somebody_is_missing():
    ether, agents = met(3)
    lose_each_other(ether, agents, (1, 2), (3,))
    for agent in agents:
        events(agent)
    networks = ((b"\x0a\0\0\1", 24), (b"\x0a\0\0\7", 24))
    agents[0].set_interfaces([("eth0", networks)], ether.now)
    ether.run(2 * SECOND)
    (told,) = events(agents[1])
    assert len(told.addresses) == 2


def test_known_answers_keep_a_question_quiet():
    ether, _ = met(4)
    late = ether.agent(5, told=())
    ether.run(300)
    assert len(events(late)) == 4
    assert len(responses(ether.take())) == 4
    ether.run(10 * SECOND)  # it asks again, and names them
    heard = ether.take()
    assert len(queries(heard)) >= 2 and responses(heard) == []
    known = queries(heard)[-1][2][3]
    assert [record[:2] for record in known] == [(SERVICE, PTR)] * 4


if __name__ == "__main__":
    kit.run(globals())
