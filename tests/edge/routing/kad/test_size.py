"""How many peers there are, and how many keep a record."""

from edge.routing.kad import EDGE
from edge.routing.kad.key import key_of, prefix_length
from edge.routing.kad.size import REPLICATION_MAX, density, estimate, replication
from edge.routing.kad.table import RoutingTable
from tests import kit
from tests.edge.routing.kad import contacts
from tests.edge.routing.kad.contacts import changed, contact

ROOMY = changed(EDGE, k=8, group_table_max=999, group_bucket_max=999)


def table_of(count: int, profile=ROOMY) -> RoutingTable:
    """The table of a node that has met all others."""
    made = RoutingTable(contacts.OWN, profile)
    for number in range(count - 1):
        made.heard(contact(number), 1000, True)
    return made


def test_a_small_network_is_counted():
    for count in (1, 2, 3, 5, 8):
        assert estimate(table_of(count)) == count


def test_a_large_network_is_estimated():
    ratios = []
    for start in range(0, 1600, 200):
        made = RoutingTable(contact(9000 + start).id, changed(ROOMY, k=4))
        for number in range(start, start + 200):
            made.heard(contact(number), 1000, True)
        ratios.append(estimate(made) / 200)
    assert min(ratios) > 0.2 and max(ratios) < 5
    assert 0.6 < sum(ratios) / len(ratios) < 1.6


def test_a_node_that_has_only_met_its_neighbours_does_not_think_they_are_all():
    made = RoutingTable(contacts.OWN, changed(ROOMY, k=20))
    for number in range(400):
        one = contact(number)
        if prefix_length(made.own_key, key_of(one.id)) >= 5:
            made.heard(one, 1000, True)
    assert 5 < len(made) < 20 and made.known_in_full() == (0, len(made))
    assert 150 < estimate(made) < 1000


def test_density_of_nobody():
    assert density(0, []) == 1 and density(0, [contact(1)]) == 2


def test_replication_grows_slowly_and_is_never_all():
    table = ((0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (8, 5), (10, 5), (20, 6))
    table += ((50, 7), (100, 8), (1000, 11), (10000, 15), (100000, 18), (1000000, 20))
    for peers, copies in table:
        assert replication(peers) == copies
    before = 1
    for peers in range(1, 3000):
        copies = replication(peers)
        assert before <= copies <= before + 1 and (copies < peers or peers < 3)
        before = copies
    assert replication(1 << 60) == REPLICATION_MAX


if __name__ == "__main__":
    kit.run(globals())
