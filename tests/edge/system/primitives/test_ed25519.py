"""Ed25519, by every inhabitant: published vectors, and everything that must be refused."""

from edge.system import primitives
from tests import kit
from tests.edge.system.primitives import edwards, inhabitants

# RFC 8032, 7.1 (tests 1, 2, 3 and SHA(abc)): seed, public key, message, signature.
PUBLISHED = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
)

SEED = bytes(range(32))
MESSAGE = b"a message"
# SHA-256 of the signatures by ten seeds of messages of 0, 37, 74 ... bytes (from OpenSSL).
SIGNATURES = "3b6dadfe5747a870b9a17277f43f53713a9f7155b2a05b421d0e4b4a3046feab"


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def little(value: int) -> bytes:
    return value.to_bytes(32, "little")


def verdict(public: bytes, signature: bytes, message: bytes = MESSAGE) -> bool:
    return primitives.ed25519_verify(public, message, signature)


def test_published_vectors():
    inhabitants.each(published_vectors)


def published_vectors():
    for row in PUBLISHED:
        seed, public, message, signature = [bytes.fromhex(field) for field in row]
        assert primitives.ed25519_public(seed) == public
        assert primitives.ed25519_sign(seed, message) == signature
        assert verdict(public, signature, message) is True
        assert verdict(public, signature, message + b"!") is False


def signatures() -> str:
    random = kit.Rng(8032)
    total = b""
    for i in range(10):
        seed, message = random.bytes(32), random.bytes(37 * i)
        signature = primitives.ed25519_sign(seed, message)
        assert verdict(primitives.ed25519_public(seed), signature, message)
        total += signature
    return primitives.sha256(total).hex()


def test_signatures_are_the_same_everywhere():
    inhabitants.each(signatures_are_the_same_everywhere)


def signatures_are_the_same_everywhere():
    assert signatures() == SIGNATURES


def test_any_change_is_noticed():
    inhabitants.each(any_change_is_noticed)


def any_change_is_noticed():
    public = primitives.ed25519_public(SEED)
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    for place in range(0, 64, 7):
        changed = bytearray(signature)
        changed[place] ^= 1 << place % 8
        assert verdict(public, bytes(changed)) is False
    for place in range(0, 32, 5):
        changed = bytearray(public)
        changed[place] ^= 0x80 >> place % 8
        assert verdict(bytes(changed), signature) is False
    assert verdict(primitives.ed25519_public(bytes(32)), signature) is False
    assert verdict(public, signature[32:] + signature[:32]) is False


def test_wrong_sizes():
    inhabitants.each(wrong_sizes)


def wrong_sizes():
    public = primitives.ed25519_public(SEED)
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    for size in (0, 1, 31, 32, 63):
        assert verdict(public, signature[:size]) is False
    for more in (b"\0", b"\0" * 32, signature):
        assert verdict(public, signature + more) is False
        assert verdict(public + more, signature) is False
    for size in (0, 1, 31):
        assert verdict(public[:size], signature) is False
    for size in (0, 31, 33, 64):
        kit.raises(ValueError, primitives.ed25519_public, bytes(size))
        kit.raises(ValueError, primitives.ed25519_sign, bytes(size), MESSAGE)


def test_s_has_one_value():
    inhabitants.each(s_has_one_value)


def s_has_one_value():
    public = primitives.ed25519_public(SEED)
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    start, s = signature[:32], number(signature[32:])
    assert verdict(public, start + little(s)) is True
    for k in (1, 2, 8, 15):
        assert verdict(public, start + little(s + k * edwards.L)) is False
    for other in (0, edwards.L - s, edwards.L, (1 << 256) - 1, s | 1 << 255):
        assert verdict(public, start + little(other)) is False


def test_s_may_be_0():
    inhabitants.each(s_may_be_0)


def s_may_be_0():
    # R = -[h]A for the h it leads to cannot be found: here the key is found for an R
    start = edwards.encode(edwards.times(edwards.L - 5, edwards.BASE))
    for i in range(3):  # S = hA + r, and the S beside it
        public = primitives.ed25519_public(SEED)
        message = bytes([i])
        s = edwards.L - 5 + edwards.challenge(start, public, message) * edwards.secret(SEED)
        assert verdict(public, start + little(s % edwards.L), message) is True
        assert verdict(public, start + little((s + 1) % edwards.L), message) is False
        assert verdict(public, start + little(0), message) is False


def test_keys_of_small_order():
    points = edwards.torsion()
    assert len(set(points)) == 8
    assert {edwards.times(8, point) for point in points} == {edwards.IDENTITY}
    publics = [edwards.encode(point) for point in points]
    for same in (0, 1, edwards.P - 1):  # with the sign of 0 turned, and beyond p
        publics.append(little(same | 1 << 255))
        publics.append(little(same + edwards.P & (1 << 255) - 1))
        publics.append(little(same + edwards.P | 1 << 255))

    def keys_of_small_order():
        # S = 0 and R = A or the identity satisfy the equation for some messages, for order 1 all
        for public in publics:
            for start in (edwards.encode(edwards.IDENTITY), public):
                for message in (b"1", b"2", b"3", b"4"):
                    assert verdict(public, start + little(0), message) is False

    inhabitants.each(keys_of_small_order)


def test_keys_not_canonical():
    inhabitants.each(keys_not_canonical)


def keys_not_canonical():
    start = edwards.encode(edwards.IDENTITY)
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    for y in range(edwards.P, 1 << 255):
        for sign in (0, 1 << 255):
            assert verdict(little(y | sign), signature) is False
            assert verdict(little(y | sign), start + little(0)) is False


def test_keys_that_are_no_points():
    inhabitants.each(keys_that_are_no_points)


def keys_that_are_no_points():
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    for y in (2, 7, 8, edwards.P - 2):  # no x belongs to them
        assert verdict(little(y), signature) is False
        assert verdict(little(y | 1 << 255), signature) is False


def test_a_start_of_small_order():
    """R has no rule of its own: what satisfies the equation is taken, canonically encoded."""
    points = [edwards.encode(point) for point in edwards.torsion()]

    def a_start_of_small_order():
        public = primitives.ed25519_public(SEED)
        for start in points:
            s = edwards.challenge(start, public, MESSAGE) * edwards.secret(SEED) % edwards.L
            is_identity = start == points[0]
            assert verdict(public, start + little(s)) is is_identity
        for start in (little(edwards.P + 1), little(1 | 1 << 255)):
            s = edwards.challenge(start, public, MESSAGE) * edwards.secret(SEED) % edwards.L
            assert verdict(public, start + little(s)) is False

    inhabitants.each(a_start_of_small_order)


def test_keys_of_mixed_order():
    """A key with a part of small order: without cofactor, h decides message by message."""
    point = edwards.times(edwards.secret(SEED), edwards.BASE)
    torsion = edwards.torsion()
    cases = []
    for i in (1, 2, 4):
        public = edwards.encode(edwards.add(point, torsion[i]))
        start = edwards.encode(edwards.times(77, edwards.BASE))
        for j in range(24):
            message = bytes([j])
            h = edwards.challenge(start, public, message)
            s = (77 + h * edwards.secret(SEED)) % edwards.L
            cases.append((public, message, start + little(s), h * i % 8 == 0))
    assert {case[3] for case in cases} == {True, False}

    def keys_of_mixed_order():
        for public, message, signature, expected in cases:
            assert verdict(public, signature, message) is expected

    inhabitants.each(keys_of_mixed_order)


def test_garbage():
    inhabitants.each(garbage)


def garbage():
    random = kit.Rng(666)
    for _ in range(30):
        assert verdict(random.bytes(32), random.bytes(64), random.bytes(9)) is False
    for byte in (b"\x00", b"\x7f", b"\xff"):
        assert verdict(byte * 32, byte * 64) is False


def test_whatever_holds_bytes():
    inhabitants.each(whatever_holds_bytes)


def whatever_holds_bytes():
    public = primitives.ed25519_public(SEED)
    signature = primitives.ed25519_sign(SEED, MESSAGE)
    for form in (bytes, bytearray, memoryview):
        assert primitives.ed25519_public(form(SEED)) == public
        assert primitives.ed25519_sign(form(SEED), form(MESSAGE)) == signature
        assert primitives.ed25519_verify(form(public), form(MESSAGE), form(signature)) is True


if __name__ == "__main__":
    kit.run(globals())
