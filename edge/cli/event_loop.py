"""Loads asyncio without the TLS it would bring along.

asyncio imports `ssl` for transports that nobody here uses; where Python was built without it,
asyncio goes without.  Loading it maps a second OpenSSL beside the one inside `cryptography`: 4 MB of
the 30 that a node may take.  So for the length of that one import there is none.  Only the program
does this, at its start: who imports `edge` as a library keeps the asyncio they have.
"""

import sys


def load() -> None:
    """Import asyncio before anything else does; `import ssl` works again afterwards."""
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # "not found", as the import system says
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]
