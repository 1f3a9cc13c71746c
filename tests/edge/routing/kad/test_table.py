"""The table: who gets a place, who keeps it, who is asked for a sign of life."""

from edge.routing.kad import EDGE, Contact
from edge.routing.kad.key import key_of, prefix_length
from edge.routing.kad.table import (
    ADDRESSES_MAX,
    CHECK_MAX_MS,
    CHECK_MS,
    CONTACTS_MAX,
    OWN,
    REFRESH_MAX_MS,
    REFRESH_MS,
    RETRY_MS,
    SPARES_MAX,
    TOGETHER_MS,
    RoutingTable,
)
from tests import kit
from tests.edge.routing.kad import contacts
from tests.edge.routing.kad.contacts import SMALL, STRICT, changed, contact, ids, lan, sharing

NOW = 1_000_000
OTHER = sharing(1, 1)[0]  # somebody who always answers


def table(profile=SMALL) -> RoutingTable:
    return RoutingTable(contacts.OWN, profile)


def full(count: int, profile=SMALL, bits: int = 0) -> tuple:
    """A table in which ``count`` contacts have proven themselves, and these."""
    given = sharing(bits, count)
    made = table(profile)
    for one in given:
        assert made.heard(one, NOW, True)
    return made, given


# -- answers


def test_only_who_has_answered_is_given_to_others():
    made = table()
    a, b = contact(1), contact(2)
    assert made.heard(a, NOW) and made.heard(b, NOW, True)
    assert len(made) == 1 and made.closest(0, 9) == [b]
    assert ids(made.seeds(0, 9)) == [b.id, a.id]
    assert made.find(a.id) == a and made.find(b.id) == b and made.find(b"?") is None
    made.answered(a.id, NOW + 1)
    assert sorted(ids(made.closest(0, 9))) == sorted([a.id, b.id])


def test_closest_is_closest():
    made = table(changed(EDGE, k=20, group_table_max=999, group_bucket_max=999))
    given = [contact(number) for number in range(60)]
    proven = [one for one in given if made.heard(one, NOW, True) and one in made.closest(0, 999)]
    assert len(proven) == len(made) > 20 or len(made) == CONTACTS_MAX
    for target in [key_of(b"%d" % number) for number in range(20)] + [made.own_key, 0]:
        order = sorted(proven, key=lambda one: key_of(one.id) ^ target)
        assert made.closest(target, 20) == order[:20]
        assert made.closest(target, 999) == order
        assert made.closest(target, 3, (order[0].id, order[2].id)) == [order[1]] + order[3:5]
    target = key_of(proven[7].id)
    assert made.closest(target, 1) == [proven[7]]  # the exact one is there


def test_we_are_not_in_our_own_table():
    made = table()
    assert not made.heard(Contact(contacts.OWN, (lan(1),)), NOW, True)
    assert len(made) == 0 and made.seeds(0, 9) == [] and made.closest(made.own_key, 9) == []


def test_a_contact_nobody_can_dial_is_none():
    made = table()
    assert not made.heard(Contact(b"id", ()), NOW) and not made.heard(Contact(b"id", ()), NOW, True)
    made.heard(contact(1), NOW, True)
    assert made.heard(Contact(contact(1).id, ()), NOW, True)  # known by another connection
    assert made.find(contact(1).id) == contact(1)


def test_what_others_say_does_not_touch_proven_addresses():
    made = table()
    made.heard(contact(1), NOW, True)
    assert made.heard(contact(1, lan(66)), NOW)
    assert made.closest(0, 1) == [contact(1)]
    made.heard(contact(1, lan(2), lan(3)), NOW, True)
    assert made.closest(0, 1) == [contact(1, lan(2), lan(3))]


def test_what_is_said_of_a_spare_is_added_within_bounds():
    made = table()
    for number in range(3 * ADDRESSES_MAX):
        made.heard(contact(1, lan(number)), NOW)
        made.heard(contact(1, lan(number)), NOW)
    (found,) = made.seeds(0, 9)
    assert found.addresses == tuple([lan(number) for number in range(ADDRESSES_MAX)])
    made.heard(contact(1, lan(99)), NOW, True)
    assert made.closest(0, 9) == [contact(1, lan(99))]


# -- places


def test_a_newcomer_does_not_take_the_place_of_who_lives():
    made, old = full(SMALL.k)
    for one in sharing(0, 30, 500):
        made.heard(one, NOW, True)
        made.heard(one, NOW)
    assert sorted(ids(made.closest(0, 99))) == sorted(ids(old))
    ((bits, rows, spares),) = made.rows()
    assert bits == 0 and ids([row[0] for row in rows]) == ids(old) and len(spares) == SPARES_MAX
    assert made.known_in_full() == (1, 0)


def test_a_dead_contact_makes_room_for_who_answered_last():
    made, old = full(SMALL.k)
    first, second = sharing(0, 2, 500)
    made.heard(first, NOW + 1, True)
    made.heard(second, NOW + 2, True)
    made.failed(old[0].id, NOW + 3)
    assert len(made) == SMALL.k  # once may be chance
    assert old[0] not in made.closest(0, 99)  # but it is told to nobody until it answers
    assert old[0] in made.seeds(0, 99)
    made.heard(OTHER, NOW + 4, True)
    made.failed(old[0].id, NOW + 5)
    found = made.closest(0, 99)
    assert second in found and old[0] not in made.seeds(0, 99) and first not in found


def test_a_contact_that_answers_again_is_forgiven():
    made, old = full(SMALL.k)
    for turn in range(5):
        made.failed(old[0].id, NOW + 10 * turn)
        made.heard(OTHER, NOW + 10 * turn + 1, True)
        made.answered(old[0].id, NOW + 10 * turn + 2)
    assert old[0] in made.closest(0, 99)


def test_a_bucket_full_of_dead_peers_empties():
    made, old = full(SMALL.k)
    made.heard(OTHER, NOW + 1, True)
    for turn in range(2):
        for one in old:
            made.failed(one.id, NOW + 2 + turn)
        made.answered(OTHER.id, NOW + 3)
    for one in old:
        made.failed(one.id, NOW + 4)
    assert not [one for one in old if one in made.seeds(0, 99)]


def test_when_nobody_answers_the_fault_is_ours():
    made, old = full(SMALL.k)
    for turn in range(9):
        for one in old:
            made.failed(one.id, NOW + turn)
    assert len(made) == SMALL.k and made.closest(0, 99) == []
    assert sorted(ids(made.seeds(0, 99))) == sorted(ids(old))
    newcomer = sharing(0, 1, 500)[0]  # the link is back
    made.heard(newcomer, NOW + 99, True)
    assert made.closest(0, 99) == [newcomer] and len(made) == SMALL.k


def test_a_network_that_shrinks_is_known_in_full_again():
    made, old = full(SMALL.k)
    assert made.known_in_full() == (1, 0)
    for one in old[2:]:
        made.remove(one.id)
    assert made.known_in_full() == (1, 0)
    made.refreshed(OWN, NOW)
    assert made.known_in_full() == (0, 2)


def test_who_is_no_server_any_more_is_forgotten():
    made, old = full(SMALL.k)
    spare = sharing(0, 1, 500)[0]
    made.heard(spare, NOW, True)
    made.remove(old[1].id)
    assert old[1] not in made.seeds(0, 99) and spare in made.closest(0, 99)
    made.heard(old[1], NOW)
    made.remove(old[1].id)
    made.remove(b"nobody")
    assert made.find(old[1].id) is None and len(made) == SMALL.k


def test_a_spare_that_fails_is_forgotten():
    made = table()
    made.heard(contact(1), NOW)
    made.failed(contact(1).id, NOW)
    made.failed(b"nobody", NOW)
    made.answered(b"nobody", NOW)
    assert made.seeds(0, 9) == []


def test_the_table_is_bounded():
    made = table(changed(SMALL, k=CONTACTS_MAX, group_table_max=9999, group_bucket_max=9999))
    count = CONTACTS_MAX + 50
    for number in range(count):
        made.heard(contact(number), NOW, True)
        made.heard(contact(number + count), NOW)
    assert len(made) == CONTACTS_MAX and made.known_in_full()[0] > 0
    for _, _, spares in made.rows():
        assert len(spares) <= SPARES_MAX


# -- one owner has no more than a share


def test_one_host_does_not_take_over():
    made = table()
    for number in range(1000):
        made.heard(contact(number, lan(7, 1000 + number)), NOW, True)
    assert len(made) == SMALL.group_table_max
    for _, rows, spares in made.rows():
        assert len(rows) <= SMALL.group_bucket_max and len(spares) <= SMALL.group_bucket_max
    assert made.heard(contact(2000, lan(8)), NOW, True)
    assert len(made) == SMALL.group_table_max + 1


def test_a_thousand_nodes_on_loopback_are_welcome():
    made = table()
    local = contacts.address("/ip4/127.0.0.1/tcp/4001")
    for one in sharing(0, SMALL.k) + sharing(1, SMALL.k):
        assert made.heard(Contact(one.id, (local,)), NOW, True)
    assert len(made) == 2 * SMALL.k


def test_world_wide_one_network_has_three_places():
    made = table(STRICT)
    near, far = sharing(0, 4), sharing(1, 4)
    texts = ["/ip4/8.8.{}.1/tcp/1".format(number) for number in range(8)]
    places = [contacts.address(text) for text in texts]
    for number, one in enumerate(near + far):
        made.heard(Contact(one.id, (places[number],)), NOW, True)
    assert [len(rows) for _, rows, _ in made.rows()] == [2, 1]
    made.remove(near[0].id)  # its place goes to the spare that answered
    assert [len(rows) for _, rows, _ in made.rows()] == [2, 1]
    elsewhere = contacts.address("/ip4/9.9.9.9/tcp/1")
    assert made.heard(Contact(far[3].id, (elsewhere,)), NOW, True) and len(made) == 4
    made.heard(Contact(far[3].id, (places[0],)), NOW, True)  # moves to where there are enough
    assert len(made) == 3


# -- signs of life


def test_silent_contacts_are_checked_the_more_seldom_the_older():
    sides = []
    for bits in range(6):
        made, old = full(1, bits=bits)
        assert made.to_check(NOW) is None
        late = made.own_key > key_of(old[0].id)  # then the other one is to ask first
        sides.append(late)
        now, pause = NOW, CHECK_MS
        for _ in range(6):
            due = made.check_deadline()
            assert due == now + pause + (pause // 4 if late else 0)
            assert made.to_check(due - TOGETHER_MS - 1) is None
            now = due
            assert made.to_check(now) == old[0]
            assert made.to_check(now) is None  # the call counts
            made.answered(old[0].id, now)
            pause = min(2 * pause, CHECK_MAX_MS)
    assert True in sides and False in sides


def test_who_talks_to_us_is_not_checked():
    made, old = full(1)
    for step in range(20):
        made.answered(old[0].id, NOW + step * 1000)
    assert made.to_check(NOW + CHECK_MS - TOGETHER_MS) is None


def test_who_asks_us_lives_but_proves_nothing():
    made, old = full(2)
    spare = contact(77)
    made.heard(spare, NOW)
    assert made.to_check(NOW) == spare
    made.failed(old[1].id, NOW)
    for one in old + [spare, OTHER]:
        made.spoke(one.id, NOW + CHECK_MS)
    assert made.closest(0, 9) == [old[0]]
    assert made.to_check(NOW + CHECK_MS) in (old[1], spare)
    assert made.to_check(NOW + CHECK_MS) in (old[1], spare)
    assert made.to_check(NOW + CHECK_MS) is None


def test_checks_that_are_nearly_due_go_together():
    made = table()
    for number in range(4):
        made.heard(sharing(0, 4)[number], NOW + number * (TOGETHER_MS // 5), True)
    due = made.check_deadline()
    found = [made.to_check(due) for _ in range(5)]
    assert None not in found[:4] and found[4] is None and len(set(ids(found[:4]))) == 4


def test_spares_are_checked_where_there_is_a_place():
    made = table()
    spare = contact(1)
    made.heard(spare, NOW)
    assert made.check_deadline() <= NOW and made.to_check(NOW) == spare
    made, old = full(SMALL.k)
    spare = sharing(0, 1, 500)[0]
    made.heard(spare, NOW)
    assert made.to_check(NOW) is None
    made.failed(old[2].id, NOW + 1)  # there may soon be one
    assert made.to_check(NOW + 1) == spare
    assert made.to_check(NOW + 1 + RETRY_MS) == old[2]


def test_a_doubted_contact_is_checked_next():
    made, old = full(3)
    made.to_check(NOW)
    made.doubt(old[1].id, NOW + 5)
    made.doubt(b"nobody", NOW + 5)
    assert made.to_check(NOW + 5) == old[1] and made.to_check(NOW + 5) is None


def test_a_dead_contact_is_gone_in_time():
    made, old = full(2)
    now = NOW
    while now < NOW + CHECK_MS + 4 * RETRY_MS:
        now += 1000
        one = made.to_check(now)
        while one:
            if one == old[0]:
                made.failed(one.id, now)
            else:
                made.answered(one.id, now)
            one = made.to_check(now)
        if now % RETRY_MS == 0:
            made.answered(old[1].id, now)
    assert ids(made.seeds(0, 9)) == [old[1].id]


# -- where to look for more


def test_an_empty_table_looks_nowhere():
    assert table().stale_bucket(NOW) is None
    assert table().refresh_deadline() is None and table().check_deadline() is None


def test_in_a_small_network_only_ones_own_surroundings_are_searched():
    made, _ = full(3)
    assert made.refresh_deadline() <= NOW and made.stale_bucket(NOW) == OWN
    made.refreshed(OWN, NOW)
    assert made.stale_bucket(NOW) is None
    due = made.refresh_deadline()
    assert due == NOW + REFRESH_MS and made.stale_bucket(due) == OWN


def test_searches_that_find_nobody_become_rare():
    made, _ = full(2)
    now = NOW
    for _ in range(8):
        made.refreshed(OWN, now)
        pause = made.refresh_deadline() - now
        now += pause
    assert pause == REFRESH_MAX_MS
    made.heard(sharing(1, 1)[0], now, True)
    made.refreshed(OWN, now)
    assert made.refresh_deadline() == now + REFRESH_MS


def test_buckets_with_room_are_searched_where_a_search_around_us_does_not_reach():
    made = table()
    for one in sharing(0, 2) + sharing(1, 4) + sharing(2, 1) + sharing(3, 3):
        made.heard(one, NOW, True)
    found = []
    bits = made.stale_bucket(NOW)
    while bits is not None:
        found.append(bits)
        made.refreshed(bits, NOW)
        bits = made.stale_bucket(NOW)
    assert found == [OWN, 0, 2]  # 1 is full; in 3 and beyond there are fewer than k
    made.refreshed(77, NOW)


def test_what_is_remembered_is_of_all_distances():
    made = table()
    near, far = sharing(2, 3), sharing(0, 4)
    for one in far + near:
        made.heard(one, NOW, True)
    assert sorted(ids(made.remember(4))) == sorted(ids(near[:2] + far[:2]))
    assert len(made.remember(99)) == 7


def test_garbage_in_any_order_keeps_the_books():
    rng = kit.Rng(7)
    made = table(changed(SMALL, group_table_max=5, group_bucket_max=2))
    given = [contact(number, lan(number % 9)) for number in range(60)]
    now = NOW
    for _ in range(1500):
        now += rng.below(60000)
        one = given[rng.below(60)]
        what = rng.below(7)
        if what < 2:
            made.heard(contact(rng.below(60), lan(rng.below(9)), lan(rng.below(9))), now, what == 1)
        elif what < 5:
            (made.answered, made.failed, made.doubt)[what - 2](one.id, now)
        elif what == 5 and rng.below(4) == 0:
            made.remove(one.id)
        else:
            made.to_check(now)
    check_books(made)


def check_books(made: RoutingTable) -> None:
    groups: dict = {}
    total = 0
    for bits, rows, spares in made.rows():
        assert len(rows) <= made.profile.k and len(spares) <= SPARES_MAX
        everybody = ids([row[0] for row in rows] + spares)
        assert len(set(everybody)) == len(everybody)
        for id in everybody:
            assert prefix_length(made.own_key, key_of(id)) == bits
        for one, _, _ in rows:
            group = made.profile.group(one.addresses[0])
            groups[group] = groups.get(group, 0) + 1
        total += len(rows)
    groups.pop(b"", None)
    assert groups == made._groups and total == len(made)
    assert max(list(groups.values()) + [0]) <= made.profile.group_table_max


if __name__ == "__main__":
    kit.run(globals())
