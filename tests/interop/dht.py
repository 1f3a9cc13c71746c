"""A DHT of the peers for tests: started, joined in a chain, and asked.

async with joined("go", "rust", "js") as peers:     # go knows rust, rust knows js
    await everyone_in_tables(peers)
    await finds_provider(peers[0], peers[2])
"""

import asyncio
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from edge.identity.peer_id import PeerId
from tests import needs
from tests.interop.peers import build
from tests.interop.peers.client import Peer, PeerError

LAN = "/ipfs/lan/kad/1.0.0"
LOOPBACK = "/ip4/127.0.0.1/tcp/0"
SOMEWHERE = "/ipfs/bafkqaaa"  # a path that IPNS records may point to: the empty block
TABLE_TIMEOUT_S = 30  # js looks for itself after a second, rust every half, and a machine is busy
POLL_S = 0.1

_numbers = itertools.count()


async def start(lang: str, *arguments: str, netns: str | None = None) -> Peer:
    """A peer; a test that lacks the tools to build it ends here."""
    try:
        await asyncio.to_thread(build.build, lang)
    except build.Missing as error:
        needs.missing(str(error))
    return await Peer.start(lang, *arguments, netns=netns)


@asynccontextmanager
async def joined(*langs: str, protocol: str = LAN) -> AsyncIterator[list[Peer]]:
    """Servers on loopback, each connected to the next, which is in its table."""
    async with AsyncExitStack() as stack:
        peers = []
        for lang in langs:
            peer = await start(lang, "--listen", LOOPBACK, "--kad", protocol)
            peers.append(await stack.enter_async_context(peer))
        for near, far in itertools.pairwise(peers):
            await near.call("dial", address=far.addresses[0])
        for near, far in itertools.pairwise(peers):
            await asyncio.gather(in_table(near, far), in_table(far, near))
        yield peers


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask again and again until the answer is yes."""
    deadline = time.monotonic() + TABLE_TIMEOUT_S
    while not await is_so():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(POLL_S)


async def table(peer: Peer) -> set[str]:
    return set((await peer.call("table"))["peers"])


async def in_table(owner: Peer, *others: Peer) -> None:
    """Wait until all of them are in the routing table of the owner."""
    wanted = {other.peer_id for other in others} - {owner.peer_id}

    async def is_so() -> bool:
        return wanted <= await table(owner)

    await until(is_so, f"{owner.lang} does not have {[other.lang for other in others]}")


async def everyone_in_tables(peers: list[Peer]) -> None:
    """Wait until everybody has everybody else."""
    await asyncio.gather(*[in_table(peer, *peers) for peer in peers])


async def finds_peer(asker: Peer, wanted: Peer) -> None:
    answer = await asker.call("find_peer", peer_id=wanted.peer_id)
    assert set(wanted.addresses) & set(answer["addresses"]), (asker.lang, wanted.lang, answer)


async def finds_provider(asker: Peer, provider: Peer, count: int = 1) -> None:
    """A key that nobody has asked for before, provided by one and looked for by the other."""
    key = content_key()
    await provider.call("provide", key=key)
    # Nobody answers ADD_PROVIDER: it may be under way when the provider is done.
    found: list = []

    async def is_so() -> bool:
        found[:] = (await asker.call("find_providers", key=key, count=count))["peers"]
        return bool(found)

    await until(is_so, f"{asker.lang} found no provider of what {provider.lang} provides")
    assert found == [provider.peer_id], (asker.lang, provider.lang, found)


def content_key() -> str:
    """A new key of content: a SHA-256 multihash, the only one that js takes."""
    return "1220" + hashlib.sha256(f"content {next(_numbers)}".encode()).hexdigest()


def pk_record(owner: Peer) -> tuple[str, str]:
    """Key and value of the record that holds its public key."""
    peer_id = PeerId.parse(owner.peer_id)
    return (b"/pk/" + peer_id.to_bytes()).hex(), peer_id.public_key().encode().hex()


async def finds_public_key(asker: Peer, publisher: Peer) -> None:
    key, value = pk_record(publisher)
    await publisher.call("put_value", key=key, value=value)
    assert await asker.call("get_value", key=key) == {"value": value}


async def finds_name(asker: Peer, publisher: Peer, owner: Peer) -> None:
    """An IPNS record of the owner's key, put by the publisher; then a newer one."""
    for _ in range(2):
        key, value = await ipns_record(owner)
        await publisher.call("put_value", key=key, value=value)
        answer = await asker.call("get_value", key=key)
        if asker.lang != "rust":  # which takes the first that comes, be it its own older one
            assert answer == {"value": value}, (asker.lang, publisher.lang)


async def ipns_record(owner: Peer, lifetime_s: float = 3600) -> tuple[str, str]:
    """Key and value of a record of its name, newer than all before."""
    made = {"value": SOMEWHERE, "lifetime_s": lifetime_s, "sequence": next(_numbers)}
    record = await owner.call("ipns_record", **made)
    return record["key"], record["record"]


async def refused(peer: Peer, command: str, **fields: object) -> str:
    """The error a command must end in."""
    try:
        answer = await peer.call(command, **fields)
    except PeerError as error:
        assert " refused " in str(error)
        return str(error)
    raise AssertionError(f"{peer.lang} answered {command} with {answer}")
