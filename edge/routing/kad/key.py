"""Where ids and keys lie: 256 bits, near to each other if they begin alike.

own    0110..      shares 0 bits with half of all peers, 1 bit with a quarter, 2 with an eighth
"""

from edge.routing.closeness import place
from edge.system import MICROPYTHON

KEY_BITS = 256
CACHED_MAX = 0 if MICROPYTHON else 4096  # ids whose place is remembered
TRIES_MAX = 1024 if MICROPYTHON else 32768  # hashes made for one seed

_cached: dict = {}  # emptied when full: who is met often is soon in it again


def key_of(data: bytes) -> int:
    """Where a record's key or the bytes of a peer id lie.  Remembers those asked for lately."""
    key = _cached.get(data)
    if key is None:
        key = place(data)
        if len(_cached) >= CACHED_MAX:
            _cached.clear()
        if CACHED_MAX and len(data) < 128:
            _cached[data] = key
    return key


def prefix_length(a: int, b: int) -> int:
    """How many leading bits two keys share, 0 to 256."""
    return 258 - len(bin(a ^ b)) if a != b else KEY_BITS


def seed_with_prefix(own: int, bits: int, random: bytes) -> bytes:
    """Bytes whose key shares exactly ``bits`` bits with ``own``, made out of ``random``.

    Tries are bounded: beyond about 14 bits, 9 on a chip, it is the best one met.
    """
    best, best_off = random, KEY_BITS
    for count in range(TRIES_MAX):
        seed = random + count.to_bytes(2, "big")
        off = abs(prefix_length(own, place(seed)) - bits)
        if off < best_off:
            best, best_off = seed, off
            if not off:
                break
    return best
