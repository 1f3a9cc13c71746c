"""Inputs too large for a chip, and strings that only CPython can hold."""

import pytest

from edge.errors import LocalError, RemoteError
from edge.wire import multibase, peer_ids, varint
from edge.wire.multiaddr import Multiaddr

SIZES = (64 * 1024, 1024 * 1024)


@pytest.mark.parametrize("size", SIZES)
def test_huge_addresses_are_refused_at_once(size: int):
    with pytest.raises(RemoteError):
        Multiaddr.from_bytes(b"\x35" + varint.frame(b"a" * size))
    for text in ("/dns4/" + "a" * size, "/" * size, "/p2p/" + "1" * size, "/ip6/" + ":" * size):
        with pytest.raises(LocalError):
            Multiaddr(text)


@pytest.mark.parametrize(
    "name", ["dns4", "http-path", "unix", "p2p", "ip6", "tcp", "certhash", "x"]
)
def test_half_a_surrogate_pair_is_refused(name: str):
    """JSON may bring one, and it has no UTF-8."""
    with pytest.raises(LocalError):
        Multiaddr(f"/{name}/a\ud800")
    for parse in (multibase.decode, peer_ids.parse):
        with pytest.raises(RemoteError):
            parse("b\ud800")
