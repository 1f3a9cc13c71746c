"""SHA-256, SHA-512, HMAC and HKDF, by every inhabitant."""

import hashlib

from edge.system import primitives
from tests import kit
from tests.edge.system.primitives import inhabitants

# FIPS 180-4 examples (csrc.nist.gov, "Examples with Intermediate Values").
SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
SHA256_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA512_ABC = (
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)
SHA512_EMPTY = (
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)
TWO_BLOCKS = (
    b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
)
SHA512_TWO_BLOCKS = (
    "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
    "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
)
# SHA-256 of the SHA-512 of 0, 1, ... 299 bytes one after the other (from OpenSSL).
SHA512_LENGTHS = "41e8f0d007a28929bb291508ef3a4987e3ebc7f16811cf493ea916e2469da757"

# RFC 4231, 4.2 to 4.8: key, data, HMAC-SHA-256.
HMACS = (
    ("0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        "4a656665",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("aa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "aa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data."
            b" The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_sha256():
    inhabitants.each(sha256)


def sha256():
    assert primitives.sha256(b"abc").hex() == SHA256_ABC
    assert primitives.sha256(b"").hex() == SHA256_EMPTY
    assert primitives.sha256(memoryview(bytearray(b"_abc_"))[1:4]).hex() == SHA256_ABC


def test_sha512():
    for sha512 in inhabitants.sha512s():
        assert sha512(b"abc").hex() == SHA512_ABC
        assert sha512(b"").hex() == SHA512_EMPTY
        assert sha512(TWO_BLOCKS).hex() == SHA512_TWO_BLOCKS
        assert sha512(memoryview(bytearray(b"_abc_"))[1:4]).hex() == SHA512_ABC


def test_sha512_of_every_length():
    data = kit.Rng(512).bytes(300)
    for sha512 in inhabitants.sha512s():
        total = hashlib.sha256()
        for size in range(300):
            total.update(sha512(data[:size]))
        assert total.digest().hex() == SHA512_LENGTHS


def test_the_door_offers_sha512():
    inhabitants.each(sha512_of_the_door)


def sha512_of_the_door():
    assert primitives.sha512(b"abc").hex() == SHA512_ABC


def test_hmac():
    inhabitants.each(hmac)


def hmac():
    for key, data, expected in HMACS:
        assert primitives.hmac_sha256(bytes.fromhex(key), data).hex() == expected
    for size in (0, 63, 64, 65):  # around the block
        key = b"k" * size
        long = primitives.sha256(key) if size > 64 else key + bytes(64 - size)
        assert primitives.hmac_sha256(key, b"data") == primitives.hmac_sha256(long, b"data")


def test_hkdf():
    inhabitants.each(hkdf)


def hkdf():
    # RFC 5869, A.3: salt and info empty; Noise takes the first 64 bytes of output
    first, second = primitives.hkdf2(b"", b"\x0b" * 22)
    assert first.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert second.hex()[:20] == "9d201395faa4b61a96c8"
    # the definition
    for chaining_key, material in ((bytes(32), b""), (b"c" * 32, b"m" * 32)):
        key = primitives.hmac_sha256(chaining_key, material)
        first = primitives.hmac_sha256(key, b"\x01")
        second = primitives.hmac_sha256(key, first + b"\x02")
        assert primitives.hkdf2(chaining_key, material) == (first, second)


if __name__ == "__main__":
    kit.run(globals())
