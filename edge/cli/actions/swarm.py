"""What the switchboard can be asked: who is there, how far away, how fast."""

import os

from edge.cli import PERF_BYTES_MAX, PING_INTERVAL_MAX_S, PINGS_MAX
from edge.cli.actions.request import POLL_MS, neighbours, number_of, peer_of, settle, text_of
from edge.cli.events import CABLE, Teller, describe_connection, full_addresses, show, show_all
from edge.errors import LimitError, LinkError, printable
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.node import Node
from edge.system import aio, clock
from edge.wire.multiaddr import Multiaddr

PERF_BYTES = 67108864  # each way, unless told otherwise
IDENTIFY_MS = 5000  # how long a dial waits for the peer to introduce itself
CABLE_MS = 5000  # how long a cable may take to be connected
PING_TURN_MS = 15000  # how long a ping waits for those that run over the same connection
_TEXT_MAX = 128
_NO_ANSWER = (
    "is TX at RX and RX at TX, is the rate the same, does a node run there?\n"
    "'edge link' and 'edge log' show what arrives"
)
_UNREACHED = "on that machine 'edge id' prints its addresses; 'edge doctor' checks this one"

_pinging: list = []  # the connections that pings run over, once for each


async def status(node: Node, request: dict, say) -> None:
    """Who this node is, and where others reach it: a port is nothing to hand to them."""
    await say({
        "event": "status",
        "peer_id": str(node.peer_id),
        "addresses": [text for text in full_addresses(node) if not text.startswith(CABLE)],
        "connections": len(node.swarm.connections()),
        "pid": os.getpid(),
        "uptime_s": (clock.monotonic_ms() - node.started_ms) // 1000,
    })  # fmt: skip


async def peers(node: Node, request: dict, say) -> None:
    """Everyone this node knows, the connected ones first; then, if asked, what happens to them."""
    events = node.watch() if request.get("follow") else None
    teller = Teller(node.config)
    try:
        await settle(node, lambda: False)
        held = {connection.remote_peer for connection in node.swarm.connections()}
        known = [peer_id for peer_id in node.peer_store.peers() if peer_id not in held]
        for peer_id in [*held, *known]:
            await say(_describe_peer(node, peer_id))
        await say({"event": "listed", "connected": len(held), "known": len(known)})
        while events is not None:
            event = teller.describe(await events.get())
            if event:
                await say(event)
    except EOFError:
        pass  # the node stops
    finally:
        if events is not None:
            node.unwatch(events)


async def ping(node: Node, request: dict, say) -> None:
    """Round trips, one result each; a lost one is a result too."""
    from edge.swarm.protocols.ping import PROTOCOL, round_trip

    count = number_of(request, "count", 4, 1, PINGS_MAX)
    interval_ms = number_of(request, "interval_ms", 1000, 0, PING_INTERVAL_MAX_S * 1000)
    connection = await _connect(node, request)
    peer_id = str(connection.remote_peer)
    await _ping_turn(connection)
    _pinging.append(connection)
    stream = None
    try:
        stream = await connection.new_stream((PROTOCOL,))
        for number in range(count):
            if number:
                await aio.sleep_ms(interval_ms)
            rtt_ms = round(await round_trip(stream), 3)
            await say({"event": "pong", "peer_id": peer_id, "number": number + 1, "rtt_ms": rtt_ms,
                       "address": show(connection.remote_address)})  # fmt: skip
    finally:
        _pinging.remove(connection)
        if stream:
            stream.reset()


async def _ping_turn(connection) -> None:
    """Wait until a peer that allows no more ping streams than we do will take another one."""
    from edge.swarm.protocols.ping import STREAMS_MAX

    until = clock.monotonic_ms() + PING_TURN_MS
    while _pinging.count(connection) >= STREAMS_MAX:
        if clock.monotonic_ms() > until:
            raise LimitError(
                f"{STREAMS_MAX} pings to this peer run already, and it takes no more at once\n"
                "try again when one of them has ended"
            )
        await aio.sleep_ms(POLL_MS)


async def dial(node: Node, request: dict, say) -> None:
    """Connect and tell what the peer says of itself."""
    started = clock.monotonic_ms()
    connection = await _connect(node, request)
    took_ms = clock.monotonic_ms() - started
    await _identified(connection)
    await say({
        "event": "peer",
        **describe_connection(connection),
        "took_ms": took_ms,
        **_describe_identity(connection),
    })  # fmt: skip


async def perf(node: Node, request: dict, say) -> None:
    """Move bytes to the peer, then back, and tell how long each took."""
    from edge.swarm.protocols.perf import PROTOCOL, Perf

    upload = number_of(request, "upload_bytes", PERF_BYTES, 0, PERF_BYTES_MAX)
    download = number_of(request, "download_bytes", PERF_BYTES, 0, PERF_BYTES_MAX)
    connection = await _connect(node, request)
    await _identified(connection)
    if connection.identified and PROTOCOL not in connection.identified.protocols:
        raise LinkError(
            f"{connection.remote_peer} does not offer {PROTOCOL}\n"
            "an edge node does when it is started with 'edge run --perf'"
        )
    meter = Perf(node.swarm)
    for name, there, back in (("upload", upload, 0), ("download", 0, download)):
        if there or back:
            times = await meter.run(connection.remote_peer, there, back)
            took_ms = max(sum(times), 0.001)
            await say({"event": "perf", "direction": name, "bytes": there + back,
                       "ms": round(took_ms, 1),
                       "bits_per_second": round((there + back) * 8000 / took_ms)})  # fmt: skip


async def _connect(node: Node, request: dict):
    """A connection to the peer that the request names, in whatever form."""
    text = text_of(request, "peer", "name a peer: its id, the end of its id, or its address")
    if text.startswith("/"):
        address = Multiaddr(text)
        if text.startswith(CABLE) and not _is_bus(address):
            return await _cabled(node, address)
        return await _dial(node, PeerInfo.from_multiaddr(address) if address.peer_id else address)
    peer_id = await peer_of(node, text)
    await settle(node, lambda: _is_reachable(node, peer_id))
    try:
        return await _dial(node, peer_id)
    except LinkError:
        if _is_reachable(node, peer_id):
            raise
        raise LinkError(
            f"no address is known for {peer_id}\n"
            f"give one: /ip4/192.0.2.1/tcp/4001/p2p/{peer_id}\n"
            "or start a node with 'edge run', which finds the peers on its LAN"
        ) from None


def _is_bus(address: Multiaddr) -> bool:
    """Whether it leads to many, one of whom is dialed as on any network."""
    from transports.serial.address import parse

    return parse(address).bus


async def _cabled(node: Node, address: Multiaddr):
    """The connection over a cable of this node, which looks after that itself."""
    from transports.serial.address import parse

    port = parse(address).port
    if port not in [parse(kept).port for kept in node.config.serial]:
        raise LinkError(
            f"the running node has no cable at {printable(port)}\n"
            "start it with 'edge run --serial PORT'; 'edge link' lists those it has"
        )
    until = clock.monotonic_ms() + CABLE_MS
    while clock.monotonic_ms() < until:
        for connection in node.swarm.connections():
            where = connection.remote_address
            if where and where.raw("serial") and parse(where).port == port:
                return _expected(connection, address)
        await aio.sleep_ms(POLL_MS)
    raise LinkError(f"nobody answers at the other end of {show(address)}\n{_NO_ANSWER}")


def _expected(connection, address: Multiaddr):
    if address.peer_id not in (None, connection.remote_peer.to_bytes()):
        raise LinkError(f"{connection.remote_peer} is at the other end of {show(address)}")
    return connection


async def _dial(node: Node, target):
    """A connection; who has no known address is searched for by the peer routing."""
    try:
        return await node.swarm.dial(target)
    except LinkError as error:
        raise LinkError(f"{error}\n{_UNREACHED}") from None


def _is_reachable(node: Node, peer_id: PeerId) -> bool:
    now = clock.monotonic_ms()
    is_known = node.swarm.connections(peer_id) or node.peer_store.addresses(peer_id, now)
    return bool(is_known or peer_id in neighbours(node))


async def _identified(connection) -> None:
    until = clock.monotonic_ms() + IDENTIFY_MS
    while not connection.identified and not connection.closed and clock.monotonic_ms() < until:
        await aio.sleep_ms(POLL_MS)


def _describe_peer(node: Node, peer_id: PeerId) -> dict:
    now = clock.monotonic_ms()
    found: dict = {"event": "peer", "peer_id": str(peer_id), "connected": False}
    for connection in node.swarm.connections(peer_id)[:1]:
        found = {
            **found,
            **describe_connection(connection),
            "connected": True,
            "since_ms": now - connection.opened_ms,
            "streams": len(connection.streams),
            **_describe_identity(connection),
        }  # fmt: skip
    found["addresses"] = show_all(node.peer_store.addresses(peer_id, now))
    return found


def _describe_identity(connection) -> dict:
    """What the peer said of itself: its words, made harmless."""
    said = connection.identified
    if not said:
        return {}
    return {
        "agent_version": printable(said.agent_version or "", _TEXT_MAX),
        "protocol_version": printable(said.protocol_version or "", _TEXT_MAX),
        "protocols": [printable(protocol, _TEXT_MAX) for protocol in sorted(said.protocols)],
        "listen_addresses": show_all(said.listen_addresses),
        "observed_address": show(said.observed_address) if said.observed_address else None,
    }
