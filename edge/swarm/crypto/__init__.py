"""Crypto: a byte stream becomes private, and the peer at its other end proven.

An inhabitant is a pure core.  During its handshake it has the verbs receive_data, next_event,
data_to_send; its one event is Secured.  From then on it turns bytes into bytes:

    encrypt(data) -> bytes to send          decrypt(data) -> list of plaintexts, maybe empty

Bytes that arrived behind the handshake are kept: ``decrypt(b"")`` gives what they hold.
"""

from collections import namedtuple

# muxer: protocol id both ends agreed on during the handshake, or None to negotiate it now
Secured = namedtuple("Secured", ("peer_id", "public_key", "muxer"))
