"""What a Node asks of the machine and of the link, as tests want it."""

from edge.config import NodeConfig
from edge.errors import LinkError, LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.mdns import Found
from edge.node import Home, Node
from edge.system import aio, entropy

WAIT_MS = 10000


class Discovery:
    """A link on which the test says who appears."""

    def __init__(self) -> None:
        self.started = None
        self.doubted = []
        self.stopped = False
        self.broken = False
        self.stuck = False
        self._events = aio.Queue(64)

    async def start(self, addresses) -> None:
        if self.broken:
            raise LinkError("no multicast here")
        self.started = addresses

    async def next_event(self):
        return await self._events.get()

    def tell(self, event) -> None:
        self._events.put_nowait(event)

    def doubt(self, peer_id: bytes) -> None:
        self.doubted.append(peer_id)

    async def stop(self) -> None:
        if self.stuck:
            await aio.Event().wait()
        self.stopped = True


class Interfaces:
    def __init__(self, *hosts) -> None:
        self._hosts = hosts
        self._changed = aio.Event()

    def replace(self, *hosts) -> None:
        self._hosts = hosts
        self._changed.set()

    def current(self) -> list:
        return [("eth0", tuple([(host, 24) for host in self._hosts]))]

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def close(self) -> None:
        pass


class Memory(Home):
    """A home that counts, and can be full."""

    def __init__(self, *hosts) -> None:
        self.interfaces = Interfaces(*hosts) if hosts else None
        self.saved = 0
        self.sealed = 0
        self.full = False

    def save(self, store, now: int) -> None:
        if self.full:
            raise LocalError("the disk is full")
        self.saved += 1

    def seal(self, key, addresses):
        self.sealed += 1


def keys_in_order(count: int) -> list:
    """Keys whose peer ids rise: the first dials the others without delay."""
    keys = [PrivateKey.generate() for _ in range(count)]
    return sorted(keys, key=lambda key: PeerId.from_public_key(key.public).to_bytes())


def free_name() -> str:
    return "/memory/{}".format(1 + entropy.random_below(1 << 30))


def node_of(transport, key=None, discovery=None, home=None, **values) -> Node:
    """A node on ``transport`` with a fresh key, unless there is one."""
    settings = {"reconnect_interval_s": 1}
    settings.update(values)
    key = key or PrivateKey.generate()
    return Node(key, NodeConfig(settings), [transport], home, discovery)


def address_of(node) -> str:
    return str(node.addresses()[0].with_peer_id(node.peer_id.to_bytes()))


def found(node) -> Found:
    return Found(node.peer_id.to_bytes(), node.addresses(), "eth0")


async def until(condition) -> None:
    for _ in range(WAIT_MS // 10):
        if condition():
            return
        await aio.sleep_ms(10)
    raise AssertionError("never came true")


async def event_of(events, kind):
    """The next event of that kind."""

    async def search():
        while True:
            event = await events.get()
            if isinstance(event, kind):
                return event

    return await aio.wait_for_ms(search(), WAIT_MS)
