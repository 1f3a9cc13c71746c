"""How close a peer is to a key: XOR of their SHA-256 hashes, as Kademlia measures it.

Every routing orders by this, so that asking again, or asking another one, gives much the same
peers.  Spec: libp2p kad-dht, "Kademlia keyspace".
"""

from edge.system import primitives


def place(data: bytes) -> int:
    """Where a key or the bytes of a peer id lie: 256 bits."""
    return int.from_bytes(primitives.sha256(data), "big")


def distance(key: bytes, peer_id: bytes) -> int:
    return place(key) ^ place(peer_id)
