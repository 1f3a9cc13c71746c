"""Loads the standard library's asyncio and hashlib without the OpenSSL they would bring along.

asyncio imports `ssl` for transports nobody here uses, hashlib prefers OpenSSL's SHA-256 to the one
Python has of its own, and `cryptography` carries an OpenSSL inside.  The second copy is 8 MB of the
30 that a node may take.  Both modules do without where Python was built without it, so for the
length of these two imports there is none.  Only the program does this, at its start: who imports
`edge` as a library keeps what they have.
"""

import importlib.util
import sys

_BULKY = ("ssl", "_hashlib")
_OWN_SHA256 = ("_sha2", "_sha256")  # Python 3.12 and later, before


def load() -> None:
    """Import both; `import ssl` works again afterwards."""
    left_out = [name for name in _BULKY if name not in sys.modules]
    if not any(importlib.util.find_spec(name) for name in _OWN_SHA256):
        left_out = ["ssl"]  # a Python that trusts OpenSSL alone with hashing
    for name in left_out:
        sys.modules[name] = None  # type: ignore[assignment]  # "not found" to the import system
    try:
        import asyncio  # noqa: F401
        import hashlib  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]
