"""The peer store across restarts, without trust in any clock.

    file     header, entries; the peer last used comes first
    entry    length, message, CRC-32 of the message
    message  1 peer id  2 address..  3 seq  4 envelope  5 public key  6 protocol..
    address  1 multiaddr  2 seconds it had left  3 whether it ever led to the peer

A monotonic clock starts anew with the machine, so times are kept as what is left of them, and good
addresses by their order. A damaged entry is lost alone; where a length is damaged, what follows is
lost with it. The same store gives the same bytes.
"""

import binascii

from edge.errors import LocalError, RemoteError
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.identity.peer_store import ADDRESSES_MAX, KNOWN_TTL_MS, PeerStore
from edge.system import files
from edge.wire import protobuf, varint
from edge.wire.multiaddr import Multiaddr

HEADER = b"edge peers 1\n"
FILE_SIZE_MAX = 512 * 1024  # bytes; the peers used longest ago do not get in
ENTRY_SIZE_MAX = 32 * 1024  # bytes
# Of what a peer spoke, who takes part in routing is worth knowing next time; a peer that speaks
# much must not take the place of others.
ROUTING_PROTOCOL = "/kad/"  # is in its name
PROTOCOLS_MAX = 8


def save(store: PeerStore, path: str, now: int, size_max: int = FILE_SIZE_MAX) -> None:
    """Write what is worth remembering; whom we know is nobody else's business."""
    files.write_atomic(path, encode(store, now, size_max), private=True)


def load(store: PeerStore, path: str, now: int) -> int:
    """Add what the file remembers; how many of its entries are lost.

    LocalError if it is something else; the file is never touched.
    """
    data = files.read(path, FILE_SIZE_MAX)
    try:
        return decode(store, data, now) if data else 0
    except LocalError as error:
        raise LocalError(f"cannot use the peer store {path}: {error}")


def encode(store: PeerStore, now: int, size_max: int = FILE_SIZE_MAX) -> bytes:
    """At most ``size_max`` bytes of what ``store`` knows."""
    parts = [HEADER]
    size = len(HEADER)
    for peer_id in store.peers():
        body = _encode_entry(store, peer_id, now)
        size += len(body) + 8
        if size > size_max:
            break
        if body and len(body) <= ENTRY_SIZE_MAX:
            parts.append(varint.frame(body) + binascii.crc32(body).to_bytes(4, "big"))
    return b"".join(parts)


def decode(store: PeerStore, data: bytes, now: int) -> int:
    """Add the peers in ``data`` to ``store``; how many entries were damaged.

    LocalError if ``data`` is something else.
    """
    if not data.startswith(HEADER):
        raise LocalError("it does not start as one")
    bodies, lost = _split(data)
    bodies.reverse()  # the last one added counts as used last
    for body in bodies:
        try:
            _decode_entry(store, body, now)
        except RemoteError:
            lost += 1
    return lost


def _split(data: bytes) -> "tuple[list[bytes], int]":
    """``(messages whose CRC is right, how many others)``."""
    bodies: list[bytes] = []
    lost = 0
    offset = len(HEADER)
    while offset < len(data):
        try:
            length, begin = varint.decode(data, offset) or (0, 0)
        except RemoteError:
            length = 0
        if not 0 < length <= ENTRY_SIZE_MAX or begin + length + 4 > len(data):
            return bodies, lost + 1
        offset = begin + length + 4
        body = data[begin : begin + length]
        if binascii.crc32(body) == int.from_bytes(data[offset - 4 : offset], "big"):
            bodies.append(body)
        else:
            lost += 1
    return bodies, lost


def _encode_entry(store: PeerStore, peer_id: PeerId, now: int) -> bytes:
    """The message of a peer; empty if there is no address left to remember."""
    store.addresses(peer_id, now)  # puts them in order
    entry = store.entries[peer_id]
    # What is at the other end of a port is another peer tomorrow, and the port not ours to open.
    rows = [row for row in entry.addresses if row[0].is_standard]
    if not rows:
        return b""
    body = protobuf.encode_bytes(1, peer_id.to_bytes())
    for address, until, good in rows:
        left = max(until - now, 0) // 1000
        row = protobuf.encode_bytes(1, address.to_bytes()) + protobuf.encode_uint(2, left)
        body += protobuf.encode_bytes(2, row + protobuf.encode_uint(3, 1 if good else 0))
    if entry.seq >= 0:
        body += protobuf.encode_uint(3, entry.seq)
    if entry.envelope:
        body += protobuf.encode_bytes(4, entry.envelope)
    if entry.public_key:
        body += protobuf.encode_bytes(5, entry.public_key.encode())
    routing = [protocol for protocol in entry.protocols if ROUTING_PROTOCOL in protocol]
    for protocol in routing[:PROTOCOLS_MAX]:
        body += protobuf.encode_bytes(6, protocol.encode())
    return body


def _decode_entry(store: PeerStore, body: bytes, now: int) -> None:
    data, rows, seq, envelope, key, protocols = protobuf.parse(body, "bBubbS")
    peer_id = PeerId(data or b"")
    entry = store.touch(peer_id)
    rows = rows[:ADDRESSES_MAX]
    rows.reverse()  # the best came first, and is to be the last success
    for row in rows:
        _decode_address(store, peer_id, row, now)
    entry.seq = -1 if seq is None else seq
    entry.envelope = envelope
    entry.protocols = tuple(protocols[:PROTOCOLS_MAX])
    if key:
        entry.public_key = decode_public_key(key)


def _decode_address(store: PeerStore, peer_id: PeerId, row: bytes, now: int) -> None:
    data, left, good = protobuf.parse(row, "buu")
    try:
        address = Multiaddr.from_bytes(data or b"")
    except RemoteError:
        return  # of a protocol this version does not know
    left_ms = min((left or 0) * 1000, KNOWN_TTL_MS)
    store.add_addresses(peer_id, [address], left_ms, now)
    if good:
        store.mark_good(peer_id, address, now)
