"""Where ids and keys lie, and seeds of a wanted distance."""

from edge.identity.peer_id import PeerId
from edge.routing.kad.key import key_of, prefix_length, seed_with_prefix
from tests import kit

# ipfs/specs, routing/kad-dht: a peer id, a multihash, and their places.
PEER = "12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS"
PEER_PLACE = "e43d28f0996557c0d5571d75c62a57a59d7ac1d30a51ecedcdb9d5e4afa56100"
MULTIHASH = "1220e536c7f88d731f374dccb568aff6f56e838a19382e488039b1ca8ad2599e82fe"
MULTIHASH_PLACE = "d623250f3f660ab4c3a53d3c97b3f6a0194c548053488d093520206248253bcb"


def test_the_places_of_the_specs():
    for _ in range(2):  # computed, then remembered
        assert key_of(PeerId.parse(PEER).to_bytes()) == int(PEER_PLACE, 16)
        assert key_of(bytes.fromhex(MULTIHASH)) == int(MULTIHASH_PLACE, 16)


def test_shared_bits():
    top = 1 << 255
    for a, b, bits in ((0, 0, 256), (top, top, 256), (0, top, 0), (0, 1, 255), (top, top | 8, 252)):
        assert prefix_length(a, b) == prefix_length(b, a) == bits


def test_seeds_share_as_many_bits_as_wanted():
    own = key_of(b"own")
    for bits in range(7):
        seed = seed_with_prefix(own, bits, b"random")
        assert prefix_length(own, key_of(seed)) == bits
        assert seed != seed_with_prefix(own, bits, b"others")


def test_a_seed_that_nobody_finds_is_the_best_there_is():
    seed = seed_with_prefix(key_of(b"own"), 200, b"random")
    assert prefix_length(key_of(b"own"), key_of(seed)) >= 7


def test_many_ids_do_not_fill_memory():
    from edge.routing.kad import key

    for number in range(3 * key.CACHED_MAX):
        key_of(b"%d" % number)
    assert len(key._cached) <= key.CACHED_MAX
    key_of(bytes(4096))
    assert bytes(4096) not in key._cached


if __name__ == "__main__":
    kit.run(globals())
