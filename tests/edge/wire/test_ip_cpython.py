"""Our IPv6 texts against the standard library's, by the thousand."""

import ipaddress
import random

from edge.errors import RemoteError
from edge.wire import ip


def _theirs(text: str) -> bytes | None:
    try:
        return ipaddress.IPv6Address(text).packed
    except ValueError:
        return None


def _ours(text: str) -> bytes | None:
    try:
        return ip.parse6(text)
    except RemoteError:
        return None


def test_what_is_written():
    rng = random.Random(1)
    for _ in range(5000):
        data = b"".join(rng.choice((b"\0\0", rng.randbytes(2))) for _ in range(8))
        address = ipaddress.IPv6Address(data)
        assert ip.parse6(address.exploded) == data
        if address.ipv4_mapped is None:
            assert ip.text(data) == str(address)


def test_what_is_read():
    rng = random.Random(2)
    for _ in range(20000):
        text = "".join(
            rng.choice(("1", "f", "0", ":", ":", "::", ".")) for _ in range(rng.randrange(24))
        )
        assert _ours(text) == _theirs(text), text
        text = ":".join(rng.choice(("", "1", "0", "ab", "00ff")) for _ in range(rng.randrange(10)))
        text += rng.choice(("", "1.2.3.4", ":1.2.3.4", ".1"))
        assert _ours(text) == _theirs(text), text
