"""Our node in the DHT of a LAN together with go-, rust- and js-libp2p: each finds what another has.

The node is the whole edge.node.Node with a kad record store, through which all values go, driven by
tests/interop/peers/edge; what the others do by themselves, tests/interop/peers/test_kad_cpython.py
shows.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.interop import dht
from tests.interop.dht import LAN, LOOPBACK

EDGE = "/edge/kad/1.0.0"
SERVERS = ("go", "rust", "js")
# Everyone is once at an end, and once next to each other one.
CHAINS = [
    ("edge", "go", "rust", "js"),
    ("go", "edge", "js", "rust"),
    ("rust", "go", "edge", "js"),
    ("js", "rust", "go", "edge"),
]


def name_owner(*peers):
    """One of them that makes IPNS records."""
    return next(peer for peer in peers if peer.lang in ("go", "js", "edge"))


async def find_each_other(asker, other, owner) -> None:
    """A peer, a provider, a public key and a name, published by the other."""
    await dht.finds_peer(asker, other)
    await dht.finds_provider(asker, other)
    await dht.finds_public_key(asker, other)
    await dht.finds_name(asker, other, owner)


@asynccontextmanager
async def pair(lang: str, role: str, protocol: str = LAN):
    """(ours, theirs), connected; ours dialed or was dialed."""
    langs = ("edge", lang) if role == "dialer" else (lang, "edge")
    async with dht.joined(*langs, protocol=protocol) as peers:
        await dht.everyone_in_tables(peers)
        yield peers if role == "dialer" else peers[::-1]


@pytest.mark.parametrize("role", ("dialer", "listener"))
@pytest.mark.parametrize("lang", SERVERS)
async def test_each_finds_what_the_other_publishes(lang, role):
    async with pair(lang, role) as (ours, theirs):
        for asker, other in ((ours, theirs), (theirs, ours)):
            await find_each_other(asker, other, name_owner(other, asker))
            answer = await asker.call("closest", key=dht.content_key())
            assert answer == {"peers": [other.peer_id]}


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
async def test_lookups_cross_all_four(chain):
    """Each was told of its neighbour alone; what the far end has is found through the others."""
    async with dht.joined(*chain) as peers:
        owner = name_owner(*peers)
        ours = next(peer for peer in peers if peer.lang == "edge")
        far = peers[-1] if ours is not peers[-1] else peers[0]
        for asker, other in ((ours, far), (far, ours)):
            await find_each_other(asker, other, owner)
        await dht.everyone_in_tables(peers)
        for other in peers:
            if other is not ours:
                await find_each_other(ours, other, owner)
                await find_each_other(other, ours, ours)
        key = dht.content_key()
        for asker in peers:
            answer = await asker.call("closest", key=key)
            assert set(answer["peers"]) == {peer.peer_id for peer in peers} - {asker.peer_id}


async def test_many_provide_one_key():
    async with dht.joined("go", "edge", "rust", "js") as peers:
        await dht.everyone_in_tables(peers)
        key = dht.content_key()
        for peer in peers:
            await peer.call("provide", key=key)
        everyone = {peer.peer_id for peer in peers}
        for peer in peers:

            async def has_all(peer=peer) -> bool:
                found = await peer.call("find_providers", key=key, count=20)
                return everyone - {peer.peer_id} <= set(found["peers"]) <= everyone

            await dht.until(has_all, f"{peer.lang} did not find everyone")
        found = await peers[1].call("find_providers", key=key, count=2)
        assert len(found["peers"]) == 2


@pytest.mark.parametrize("lang", SERVERS)
async def test_who_is_a_client_is_in_no_table(lang):
    async with (
        dht.joined("edge", lang) as servers,
        await dht.start("edge", "--listen", LOOPBACK, "--kad-client", LAN) as ours,
        await dht.start(lang, "--listen", LOOPBACK, "--kad-client", LAN) as theirs,
    ):
        clients = (ours, theirs)
        for client in clients:
            await client.call("dial", address=servers[0].addresses[0])
            await dht.in_table(client, *servers)
        for server in servers:
            for client in clients:
                await dht.finds_provider(client, server)
                await dht.finds_provider(server, client)
                await dht.finds_public_key(server, client)
                await dht.finds_public_key(client, server)
                assert client.peer_id not in await dht.table(server)
                answer = await server.call("closest", key=dht.content_key())
                assert client.peer_id not in answer["peers"]
        protocols = (await servers[0].call("identify", peer_id=ours.peer_id))["protocols"]
        assert LAN not in protocols
        await dht.finds_provider(ours, theirs)
        await dht.finds_provider(theirs, ours)
        await dht.finds_peer(ours, servers[1])
        if lang != "rust":  # which finds only who answers it
            await dht.finds_peer(theirs, ours)


async def test_values_are_looked_at():
    """rust keeps and tells whatever it was given; ours neither keeps nor believes it."""
    async with dht.joined("rust", "edge", "go") as peers:
        await dht.everyone_in_tables(peers)
        rust, ours, go = peers
        key, old = await dht.ipns_record(go)
        key, new = await dht.ipns_record(go)
        _, over = await dht.ipns_record(go, lifetime_s=-60)
        for bad in (new[:-2] + "01", over, "", "00" * 10241):
            assert "quorum" in await dht.refused(rust, "put_value", key=key, value=bad)
            assert await rust.call("get_value", key=key) == {"value": bad}
            assert "not found" in await dht.refused(ours, "get_value", key=key)
            await dht.refused(ours, "put_value", key=key, value=bad)
        await go.call("put_value", key=key, value=new)
        assert await ours.call("get_value", key=key) == {"value": new}
        await dht.refused(rust, "put_value", key=key, value=old)  # both others have a better one
        assert await ours.call("get_value", key=key) == {"value": new}
        key, value = dht.pk_record(rust)[0], dht.pk_record(go)[1]
        assert "quorum" in await dht.refused(rust, "put_value", key=key, value=value)
        assert "not found" in await dht.refused(ours, "get_value", key=key)
        nowhere = b"/nothing/of/that/name".hex()
        assert "quorum" in await dht.refused(rust, "put_value", key=nowhere, value="00")


async def test_who_has_an_older_value_is_given_the_newer():
    async with dht.joined("edge", "rust", "js") as peers:
        await dht.everyone_in_tables(peers)
        ours, rust, js = peers
        key, old = await dht.ipns_record(js)
        key, new = await dht.ipns_record(js)
        await ours.call("put_value", key=key, value=new)
        # js takes an older one if it is valid; ours does not, and so two differ.
        await rust.call("put_value", key=key, value=old)
        assert await js.call("get_value", key=key) == {"value": new}  # it asks ours, too

        await rust.call("put_value", key=key, value=old)

        async def is_corrected() -> bool:
            assert await ours.call("get_value", key=key) == {"value": new}
            return await rust.call("get_value", key=key) == {"value": new}

        await dht.until(is_corrected, "rust still has the older one")


async def test_all_valid_values_are_told_and_our_own_older_one_is_replaced():
    async with dht.joined("edge", "rust", "js") as peers:
        await dht.everyone_in_tables(peers)
        ours, rust, js = peers
        key, old = await dht.ipns_record(js)
        key, new = await dht.ipns_record(js)
        await ours.call("put_value", key=key, value=old)
        await js.call("put_value", key=key, value=new)  # ours keeps that for others
        error = await dht.refused(ours, "put_value", key=key, value=old)
        assert "old record" in error
        await rust.call("put_value", key=key, value=old)  # rust and js take it nevertheless
        assert await ours.call("get_values", key=key) == {"values": [new, old]}
        status = await ours.call("store_status")
        assert (status["corrected"], status["unkept"], status["records"]) == (1, 0, 1)
        bad = new[:-2] + "01"
        await dht.refused(rust, "put_value", key=key, value=bad)
        assert (await ours.call("get_values", key=key))["values"][0] == new


@pytest.mark.parametrize("lang", SERVERS)
async def test_a_network_of_our_own_is_open_to_them(lang):
    async with pair(lang, "dialer", EDGE) as (ours, theirs):
        for asker, other in ((ours, theirs), (theirs, ours)):
            await find_each_other(asker, other, name_owner(other, asker))


@pytest.mark.parametrize("role", ("dialer", "listener"))
async def test_py_as_far_as_it_goes(role):
    async with pair("py", role) as (ours, theirs):
        for asker, other in ((ours, theirs), (theirs, ours)):
            await dht.finds_peer(asker, other)
            await dht.finds_provider(asker, other)
            answer = await asker.call("closest", key=dht.content_key())
            assert answer == {"peers": [other.peer_id]}
        key, value = dht.pk_record(ours)
        await dht.refused(ours, "put_value", key=key, value=value)  # its answer has no record
        assert await ours.call("get_value", key=key) == {"value": value}  # our own


async def test_a_server_that_is_gone_is_not_found():
    async with dht.joined("go", "edge", "rust") as peers:
        await dht.everyone_in_tables(peers)
        go, ours, rust = peers
        await go.stop()
        await ours.event("disconnected", peer_id=go.peer_id)
        for asker in (ours, rust):
            answer = await asker.call("closest", key=dht.content_key())
            assert go.peer_id not in answer["peers"]

        async def is_forgotten() -> bool:
            return go.peer_id not in await dht.table(ours)

        await dht.until(is_forgotten, "who is gone is still in the table")
        await dht.refused(ours, "find_peer", peer_id=go.peer_id)
        await asyncio.gather(dht.finds_provider(ours, rust), dht.finds_provider(rust, ours))
