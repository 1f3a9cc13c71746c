"""The door: who answers, and when."""

import sys

from edge.system import MICROPYTHON, primitives
from tests import kit
from tests.edge.system.primitives import inhabitants

NAMES = (
    "sha256",
    "sha512",
    "hmac_sha256",
    "hkdf2",
    "x25519_generate",
    "x25519_public",
    "x25519",
    "ed25519_public",
    "ed25519_sign",
    "ed25519_verify",
    "rsa_verify",
    "ecdsa_verify",
    "secp256k1_verify",
    "Cipher",
)


def test_every_inhabitant_has_every_name():
    inhabitants.each(has_every_name)


def has_every_name():
    for name in NAMES:
        assert getattr(primitives, name)
        assert getattr(primitives, name) is getattr(primitives, name)


def test_who_answers():
    inhabitants.each(who_answers)


def who_answers():
    chosen = primitives.Cipher
    files = {"openssl": "openssl", "pure": "pure_chacha20poly1305"}
    if MICROPYTHON and not sys.maxsize >> 31:
        files = {"pure": "viper_chacha20poly1305"}  # the i386 build emits machine code, as chips do
    assert chosen is inhabitants.all_of("Cipher", files[primitives.chosen])[0]


def test_the_first_choice():
    first = "pure" if MICROPYTHON else inhabitants.here()[0]
    assert inhabitants.here()[0] == first


def test_other_names():
    kit.raises(AttributeError, getattr, primitives, "sha3")
    kit.raises(AttributeError, getattr, primitives, "_secret")


if __name__ == "__main__":
    kit.run(globals())
