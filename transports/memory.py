"""A network inside one process: for tests, simulations, and nodes that share an interpreter."""

from edge.errors import LinkError, LocalError
from edge.swarm import transport
from edge.system import MICROPYTHON, aio
from edge.wire.multiaddr import Multiaddr

BUFFER_BYTES_MAX = 1024 if MICROPYTHON else 65536  # on the way in one direction
BACKLOG = 128  # dialed but not yet accepted connections of one listener

_listeners: dict = {}  # name -> Listener


class _Pipe:
    """Bytes one way."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.changed = aio.Signal()
        self.closed = False


class Connection:
    """One end of two pipes."""

    profile = transport.FAST

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, local, remote) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self.local_address = local
        self.remote_address = remote

    async def read(self):
        pipe = self._incoming
        while not pipe.data:
            if pipe.closed:
                return b""
            await pipe.changed.wait()
        data, pipe.data = pipe.data, bytearray()
        pipe.changed.fire()
        return data

    def write_some(self, data) -> int:
        pipe = self._outgoing
        if pipe.closed:
            raise LinkError("closed")
        room = BUFFER_BYTES_MAX - len(pipe.data)
        taken = bytes(memoryview(data)[:room])
        if taken:
            pipe.data += taken
            pipe.changed.fire()
        return len(taken)

    async def writable(self) -> None:
        pipe = self._outgoing
        while len(pipe.data) >= BUFFER_BYTES_MAX and not pipe.closed:
            await pipe.changed.wait()

    async def close(self) -> None:
        for pipe in (self._incoming, self._outgoing):
            pipe.closed = True
            pipe.changed.fire()


class Listener:
    def __init__(self, name: str) -> None:
        self.name = name
        self.queue = aio.Queue(BACKLOG)

    def addresses(self) -> list:
        return [Multiaddr("/memory/" + self.name)]

    async def accept(self) -> Connection:
        try:
            return await self.queue.get()
        except EOFError:
            raise LinkError("closed")

    async def close(self) -> None:
        _listeners.pop(self.name, None)
        while len(self.queue):
            await (await self.queue.get()).close()
        self.queue.close()


class Transport(transport.Transport):
    def can_dial(self, address) -> bool:
        return address.components[0][0] == "memory"

    async def dial(self, address) -> Connection:
        listener = _listeners.get(address.value("memory"))
        if listener is None:
            raise LinkError("nobody listens on {}".format(address))
        there, back = _Pipe(), _Pipe()
        local, remote = Multiaddr("/memory/0"), listener.addresses()[0]
        if not listener.queue.put_nowait(Connection(there, back, remote, local)):
            raise LinkError("too many wait at {}".format(address))
        return Connection(back, there, local, remote)

    async def listen(self, address) -> Listener:
        name = address.value("memory")
        if name in _listeners:
            raise LocalError("{} is taken".format(address))
        listener = _listeners[name] = Listener(name)
        return listener
