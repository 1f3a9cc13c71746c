"""The record store of a node: who judges records, and the stores they are in, near ones first.

Stores are opened when the first record is put or asked for, or if there are records from last time:
a node that has nothing to do with records holds none of their code.
"""

from edge.cli import UsageError
from edge.cli.composition import plug_ins
from edge.errors import LocalError, RemoteError
from edge.node import Home, Node
from edge.records import names
from edge.records.judge import Judge
from edge.records.observed import Time
from edge.records.stores import ENTRY_POINTS, NAMES, open_store
from edge.records.validators import open_validators
from edge.system.log import Log

KIND = "record store"
BUILT_IN = [name for name in NAMES if name != "tiered"]  # which is what they are put together as

_log = Log("records")


def add_records(node: Node, home: Home) -> None:
    """Give ``node`` its judge, and stores as its configuration has them."""
    time = Time()
    try:
        data = home.load_observed()
        if data:
            time.load(data)
    except (LocalError, RemoteError) as error:
        _log.warn("the time is not known from last time: {}", error)
    node.validators = open_validators(time)
    node.judge = Judge(node.validators, time)
    _check(node)
    if node.config.records:
        node.open_records = lambda: _open(node)


def _open(node: Node):
    from edge.records.stores.tiered import TieredStore
    from edge.records.sync.service import SyncService
    from edge.swarm.protocols.fetch import Fetch

    node.fetch = node.fetch or Fetch(node.swarm)
    stores = [_open_store(name, node) for name in node.config.records]
    stores = [store for store in stores if store is not None]
    if not stores:
        raise LocalError(
            f"no store of {', '.join(node.config.records)} can be opened by this command\n"
            "kad needs a routing of that name, mdns needs mdns; 'flash' needs nothing"
        )
    for store in stores[1:]:
        if store.name == "mdns":  # what is asked for on the link is what is kept here
            store.serve_from(stores[0])
    node.records_here = stores[0]
    own = names.edge_key(node.peer_id, "x")[:-1]
    follows = [own, *map(names.prefix_of, node.config.records_follow)]
    for prefix in follows:  # the beacons of who is followed are not displaced by others'
        owner = names.owner_of(prefix.rstrip(b"/") + b"/x")
        if owner:
            node.judge.time.follow(owner)
    store = TieredStore(node.judge, stores)
    node.record_sync = SyncService(node.swarm, store, node.judge, follows)
    return store


def _open_store(name: str, node: Node):
    """The store of that name, built in or of another distribution; None if it cannot be here."""
    if name not in BUILT_IN:
        return plug_ins.load(KIND, plug_ins.find(KIND, ENTRY_POINTS, name, BUILT_IN), node)
    try:
        return open_store(name, node)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("edge.records.stores."):
            raise
        return None  # left out of this installation


def _check(node: Node) -> None:
    """UsageError at the start for what would go wrong with the first record."""
    for name in node.config.records:
        if name not in BUILT_IN:
            plug_ins.find(KIND, ENTRY_POINTS, name, BUILT_IN)
    if "s3" in node.config.records and not node.config.s3.get("bucket"):
        raise UsageError(
            "the store s3 has no bucket\nname it in the configuration: "
            's3 = { bucket = "readings", endpoint = "https://s3.example.org" }'
        )
    for prefix in node.config.records_follow:
        names.prefix_of(prefix)
