"""What a request says: numbers within bounds, and the peer that somebody means."""

from edge.cli import SUFFIX_LEAST
from edge.errors import EdgeError, LocalError, printable
from edge.identity.peer_id import PeerId
from edge.node import Node
from edge.system import aio, clock

DISCOVERY_MS = 4000  # how long a node that has just started listens before it says "unknown"
POLL_MS = 50


def number_of(request: dict, name: str, default: int, least: int, most: int) -> int:
    value = request.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise LocalError(f"{name} must be a whole number from {least} to {most}")
    return value


def text_of(request: dict, name: str, advice: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise LocalError(advice)
    return value


async def peer_of(node: Node, text: str) -> PeerId:
    """The peer id that is ``text``, or the only known one that ends so."""
    try:
        return PeerId.parse(text)
    except EdgeError:
        if len(text) < SUFFIX_LEAST:
            raise LocalError(f"{printable(text)} is not a peer id") from None
    await settle(node, lambda: bool(known_ending(node, text)))
    found = known_ending(node, text)
    if len(found) != 1:
        count = f"{len(found)} peers'" if found else "no known peer's"
        raise LocalError(
            f"{count} id ends in {printable(text)}\n'edge peers' lists those that are known"
        )
    return found[0]


def known_ending(node: Node, text: str) -> list[PeerId]:
    """The known peers whose ids end so."""
    known = {*node.peer_store.peers(), *(c.remote_peer for c in node.swarm.connections())}
    known.update(neighbours(node))
    return [peer_id for peer_id in known if str(peer_id).endswith(text)]


def neighbours(node: Node) -> set[PeerId]:
    """Those of whom a medium tells that they are there; names that are no peer ids are left out."""
    found = [peer_named(name) for name, _ in node.swarm.neighbours()]
    return {one for one in found if one}


def peer_named(name: bytes) -> PeerId | None:
    """Whose id it is; None for one who calls itself anything else."""
    try:
        return PeerId(name)
    except EdgeError:
        return None


async def settle(node: Node, is_enough, wait_ms: int = DISCOVERY_MS) -> None:
    """Give the discovery of a node that has just started the time to hear of somebody."""
    until = node.started_ms + wait_ms
    awaits = node.discovery or node.config.serial
    while awaits and clock.monotonic_ms() < until and not is_enough():
        await aio.sleep_ms(POLL_MS)
