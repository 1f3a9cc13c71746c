"""ChaCha20-Poly1305, by every inhabitant there is here, chosen or not."""

import hashlib

from edge.system import primitives
from tests import kit
from tests.edge.system.primitives import inhabitants

# RFC 8439, A.5: the nonce 0102030405060708 after four zero bytes is a counter of Noise.
KEY = bytes.fromhex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")
NONCE = 0x0807060504030201
AAD = bytes.fromhex("f33388860000000000004e91")
SEALED = bytes.fromhex(
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0"
    "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
    "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
    "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
    "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
    "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"
)
OPENED = (
    b"Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
    b"replaced, or obsoleted by other documents at any time. It is inappropriate to use "
    b"Internet-Drafts as reference material or to cite them other than as /\xe2\x80\x9cwork in "
    b"progress./\xe2\x80\x9d"
)
# SHA-256 of 301 sealed messages of 0 to 300 bytes (from OpenSSL).
LENGTHS = "67cfefc3fbddd02e7ba1432da2596d79542efe0293b644a453ca33c260010d25"
# SHA-256 of one sealed message of 5000 bytes (from OpenSSL).
LONG = "59de3c5d64a38bb6d0c67a295d9f42e36e79f912c6b8e2ad789346bc8e3c6d23"


def seal(cipher, nonce: int, data: bytes, aad: bytes) -> bytes:
    out = bytearray(len(data) + 16)
    cipher.seal_into(nonce, data, aad, out)
    return bytes(out)


def open_(cipher, nonce: int, data: bytes, aad: bytes) -> bytes:
    out = bytearray(max(len(data) - 16, 0))
    cipher.open_into(nonce, data, aad, out)
    return bytes(out)


def sha256_of_lengths(cipher) -> str:
    data = kit.Rng(1).bytes(300)
    total = hashlib.sha256()
    for size in range(301):
        # a nonce beyond 32 bits, additional data of all lengths modulo 16
        total.update(seal(cipher, size << 32 | size, data[:size], data[: size % 37]))
    return total.digest().hex()


def test_published_vector():
    for kind in inhabitants.ciphers():
        cipher = kind(KEY)
        assert seal(cipher, NONCE, OPENED, AAD) == SEALED
        assert open_(cipher, NONCE, SEALED, AAD) == OPENED


def test_every_length():
    for kind in inhabitants.ciphers():
        assert sha256_of_lengths(kind(KEY)) == LENGTHS


def test_every_length_opens():
    data = kit.Rng(2).bytes(300)
    for kind in inhabitants.ciphers():
        cipher = kind(data[:32])
        for size in range(301):
            sealed = seal(cipher, size, data[:size], data[: size % 19])
            assert open_(cipher, size, sealed, data[: size % 19]) == data[:size]


def test_a_long_message():
    data = b"".join([bytes([i & 255]) * 20 for i in range(250)])
    for kind in inhabitants.ciphers():
        cipher = kind(KEY)
        sealed = seal(cipher, (1 << 64) - 1, data, b"")
        assert hashlib.sha256(sealed).digest().hex() == LONG
        assert open_(cipher, (1 << 64) - 1, sealed, b"") == data


def bits_changed(sealed):
    for place in range(len(sealed)):
        for bit in (1, 0x80):
            changed = bytearray(sealed)
            changed[place] ^= bit
            yield changed


def test_any_change_is_noticed():
    for kind in inhabitants.ciphers():
        cipher = kind(KEY)
        for size in (0, 1, 16, 63, 64, 65):
            data = OPENED[:size]
            sealed = seal(cipher, 7, data, b"additional")
            for changed in bits_changed(sealed):
                kit.raises(ValueError, open_, cipher, 7, changed, b"additional")
            for aad in (b"", b"additionaL", b"additional\0"):
                kit.raises(ValueError, open_, cipher, 7, sealed, aad)
            for nonce in (0, 6, 8, 7 | 1 << 32, 7 | 1 << 63):
                kit.raises(ValueError, open_, cipher, nonce, sealed, b"additional")
            kit.raises(ValueError, open_, kind(bytes(32)), 7, sealed, b"additional")
            kit.raises(ValueError, open_, cipher, 7, sealed[:-1], b"additional")
            kit.raises(ValueError, open_, cipher, 7, sealed + b"\0", b"additional")
            assert open_(cipher, 7, sealed, b"additional") == data  # none the worse for it


def test_too_short_to_have_a_tag():
    for kind in inhabitants.ciphers():
        for size in range(16):
            kit.raises(ValueError, open_, kind(KEY), 0, bytes(size), b"")


def test_in_place():
    data = kit.Rng(3).bytes(300)
    for kind in inhabitants.ciphers():
        cipher = kind(KEY)
        for size in (0, 1, 15, 16, 17, 63, 64, 65, 255, 300):
            # as a frame: two bytes of length, then what is sealed and opened where it lies
            frame = bytearray(2 + size + 16 + 3)
            frame[2 : 2 + size] = data[:size]
            view = memoryview(frame)
            cipher.seal_into(9, view[2 : 2 + size], b"aad", view[2 : 18 + size])
            assert bytes(frame[2 : 18 + size]) == seal(cipher, 9, data[:size], b"aad")
            assert bytes(frame[:2]) == bytes(2) and bytes(frame[18 + size :]) == bytes(3)
            cipher.open_into(9, view[2 : 18 + size], b"aad", view[2 : 2 + size])
            assert bytes(frame[2 : 2 + size]) == data[:size]


def test_whatever_holds_bytes():
    for kind in inhabitants.ciphers():
        cipher = kind(bytearray(KEY))
        sealed = seal(cipher, 1, b"some data", b"aad")
        for form in (bytes, bytearray, memoryview):
            assert seal(kind(form(KEY)), 1, form(b"some data"), form(b"aad")) == sealed
            assert open_(cipher, 1, form(sealed), form(b"aad")) == b"some data"


def test_wrong_sizes():
    for kind in inhabitants.ciphers():
        for size in (0, 16, 31, 33, 64):
            kit.raises(ValueError, kind, bytes(size))
        cipher = kind(KEY)
        sealed = seal(cipher, 0, bytes(20), b"")
        for size in (0, 19, 20, 35, 37, 52):
            kit.raises(ValueError, cipher.seal_into, 0, bytes(20), b"", bytearray(size))
        for size in (0, 4, 19, 21, 36):
            kit.raises(ValueError, cipher.open_into, 0, sealed, b"", bytearray(size))


def test_ciphers_do_not_disturb_each_other():
    for kind in inhabitants.ciphers():
        one, two = kind(KEY), kind(bytes(32))
        alone = [seal(kind(KEY), i, b"first", b"") for i in range(3)]
        for i in range(3):
            assert seal(one, i, b"first", b"") == alone[i]
            sealed = seal(two, i, b"second, longer than the first", b"x")
            assert open_(two, i, sealed, b"x") == b"second, longer than the first"


def test_the_door():
    inhabitants.each(through_the_door)


def through_the_door():
    assert seal(primitives.Cipher(KEY), NONCE, OPENED, AAD) == SEALED


if __name__ == "__main__":
    kit.run(globals())
