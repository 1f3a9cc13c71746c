"""Where ids and keys lie: 256 bits, near to each other if they begin alike.

    own    0110..      shares 0 bits with half of all peers, 1 bit with a quarter, 2 with an eighth
"""


def key_of(data: bytes) -> int:
    """Where a record's key or the bytes of a peer id lie.  Remembers those asked for lately."""
    raise NotImplementedError


def prefix_length(a: int, b: int) -> int:
    """How many leading bits two keys share, 0 to 256."""
    raise NotImplementedError


def seed_with_prefix(own: int, bits: int, random: bytes) -> bytes:
    """Bytes whose key shares exactly ``bits`` bits with ``own``, made out of ``random``.

    Tries are bounded: beyond about 14 bits the best one met is given.
    """
    raise NotImplementedError
