"""Requests and answers as bytes.

    1 type   2 key   3 record {1 key, 2 value, 5 time received}
    8 closer peer *  9 provider *        {1 id, 2 address *, 3 connection}

One peer entry that is wrong costs only itself; a message that is broken is a RemoteError.
Addresses the profile does not admit are neither read nor written.  Peers return in answer after
answer: their entries are remembered as they were sent.  Spec: libp2p kad-dht.
"""

from collections import namedtuple

from edge.errors import LocalError, RemoteError
from edge.routing import KEY_BYTES_MAX, reach
from edge.routing.kad import Contact, Profile
from edge.system import MICROPYTHON, const
from edge.wire import peer_ids, protobuf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PUT_VALUE = 0
GET_VALUE = 1
ADD_PROVIDER = 2
GET_PROVIDERS = 3
FIND_NODE = 4
PING = 5

FIELDS_MAX = 2048  # of a message; what comes behind them is not read
CLOSER_MAX = 21  # peers that are read of an answer: k, and whom the question was about
PROVIDERS_MAX = 21 if MICROPYTHON else 100
ENTRY_BYTES_MAX = 8192  # of a peer entry
ADDRESSES_MAX = 4 if MICROPYTHON else 16  # of a peer, read or written
RECORD_KEY_BYTES_MAX = 256  # of a value record; keys of providers have KEY_BYTES_MAX
RECEIVED_BYTES_MAX = 64  # of the time that stands in a record
CACHED_MAX = 0 if MICROPYTHON else 2048  # peer entries that are remembered, each way
_CACHED_BYTES_MAX = const(256)  # of a remembered entry

_TYPE = const(1)
_KEY = const(2)
_RECORD = const(3)
_CLOSER = const(8)
_PROVIDER = const(9)
_NUMBERS = (1, 2, 3, 8, 9)

# ``type`` is one of the above, ``key`` bytes (b"" in most answers), ``record`` a Record or None,
# ``closer`` and ``providers`` tuples of Contact.
Message = namedtuple("Message", ("type", "key", "record", "closer", "providers"))
# ``received`` is RFC 3339 text that the receiver of a record wrote, or "".
Record = namedtuple("Record", ("key", "value", "received"))

# By profile.admits: {entry as sent: Contact or None}, {Contact: entry as sent}. Emptied when full.
_read: dict = {}
_written: dict = {}


def decode(data: bytes, profile: Profile) -> Message:
    """RemoteError if it is broken, of an unknown type, or too long."""
    if len(data) > profile.receive_bytes_max:
        raise RemoteError("message of {} bytes".format(len(data)))
    kind = 0
    key = b""
    record = None
    closer: list = []
    providers: list = []
    left = FIELDS_MAX
    for number, value in protobuf.fields(data):
        if number in _NUMBERS and isinstance(value, int) != (number == _TYPE):
            raise RemoteError("message with a bad field {}".format(number))
        if number == _CLOSER:
            closer.append(value)
        elif number == _PROVIDER:
            providers.append(value)
        elif number == _TYPE:
            kind = value
        elif number == _KEY:
            key = value
        elif number == _RECORD:
            record = value
        left -= 1
        if not left:
            break
    if kind > PING:
        raise RemoteError("message of type {}".format(kind))
    return Message(
        kind,
        _key(key),
        None if record is None else _record(record),
        _contacts(closer, profile, CLOSER_MAX, True),
        _contacts(providers, profile, PROVIDERS_MAX, False),
    )


def check_request(message: Message) -> Message:
    """``message``, if it can be asked of us: RemoteError for a bad key or record."""
    kind, key, record = message.type, message.key, message.record
    if kind == PING:
        return message
    of_value = kind in (PUT_VALUE, GET_VALUE)
    if not 0 < len(key) <= (RECORD_KEY_BYTES_MAX if of_value else KEY_BYTES_MAX):
        raise RemoteError("key of {} bytes".format(len(key)))
    if kind == PUT_VALUE and (not record or record.key != key):
        raise RemoteError("no record of the key")
    return message


def encode(message: Message, profile: Profile) -> bytes:
    """At most ``profile.send_bytes_max``: addresses are left out where they do not fit, then the
    last peers; LocalError if the rest does not fit either."""
    head = protobuf.encode_uint(1, message.type)
    if message.key:
        head += protobuf.encode_bytes(2, message.key)
    if message.record:
        head += protobuf.encode_bytes(3, _encode_record(message.record))
    room = profile.send_bytes_max - len(head)
    if room < 0:
        raise LocalError("record of {} bytes does not fit into a message".format(len(head)))
    for addresses_max in (ADDRESSES_MAX, 4, 2, 1):
        closer = _entries(_CLOSER, message.closer, profile, addresses_max)
        providers = _entries(_PROVIDER, message.providers, profile, addresses_max)
        size = len(b"".join(closer)) + len(b"".join(providers))
        if size <= room:
            break
    while size > room:
        size -= len((closer if len(closer) > len(providers) else providers).pop())
    return head + b"".join(closer) + b"".join(providers)


# -- reading


def _key(value: bytes) -> bytes:
    if len(value) > RECORD_KEY_BYTES_MAX:
        raise RemoteError("key of {} bytes".format(len(value)))
    return bytes(value)


def _record(data: bytes) -> Record:
    key, value, _, _, received = protobuf.parse(data, "bb--b")
    if received and len(received) > RECEIVED_BYTES_MAX:
        raise RemoteError("record with a time of {} bytes".format(len(received)))
    try:
        text = str(received or b"", "utf-8")
    except UnicodeError:
        text = ""
    return Record(_key(key or b""), bytes(value or b""), text)


def _contacts(
    entries: "list[bytes]", profile: Profile, count: int, dialable: bool
) -> "tuple[Contact, ...]":
    """The first ``count`` entries that name a peer, each peer once; ``dialable``: not those
    without an address."""
    known = _read.get(profile.admits)
    if known is None:
        known = _read[profile.admits] = {}
    found: dict = {}
    order = []
    for data in entries[:count]:
        contact = known.get(data, known)
        if contact is known:
            contact = _contact(data, profile)
            if len(known) >= CACHED_MAX:
                known.clear()
            if CACHED_MAX and len(data) <= _CACHED_BYTES_MAX:
                known[data] = contact
        if contact and (contact.addresses or not dialable) and contact.id not in found:
            found[contact.id] = True
            order.append(contact)
    return tuple(order)


def _contact(data: bytes, profile: Profile) -> "Contact | None":
    """None if it names no peer."""
    if len(data) > ENTRY_BYTES_MAX:
        return None
    try:
        id, given = _split(data)
        peer_ids.check(id)
    except RemoteError:
        return None
    suffix = b"\xa5\x03" + bytes([len(id)]) + id
    addresses = []
    for address in given:
        if address.endswith(suffix):
            address = address[: -len(suffix)]
        if address and _may_be_told(address, profile) and address not in addresses:
            addresses.append(address)
    return Contact(id, tuple(addresses[:ADDRESSES_MAX]))


def _split(data: bytes) -> "tuple[bytes, list[bytes]]":
    """Id and addresses of an entry, of which not more are looked at than are of use."""
    id = b""
    given = []
    left = 4 * ADDRESSES_MAX
    for number, value in protobuf.fields(data):
        if number == 1 and not isinstance(value, int):
            id = value
        elif number == 2 and not isinstance(value, int):
            given.append(value)
        left -= 1
        if not left:
            break
    return id, given


# -- writing


def _encode_record(record: Record) -> bytes:
    data = protobuf.encode_bytes(1, record.key) + protobuf.encode_bytes(2, record.value)
    if record.received:
        data += protobuf.encode_bytes(5, record.received.encode())
    return data


def _entries(
    number: int, contacts: "Iterable[Contact]", profile: Profile, addresses_max: int
) -> "list[bytes]":
    """A field each; nobody learns of a closer peer without an address to tell."""
    known = _written.get(profile.admits)
    if known is None:
        known = _written[profile.admits] = {}
    entries = []
    for contact in contacts:
        full = len(contact.addresses) <= addresses_max
        data = known.get(contact) if full else None
        if data is None:
            data = _entry(contact, profile, addresses_max)
            if len(known) >= CACHED_MAX:
                known.clear()
            if full and CACHED_MAX and len(data) <= _CACHED_BYTES_MAX:
                known[contact] = data
        if number == _PROVIDER or len(data) > 2 + len(contact.id):
            entries.append(protobuf.encode_bytes(number, data))
    return entries


def _may_be_told(address: bytes, profile: Profile) -> bool:
    return profile.admits(address) and not reach.is_cable(address)


def _entry(contact: Contact, profile: Profile, addresses_max: int) -> bytes:
    admitted = [address for address in contact.addresses if _may_be_told(address, profile)]
    parts = [protobuf.encode_bytes(1, contact.id)]
    parts += [protobuf.encode_bytes(2, address) for address in admitted[:addresses_max]]
    return b"".join(parts)
