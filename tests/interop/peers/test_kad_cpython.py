"""The judges of Kademlia can be trusted: they find what they publish among themselves."""

import asyncio

import pytest

from tests.interop import dht
from tests.interop.dht import LAN, LOOPBACK

SERVERS = ("go", "rust", "js")
NAMES = ("go", "js")  # who makes IPNS records, and looks at them
PAIRS = [(a, b) for i, a in enumerate(SERVERS) for b in SERVERS[i:]]
CHAINS = [("go", "rust", "js"), ("rust", "js", "go"), ("js", "go", "rust")]
COMMANDS = ("closest", "provide", "find_providers", "put_value", "get_value", "table")


@pytest.mark.parametrize(("dialing", "listening"), PAIRS)
async def test_two_find_what_the_other_publishes(dialing, listening):
    async with dht.joined(dialing, listening) as peers:
        await dht.everyone_in_tables(peers)
        for asker, other in (peers, peers[::-1]):
            await dht.finds_peer(asker, other)
            answer = await asker.call("closest", key=dht.content_key())
            assert answer == {"peers": [other.peer_id]}
            await dht.finds_provider(asker, other)
            await dht.finds_public_key(asker, other)
            if other.lang in NAMES:
                await dht.finds_name(asker, other, other)


@pytest.mark.parametrize(
    "chain", [("go", "rust", "js"), ("rust", "js", "go"), ("js", "go", "rust")]
)
async def test_the_ends_of_a_chain_find_each_other(chain):
    async with dht.joined(*chain) as peers:
        await dht.everyone_in_tables(peers)
        first, between, last = peers
        for asker, other in ((first, last), (last, first)):
            await dht.finds_peer(asker, other)
            key = dht.content_key()
            answers = await asyncio.gather(*[peer.call("closest", key=key) for peer in peers])
            everyone = {peer.peer_id for peer in peers}
            for peer, answer in zip(peers, answers, strict=True):
                assert set(answer["peers"]) == everyone - {peer.peer_id}
            await dht.finds_provider(asker, other)
            await dht.finds_public_key(asker, other)
            owner = next(peer for peer in peers if peer.lang in NAMES)
            await dht.finds_name(asker, other, owner)
            assert between.peer_id in await dht.table(asker)


@pytest.mark.parametrize("serving", SERVERS)
@pytest.mark.parametrize("lang", SERVERS)
async def test_a_client_is_in_no_table(lang, serving):
    async with (
        dht.joined("go", serving) as servers,
        await dht.start(lang, "--listen", LOOPBACK, "--kad-client", LAN) as client,
    ):
        await client.call("dial", address=servers[1].addresses[0])
        await dht.in_table(client, *servers)
        await dht.finds_provider(client, servers[0])
        await dht.finds_provider(servers[0], client)
        await dht.finds_public_key(servers[0], client)
        for server in servers:
            assert client.peer_id not in await dht.table(server)
            answer = await server.call("closest", key=dht.content_key())
            assert client.peer_id not in answer["peers"]


@pytest.mark.parametrize("other", SERVERS)
async def test_what_py_can(other):
    """Peers and providers. Its keys of values are text, which those of /pk and /ipns are not."""
    async with dht.joined("py", other) as peers:
        await dht.everyone_in_tables(peers)
        ours, theirs = peers
        for asker, wanted in ((ours, theirs), (theirs, ours)):
            await dht.finds_peer(asker, wanted)
            assert await asker.call("closest", key=dht.content_key()) == {"peers": [wanted.peer_id]}
            await dht.finds_provider(asker, wanted)
        key, value = dht.pk_record(ours)
        assert "UnicodeDecodeError" in await dht.refused(ours, "put_value", key=key, value=value)


@pytest.mark.parametrize("storing", NAMES)
async def test_values_are_looked_at(storing):
    """By go and js before they store them. rust's own store takes what comes."""
    async with dht.joined("rust", storing) as (putter, keeper):
        await dht.everyone_in_tables([putter, keeper])
        key, old = await dht.ipns_record(keeper)
        key, new = await dht.ipns_record(keeper)
        await putter.call("put_value", key=key, value=new)
        for bad in (new[:-2] + "01", ""):
            assert "quorum" in await dht.refused(putter, "put_value", key=key, value=bad)
        if storing == "go":  # js takes any that is valid, be it older
            await dht.refused(putter, "put_value", key=key, value=old)
        assert await keeper.call("get_value", key=key) == {"value": new}
        nowhere = b"/nothing/of/that/name".hex()
        assert "quorum" in await dht.refused(putter, "put_value", key=nowhere, value="00")


@pytest.mark.parametrize("lang", (*SERVERS, "py"))
async def test_commands_need_the_option(lang):
    async with await dht.start(lang, "--listen", LOOPBACK) as peer:
        for command in COMMANDS:
            key = dht.content_key()
            error = await dht.refused(peer, command, key=key, value="00", count=1)
            assert "started without --kad" in error
        await dht.refused(peer, "find_peer", peer_id=peer.peer_id)
