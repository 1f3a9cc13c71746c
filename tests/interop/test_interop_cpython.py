"""The judges: go-, rust-, js- and py-libp2p dial our node and are dialed by it.

Each test runs with every language in both directions; the dialer drives.  What is asked for and
answered is described in tests/interop/peers/README.md.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from edge.identity import peer_record
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError

MIB = 1 << 20
OURS = {
    "/edge-test/echo/1.0.0", "/edge-test/reset/1.0.0", "/edge-test/sink/1.0.0",
    "/edge-test/source/1.0.0", "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0",
    "/perf/1.0.0",
}  # fmt: skip
SENDS_NO_RECORD = ("rust",)  # its released form is not the deployed one; it sends none unasked

pytestmark = [
    pytest.mark.parametrize("lang", build.LANGUAGES),
    pytest.mark.parametrize("role", ("listener", "dialer")),
]


@asynccontextmanager
async def pair(lang: str, role: str, host: str = "127.0.0.1"):
    """(dialer, listener), connected; ours is the ``role``."""
    try:
        await asyncio.to_thread(build.build, lang)
    except build.Missing as reason:
        needs.missing(str(reason))
    family = "ip6" if ":" in host else "ip4"
    listen = ("--listen", f"/{family}/{host}/tcp/0", "--perf")
    async with await Peer.start("edge", *listen) as ours, await Peer.start(lang, *listen) as theirs:
        dialer, listener = (theirs, ours) if role == "listener" else (ours, theirs)
        answer = await dialer.call("dial", address=listener.addresses[0])
        assert answer["peer_id"] == listener.peer_id
        yield dialer, listener


async def test_ping_both_ways(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            answer = await one.call("ping", peer_id=other.peer_id, count=3)
            assert len(answer["rtt_ms"]) == 3 and all(0 < ms < 5000 for ms in answer["rtt_ms"])


async def test_identify_every_field(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            seen = await one.call("identify", peer_id=other.peer_id)
            theirs_is_ours = other.lang == "edge"
            protocols = set(seen["protocols"])
            assert protocols == OURS if theirs_is_ours else OURS - protocols <= {"/perf/1.0.0"}
            listening = [address.split("/p2p/")[0] for address in other.addresses]
            assert set(listening) <= {a.split("/p2p/")[0] for a in seen["listen_addrs"]}
            assert seen["agent_version"] == other.agent
            if theirs_is_ours:
                assert seen["protocol_version"] == "ipfs/0.1.0"
            key = seen["public_key"]
            if key is not None:
                public_key = decode_public_key(bytes.fromhex(key))
                assert str(PeerId.from_public_key(public_key)) == other.peer_id
            if seen["observed_addr"] is not None:
                assert seen["observed_addr"].startswith("/ip4/127.0.0.1/tcp/")
                assert "/p2p/" not in seen["observed_addr"] or one.lang != "edge"
            check_record(seen["signed_peer_record"], one, other, listening)


def check_record(encoded, one, other, listening) -> None:
    """The signed record, where the libraries send one and show it."""
    if encoded is None:
        assert one.lang != "edge" or other.lang in SENDS_NO_RECORD
        return
    record = peer_record.unseal(bytes.fromhex(encoded))
    assert str(record.peer_id) == other.peer_id and record.seq > 0
    addresses = {str(address).split("/p2p/")[0] for address in record.addresses}
    assert set(listening) <= addresses


async def test_half_close_delivers_what_was_written(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            for size in (0, 1, 65536, 3 * MIB):
                answer = await one.call("echo", peer_id=other.peer_id, bytes=size, streams=1)
                assert answer["bytes"] == size


async def test_reset_is_seen(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            assert (await one.call("reset", peer_id=other.peer_id))["reset"] is True
            answer = await one.call("echo", peer_id=other.peer_id, bytes=10, streams=1)
            assert answer["bytes"] == 10  # the connection lived


async def test_a_hundred_streams_at_once(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            answer = await one.call("echo", peer_id=other.peer_id, bytes=20000, streams=100)
            assert answer["bytes"] == 2000000


async def test_perf_both_ways(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            sizes = {"upload": 8 * MIB, "download": 8 * MIB}
            answer = await one.call("perf", peer_id=other.peer_id, **sizes)
            assert answer["upload_ms"] > 0 and answer["download_ms"] > 0


async def test_bulk_beyond_every_window(lang, role):
    async with pair(lang, role) as (dialer, listener):
        for one, other in ((dialer, listener), (listener, dialer)):
            for command in ("source", "sink"):
                answer = await one.call(command, peer_id=other.peer_id, bytes=32 * MIB)
                assert answer["bytes"] == 32 * MIB


async def test_over_ipv6(lang, role):
    async with pair(lang, role, "::1") as (dialer, listener):
        answer = await dialer.call("ping", peer_id=listener.peer_id, count=1)
        assert len(answer["rtt_ms"]) == 1


async def test_another_identity_than_dialed_is_refused(lang, role):
    async with pair(lang, role) as (dialer, listener):
        stranger = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
        await dialer.call("close_peer", peer_id=listener.peer_id)
        address = listener.addresses[0].replace(listener.peer_id, stranger)
        with pytest.raises(PeerError):
            await dialer.call("dial", address=address)


async def test_a_connection_closed_by_one_is_closed_for_both(lang, role):
    async with pair(lang, role) as (dialer, listener):
        await listener.event("connected", peer_id=dialer.peer_id)
        await dialer.call("close_peer", peer_id=listener.peer_id)
        await listener.event("disconnected", peer_id=dialer.peer_id)
        assert dialer.peer_id not in (await listener.call("peers"))["peers"]


async def test_fifty_connections_in_a_row(lang, role):
    async with pair(lang, role) as (dialer, listener):
        await dialer.call("close_peer", peer_id=listener.peer_id)
        answer = await dialer.call("churn", address=listener.addresses[0], count=50, timeout=120)
        assert answer["count"] == 50
