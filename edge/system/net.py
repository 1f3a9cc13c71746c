"""Sockets that wait the same way on both Pythons: a byte stream, how to dial one, how to accept.

What a read takes off a socket lies in one buffer for the whole node and is used before the next
await, so an idle connection holds no buffer at all.  Errors leave here as LinkError.
"""

import errno
import socket

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON, aio

if MICROPYTHON:
    from edge.system import net_chip as platform
else:
    from edge.system import net_posix as platform

_AGAIN = (errno.EAGAIN, errno.EINPROGRESS)
_NOT_AVAILABLE = 99  # EADDRNOTAVAIL
# ENOMEM, ENFILE, EMFILE, ENOBUFS (macOS, Linux); MicroPython's errno lacks the names.
_FULL = (12, 23, 24, 55, 105)
FULL_PAUSE_MS = 100  # how long accept rests when the system has no more to give

_received = bytearray(platform.RECEIVE_BYTES)  # what a read takes, for all streams
_view = memoryview(_received)


def link_error(error: OSError, what: str) -> LinkError:
    """``error`` as the rest of the house knows it."""
    text = error.args[1] if len(error.args) > 1 else error
    return LinkError("{}: {}".format(what, text))


class Stream(platform.Readiness):
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
        """What has arrived, one byte or more; ``b""`` at the end.  Valid until the next await."""
        if self._held:
            held, self._held = self._held, b""
            return held
        while True:
            try:
                await self._readable()
                size = self._receive(_received)
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
        platform.share_port(sock)
        sock.bind(local)
        await _finish_connect(sock, address)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, _NOT_AVAILABLE, errno.EINVAL):
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
        stream = platform.Readiness(sock)
        await stream.writable()
    platform.raise_if_failed(sock)


class Server(platform.Readiness):
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
            platform.prepare_listener(sock, self.family)
            sock.bind(address)
            sock.listen(platform.BACKLOG)
            if shared:  # after bind: a port in use was refused above
                platform.share_port(sock)
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
                host, port = platform.peer_of(address)
                return make(sock), host, port
            except OSError as error:
                if error.errno == errno.EBADF:
                    raise link_error(error, "accept")
                await aio.sleep_ms(FULL_PAUSE_MS if error.errno in _FULL else 0)

    async def close(self) -> None:
        self._shut()


async def resolve(host: str, port: int, family: int = 0) -> list[str]:
    """The numeric addresses of a name, best first.  LinkError if there are none."""
    try:
        if MICROPYTHON:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        else:
            found = await platform.resolve(host, port, family)
    except (OSError, ValueError) as error:  # ValueError: text that can be no name
        raise link_error(error, "no address for " + host)
    return [platform.peer_of(entry[-1])[0] for entry in found]
