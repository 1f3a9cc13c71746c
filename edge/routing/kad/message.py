"""Requests and answers as bytes.

    1 type   2 key   3 record {1 key, 2 value, 5 time received}
    8 closer peer *  9 provider *        {1 id, 2 address *, 3 connection}

One peer entry that is wrong costs only itself; a message that is broken is a RemoteError.
Addresses the profile does not admit are neither read nor written.  Spec: libp2p kad-dht.
"""

from collections import namedtuple

from edge.routing.kad import Profile

PUT_VALUE = 0
GET_VALUE = 1
ADD_PROVIDER = 2
GET_PROVIDERS = 3
FIND_NODE = 4
PING = 5

# ``type`` is one of the above, ``key`` bytes (b"" in most answers), ``record`` a Record or None,
# ``closer`` and ``providers`` tuples of Contact.
Message = namedtuple("Message", ("type", "key", "record", "closer", "providers"))
# ``received`` is RFC 3339 text that the receiver of a record wrote, or "".
Record = namedtuple("Record", ("key", "value", "received"))


def decode(data: bytes, profile: Profile) -> Message:
    """RemoteError if it is broken, of an unknown type, or too long."""
    raise NotImplementedError


def check_request(message: Message) -> Message:
    """``message``, if it can be asked of us: RemoteError for a bad key or record."""
    raise NotImplementedError


def encode(message: Message, profile: Profile) -> bytes:
    """At most ``profile.send_bytes_max``: addresses are left out where they do not fit, then the
    last peers; LocalError if the rest does not fit either."""
    raise NotImplementedError
