"""The rust peer keeps the contract of the peers: two of it do everything a test may ask for."""

import pytest

from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError

LOOPBACK = "/ip4/127.0.0.1/tcp/0"
SEED = "11" * 32


async def pair(*listener_args: str) -> tuple[Peer, Peer]:
    """A dialer without listeners, connected to a listener."""
    try:
        listener = await Peer.start("rust", "--listen", LOOPBACK, *listener_args)
    except build.Missing as error:
        needs.missing(str(error))
    dialer = await Peer.start("rust")
    await dialer.call("dial", address=listener.addresses[0])
    return dialer, listener


async def test_streams():
    dialer, listener = await pair("--perf")
    async with dialer, listener:
        there = {"peer_id": listener.peer_id}
        assert (await dialer.call("echo", **there, bytes=20_000, streams=200))["bytes"] == 4_000_000
        assert await dialer.call("reset", **there) == {"reset": True}
        for command in ("source", "sink"):
            assert (await dialer.call(command, **there, bytes=5_000_000))["bytes"] == 5_000_000
        assert await dialer.call("perf", **there, upload=1_000_000, download=2_000_000)
        with pytest.raises(PeerError, match="does not support"):
            await listener.call("perf", peer_id=dialer.peer_id, upload=1, download=1)


async def test_identify_and_ping_both_ways():
    dialer, listener = await pair()
    async with dialer, listener:
        for asking, asked in ((dialer, listener), (listener, dialer)):
            told = await asking.call("identify", peer_id=asked.peer_id)
            assert told["agent_version"] == asked.agent
            assert told["protocols"] == sorted(told["protocols"])
            assert {"/ipfs/ping/1.0.0", "/edge-test/echo/1.0.0"} <= set(told["protocols"])
            assert len((await asking.call("ping", peer_id=asked.peer_id, count=3))["rtt_ms"]) == 3
        told = await dialer.call("identify", peer_id=listener.peer_id)
        assert [f"{address}/p2p/{listener.peer_id}" for address in told["listen_addrs"]] == (
            listener.addresses
        )


async def test_connections():
    dialer, listener = await pair()
    async with dialer, listener:
        await listener.event("connected", peer_id=dialer.peer_id)
        assert await dialer.call("peers") == {"peers": [listener.peer_id]}
        await dialer.call("close_peer", peer_id=listener.peer_id)
        await listener.event("disconnected", peer_id=dialer.peer_id)
        for concurrency in (1, 4):
            churned = await dialer.call(
                "churn", address=listener.addresses[0], count=20, concurrency=concurrency
            )
            assert churned["count"] == 20
        opened = await dialer.call("open_connections", address=listener.addresses[0], count=20)
        assert opened == {"count": 20}
        assert len((await listener.call("peers"))["peers"]) == 20


async def test_a_seed_gives_one_identity_and_the_end_of_input_ends():
    try:
        first = await Peer.start("rust", "--seed", SEED)
    except build.Missing as error:
        needs.missing(str(error))
    second = await Peer.start("rust", "--seed", SEED, "--quiet")
    assert first.peer_id == second.peer_id
    assert (await first.stop(), await second.stop()) == (0, 0)


async def test_a_signed_record_is_sent_when_asked_for():
    for args, sent in (((), False), (("--signed-record",), True)):
        dialer, listener = await pair(*args)
        async with dialer, listener:
            told = await dialer.call("identify", peer_id=listener.peer_id)
            assert (told["signed_peer_record"] is not None) == sent
