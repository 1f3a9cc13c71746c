"""Fetch of the node under test, and the commands for it; as ../js/fetch.js does them."""

from edge.identity.peer_id import PeerId
from edge.swarm.protocols.fetch import Fetch

PREFIX = b"/edge-test/"


class FetchHost:
    def __init__(self, swarm) -> None:
        self._held: dict = {}
        self._fetch = Fetch(swarm)
        self._fetch.serve(PREFIX, self._look_up)

    async def _look_up(self, key):
        return self._held.get(key)

    async def hold(self, key, value, times=1):
        self._held[bytes.fromhex(key)] = bytes.fromhex(value) * times
        return {}

    async def fetch(self, peer_id, key):
        value = await self._fetch.fetch(PeerId.parse(peer_id), bytes.fromhex(key))
        return {"value": None if value is None else value.hex()}
