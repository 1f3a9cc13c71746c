"""A node for one command, where none is running: it listens nowhere and ends afterwards."""

from edge.cli import settings
from edge.cli.actions import open_action
from edge.cli.composition.home import GuestHome
from edge.cli.composition.node import open_node
from edge.cli.data_dir import DataDir
from edge.cli.events import CABLE
from edge.config import NodeConfig
from edge.errors import EdgeError, LocalError
from edge.node import Node
from edge.system import aio, clock

LOCK_MS = 10000  # how long to wait for another command
LOCK_POLL_MS = 50
HAND_ON_MS = 3000  # for farther stores to take a record before the command ends
SEARCHES = ("find", "providers", "get", "put")  # what has to ask others
WRITERS = (  # what opens the record store
    "get", "put", "ls", "remove", "store", "check", "export", "take", "forget_time",
)  # fmt: skip


def run_once(data: DataDir, request: dict, on_event) -> None:
    """Carry out ``request`` with a node that listens nowhere and ends afterwards."""
    aio.run(_run_once(data, request, on_event))


async def _run_once(data: DataDir, request: dict, on_event) -> None:
    async def say(event: dict) -> None:
        on_event(event)

    action = open_action(request["do"])
    config = _guest_config(data, request)
    key, _ = data.open_identity()
    if request["do"] in WRITERS:
        await _lock(data)
    node = open_node(key, config, GuestHome(data))
    try:
        await node.start()
        await action(node, request, say)
        if request["do"] in ("put", "take"):
            await _hand_on(node)
    finally:
        await node.stop()
        data.unlock()


async def _hand_on(node: Node) -> None:
    """Give stores farther away the chance to have it now; a later node finds out what they lack."""
    store = await node.record_store()
    try:
        await aio.wait_for_ms(store.sync(), HAND_ON_MS)
    except (EdgeError, aio.TimeoutError):
        pass


async def _lock(data: DataDir) -> None:
    """Wait for other commands that have the record store open now.  LocalError if it takes long."""
    until = clock.monotonic_ms() + LOCK_MS
    while True:
        try:
            data.lock()
            return
        except LocalError:
            if clock.monotonic_ms() >= until:
                raise
            await aio.sleep_ms(LOCK_POLL_MS)


def _guest_config(data: DataDir, request: dict) -> NodeConfig:
    """The configuration of the node that runs otherwise, as far as a guest may follow it.

    Nobody is searched for to speak to an address, or to list who is there.
    """
    more: dict = {"listen": [], "connections_auto_max": 0, "kad_mode": "client", "perf": False}
    searches = request["do"] in SEARCHES
    if not searches and str(request.get("peer", "/")).startswith("/"):
        address = str(request.get("peer", ""))
        cables = [address] if address.startswith(CABLE) else []
        more.update(peers=[], routing=[], serial=cables)
    return settings.load(data, None, more)
