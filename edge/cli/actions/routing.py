"""What the peer routing can be asked: where a peer is, who has a key, how the routings are doing.

Results are told as they come.  A node that has just started asks again until it had the time to
hear of its neighbours: its first search would end before they have said hello.
"""

from edge.cli import SEARCH_COUNT_MAX, SEARCH_TIMEOUT_MAX_S, SUFFIX_LEAST
from edge.cli.actions import keys
from edge.cli.actions.request import known_ending, number_of, settle, text_of
from edge.cli.events import TEXT_MAX, show_all
from edge.errors import EdgeError, LinkError, LocalError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.node import CLOSEST_COUNT, Node
from edge.system import aio, clock
from edge.wire.multiaddr import Multiaddr

SEARCH_MS = 20000  # unless told otherwise
NEIGHBOURS_MS = 2500  # how long a node that has just started goes on asking
AGAIN_MS = 300  # after which it asks again
SUFFIX_MS = 1500  # how long it waits for a peer whose id ends as was said
_ITEMS_MAX = 1000  # of a list in what a routing tells of itself


async def find(node: Node, request: dict, say) -> None:
    """Where a peer is; or, for a key, which peers are the closest to it."""
    text = text_of(request, "what", "name a peer or a key")
    peer_id = await _peer_meant(node, text)
    search = _Search(node, request, say)
    if peer_id is None:
        key = keys.parse(text)
        await say({"event": "key", **keys.describe(key)})
        await search.closest(key)
    else:
        await search.peer(peer_id)
    await search.end()


async def providers(node: Node, request: dict, say) -> None:
    """Who says that they have a key."""
    key = keys.parse(text_of(request, "key", "name a key"))
    search = _Search(node, request, say)
    await say({"event": "key", **keys.describe(key)})
    await search.providers(key)
    await search.end()


async def provide(node: Node, request: dict, say) -> None:
    """Tell that this node has a key, or with ``stop`` no more; without a key, list what it has."""
    if request.get("key") is None:
        for data in node.provided():
            await say({"event": "provided", **keys.describe(keys.of_bytes(data))})
        return
    key = keys.parse(text_of(request, "key", "name a key"))
    started = clock.monotonic_ms()
    if request.get("stop") is True:
        if not await node.unprovide(key.multihash):
            raise LocalError(
                f"{printable(key.text)} is not provided by this node\n"
                "'edge provide' alone lists what is"
            )
        await say({"event": "withdrawn", **keys.describe(key)})
        return
    told = await node.provide(key.multihash)
    await say({"event": "provided", **keys.describe(key), "told": told,
               "took_ms": clock.monotonic_ms() - started})  # fmt: skip


async def routing(node: Node, request: dict, say) -> None:
    """How each routing is doing, in the order in which they are asked."""
    router = _router(node, {})
    await say({
        "event": "joined",
        "asks": [routing.name for routing in router.routings],
        "impossible": [name for name in node.config.routing if name not in router.status()],
        "connections": len(node.swarm.connections()),
        "peers": len(node.peer_store.peers()),
        "provided": len(node.provided()),
    })  # fmt: skip
    for name, status in router.status().items():
        if request.get("peers") is not True:  # the contents of its tables
            status = {what: value for what, value in status.items() if not _is_table(value)}
        await say({"event": "routing", "name": printable(name), **_harmless(status)})


class _Search:
    """One search, told as it goes."""

    def __init__(self, node: Node, request: dict, say) -> None:
        self._node = node
        self._say = say
        self._count = number_of(request, "count", CLOSEST_COUNT, 1, SEARCH_COUNT_MAX)
        self._timeout_ms = number_of(
            request, "timeout_ms", SEARCH_MS, 1, SEARCH_TIMEOUT_MAX_S * 1000
        )
        self._router = _router(node, request)
        self._started = clock.monotonic_ms()
        self._told: dict[PeerId, list[Multiaddr]] = {}
        self._error: EdgeError | None = None
        self._in_time = True
        self._wanted = ""  # in words

    async def peer(self, peer_id: PeerId) -> None:
        self._wanted = f"{peer_id} was not found"
        if peer_id == self._node.peer_id:
            await self._tell("peer", PeerInfo(peer_id, self._node.addresses()))
            return
        connections = self._node.swarm.connections(peer_id)
        reached = [held.remote_address for held in connections if held.direction == "outbound"]
        if reached:
            await self._tell("peer", PeerInfo(peer_id, reached))
        self._count = 1
        await self._run(lambda: self._router.find_peer(peer_id), "peer")

    async def closest(self, key: keys.Key) -> None:
        self._wanted = f"no peer was found that is close to {printable(key.text)}"
        data = key.multihash
        until = min(self._node.started_ms + NEIGHBOURS_MS, self._started + self._timeout_ms)
        await aio.sleep_ms(max(0, until - clock.monotonic_ms()))  # else the first ones are told
        await self._run(lambda: self._router.get_closest_peers(data, self._count), "closest", data)

    async def providers(self, key: keys.Key) -> None:
        self._wanted = f"nobody was found who provides {printable(key.text)}"
        data = key.multihash
        if data in self._node.provided():
            await self._tell("provider", PeerInfo(self._node.peer_id, self._node.addresses()))
        await self._run(lambda: self._router.find_providers(data, self._count), "provider")

    async def end(self) -> None:
        """Tell the end; LinkError if nothing was found."""
        if not self._told:
            raise LinkError("\n".join([self._wanted, *self._advice()]))
        await self._say({
            "event": "searched",
            "found": len(self._told),
            "complete": self._in_time and not self._error,
            "took_ms": clock.monotonic_ms() - self._started,
        })  # fmt: skip

    async def _run(self, ask, event: str, key: bytes | None = None) -> None:
        while True:
            left_ms = self._started + self._timeout_ms - clock.monotonic_ms()
            await self._once(ask(), left_ms, event, key)
            now = clock.monotonic_ms()
            knows = now > self._node.started_ms + NEIGHBOURS_MS
            if knows or not self._in_time or len(self._told) >= self._count:
                return
            await aio.sleep_ms(AGAIN_MS)

    async def _once(self, results, left_ms: int, event: str, key: bytes | None) -> None:
        async def pass_on() -> None:
            async for info in results:
                await self._tell(event, info, key)

        try:
            await aio.wait_for_ms(pass_on(), max(left_ms, 1))
        except aio.TimeoutError:
            self._in_time = False
        finally:
            await results.close()
        self._error = results.error

    async def _tell(self, event: str, info: PeerInfo, key: bytes | None = None) -> None:
        """One peer, with those addresses that were not told yet."""
        told = self._told.get(info.peer_id)
        if told is None and len(self._told) >= self._count:
            return
        new = [address for address in info.addresses if address not in (told or ())]
        if told is not None and not new:
            return
        self._told[info.peer_id] = (told or []) + new
        more = {} if key is None else {"bits": keys.shared_bits(key, info.peer_id.to_bytes())}
        await self._say({
            "event": event,
            "peer_id": str(info.peer_id),
            "addresses": show_all(new),
            "connected": bool(self._node.swarm.connections(info.peer_id)),
            "self": info.peer_id == self._node.peer_id,
            "again": told is not None,
            **more,
            "took_ms": clock.monotonic_ms() - self._started,
        })  # fmt: skip

    def _advice(self) -> list[str]:
        """What to do about nothing."""
        lines = []
        if self._error:
            lines.append(f"the search ended early: {printable(self._error, TEXT_MAX)}")
        if not self._in_time:
            lines.append(f"{self._timeout_ms / 1000:g} s were not enough: --timeout allows more")
        known = {*self._node.peer_store.peers()} - {self._node.peer_id}
        if not known and not self._node.swarm.connections():
            lines.append("this node knows no other peer: 'edge doctor' checks what it needs to "
                         "find some, and --bootstrap of 'edge run' names a first one")  # fmt: skip
        else:
            lines.append("'edge routing' shows who was asked, and how they are doing")
        return lines


def _router(node: Node, request: dict):
    """What to ask: all of them, or the one that the request names."""
    name = request.get("routing")
    if node.routing is None:
        raise LocalError(
            "this node has no peer routing\n"
            "the setting 'routing' lists none: 'edge config' shows what it could be"
        )
    if name is None:
        return node.routing
    for routing in node.routing.routings:
        if routing.name == name:
            return routing
    names = ", ".join([routing.name for routing in node.routing.routings])
    raise LocalError(f"this node does not ask {printable(name)}; it asks: {names}")


async def _peer_meant(node: Node, text: str) -> PeerId | None:
    """The peer that ``text`` names; None if it is a key."""
    if text.startswith(keys.NAME):
        return None
    if text.startswith("/"):
        return PeerInfo.from_multiaddr(Multiaddr(text)).peer_id
    try:
        return PeerId.parse(text)
    except EdgeError:
        if not _may_end_an_id(text):
            return None
    await settle(node, lambda: bool(known_ending(node, text)), SUFFIX_MS)
    found = known_ending(node, text)
    if len(found) > 1:
        raise LocalError(
            f"{len(found)} peers' id ends in {text}\ngive more of it; 'edge peers' lists them"
        )
    return found[0] if found else None


def _may_end_an_id(text: str) -> bool:
    return len(text) >= SUFFIX_LEAST and text.isascii() and text.isalnum()


def _is_table(value) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(row, dict) for row in value)


def _harmless(value):
    """What a routing tells of itself, in texts that peers may have had a word in."""
    if isinstance(value, dict):
        return {printable(name): _harmless(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(inner) for inner in value[:_ITEMS_MAX]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(value, TEXT_MAX)
