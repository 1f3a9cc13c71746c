"""X25519, by every inhabitant."""

from edge.system import MICROPYTHON, primitives
from tests import kit
from tests.edge.system.primitives import inhabitants

P = (1 << 255) - 19
BASE = (9).to_bytes(32, "little")

# RFC 7748, 5.2: scalar, u, result.
PUBLISHED = (
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
)
# RFC 7748, 5.2: after so many rounds of (k, u) = (x25519(k, u), k); that of 20 is from OpenSSL.
ITERATED = {
    1: "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
    20: "5ce7e781910891bc409c80d13b98716bcbaa272ed07e93c438bbf6f2a1ed305f",
    1000: "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
}
# RFC 7748, 6.1.
ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
ALICE_PUBLIC = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
BOB = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
BOB_PUBLIC = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
SHARED = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

# u of the points of order 1, 2 or 4, on the curve or on its twin, and of order 8.
SMALL_ORDER = (
    0,
    1,
    P - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)


def test_published_vectors():
    inhabitants.each(published_vectors)


def published_vectors():
    for private, public, expected in PUBLISHED:
        shared = primitives.x25519(bytes.fromhex(private), bytes.fromhex(public))
        assert shared.hex() == expected


def test_iterated():
    inhabitants.each(iterated)


def iterated():
    k = u = BASE
    for i in range(1, 21 if MICROPYTHON else 1001):
        k, u = primitives.x25519(k, u), k
        if i in ITERATED:
            assert k.hex() == ITERATED[i]


def test_two_who_agree():
    inhabitants.each(two_who_agree)


def two_who_agree():
    alice, bob = bytes.fromhex(ALICE), bytes.fromhex(BOB)
    assert primitives.x25519_public(alice).hex() == ALICE_PUBLIC
    assert primitives.x25519_public(bob).hex() == BOB_PUBLIC
    assert primitives.x25519(alice, bytes.fromhex(BOB_PUBLIC)).hex() == SHARED
    assert primitives.x25519(bob, bytes.fromhex(ALICE_PUBLIC)).hex() == SHARED
    private, public = primitives.x25519_generate()
    assert len(public) == 32 and primitives.x25519_public(private) == public
    shared = primitives.x25519(private, primitives.x25519_public(alice))
    assert primitives.x25519(alice, public) == shared
    assert primitives.x25519_generate()[1] != public


def test_the_short_way_to_a_public_key():
    inhabitants.each(the_short_way_to_a_public_key)


def the_short_way_to_a_public_key():
    random = kit.Rng(25519)
    for _ in range(8):
        private = random.bytes(32)
        assert primitives.x25519_public(private) == primitives.x25519(private, BASE)
    for private in (bytes(32), b"\xff" * 32):
        assert primitives.x25519_public(private) == primitives.x25519(private, BASE)


def test_points_of_small_order():
    inhabitants.each(points_of_small_order)


def points_of_small_order():
    private = bytes.fromhex(ALICE)
    written = [same for u in SMALL_ORDER for same in (u, u + P) if same < 1 << 255]
    for same in written:
        for top in (0, 1 << 255):
            public = (same + top).to_bytes(32, "little")
            kit.raises(ValueError, primitives.x25519, private, public)


def test_other_ways_to_write_a_point():
    inhabitants.each(other_ways_to_write_a_point)


def other_ways_to_write_a_point():
    # RFC 7748, 5: the top bit is ignored, numbers from p on are taken modulo p
    private = bytes.fromhex(ALICE)
    for u in (2, 9, 18):
        expected = primitives.x25519(private, u.to_bytes(32, "little"))
        for same in (u + P, u + (1 << 255), u + P + (1 << 255)):
            assert primitives.x25519(private, same.to_bytes(32, "little")) == expected


def test_ignored_bits_of_a_private_key():
    inhabitants.each(ignored_bits_of_a_private_key)


def ignored_bits_of_a_private_key():
    private = bytearray(bytes.fromhex(ALICE))
    public = primitives.x25519_public(bytes(private))
    private[0] ^= 7
    private[31] ^= 0x80
    assert primitives.x25519_public(bytes(private)) == public
    assert primitives.x25519(bytes(private), BASE) == public


def test_wrong_sizes():
    inhabitants.each(wrong_sizes)


def wrong_sizes():
    for size in (0, 1, 31, 33, 64):
        kit.raises(ValueError, primitives.x25519, bytes.fromhex(ALICE), bytes(size))
        kit.raises(ValueError, primitives.x25519, bytes(size), BASE)
        kit.raises(ValueError, primitives.x25519_public, bytes(size))


def test_whatever_holds_bytes():
    inhabitants.each(whatever_holds_bytes)


def whatever_holds_bytes():
    alice, bob = bytes.fromhex(ALICE), bytes.fromhex(BOB_PUBLIC)
    for form in (bytes, bytearray, memoryview):
        assert primitives.x25519(form(alice), form(bob)).hex() == SHARED
        assert primitives.x25519_public(form(alice)).hex() == ALICE_PUBLIC


if __name__ == "__main__":
    kit.run(globals())
