"""Searches: each drives a Query with requests in flight, and draws from the answers what it is for.

    Query --next_request()--> a task: kad.ask(contact, message) --> closer contacts --> Query
                                              \\-> the peer, providers: to whoever searches

``kad`` is a KadRouting: own_id, profile, table, network, ask().
"""

from edge.errors import EdgeError, LocalError, RemoteError
from edge.identity.peer_info import PeerInfo
from edge.routing.kad import Contact
from edge.routing.kad.key import key_of
from edge.routing.kad.message import (
    ADD_PROVIDER,
    FIND_NODE,
    GET_PROVIDERS,
    GET_VALUE,
    PUT_VALUE,
    Message,
    Record,
)
from edge.routing.kad.query import Query
from edge.swarm.limits import refuse_if_full
from edge.system import MICROPYTHON, aio, clock

TARGET_ADDRESSES_MAX = 48  # of one peer that are tried in one search
TOLD_ADDRESSES_MAX = 6  # of these, told by one
HEAD_START_MS = 1000  # of where a peer was over the search for where it is
VALUE_QUORUM = 16  # values that agree or are worse, before the best of them is believed to be best
PUBLISHED_MAX = 8 if MICROPYTHON else 1024  # values that are put again and again
SEEN_MAX = 4 if MICROPYTHON else 32  # different valid values of a key that are told
NAMED_MAX = 64 if MICROPYTHON else 1024  # providers that are remembered until the search ends
TRUSTED_PROVIDERS = 2  # of one answer that are given at once; more only if others name them, too


async def ask_around(kad, message: Message, heard=None, count: "int | None" = None) -> Query:
    """Ask peers ever closer to ``message.key`` until the query has finished.

    ``heard(contact, answer)`` is told of each answer; what it gives that is true ends the search.
    ``count``: of the closest that must have answered, None to find something.
    """
    target = key_of(message.key)
    seeds = kad.table.seeds(target, kad.profile.k)
    query = Query(kad.own_id, target, seeds, kad.profile, count)
    await _Drive(kad, message, query, heard).run()
    return query


class _Drive:
    """One query at work."""

    def __init__(self, kad, message: Message, query: Query, heard) -> None:
        self._kad = kad
        self._message = message
        self._query = query
        self._heard = heard
        self._changed = aio.Event()
        self._enough = False

    async def run(self) -> None:
        query = self._query
        async with aio.Group(self._kad.report) as group:
            while not self._enough:
                self._changed.clear()
                now = clock.monotonic_ms()
                contact = query.next_request(now)
                if contact:
                    group.spawn(self._ask(contact))
                elif query.finished:
                    break
                else:
                    await self._wait(now)
        self._kad.searched(query)

    async def _wait(self, now: int) -> None:
        """Until an answer has come, or the query wants to know what time it is."""
        due = self._query.deadline()
        try:
            if due is None:
                await self._changed.wait()
            elif due > now:
                await aio.wait_for_ms(self._changed.wait(), due - now)
        except aio.TimeoutError:
            pass
        now = clock.monotonic_ms()
        if due is not None and due <= now:
            self._query.handle_deadline(now)

    async def _ask(self, contact: Contact) -> None:
        query = self._query
        try:
            answer = await self._kad.ask(contact, self._message)
        except EdgeError:
            query.failed(contact.id, clock.monotonic_ms())
        else:
            if self._heard and self._heard(contact, answer):
                self._enough = True
            query.answered(contact.id, list(answer.closer), clock.monotonic_ms())
        finally:
            self._changed.set()


# -- a peer


async def find_peer(kad, id: bytes, results) -> None:
    """Give the peer to ``results`` once it has proven itself to us, and then end."""
    finder = _Finder(kad, id, results)
    known = kad.network.known(id) or kad.table.find(id)
    async with aio.Group(kad.report) as group:
        finder.group = group
        if known:
            group.spawn(finder.attempt(known))
            try:
                await aio.wait_for_ms(finder.changed.wait(), HEAD_START_MS)
            except aio.TimeoutError:
                pass  # it goes on meanwhile
        if not finder.found:
            group.spawn(finder.look())
        while not finder.found and len(group):
            finder.changed.clear()
            await finder.changed.wait()


class _Finder:
    """Tries every set of addresses the wanted peer is said to have, as soon as it is told of one:
    the first may be false, and the search goes on meanwhile."""

    def __init__(self, kad, id: bytes, results) -> None:
        self._kad = kad
        self._id = id
        self._results = results
        self._tried: list = []
        self.group = aio.Group()
        self.changed = aio.Event()
        self.found = False

    async def look(self) -> None:
        kad = self._kad
        wanted = Message(FIND_NODE, self._id, None, (), ())
        try:  # whoever should know the peer is asked before it counts as unknown
            await ask_around(kad, wanted, self._heard, kad.profile.k)
        finally:
            self.changed.set()

    def _heard(self, contact: Contact, answer: Message) -> bool:
        if contact.id == self._id:
            self._give(contact)
        for told in answer.closer:
            new = tuple([one for one in told.addresses if one not in self._tried])
            if told.id == self._id and new and len(self._tried) < TARGET_ADDRESSES_MAX:
                new = new[:TOLD_ADDRESSES_MAX]
                self._tried += new
                self.group.spawn(self.attempt(Contact(told.id, new)))
        return self.found

    async def attempt(self, contact: Contact) -> bool:
        """Whether the peer is where it is said to be."""
        kad = self._kad
        try:
            await kad.ask(contact, Message(FIND_NODE, self._id, None, (), ()))
        except RemoteError:
            pass  # it is there, and no server
        except EdgeError:
            if not kad.network.is_connected(self._id):
                return False
        finally:
            self.changed.set()
        self._give(contact)
        return True

    def _give(self, contact: Contact) -> None:
        self.found = True
        found = self._kad.network.known(self._id) or contact
        self._results.add(PeerInfo.from_peer_bytes(found.id, found.addresses))
        self.changed.set()


# -- peers close to a key, and providers


async def find_closest(kad, key: bytes, results) -> None:
    """Give the peers that are closest to ``key`` and answer."""
    query = await ask_around(kad, Message(FIND_NODE, key, None, (), ()), count=results.count)
    for contact in query.closest(results.count):
        results.add(PeerInfo.from_peer_bytes(contact.id, contact.addresses))


async def find_providers(kad, key: bytes, results) -> None:
    """Give who is said to provide ``key``: nobody can prove that until asked for it.

    A few of each answer are given at once, others when a second peer names them, and what is left
    in the end. Those named by several get half of the places before that: liars who agree crowd
    out nobody whom one honest peer names.
    """
    named: dict = {}  # id -> [how many name it, contact, whether it was given]
    places = [max(1, results.count // 2)]

    def heard(_: Contact, answer: Message) -> bool:
        left = TRUSTED_PROVIDERS
        for told in answer.providers:
            row = named.get(told.id) or [0, told, False]
            if len(named) < NAMED_MAX:
                named[told.id] = row
            row[0] += 1
            if not row[2]:
                if left:
                    left -= 1
                elif row[0] > 1 and places[0]:
                    places[0] -= 1
                else:
                    continue
                row[2] = True
            if not _give(kad, told, results):
                return True
        return False

    for contact in kad.held_providers(key):
        _give(kad, contact, results)
    wanted = Message(GET_PROVIDERS, key, None, (), ())
    await ask_around(kad, wanted, heard, kad.replication())
    for _, contact, _ in sorted(named.values(), key=lambda row: (-row[0], row[1].id)):
        if not _give(kad, contact, results):
            break


def _give(kad, contact: Contact, results) -> bool:
    """A provider; whether there may be more."""
    if contact.id == kad.own_id:
        return True
    if not contact.addresses:
        contact = kad.network.known(contact.id) or kad.table.find(contact.id) or contact
    return results.add(PeerInfo.from_peer_bytes(contact.id, contact.addresses))


async def announce(kad, key: bytes) -> int:
    """Tell the peers closest to ``key`` that we have it; how many were told."""
    addresses = kad.network.addresses()
    if not addresses:
        return 0  # nobody keeps a provider that cannot be dialed
    own = Contact(kad.own_id, tuple(addresses))
    keepers = await find_keepers(kad, key)
    return len(await tell(kad, keepers, Message(ADD_PROVIDER, key, None, (), (own,))))


async def find_keepers(kad, key: bytes) -> list:
    """The contacts that are to keep a record of ``key``."""
    count = kad.replication()
    query = await ask_around(kad, Message(FIND_NODE, key, None, (), ()), count=count)
    return query.closest(count)


async def tell(kad, contacts: list, message: Message) -> list:
    """``(contact, answer)`` of all who took ``message``, asked at once; None for ADD_PROVIDER."""
    took: list = []

    async def one(contact: Contact) -> None:
        try:
            took.append((contact, await kad.ask(contact, message)))
        except EdgeError:
            pass

    async with aio.Group(kad.report) as group:
        for contact in contacts:
            group.spawn(one(contact))
        await group.join()
    return took


# -- values


async def get_value(kad, key: bytes) -> "bytes | None":
    """The best valid value of ``key``; None if there is none."""
    values = await get_values(kad, key)
    return values[0] if values else None


async def get_values(kad, key: bytes) -> list:
    """Different valid values of ``key``, the best one first.

    Those closest to the key that have none, or a worse one, are given that.
    """
    best = _Best(kad, key)
    best.take(b"", kad.held_value(key))

    def heard(contact: Contact, answer: Message) -> bool:
        if answer.record and answer.record.key == key:
            best.take(contact.id, answer.record.value)
        return best.count >= VALUE_QUORUM

    count = kad.replication()
    query = await ask_around(kad, Message(GET_VALUE, key, None, (), ()), heard, count)
    if best.value is None:
        return []
    near = query.closest(count)
    lacking = [contact for contact in near if contact.id not in best.holders]
    kad.spawn(tell(kad, lacking, _put_message(key, best.value)))
    return [best.value] + [value for value in best.seen if value != best.value]


class _Best:
    """The best of the values heard of, and who has it."""

    def __init__(self, kad, key: bytes) -> None:
        self._kad = kad
        self._key = key
        self.value: bytes | None = None
        self.holders: list = []
        self.seen: list = []  # different valid ones
        self.count = 0  # valid values heard

    def take(self, id: bytes, value: "bytes | None") -> None:
        """``id`` has ``value``, which may be no good."""
        if value is None:
            return
        order = 0
        if value != self.value:
            try:
                order = self._order(value)
            except RemoteError:
                return
        self.count += 1
        if value not in self.seen and len(self.seen) < SEEN_MAX:
            self.seen.append(value)
        if order > 0:
            self.value = value
            self.holders = []
        if order >= 0:
            self.holders.append(id)

    def _order(self, value: bytes) -> int:
        """Whether ``value``, if it is good, is better than the best, the same record, or worse."""
        validator = self._kad.check_value(self._key, value)
        if self.value is None:
            return 1
        order = validator.compare(self._key, value, self.value)
        if not order and validator.select(self._key, [self.value, value]):
            self.value = value  # it says how old it is; who told of it before did not
        return order


async def put_value(kad, key: bytes, value: bytes) -> int:
    """Have ``value`` kept by those closest to ``key``, from now on; how many keep it."""
    try:
        kad.check_value(key, value)
        kad.hold_value(key, value)
    except RemoteError as error:
        raise LocalError(str(error))
    if key not in kad.published:
        refuse_if_full(len(kad.published), PUBLISHED_MAX, "values published")
    kad.published.add(key, clock.monotonic_ms(), value)
    told = await put_again(kad, key)
    kad.published.told(key, told, clock.monotonic_ms(), 0)
    return told


async def put_again(kad, key: bytes) -> int:
    """As put_value, of a value that was put before; no more once it has become invalid."""
    value, since = kad.published.held(key)
    try:
        aged = kad.check_value(key, value).aged(value, clock.monotonic_ms() - since)
        if aged != value:
            kad.check_value(key, aged)
            value = aged
    except RemoteError:
        kad.published.remove(key)
        return 0
    took = await tell(kad, await find_keepers(kad, key), _put_message(key, value))
    return len([1 for _, answer in took if answer.record and answer.record.value == value])


def _put_message(key: bytes, value: bytes) -> Message:
    from edge.routing.kad.values import rfc3339

    return Message(PUT_VALUE, key, Record(key, value, rfc3339(clock.unix_ms())), (), ())
