"""What a node tells of itself, as bytes: the Identify message of identify and identify-push.

    1 public key   2 listen address *   3 protocol *   4 observed address
    5 protocol version   6 agent version   8 signed peer record

Spec: libp2p identify; field 8 is in every implementation but not in the text.
"""

from collections import namedtuple

from edge.errors import RemoteError, printable
from edge.system import MICROPYTHON
from edge.wire import protobuf
from edge.wire.multiaddr import Multiaddr

MESSAGE_BYTES_MAX = 8192
MESSAGES_MAX = 10  # in one answer
ADDRESSES_MAX = 8 if MICROPYTHON else 64  # of a peer that are kept
PROTOCOLS_MAX = 32 if MICROPYTHON else 256  # likewise
SPOKEN_MAX = 48  # protocols that are kept once for all peers, on a chip
TEXT_MAX = 128  # characters of a version or protocol that are kept

Identified = namedtuple(
    "Identified",
    ("public_key", "listen_addresses", "protocols", "observed_address", "protocol_version",
     "agent_version", "signed_peer_record"),
)  # fmt: skip

_spoken: dict = {}

NOTHING = Identified(None, (), (), None, None, None, None)


def encode(identified: Identified) -> bytes:
    """``public_key`` and ``signed_peer_record`` are bytes here; what is None is left out."""
    parts = []
    if identified.public_key:
        parts.append(protobuf.encode_bytes(1, identified.public_key))
    for address in identified.listen_addresses:
        parts.append(protobuf.encode_bytes(2, address.to_bytes()))
    for protocol in identified.protocols:
        parts.append(protobuf.encode_bytes(3, protocol.encode()))
    if identified.observed_address is not None:
        parts.append(protobuf.encode_bytes(4, identified.observed_address.to_bytes()))
    parts.append(protobuf.encode_bytes(5, identified.protocol_version.encode()))
    parts.append(protobuf.encode_bytes(6, identified.agent_version.encode()))
    if identified.signed_peer_record:
        parts.append(protobuf.encode_bytes(8, identified.signed_peer_record))
    return b"".join(parts)


def merge(known: Identified, message) -> Identified:
    """``known`` with what ``message`` says: what it leaves out stays as it was."""
    key, addresses, protocols, observed, version, agent, _, record = protobuf.parse(
        message, "bBBbbb-b"
    )
    return Identified(
        known.public_key if key is None else bytes(key),
        tuple(_addresses(addresses)) or known.listen_addresses,
        tuple(_protocols(protocols)) or known.protocols,
        _observed(observed) if observed else known.observed_address,
        known.protocol_version if version is None else _text(version),
        known.agent_version if agent is None else _text(agent),
        known.signed_peer_record if record is None else bytes(record),
    )


def _addresses(encoded) -> list:
    """Those we can parse; one bad address costs the peer only that address.  A port is none of a
    peer's: it would be one of this machine."""
    found = []
    for data in encoded[:ADDRESSES_MAX]:
        try:
            address = Multiaddr.from_bytes(bytes(data))
        except RemoteError:
            continue
        if address.is_standard:
            found.append(address)
    return found


def _observed(encoded):
    """The address we were seen at, without the peer id that js puts behind it."""
    for address in _addresses([encoded]):
        return address.decapsulate("p2p") if address.peer_id else address
    return None


def _protocols(encoded) -> list:
    found = []
    for data in encoded[:PROTOCOLS_MAX]:
        if len(data) <= TEXT_MAX:
            try:
                found.append(_once(bytes(data).decode()))
            except UnicodeError:
                pass
    return found


def _once(text: str) -> str:
    """The same text for all peers that speak the protocol: many speak much the same ones."""
    if not MICROPYTHON or text in _spoken:
        return _spoken.get(text, text)
    if len(_spoken) >= SPOKEN_MAX:
        _spoken.clear()
    _spoken[text] = text
    return text


def _text(data) -> str:
    try:
        return printable(bytes(data).decode(), TEXT_MAX)
    except UnicodeError:
        return "?"
