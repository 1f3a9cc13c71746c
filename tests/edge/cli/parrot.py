"""A routing of another distribution: finds whom it was taught, and says what it must not say."""

import os
from pathlib import Path

from edge.errors import LinkError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.routing import ENTRY_POINTS, Found, PeerRouting
from edge.routing.results import search
from edge.system import aio
from edge.wire import multihash, varint
from edge.wire.multiaddr import Multiaddr
from tests.edge.cli.program import ROOT

HERE = Multiaddr("/ip4/192.0.2.7/tcp/4001")
ELSEWHERE = Multiaddr("/ip6/2001:db8::7/tcp/4001")
NAME = "x\u202egnp.\u2066\u009b31m"  # turns the rest of a line around; an escape in one byte
EVIL = Multiaddr.from_bytes(b"\x36" + varint.frame(NAME.encode()) + b"\x06\x0f\xa1")


def peer(number: int) -> PeerId:
    return PeerId.from_public_key(PrivateKey.from_seed(bytes([number]) * 32).public)


FLOCK = [peer(number) for number in range(30)]


def install(folder: Path, entry: str = "tests.edge.cli.parrot:open_routing") -> dict[str, str]:
    """The environment in which a Python has this plug-in, as pip leaves it."""
    place = folder / "parrot-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nparrot = {entry}\n")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def key(word: str) -> bytes:
    from edge.system import primitives

    return multihash.encode(multihash.SHA2_256, primitives.sha256(word.encode()))


class Parrot(PeerRouting):
    """Everything is known in advance; what is asked decides how it is told."""

    name = "parrot"

    def __init__(self) -> None:
        self._group = aio.Group()
        self._events = aio.Queue(8)
        self.provided: list[bytes] = []

    async def start(self) -> None:
        await self._events.put(Found(FLOCK[0], [EVIL, HERE], "parrot \x1b[2J lookup"))

    async def stop(self) -> None:
        await self._group.cancel()
        self._events.close()

    def find_peer(self, peer_id):
        async def run(results) -> None:
            if peer_id == FLOCK[0]:
                results.add(PeerInfo(peer_id, [HERE]))
                results.add(PeerInfo(peer_id, [ELSEWHERE, EVIL]))
            if peer_id == FLOCK[1]:
                await aio.sleep_ms(60000)

        return search(self._group, peer_id.to_bytes(), 1, run)

    def get_closest_peers(self, key, count):
        async def run(results) -> None:
            for peer_id in FLOCK:
                if not results.add(PeerInfo(peer_id, [HERE, ELSEWHERE])):
                    break

        return search(self._group, key, count, run)

    def find_providers(self, asked, count):
        async def run(results) -> None:
            if asked == key("broken"):
                raise LinkError("the cage \x1b[31mis shut")
            if asked == key("nothing"):
                return
            for peer_id in FLOCK[: 1 if asked == key("slow") else None]:
                if not results.add(PeerInfo(peer_id, [EVIL])):
                    return
            if asked == key("slow"):
                await aio.sleep_ms(60000)

        return search(self._group, asked, count, run)

    async def provide(self, key) -> int:
        self.provided.append(key)
        return len(self.provided)

    async def unprovide(self, key) -> None:
        self.provided.remove(key)

    def status(self) -> dict:
        return {"said": "\x1b]0;owned\x07", "refreshed_ms": 61000, "ever_ms": None,
                "shelves": {"upper": 3, "lower": 0}, "alive": True,
                "provides": len(self.provided), "words": ["a", "b\x1b"]}  # fmt: skip

    async def next_event(self):
        return await self._events.get()


def open_routing(name, node) -> Parrot:
    assert name == "parrot" and node.swarm is not None
    return Parrot()


def refuse(name, node):
    raise ValueError("no \x1b[31mseed")
