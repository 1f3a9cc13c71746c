"""The Kademlia DHT, and the commands that need it."""

import contextlib

import trio
from libp2p.abc import IHost, INetConn, INetwork
from libp2p.kad_dht import common, kad_dht, peer_routing, provider_store, value_store
from libp2p.kad_dht.kad_dht import DHTMode, KadDHT
from libp2p.peer.id import ID
from libp2p.peer.peerstore import PeerStoreError
from libp2p.tools.anyio_service import background_trio_service

COMMANDS = ("closest", "find_peer", "find_providers", "get_value", "provide", "put_value", "table")

_IDENTIFY_TIMEOUT_S = 10
_IDENTIFY_POLL_S = 0.01


class Candidates:
    """Offers the table every peer that connects: 0.8.1 leaves that to the application."""

    def __init__(self, dht: KadDHT, nursery: trio.Nursery) -> None:
        self._dht = dht
        self._nursery = nursery

    async def connected(self, network: INetwork, conn: INetConn) -> None:
        self._nursery.start_soon(self._offer, conn.muxed_conn.peer_id)

    async def _offer(self, peer: ID) -> None:
        with trio.move_on_after(_IDENTIFY_TIMEOUT_S):
            while not self._protocols(peer):  # noqa: ASYNC110 - identify tells nobody
                await trio.sleep(_IDENTIFY_POLL_S)
        if common.PROTOCOL_ID in self._protocols(peer):
            await self._dht.add_peer(peer)

    def _protocols(self, peer: ID) -> list[str]:
        try:
            return self._dht.host.get_peerstore().get_protocols(peer)
        except PeerStoreError:
            return []

    async def disconnected(self, network: INetwork, conn: INetConn) -> None:
        pass

    opened_stream = closed_stream = listen = listen_close = disconnected


@contextlib.asynccontextmanager
async def running_kad(host: IHost, server: str | None, client: str | None):
    """The DHT of the name that is given, for as long as the block; None without one."""
    protocol = server or client
    if not protocol:
        yield None
        return
    for module in (common, kad_dht, peer_routing, provider_store, value_store):
        module.PROTOCOL_ID = protocol  # 0.8.1 knows but one name
    dht = KadDHT(host, DHTMode.SERVER if server else DHTMode.CLIENT)
    async with background_trio_service(dht), trio.open_nursery() as nursery:
        host.get_network().register_notifee(Candidates(dht, nursery))
        yield dht
        nursery.cancel_scope.cancel()


async def execute(dht: KadDHT | None, command: dict) -> dict:
    """The members of the answer."""
    if dht is None:
        raise ValueError("started without --kad")
    key = command.get("key", "")
    match command["cmd"]:
        case "find_peer":
            return await _find_peer(dht, ID.from_string(command["peer_id"]))
        case "closest":
            found = await dht.peer_routing.find_closest_peers_network(bytes.fromhex(key))
            return {"peers": [str(peer) for peer in found]}
        case "provide":
            if not await dht.provide(key):
                raise ValueError("there was nobody to tell")
            return {}
        case "find_providers":
            found = await dht.find_providers(key, command.get("count", 1))
            return {"peers": [str(info.peer_id) for info in found]}
        case "put_value":
            await dht.put_value(_text(key), bytes.fromhex(command["value"]))
            return {}
        case "get_value":
            value = await dht.get_value(_text(key))
            if value is None:
                raise ValueError("the value was not found")
            return {"value": value.hex()}
        case "table":
            return {"peers": [str(peer) for peer in dht.routing_table.get_peer_ids()]}
    raise ValueError("unknown command " + repr(command["cmd"]))


async def _find_peer(dht: KadDHT, peer: ID) -> dict:
    info = await dht.find_peer(peer)
    if info is None:
        raise ValueError("the peer was not found")
    suffix = f"/p2p/{peer}"
    return {"addresses": [str(address).removesuffix(suffix) + suffix for address in info.addrs]}


def _text(key: str) -> str:
    """Keys of values are text to 0.8.1, so most of /pk and /ipns is out of its reach."""
    return bytes.fromhex(key).decode()
