"""Which address is tried when."""

from edge.swarm.dialing.dial_plan import (
    ADDRESSES_MAX,
    ATTEMPTS_MAX,
    REST_MAX_MS,
    REST_MS,
    RESTING_MAX,
    STAGGER_MS,
    DialPlan,
    Rests,
    is_private,
    rank,
)
from edge.wire.multiaddr import Multiaddr
from tests import kit


def addresses(*texts):
    return [Multiaddr(text) for text in texts]


def test_near_before_far_and_families_in_turn():
    given = addresses(
        "/ip4/8.8.8.8/tcp/1", "/ip6/2001:db8::1/tcp/1", "/dns4/example.com/tcp/1",
        "/ip4/192.168.1.2/tcp/1", "/ip6/fe80::1/tcp/1", "/ip4/127.0.0.1/tcp/1",
    )  # fmt: skip
    assert [str(address) for address in rank(given)] == [
        "/ip4/127.0.0.1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip4/192.168.1.2/tcp/1",
        "/ip6/2001:db8::1/tcp/1", "/dns4/example.com/tcp/1", "/ip4/8.8.8.8/tcp/1",
    ]  # fmt: skip


def test_relayed_addresses_come_last_and_repeats_once():
    relayed = (
        "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq/p2p-circuit"
    )
    given = addresses(relayed, "/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/1")
    assert rank(given) == addresses("/ip4/8.8.8.8/tcp/1", relayed)


def test_private_hosts():
    for host in ("10.0.0.1", "192.168.0.1", "172.16.0.1", "172.31.9.9", "169.254.1.1", "fe80::1",
                 "fd00::1", "fc00::1"):  # fmt: skip
        assert is_private(host), host
    for host in ("11.0.0.1", "192.169.0.1", "172.32.0.1", "172.15.0.1", "2001:db8::1", "8.8.8.8"):
        assert not is_private(host), host


def test_the_next_starts_after_a_head_start():
    one, two = addresses("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1")
    plan = DialPlan([one, two], 1000)
    assert plan.next_address(1000) == one
    assert plan.next_address(1000 + STAGGER_MS - 1) is None
    assert plan.deadline() == 1000 + STAGGER_MS
    assert plan.next_address(1000 + STAGGER_MS) == two
    assert plan.deadline() is None and plan.next_address(99999) is None


def test_names_that_stand_for_ever_more_addresses():
    """Each that is tried stands for a hundred others: it ends after so many."""
    plan = DialPlan(addresses("/dns4/x.org/tcp/1"), 0)
    tried = now = 0
    while plan.next_address(now) is not None:
        tried += 1
        more = ["/ip4/10.0.{}.{}/tcp/1".format(tried, host) for host in range(100)]
        plan.add(addresses(*more))
        now += STAGGER_MS
    assert tried == ATTEMPTS_MAX and plan.deadline() is None


def test_what_another_knows_is_tried_next_and_once():
    lies = addresses(*["/ip4/10.0.0.1/tcp/{}".format(port) for port in range(1, 40)])
    (true,) = addresses("/ip4/203.0.113.1/tcp/1")
    plan = DialPlan(lies, 0)
    first = plan.next_address(0)
    plan.hear([true, first])
    assert plan.deadline() == STAGGER_MS
    assert plan.next_address(STAGGER_MS) == true
    plan.hear([true, first])
    tried = 2
    while plan.deadline() is not None:
        assert plan.next_address(plan.deadline()) not in (true, first)
        tried += 1
        plan.hear(lies[tried:])
    assert tried == ATTEMPTS_MAX


def test_the_truth_is_tried_soon_however_many_lie():
    (true,) = addresses("/ip4/203.0.113.1/tcp/1")
    plan = DialPlan(addresses("/ip4/10.0.0.1/tcp/1"), 0)
    plan.hear([true])
    for liar in range(3):
        lies = ["/ip4/10.0.{}.1/tcp/{}".format(liar, port) for port in range(1, 20)]
        plan.hear(addresses(*lies))
    assert true in [plan.next_address(turn * STAGGER_MS) for turn in range(ADDRESSES_MAX)]


def test_a_failure_starts_the_next_at_once():
    one, two = addresses("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1")
    plan = DialPlan([one, two], 1000)
    plan.next_address(1000)
    plan.hasten(1010)
    assert plan.next_address(1010) == two


def test_a_peer_with_a_thousand_addresses_gets_a_bounded_dial():
    many = [Multiaddr("/ip4/10.0.0.1/tcp/{}".format(port)) for port in range(1, 40)]
    plan, now, tried = DialPlan(many, 0), 0, 0
    while plan.deadline() is not None:
        now = plan.deadline()
        plan.next_address(now)
        tried += 1
    assert tried == ADDRESSES_MAX


def test_no_addresses():
    plan = DialPlan([], 0)
    assert plan.next_address(0) is None and plan.deadline() is None


def test_failed_addresses_rest_longer_each_time():
    rests, (one, two) = Rests(), addresses("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1")
    rests.failed(one, 0)
    assert rests.awake([one, two], REST_MS - 1) == [two]
    assert rests.awake([one, two], REST_MS) == [one, two]
    rests.failed(one, 10000)
    assert rests.awake([one, two], 10000 + REST_MS) == [two]
    assert rests.awake([one, two], 10000 + REST_MS + 1000) == [one, two]
    for _ in range(100):
        rests.failed(one, 0)
    assert rests.awake([one, two], REST_MAX_MS) == [one, two]
    rests.succeeded(one)
    rests.failed(one, 0)
    assert rests.awake([one, two], REST_MS) == [one, two]


def test_when_all_rest_all_are_tried():
    rests, given = Rests(), addresses("/ip4/10.0.0.1/tcp/1")
    rests.failed(given[0], 0)
    assert rests.awake(given, 1) == given


def test_resting_addresses_are_bounded():
    rests = Rests()
    for port in range(1, RESTING_MAX + 50):
        rests.failed(Multiaddr("/ip4/10.0.0.1/tcp/{}".format(port)), 0)
    assert len(rests._resting) == RESTING_MAX


if __name__ == "__main__":
    kit.run(globals())
