"""The search: it finds, it asks little, it ends in any case, and liars do not lead it astray."""

from edge.routing.kad import Contact
from edge.routing.kad.key import key_of
from edge.routing.kad.query import (
    DOUBTFUL_MAX,
    FALSE_MAX,
    REQUESTS_MAX,
    SEARCH_MS,
    SLOW_MS,
    TOLD_MAX,
    WAITING_MAX,
    Query,
)
from tests import kit
from tests.edge.routing.kad import contacts
from tests.edge.routing.kad.contacts import SMALL, changed, contact, ids, lan

TARGET = key_of(b"target")
NOW = 50_000
PLAIN = changed(SMALL, alpha=3, beta=3, paths=1)
PATHS = changed(SMALL, alpha=4, beta=2, paths=2)


def nearest(given, target: int = TARGET) -> list:
    return sorted(given, key=lambda one: key_of(one.id) ^ target)


CROWD = nearest([contact(number) for number in range(60)])  # 0 is the nearest


def query(seeds, profile=PLAIN, count=None) -> Query:
    return Query(contacts.OWN, TARGET, seeds, profile, count)


def asked(core: Query, now: int = NOW) -> list:
    """All it wants to ask now."""
    found = []
    one = core.next_request(now)
    while one:
        found.append(one)
        one = core.next_request(now)
    return found


def run(core: Query, answer) -> list:
    """Everybody asked, one after the other; ``answer(contact)`` gives contacts, None: it fails."""
    everybody: list = []
    waiting = asked(core)
    while waiting:
        one = waiting.pop(0)
        everybody.append(one)
        told = answer(one)
        if told is None:
            core.failed(one.id, NOW)
        else:
            core.answered(one.id, told, NOW)
        waiting += asked(core)
    assert core.finished and core.asked == len(everybody)
    return everybody


def knows(step: int, count: int = 4):
    """An honest peer: it tells of ``count`` who are up to ``step`` places nearer than itself."""

    def answer(one: Contact) -> list:
        at = CROWD.index(one)
        return CROWD[max(0, at - step) : at + 1][:count]

    return answer


# -- finding


def test_it_comes_nearer_until_the_nearest_have_answered():
    core = query(CROWD[50:53])
    everybody = run(core, knows(9))
    assert core.closest(3) == CROWD[:3]
    assert len(everybody) < 30 and core.hops >= 6
    assert core.closest() == nearest(everybody)


def test_nobody_to_ask():
    core = query([])
    assert core.next_request(NOW) is None and core.finished
    assert core.closest() == [] and core.asked == 0


def test_a_network_of_one():
    core = query([CROWD[0]])
    assert run(core, lambda one: []) == [CROWD[0]]
    assert core.closest() == [CROWD[0]] and core.hops == 1


def test_only_so_many_are_in_flight():
    core = query(CROWD[:9])
    first = asked(core)
    assert first == CROWD[:3] and asked(core) == []
    core.failed(first[1].id, NOW)
    assert asked(core) == [CROWD[3]]


def test_those_farther_than_enough_answers_are_not_asked():
    core = query(CROWD[:20])
    assert run(core, lambda one: CROWD[:20]) == CROWD[:3]


def test_to_publish_the_count_nearest_answer():
    gone = (CROWD[1], CROWD[4])
    core = query(CROWD[30:34], PLAIN, 8)
    run(core, lambda one: None if one in gone else knows(9, 20)(one))
    assert core.closest(8) == [one for one in CROWD[:10] if one not in gone]


def test_to_publish_in_a_network_smaller_than_the_count():
    core = query(CROWD[:5], PLAIN, 20)
    assert nearest(run(core, lambda one: CROWD[:5])) == CROWD[:5]


def test_an_all_client_network():
    """Nobody we know answers."""
    core = query(CROWD[:20])
    assert len(run(core, lambda one: None)) == 20 and core.closest() == []


# -- time


def test_who_is_slow_holds_up_nobody():
    core = query(CROWD[:20])
    first = asked(core)
    assert core.deadline() == NOW + SLOW_MS
    core.handle_deadline(NOW + SLOW_MS - 1)
    assert asked(core, NOW + SLOW_MS - 1) == []
    core.handle_deadline(NOW + SLOW_MS)
    now = NOW + SLOW_MS
    second = asked(core, now)
    assert second == CROWD[3:6]
    core.answered(first[0].id, [], now)  # late, and still of use
    for one in second:
        core.answered(one.id, [], now)
    assert core.finished and core.closest() == [CROWD[0]] + second


def test_slow_ones_are_waited_for_if_there_are_no_others():
    core = query(CROWD[:2])
    first = asked(core)
    core.handle_deadline(NOW + SLOW_MS)
    assert not core.finished and asked(core, NOW + SLOW_MS) == []
    core.answered(first[0].id, [], NOW + SLOW_MS + 1)
    assert not core.finished
    core.failed(first[1].id, NOW + SLOW_MS + 2)
    assert core.finished and core.closest() == [first[0]]


def test_an_answer_that_never_arrives():
    core = query(CROWD[:3])
    asked(core)
    now = NOW
    while not core.finished:
        assert core.deadline() > now
        now = core.deadline()
        core.handle_deadline(now)
        assert asked(core, now) == []
    assert now == NOW + SEARCH_MS and core.deadline() is None


def test_before_it_begins_there_is_no_deadline():
    core = query(CROWD[:3])
    assert core.deadline() is None
    core.handle_deadline(NOW + SEARCH_MS)
    assert not core.finished and asked(core)


# -- answers that make no sense


def test_answers_of_whom_nobody_asked_are_not_heard():
    core = query(CROWD[:4])
    core.answered(CROWD[0].id, CROWD[9:12], NOW)
    core.answered(b"nobody", CROWD[9:12], NOW)
    core.failed(b"nobody", NOW)
    first = asked(core)
    core.answered(first[0].id, [], NOW)
    core.answered(first[0].id, CROWD[9:12], NOW)
    core.failed(first[0].id, NOW)
    core.failed(first[1].id, NOW)
    core.answered(first[1].id, CROWD[9:12], NOW)
    assert core.closest() == [first[0]]
    assert asked(core) == [CROWD[3]]


def test_we_are_never_asked_and_nobody_twice():
    own = Contact(contacts.OWN, (lan(1),))
    core = query([own] + CROWD[:6] + CROWD[:6])
    everybody = run(core, lambda one: [own, one, own] + CROWD[:6] * 3)
    assert own not in everybody and len(set(ids(everybody))) == len(everybody)


def test_a_server_that_returns_itself_for_ever():
    core = query([CROWD[5]])
    assert run(core, lambda one: [one] * 1000) == [CROWD[5]]


def test_only_attackers_further_away():
    core = query(CROWD[:3])
    everybody = run(core, lambda one: CROWD[CROWD.index(one) + 1 :][:4])
    assert everybody == CROWD[:3]


def test_a_thousand_entries_are_a_few():
    core = query([CROWD[59]])
    asked(core)
    core.answered(CROWD[59].id, (CROWD[30 : 30 + TOLD_MAX] + CROWD[:9]) * 20, NOW)
    assert asked(core)[0] == CROWD[30]


def test_invented_ids_without_end_end():
    """Every answer is new ids, nearer than all before, and all of them answer."""
    for profile, count in ((PLAIN, None), (PLAIN, 20), (PATHS, 20)):
        made = [0]

        def invent(one: Contact, made: list = made) -> list:
            made[0] += 1
            return [contact(1000 + made[0] * 9 + number) for number in range(9)]

        core = query(CROWD[:8], profile, count)
        assert len(run(core, invent)) <= REQUESTS_MAX
        assert len(core._peers) <= REQUESTS_MAX + 3 * (WAITING_MAX + TOLD_MAX) * profile.paths


def test_memory_is_bounded():
    core = query(CROWD[50:53], PLAIN)
    number = 1000
    while not core.finished:
        for one in asked(core):
            told = [contact(number + more) for more in range(TOLD_MAX)]
            number += TOLD_MAX
            core.answered(one.id, told, NOW)
            assert len(core._paths[0].waiting) <= 2 * WAITING_MAX
            assert len(core._peers) <= REQUESTS_MAX + 3 * WAITING_MAX


# -- liars


def test_who_told_of_peers_that_are_not_there_is_believed_last():
    invented = nearest([contact(number) for number in range(1000, 1400)])[:20]
    for liars in (CROWD[30:31], CROWD[30:33]):
        core = query(CROWD[30:34])

        def answer(one: Contact, liars: list = liars):
            return invented if one in liars else None if one in invented else knows(9)(one)

        everybody = run(core, answer)
        false = [one for one in everybody if one in invented]
        assert len(false) <= FALSE_MAX * len(liars) + PLAIN.alpha
        assert core.closest(1) == CROWD[:1]


def test_who_names_the_dead_as_all_do_is_no_liar():
    dead = CROWD[:9]
    core = query(CROWD[20:32], PATHS, 8)
    everybody = run(core, lambda one: None if one in dead else CROWD[:20])
    assert core.closest(8) == CROWD[9:17] and len(everybody) < 24


def test_what_liars_told_is_asked_if_there_is_nobody_else():
    liar = CROWD[30]
    true = CROWD[12]
    core = query([liar])
    everybody = run(core, lambda one: CROWD[:20] if one == liar else [] if one == true else None)
    assert true in everybody and core.closest() == [true, liar]
    assert len(everybody) <= 1 + FALSE_MAX + PLAIN.alpha + DOUBTFUL_MAX


def test_whom_an_honest_peer_names_too_is_asked():
    liar, honest = CROWD[30], CROWD[31]
    core = query([liar, honest])
    asked(core)
    core.answered(liar.id, CROWD[:12], NOW)
    for one in asked(core):
        core.failed(one.id, NOW)
    assert core.next_request(NOW) == CROWD[2] or FALSE_MAX > 2
    core.failed(CROWD[2].id, NOW)
    assert asked(core) == []  # who is in flight may know better
    core.answered(honest.id, [CROWD[7]], NOW)
    assert core.next_request(NOW) == CROWD[7]


def test_a_true_peer_at_a_false_address_is_asked_again():
    true = CROWD[0]
    false = Contact(true.id, (lan(666),))
    core = query(CROWD[30:32])
    tried = []

    def answer(one: Contact):
        if one == CROWD[30]:
            return [false]
        if one == CROWD[31]:
            return [true]
        tried.append(one.addresses)
        return [] if true.addresses[0] in one.addresses else None

    run(core, answer)
    assert core.closest(1)[0].id == true.id and len(tried) <= 2
    assert true.addresses[0] in tried[-1]


def test_false_addresses_without_end_end():
    made = [0]

    def answer(one: Contact):
        made[0] += 1
        return [Contact(CROWD[0].id, (lan(1000 + made[0]),))] if one != CROWD[0] else None

    core = query(CROWD[30:50])
    everybody = run(core, lambda one: None if one.id == CROWD[0].id else answer(one))
    assert len([one for one in everybody if one.id == CROWD[0].id]) <= 2


def test_paths_are_disjoint():
    """One path is in the hands of those who name only each other; the other arrives."""
    gang = [one for one in CROWD[:40] if CROWD.index(one) % 5 == 0]
    seeds = [CROWD[40]] + CROWD[41:52]
    core = query(seeds, PATHS)
    owner = {}

    def answer(one: Contact):
        owner[one.id] = core._peers[one.id].path
        if one == CROWD[40] or one in gang:
            return gang
        return knows(7)(one)

    everybody = run(core, answer)
    assert len(set(ids(everybody))) == len(everybody)
    assert CROWD[0] in core.closest() and CROWD[1] in core.closest()
    assert len(core._paths) == 2
    for path in core._paths:
        assert len(path.answered) >= PATHS.beta


def test_who_knows_few_takes_one_path():
    assert len(query(CROWD[:8], PATHS)._paths) == 1
    assert len(query(CROWD[:12], PATHS)._paths) == 2
    assert len(query(CROWD[:59], PATHS)._paths) == 2


# -- a network


class Crowd:
    """Peers that know others as tables would make them: ``k`` of each number of shared bits."""

    def __init__(self, k: int, bad: int) -> None:
        self.rng = kit.Rng(5)
        self.k = k
        self.keys = {one.id: key_of(one.id) for one in CROWD}
        self.bad = {CROWD[self.rng.below(60)].id for _ in range(bad)}
        self.known = {one.id: self.table(one) for one in CROWD}

    def table(self, one: Contact) -> list:
        by_bits: dict = {}
        order = [(self.rng.below(32768), other.id, other) for other in CROWD if other != one]
        for _, id, other in sorted(order):
            bits = len(bin(self.keys[one.id] ^ self.keys[id]))
            found = by_bits.setdefault(bits, [])
            if len(found) < self.k:
                found.append(other)
        return [other for found in by_bits.values() for other in found]

    def search(self, kind: str, seeker: Contact, target: Contact) -> bool:
        place = self.keys[target.id]
        seeds = nearest(self.known[seeker.id], place)[:12]
        core = Query(seeker.id, place, seeds, PATHS)

        def answer(one: Contact):
            if one.id not in self.keys or one.id in self.bad and kind == "gone":
                return None
            if one.id in self.bad:
                return self.lie(kind, place)
            return nearest(self.known[one.id], place)[: self.k]

        run(core, answer)
        return target in core.closest()

    def lie(self, kind: str, place: int) -> list:
        if kind == "eclipse":
            return nearest([one for one in CROWD if one.id in self.bad], place)[: self.k]
        return [contact(2000 + self.rng.below(30000)) for _ in range(self.k)]


def test_peers_are_found_among_the_dead_and_the_hostile():
    for kind in ("gone", "eclipse", "liar"):
        crowd = Crowd(4, 13)
        good = [one for one in CROWD if one.id not in crowd.bad]
        tries = 60
        found = 0
        for turn in range(tries):
            seeker, target = good[turn % len(good)], good[(turn * 7 + 1) % len(good)]
            found += seeker == target or crowd.search(kind, seeker, target)
        assert found >= tries * 0.95, (kind, found)


def test_garbage_in_any_order_ends():
    rng = kit.Rng(11)
    for turn in range(20):
        profile = (PLAIN, PATHS)[turn & 1]
        core = query(CROWD[: rng.below(20)], profile, rng.below(9) or None)
        flying: list = []
        now = NOW
        while not core.finished:
            flying += asked(core, now)
            now += rng.below(2000)
            one = flying.pop(rng.below(len(flying))) if flying and rng.below(4) else None
            told = [CROWD[rng.below(60)] for _ in range(rng.below(25))]
            if one and rng.below(3):
                core.answered(one.id, told, now)
            elif one:
                core.failed(one.id, now)
            elif core.deadline() is not None:
                now = max(now, core.deadline())
                core.handle_deadline(now)
            assert now < NOW + 2 * SEARCH_MS
        assert core.next_request(now) is None and core.deadline() is None


if __name__ == "__main__":
    kit.run(globals())
