"""The composition root: what a node is made of on this machine.  firmware/main.py is its twin."""

from edge.cli import UsageError, settings
from edge.cli.actions import open_action
from edge.cli.data_dir import DataDir
from edge.config import NodeConfig, nearest
from edge.errors import EdgeError, LocalError, printable
from edge.identity import peer_store_file
from edge.node import Home, Node
from edge.records.validators import open_validators
from edge.routing import ENTRY_POINTS, NAMES, open_routing
from edge.system import aio, clock
from edge.system.log import Log
from transports import MODULES, open_transport
from transports.multicast.interfaces import open_interfaces

_log = Log("edge")


class MachineHome(Home):
    """Interfaces of the kernel, memory in the data directory."""

    def __init__(self, data: DataDir) -> None:
        self.interfaces = open_interfaces()
        self._data = data
        self._seq = 0  # of the last peer record of this process

    def load(self, store, now: int) -> None:
        try:
            lost = peer_store_file.load(store, self._data.peers_path, now)
        except LocalError as error:
            self._begin_anew(error)
            return
        if lost:
            kept = self._data.keep_copy(self._data.peers_path)
            _log.warn("{} damaged entries in the peer store; as it was, it is in {}", lost, kept)

    def _begin_anew(self, error: LocalError) -> None:
        """Nobody may be near to repair a file: a node that has forgotten is better than none."""
        kept = self._data.set_aside(self._data.peers_path)
        _log.warn("no peer is remembered: {}; it is kept in {}", error, kept)

    def save(self, store, now: int) -> None:
        peer_store_file.save(store, self._data.peers_path, now)

    def load_provided(self) -> list[bytes]:
        from edge.routing import provided_file

        return provided_file.load(self._data.provided_path)

    def save_provided(self, keys: list[bytes]) -> None:
        from edge.routing import provided_file

        provided_file.save(self._data.provided_path, keys)

    def seal(self, key, addresses: list) -> bytes | None:
        from edge.identity import peer_record, record_seq

        try:
            self._seq = record_seq.next_seq(self._data.seq_path)
        except LocalError:  # a full disk: count on from the clock
            self._seq = record_seq.after(self._seq, clock.unix_ms())
        return peer_record.seal(key, self._seq, addresses)


class GuestHome(MachineHome):
    """For a command without a running node: knows what that one knew, and changes nothing."""

    def save(self, store, now: int) -> None:
        pass

    def _begin_anew(self, error: LocalError) -> None:
        _log.warn("no peer is remembered: {}", error)

    def load_provided(self) -> list[bytes]:
        return []

    def save_provided(self, keys: list[bytes]) -> None:
        raise LocalError("no node is running here that could go on providing; start 'edge run'")

    def seal(self, key, addresses: list) -> bytes | None:
        return None


def open_node(key, config: NodeConfig, home: Home, trace: str | None = None) -> Node:
    """A node that is ready to start."""
    names = ["tcp"]
    for address in config.listen + config.peers + config.bootstrap:
        names += [name for name, _ in address.components if name in MODULES and name not in names]
    transports = [open_transport(name) for name in names]
    if trace:
        transports = _traced(transports, trace)
    node = Node(key, config, transports, home, _discovery(key, config))
    node.swarm.lookup_txt = _lookup_txt
    node.validators = open_validators()
    for name in config.routing:
        routing = _open_routing(name, node)
        if routing is None:
            _log.info("no routing by {} here", name)
        else:
            node.add_routing(routing)
    return node


def _open_routing(name: str, node: Node):
    """The routing of that name, built in or of another distribution; None if it cannot be here."""
    if name not in NAMES:
        return _open_plug_in(name, node)
    try:
        return open_routing(name, node)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("edge.routing."):
            raise
        return None  # left out of this installation


def _open_plug_in(name: str, node: Node):
    from importlib import metadata

    found = {point.name: point for point in metadata.entry_points(group=ENTRY_POINTS)}
    if name not in found:
        near = nearest(name, [*NAMES, *found])
        raise UsageError(
            f"there is no routing {printable(name)}; did you mean {near}?\n"
            f"built in are {', '.join(NAMES)}\n"
            f"another one is an installed Python package with an entry point of the group "
            f"{ENTRY_POINTS}, named as here"
        )
    try:
        return found[name].load()(name, node)
    except EdgeError:
        raise
    except Exception as error:  # it may fail in any way it likes
        raise LocalError(
            f"the routing {name} does not start: {type(error).__name__}: {printable(error, 200)}\n"
            f"it is {found[name].value}; leave it out with --routing, or in the configuration"
        ) from None


async def _lookup_txt(name: str) -> list[bytes]:
    """What DNS says; loaded when the first /dnsaddr is met."""
    from edge.swarm.dialing.name_lookup import NameLookup
    from transports.nameserver import Nameservers

    return await NameLookup(Nameservers()).txt(name)


def _traced(transports: list, path: str) -> list:
    """The same transports, each byte they carry written to a file that Wireshark opens."""
    from transports import traced

    trace = traced.Trace(path)
    return [traced.Transport(transport, trace) for transport in transports]


def _discovery(key, config: NodeConfig):
    """What finds peers on the LAN; None where it is turned off."""
    if not config.mdns:
        return None
    from edge.identity.peer_id import PeerId
    from edge.mdns import open_discovery

    peer_id = PeerId.from_public_key(key.public).to_bytes()
    if not config.mdns_agent:
        try:
            return open_discovery("zeroconf", peer_id, open_interfaces())
        except ImportError:
            pass  # a system without it has the agent
    from transports.multicast.datagrams import Multicast

    return open_discovery("agent", peer_id, Multicast(open_interfaces()))


def run_once(data: DataDir, request: dict, on_event) -> None:
    """Carry out ``request`` with a node that listens nowhere and ends afterwards."""
    aio.run(_run_once(data, request, on_event))


async def _run_once(data: DataDir, request: dict, on_event) -> None:
    async def say(event: dict) -> None:
        on_event(event)

    action = open_action(request["do"])
    config = _guest_config(data, request)
    key, _ = data.open_identity()
    node = open_node(key, config, GuestHome(data))
    await node.start()
    try:
        await action(node, request, say)
    finally:
        await node.stop()


def _guest_config(data: DataDir, request: dict) -> NodeConfig:
    """The configuration of the node that runs otherwise, as far as a guest may follow it.

    Nobody is searched for to speak to an address, or to list who is there.
    """
    more: dict = {"listen": [], "connections_auto_max": 0, "kad_mode": "client", "perf": False}
    searches = request["do"] in ("find", "providers")
    if not searches and str(request.get("peer", "/")).startswith("/"):
        more.update(peers=[], routing=[])
    return settings.load(data, None, more)
