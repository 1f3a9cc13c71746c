"""Fetch between our node and js-libp2p, the one that has it: each is asked by the other."""

import pytest

from edge.swarm.protocols.fetch import VALUE_BYTES_MAX
from tests.interop import dht

BIG = 400_000  # bytes: more than the first window of a stream
VALUES = {
    b"/edge-test/short": b"value",
    b"/edge-test/empty": b"",
    b"/edge-test/\xff\x00": b"of a key that is no text",
}


@pytest.mark.parametrize("dialer", ("edge", "js"))
async def test_each_fetches_from_the_other(dialer):
    listener = "js" if dialer == "edge" else "edge"
    async with (
        await dht.start(listener, "--fetch", "--listen", dht.LOOPBACK) as listening,
        await dht.start(dialer, "--fetch") as dialing,
    ):
        await dialing.call("dial", address=listening.addresses[0])
        for holder, asker in ((listening, dialing), (dialing, listening)):
            for key, value in VALUES.items():
                await holder.call("hold", key=key.hex(), value=value.hex())
                found = await asker.call("fetch", peer_id=holder.peer_id, key=key.hex())
                assert found == {"value": value.hex()}, (asker.lang, key)
            nothing = b"/edge-test/nothing".hex()
            found = await asker.call("fetch", peer_id=holder.peer_id, key=nothing)
            assert found == {"value": None}
            for unknown in (b"/other/short", b""):
                await dht.refused(asker, "fetch", peer_id=holder.peer_id, key=unknown.hex())
            await holder.call(
                "hold", key=b"/edge-test/big".hex(), value="a5" * 100, times=BIG // 100
            )
            found = await asker.call("fetch", peer_id=holder.peer_id, key=b"/edge-test/big".hex())
            assert found == {"value": "a5" * BIG}
        too_long = (b"/edge-test/" + bytes(16384)).hex()
        for holder, asker in ((listening, dialing), (dialing, listening)):
            if holder.lang == "edge":
                await dht.refused(asker, "fetch", peer_id=holder.peer_id, key=too_long)
            else:
                found = await asker.call("fetch", peer_id=holder.peer_id, key=too_long)
                assert found == {"value": None}


async def test_what_is_too_long_for_us_is_refused():
    """js gives any size; we read no more than we want."""
    async with (
        await dht.start("js", "--fetch", "--listen", dht.LOOPBACK) as js,
        await dht.start("edge", "--fetch") as ours,
    ):
        await ours.call("dial", address=js.addresses[0])
        key = b"/edge-test/huge".hex()
        await js.call("hold", key=key, value="00", times=1 + VALUE_BYTES_MAX)
        assert "RemoteError" in await dht.refused(ours, "fetch", peer_id=js.peer_id, key=key)
        await ours.call("ping", peer_id=js.peer_id, count=1)
