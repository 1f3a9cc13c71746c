"""Bytes and text that claim to be a key, a peer id, an envelope, a peer record, a peer store."""

from binascii import crc32

from edge.errors import EdgeError, RemoteError
from edge.identity import envelope, peer_record, peer_store_file
from edge.identity.keys import PrivateKey, decode_private_key, decode_public_key
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.identity.peer_store import PeerStore
from edge.wire import varint
from edge.wire.multiaddr import Multiaddr

_KEY = PrivateKey.from_seed(bytes(32))
_NOW = 1 << 40


def public_key(data: bytes) -> None:
    """What decodes is what was sent, and verifies no garbage."""
    key = decode_public_key(data)
    assert key.encode() == data
    assert not key.verify(b"message", data)
    assert PeerId.from_public_key(key).public_key() is None or len(data) <= 42


def signature(data: bytes) -> None:
    assert not _KEY.public.verify(b"message", data)


def private_key(data: bytes) -> None:
    assert decode_private_key(data).seed == data[4:36]


def peer_id(data: bytes) -> None:
    """Bytes that are an id make text that is the same id."""
    name = PeerId(data)
    assert PeerId.parse(str(name)) == name
    name.public_key()


def peer_id_text(data: bytes) -> None:
    name = PeerId.parse(data.decode("utf-8", "replace"))
    assert PeerId(name.to_bytes()) == name


def peer_info(data: bytes) -> None:
    PeerInfo.from_multiaddr(Multiaddr.from_bytes(data))


def sealed_envelope(data: bytes) -> None:
    envelope.unseal(data, (("domain", b"type"),))


def signed_record(data: bytes) -> None:
    """Garbage under a good signature; garbage without one never gets that far."""
    _refused(data)
    sealed = envelope.seal(_KEY, peer_record.DOMAIN, peer_record.PAYLOAD_TYPE, data)
    record = peer_record.unseal(sealed)
    assert record.peer_id == PeerId.from_public_key(_KEY.public)
    assert 0 <= record.seq < 1 << 64
    assert len(record.addresses) <= peer_record.ADDRESSES_MAX


def _refused(data: bytes) -> None:
    try:
        peer_record.unseal(data)
    except RemoteError:
        return


def stored_peers(data: bytes) -> None:
    """Whatever was read can be written, and then reads the same."""
    _reread(data)
    _reread(peer_store_file.HEADER + data)
    entry = varint.frame(data) + crc32(data).to_bytes(4, "big")
    _reread(peer_store_file.HEADER + entry + entry)


def _reread(data: bytes) -> None:
    store = PeerStore(peers_max=8, addresses_max=4)
    try:
        peer_store_file.decode(store, data, _NOW)
    except EdgeError:
        return
    once = peer_store_file.encode(store, _NOW)
    again = PeerStore(peers_max=8, addresses_max=4)
    assert peer_store_file.decode(again, once, 0) == 0
    assert peer_store_file.encode(again, 0) == once


TARGETS = {
    "public_key": public_key,
    "signature": signature,
    "private_key": private_key,
    "peer_id": peer_id,
    "peer_id_text": peer_id_text,
    "peer_info": peer_info,
    "envelope": sealed_envelope,
    "peer_record": signed_record,
    "peer_store": stored_peers,
}
