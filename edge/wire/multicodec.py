"""Codes of the multiformats table that we use outside of addresses.

Spec: multiformats/multicodec.
"""

RAW = 0x55
DAG_PB = 0x70
LIBP2P_KEY = 0x72
ED25519_PUB = 0xED
IPNS_RECORD = 0x0300
PEER_RECORD = 0x0301
RELAY_RSVP = 0x0302

# Never assigned: for use among those who agreed, never towards strangers.
PRIVATE_FIRST = 0x300000
PRIVATE_LAST = 0x3FFFFF


def is_private(code: int) -> bool:
    return PRIVATE_FIRST <= code <= PRIVATE_LAST
