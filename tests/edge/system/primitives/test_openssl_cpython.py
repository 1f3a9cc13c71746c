"""openssl.py on other versions of `cryptography` than the one installed, and what it loads."""

import subprocess
import sys

import pytest

pytest.importorskip("cryptography")

COUNT = """
import asyncio, hashlib, sys
before = set(sys.modules)
from edge.system import primitives
primitives.Cipher(bytes(32)), primitives.x25519_generate(), primitives.ed25519_public(bytes(32))
loaded = set(sys.modules) - before
print(len(loaded), *sorted(loaded))
"""

# A `cryptography` whose compiled module is laid out in another way, and which copies.
MOVED = """
import cryptography.hazmat.bindings._rust as rust
import cryptography.hazmat.primitives.ciphers.aead as documented
real = rust.openssl
class Moved:
    def __getattr__(self, name):
        if name == "aead":
            raise AttributeError(name)
        return getattr(real, name)
Aead = documented.ChaCha20Poly1305
class Old:
    def __init__(self, key):
        aead = Aead(key)
        self.encrypt = aead.encrypt
        self.decrypt = aead.decrypt
documented.ChaCha20Poly1305 = Old
rust.openssl = Moved()
"""

USE = """
from tests.edge.system.primitives import test_cipher, test_ed25519, test_x25519
from edge.system.primitives import openssl
print(openssl.Cipher.__name__)
for module in (test_cipher, test_ed25519, test_x25519):
    for name in dir(module):
        if name.startswith("test_"):
            getattr(module, name)()
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loads_little():
    count, *names = run(COUNT).split()
    assert int(count) <= 20, names
    assert not [name for name in names if "asymmetric" in name or "signatures" in name]


def test_through_the_documented_modules():
    assert run(MOVED + USE).split() == ["_CopyingCipher"]
