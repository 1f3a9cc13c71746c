"""Peer record: where a peer says it can be reached, numbered and signed by itself.

    envelope { PeerRecord { peer id, seq, addresses } }

Domain and type are those that go, js and py send; the RFC's own, which rust still sends, are
accepted too. A seq only tells a peer's newer record from its older one. Spec: libp2p RFC 0003.
"""

from collections import namedtuple

from edge.errors import RemoteError
from edge.identity import envelope
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.wire import protobuf
from edge.wire.multiaddr import Multiaddr

DOMAIN = "libp2p-peer-record"
PAYLOAD_TYPE = b"\x03\x01"
_ACCEPTED = (
    (DOMAIN, PAYLOAD_TYPE),
    ("libp2p-routing-state", b"/libp2p/routing-state-record"),
)

ADDRESSES_MAX = 64  # of a record; the others are not looked at

PeerRecord = namedtuple("PeerRecord", ("peer_id", "seq", "addresses"))


def seal(private: PrivateKey, seq: int, addresses: "list[Multiaddr]") -> bytes:
    """Our own record; addresses that strangers cannot parse or use are left out."""
    peer_id = PeerId.from_public_key(private.public)
    payload = protobuf.encode_bytes(1, peer_id.to_bytes()) + protobuf.encode_uint(2, seq)
    for address in addresses:
        if address.is_shareable:  # rust refuses a record for one address it does not know
            payload += protobuf.encode_bytes(3, protobuf.encode_bytes(1, address.to_bytes()))
    return envelope.seal(private, DOMAIN, PAYLOAD_TYPE, payload)


def unseal(data: bytes) -> PeerRecord:
    """The record in a peer's envelope, if the peer it speaks of has signed it."""
    key, payload = envelope.unseal(data, _ACCEPTED)
    peer_id, seq, infos = protobuf.parse(payload, "buB")
    signer = PeerId.from_public_key(key)
    if peer_id != signer.to_bytes():
        raise RemoteError("peer record of another peer")
    addresses = []
    for info in infos[:ADDRESSES_MAX]:
        try:
            told = Multiaddr.from_bytes(protobuf.parse(info, "b")[0] or b"")
        except RemoteError:
            continue  # a protocol that is newer than we are
        # That it is the peer's own says nothing new, but py puts it there.
        address = told.decapsulate("p2p") if told.peer_id == peer_id else told
        if address and address.is_standard:  # a port would be one of this machine
            addresses.append(address)
    return PeerRecord(signer, seq or 0, addresses)
