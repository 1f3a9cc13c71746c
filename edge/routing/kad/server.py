"""What a server answers; a client has none of this.

    FIND_NODE      the contacts closest to a peer id, and that peer itself if it is known
    GET_PROVIDERS  who has told us that they have a key, and closer contacts
    ADD_PROVIDER   kept if the peer speaks of itself; no answer, whatever the text of the spec says
    GET_VALUE      the value we keep, and closer contacts
    PUT_VALUE      kept if it is valid and no worse than what is here; the request comes back
    PING           comes back

A request that is wrong is a RemoteError, one that asks too much a LimitError: either way the stream
is reset.  Spec: libp2p kad-dht.
"""

from edge.errors import RemoteError
from edge.routing import reach
from edge.routing.kad import Contact
from edge.routing.kad.key import key_of
from edge.routing.kad.message import (
    ADD_PROVIDER,
    FIND_NODE,
    GET_PROVIDERS,
    GET_VALUE,
    PING,
    PUT_VALUE,
    Message,
    Record,
    check_request,
    decode,
    encode,
)
from edge.routing.kad.providers import Providers
from edge.routing.kad.values import Values
from edge.system import clock


class Server:
    """``kad`` is a KadRouting: own_id, profile, table, network, validators(), provided."""

    def __init__(self, kad) -> None:
        self._kad = kad
        self.providers = Providers()
        self.values = Values(kad.validators(), kad.own_id)
        self.answered = 0  # requests, since the start
        self._answers = {
            PUT_VALUE: self._put_value,
            GET_VALUE: self._get_value,
            ADD_PROVIDER: self._add_provider,
            GET_PROVIDERS: self._get_providers,
            FIND_NODE: self._find_node,
            PING: self._ping,
        }

    def answer(self, source: Contact, data: bytes) -> "bytes | None":
        """The answer to one request; None where there is none to be.  RemoteError, LimitError."""
        profile = self._kad.profile
        message = check_request(decode(data, profile))
        answer = self._answers[message.type](source, message)
        self._kad.table.spoke(source.id, clock.monotonic_ms())
        self.answered += 1
        return encode(answer, profile) if answer else None

    def expire(self, now: int) -> list:
        """Forget what has expired; when to do so again, for each kind of record that is here."""
        coming = []
        for store in (self.providers, self.values):
            due = store.deadline()
            if due is not None and due <= now:
                store.handle_deadline(now)
                due = store.deadline()
            if due is not None:
                coming.append(due)
        return coming

    def _closer(self, source: Contact, key: bytes) -> tuple:
        """The contacts closest to ``key``; who asks knows itself, and us."""
        kad = self._kad
        return tuple(kad.table.closest(key_of(key), kad.profile.k, (source.id,)))

    def _find_node(self, source: Contact, message: Message) -> Message:
        key = message.key
        closer = self._closer(source, key)
        if key == self._kad.own_id:
            target = self._kad.own_contact()
        elif key == source.id or (closer and closer[0].id == key):
            target = None
        else:
            target = self._known(key)
        if target:
            closer = (target,) + tuple([contact for contact in closer if contact.id != key])
        return Message(FIND_NODE, b"", None, closer, ())

    def _known(self, key: bytes) -> "Contact | None":
        """The peer of this id, even if it is a client: once it has proven itself."""
        try:
            return self._kad.network.known(key)
        except RemoteError:
            return None  # the key is no peer id: any key may be searched for

    def _get_value(self, source: Contact, message: Message) -> Message:
        key = message.key
        held = self.values.get(key, clock.monotonic_ms())
        record = Record(key, held[0], held[1]) if held else None
        return Message(GET_VALUE, key, record, self._closer(source, key), ())

    def _put_value(self, _: Contact, message: Message) -> Message:
        record = message.record
        self.values.put(record.key, record.value, clock.monotonic_ms(), clock.unix_ms())
        return Message(PUT_VALUE, message.key, record, (), ())

    def _add_provider(self, source: Contact, message: Message) -> None:
        for told in message.providers:
            addresses = told.addresses or _cables(source)
            if told.id == source.id and addresses:
                now = clock.monotonic_ms()
                owner = self._kad.profile.group(source.addresses[0]) if source.addresses else b""
                self.providers.add(message.key, told.id, addresses, now, owner)
                return
        raise RemoteError("a provider that is not the peer, or without an address")

    def _get_providers(self, source: Contact, message: Message) -> Message:
        key = message.key
        return Message(
            GET_PROVIDERS, key, None, self._closer(source, key), tuple(self.providers_of(key))
        )

    def providers_of(self, key: bytes) -> list:
        """Contacts that have ``key``, we among them if we do."""
        kad = self._kad
        held = self.providers.get(key, clock.monotonic_ms())
        own = [kad.own_contact()] if key in kad.provided else []
        return own + [Contact(id, addresses) for id, addresses in held]

    def _ping(self, _: Contact, message: Message) -> Message:
        return Message(PING, message.key, None, (), ())


def _cables(source: Contact) -> tuple:
    """Where a peer is that has no address to tell: at the other end of a cable of ours."""
    return tuple([address for address in source.addresses if reach.is_cable(address)])
