"""Kademlia told anything: messages of strangers, a search and a table to which anything happens."""

from edge.errors import LocalError, RemoteError
from edge.routing import reach
from edge.routing.kad import PROFILES, Contact, message, query
from edge.routing.kad.key import key_of
from edge.routing.kad.query import Query
from edge.routing.kad.table import RoutingTable
from tests.edge.routing.kad import contacts, test_table
from tests.edge.routing.kad.contacts import SMALL, changed, contact, lan

_PATHS = changed(SMALL, alpha=4, paths=2)
_TINY = changed(SMALL, group_table_max=5, group_bucket_max=2)


def kad_message(data: bytes) -> None:
    """What is understood is within bounds, and the same when it is written and read again."""
    for profile in PROFILES.values():
        told = message.decode(data, profile)
        assert len(told.closer) <= message.CLOSER_MAX
        assert len(told.providers) <= message.PROVIDERS_MAX
        for one in told.closer + told.providers:
            assert len(one.addresses) <= message.ADDRESSES_MAX
            assert all(profile.admits(address) for address in one.addresses)
        assert all(one.addresses for one in told.closer)
        try:
            again = message.encode(told, profile)
        except LocalError:
            assert len(data) > profile.send_bytes_max // 2
            continue
        assert len(again) <= profile.send_bytes_max
        assert message.decode(again, profile) == told or len(again) > profile.send_bytes_max // 2
        try:
            message.check_request(told)
        except RemoteError:
            pass


def kad_address(data: bytes) -> None:
    for admits in (reach.admits_any, reach.admits_local, reach.admits_public):
        assert admits(data) in (True, False)
    if data:
        assert isinstance(reach.host(data) + reach.network(data), bytes)


def kad_query(data: bytes) -> None:
    """Each step is two bytes: what happens, and to whom; then time ends it."""
    count = data[0] % 9 if data else 0
    seeds = [contact(number) for number in range(data[1] % 32 if len(data) > 1 else 3)]
    core = Query(contacts.OWN, key_of(b"target"), seeds, _PATHS, count or None)
    flying: list[Contact] = []
    asked: list[bytes] = []
    now = 1000
    for what, whom in zip(data[2:200:2], data[3:200:2], strict=False):
        one = core.next_request(now)
        if one:
            flying.append(one)
            asked.append(one.id)
        chosen = flying.pop(whom % len(flying)) if flying and what & 1 else contact(whom)
        known = chosen.id in asked
        told = [contact((whom * more + what) & 255, lan(more)) for more in range(what & 31)]
        told.append(Contact(contacts.OWN, (lan(1),)))
        if what & 6:
            core.answered(chosen.id, told, now)
        else:
            core.failed(chosen.id, now)
        assert known or chosen.id not in [other.id for other in core.closest()]
        if what & 64:
            now += whom * 50
            core.handle_deadline(now)
        assert len(core._peers) < 2000 and core.asked <= query.REQUESTS_MAX
    assert contacts.OWN not in asked and len(asked) == core.asked
    assert max((asked.count(id) for id in asked), default=0) <= 2
    _end(core, now)


def _end(core: Query, now: int) -> None:
    """Nobody answers any more: it ends within its time."""
    core.next_request(now)
    while not core.finished:
        due = core.deadline()
        assert due is not None
        now = max(now, due)
        core.handle_deadline(now)
        while core.next_request(now):
            pass
    assert core.next_request(now) is None and core.asked <= query.REQUESTS_MAX


def kad_table(data: bytes) -> None:
    """Each step is three bytes: what happens, to whom, where."""
    made = RoutingTable(contacts.OWN, _TINY)
    now = 1000
    for what, whom, place in zip(data[0:300:3], data[1:300:3], data[2:300:3], strict=False):
        now += what * 1000
        one = contact(whom, lan(place % 12), lan(place >> 4))
        kind = what % 8
        if kind < 3:
            made.heard(one, now, kind < 2)
        elif kind < 7:
            (made.answered, made.failed, made.doubt, lambda id, _: made.remove(id))[kind - 3](
                one.id, now
            )
        else:
            made.to_check(now)
            made.refreshed(whom, now)
        found = made.closest(key_of(one.id), 5, (one.id,))
        assert one.id not in [other.id for other in found] and len(found) <= 5
        assert made.stale_bucket(now) is None or made.refresh_deadline() is not None
    test_table.check_books(made)


TARGETS = {
    "kad_message": kad_message,
    "kad_address": kad_address,
    "kad_query": kad_query,
    "kad_table": kad_table,
}
