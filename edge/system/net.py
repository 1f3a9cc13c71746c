"""Sockets that wait the same way on both Pythons: a byte stream, how to dial one, how to accept.

What a read takes off a socket lies in one buffer for the whole node and is used before the next
await, so an idle connection holds no buffer at all.  Errors leave here as LinkError.
"""

import errno
import socket

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON, aio

_AGAIN = (errno.EAGAIN, errno.EINPROGRESS)
_FULL = (23, 24)  # ENFILE, EMFILE: no descriptor left; MicroPython's errno lacks the names
FULL_PAUSE_MS = 100  # how long accept rests when no descriptor is left
CONNECT_TIMEOUT_MS = 5000
BACKLOG = 8 if MICROPYTHON else 1024  # connections the kernel may hold before accept

_received = bytearray(1024 if MICROPYTHON else 262144)  # bytes one read may take, for all streams
_view = memoryview(_received)


def link_error(error: OSError, what: str) -> LinkError:
    """``error`` as the rest of the house knows it."""
    return LinkError("{}: {}".format(what, error))


if MICROPYTHON:
    from asyncio import core

    class _Readiness:
        """A non-blocking socket one can wait for."""

        def __init__(self, sock) -> None:
            sock.setblocking(False)
            self._socket = sock

        def _queued(self):
            yield core._io_queue.queue_read(self._socket)

        async def _readable(self) -> None:
            await self._queued()

        def writable(self):
            """Wait until the socket may take bytes again."""
            yield core._io_queue.queue_write(self._socket)

        def _receive(self) -> int:
            size = self._socket.readinto(_received)
            return -1 if size is None else size

        def _send(self, data) -> int:
            return self._socket.write(data) or 0

        def _shut(self) -> None:
            queue = core._io_queue
            waiting = queue.map.get(id(self._socket))
            if waiting:
                for task in waiting[:2]:  # they wake, and find the socket closed
                    if task:
                        core._task_queue.push(task)
                queue._dequeue(self._socket)
            self._socket.close()

else:
    from asyncio import get_running_loop

    class _Readiness:
        """A non-blocking socket one can wait for."""

        __slots__ = ("_loop", "_socket", "_reader", "_armed", "_stale")

        def __init__(self, sock) -> None:
            sock.setblocking(False)
            self._loop = get_running_loop()
            self._socket = sock
            self._reader = None  # the future of the one task that waits for bytes
            self._armed = False  # the loop watches the socket for us
            self._stale = False  # the loop looked before we read: its next call says nothing

        async def _readable(self) -> None:
            if not self._armed:
                if self._socket.fileno() < 0:
                    raise OSError(errno.EBADF, "closed")
                self._loop.add_reader(self._socket, self._on_readable)
                self._armed = True
                self._stale = False
            self._reader = waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                self._reader = None
                self._stale = True

        def _on_readable(self) -> None:
            if self._stale:
                self._stale = False
            elif self._reader is None:
                self._disarm()  # bytes nobody waits for would wake the loop for ever
            elif not self._reader.done():
                self._reader.set_result(None)

        def _disarm(self) -> None:
            if self._armed:
                self._armed = False
                self._loop.remove_reader(self._socket)

        async def writable(self) -> None:
            """Wait until the socket may take bytes again."""
            if self._socket.fileno() < 0:
                raise LinkError("closed")
            waiter = self._loop.create_future()
            self._loop.add_writer(self._socket, _wake, waiter)
            try:
                await waiter
            finally:
                if self._socket.fileno() >= 0:
                    self._loop.remove_writer(self._socket)

        def _receive(self) -> int:
            return self._socket.recv_into(_received)

        def _send(self, data) -> int:
            return self._socket.send(data)

        def _shut(self) -> None:
            self._disarm()
            if self._socket.fileno() >= 0:
                self._loop.remove_writer(self._socket)
            self._socket.close()
            if self._reader and not self._reader.done():
                self._reader.set_exception(OSError(errno.EBADF, "closed"))

    def _wake(waiter) -> None:
        if not waiter.done():
            waiter.set_result(None)


class Stream(_Readiness):
    """Bytes in order both ways.  One task reads; a cancelled read consumes nothing."""

    __slots__ = ("_held",)

    def __init__(self, sock) -> None:
        super().__init__(sock)
        try:
            sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY: we write whole messages
        except OSError:
            pass  # not TCP
        self._held = b""  # read off the socket for a read_exactly that did not finish

    async def read(self):
        """What has arrived, at least one byte, or ``b""`` at the end: valid until the next await."""
        if self._held:
            held, self._held = self._held, b""
            return held
        while True:
            try:
                await self._readable()
                size = self._receive()
            except OSError as error:
                if error.errno in _AGAIN:
                    continue
                raise link_error(error, "read")
            if size >= 0:
                return _view[:size]

    async def read_exactly(self, size: int) -> bytes:
        """``size`` bytes.  EOFError if the stream ends before."""
        while len(self._held) < size:
            held, self._held = self._held, b""
            try:
                data = await self.read()
            except BaseException:
                self._held = held
                raise
            self._held = held + bytes(data)
            if not data:
                raise EOFError
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def write_some(self, data) -> int:
        """How many bytes of ``data`` the kernel took at once; 0 if it is full."""
        try:
            return self._send(data)
        except OSError as error:
            if error.errno in _AGAIN:
                return 0
            raise link_error(error, "write")

    async def write(self, data) -> None:
        """Write all of ``data``.  One task at a time."""
        rest = memoryview(data)
        while True:
            rest = rest[self.write_some(rest) :]
            if not rest:
                return
            await self.writable()

    async def close(self) -> None:
        self._shut()


def _endpoint(host: str, port: int):
    """(family, socket address) of a numeric or resolvable ``host``."""
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError as error:
        raise link_error(error, "no address for " + host)
    return found[0][0], found[0][-1]


def open_socket(family: int, kind: int):
    """A socket, or LinkError when the machine has none left."""
    try:
        return socket.socket(family, kind)
    except OSError as error:
        raise link_error(error, "no socket")


async def connect(host: str, port: int, make=Stream, local=None):
    """``make(socket)`` of a connection to the numeric address ``host``.

    ``local`` is a (host, port) to dial from, shared with a listener there (REUSEPORT); where the
    system refuses it, any port serves.  LinkError if nobody answers.
    """
    family, address = _endpoint(host, port)
    sock = open_socket(family, socket.SOCK_STREAM)
    try:
        if local and not await _connect_from(sock, address, local):
            sock.close()
            sock = open_socket(family, socket.SOCK_STREAM)
            local = None
        if not local:
            await _finish_connect(sock, address)
        return make(sock)
    except OSError as error:
        sock.close()
        raise link_error(error, "{} port {}".format(host, port))
    except BaseException:
        sock.close()
        raise


async def _connect_from(sock, address, local) -> bool:
    """Connect from ``local``; False if the system will not have that pair of ends now."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(local)
        await _finish_connect(sock, address)
    except (OSError, AttributeError) as error:
        refused = (errno.EADDRINUSE, getattr(errno, "EADDRNOTAVAIL", 99), errno.EINVAL)
        if getattr(error, "errno", errno.EINVAL) not in refused:
            raise
        return False
    return True


async def _finish_connect(sock, address) -> None:
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno not in _AGAIN:
            raise
        stream = _Readiness(sock)
        await stream.writable()
    if MICROPYTHON:
        _raise_if_hung_up(sock)
    else:
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, "error"))


def _raise_if_hung_up(sock) -> None:
    """MicroPython reports a refused connection only at the first read."""
    import select

    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    for _, flags in poll.poll(0):
        if flags & (select.POLLERR | select.POLLHUP):
            sock.read(1)
            raise OSError(errno.ECONNREFUSED, "refused")


class Server(_Readiness):
    """A listening socket."""

    __slots__ = ("host", "port", "family")

    def __init__(self, host: str, port: int, shared: bool = False) -> None:
        """Listen on a numeric ``host``; ``port`` 0 lets the system choose (not on MicroPython).

        ``shared``: connections may be dialed from this port (REUSEPORT).  The port must still be
        free: nobody else's listener is joined.  LinkError if it cannot be had.
        """
        self.family, address = _endpoint(host, port)
        sock = open_socket(self.family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if not MICROPYTHON and self.family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
            if shared and not MICROPYTHON:  # after bind: a port in use was refused above
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except OSError as error:
            sock.close()
            raise link_error(error, "cannot listen on {} port {}".format(host, port))
        super().__init__(sock)
        self.host = host
        if port == 0 and not hasattr(sock, "getsockname"):
            raise LocalError("name a port: this system does not tell which one it chose")
        self.port = port or sock.getsockname()[1]

    async def accept(self, make=Stream):
        """``(make(socket), host, port)`` of the next connection."""
        while True:
            try:
                await self._readable()
                sock, address = self._socket.accept()
            except OSError as error:
                if error.errno == errno.EBADF:
                    raise link_error(error, "accept")
                await aio.sleep_ms(FULL_PAUSE_MS if error.errno in _FULL else 0)
                continue
            host, port = peer_of(address)
            return make(sock), host, port

    async def close(self) -> None:
        self._shut()


def peer_of(address) -> tuple[str, int]:
    """(host, port) of a socket address in whatever form this system gives it."""
    if not isinstance(address, tuple):  # MicroPython's unix port: raw bytes
        family, host, port = socket.sockaddr(address)[:3]
        return socket.inet_ntop(family, host), port
    return address[0], address[1]


async def resolve(host: str, port: int, family: int = 0) -> list[str]:
    """The numeric addresses of a name, best first.  LinkError if there are none."""
    try:
        if MICROPYTHON:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        else:
            found = await get_running_loop().getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM
            )
    except OSError as error:
        raise link_error(error, "no address for " + host)
    return [peer_of(entry[-1])[0] for entry in found]
