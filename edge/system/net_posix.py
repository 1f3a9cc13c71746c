"""Waiting for sockets on CPython's event loop, and what its sockets can do beyond a chip's."""

import errno
import os
import socket
from asyncio import get_running_loop

from edge.errors import LinkError

SHARES_PORTS = hasattr(socket, "SO_REUSEPORT")  # dialing from the port listened on
BACKLOG = 1024  # connections the kernel may hold before accept
RECEIVE_BYTES = 262144  # one read takes at most


class Readiness:
    """A non-blocking socket one can wait for."""

    __slots__ = ("_loop", "_socket", "_fd", "_reader", "_writer", "_armed", "_stale")

    def __init__(self, sock) -> None:
        sock.setblocking(False)
        self._loop = get_running_loop()
        self._socket = sock
        self._fd = sock.fileno()  # the loop is slow with anything but a number
        self._reader = None  # the future of the one task that waits for bytes
        self._writer = None  # and of the one that waits for room
        self._armed = False  # the loop watches the socket for us
        self._stale = False  # the loop looked before we read: its next call says nothing

    async def _readable(self) -> None:
        if not self._armed:
            if self._socket.fileno() < 0:
                raise OSError(errno.EBADF, "closed")
            self._loop.add_reader(self._fd, self._on_readable)
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
            self._loop.remove_reader(self._fd)

    async def writable(self) -> None:
        """Wait until the socket may take bytes again."""
        if self._socket.fileno() < 0:
            raise LinkError("closed")
        self._writer = waiter = self._loop.create_future()
        self._loop.add_writer(self._fd, _wake, waiter)
        try:
            await waiter
        finally:
            self._writer = None
            if self._socket.fileno() >= 0:
                self._loop.remove_writer(self._fd)

    def _receive(self, buffer) -> int:
        return self._socket.recv_into(buffer)

    def _send(self, data) -> int:
        return self._socket.send(data)

    def _shut(self) -> None:
        self._disarm()
        if self._socket.fileno() >= 0:
            self._loop.remove_writer(self._fd)
        self._socket.close()
        if self._reader and not self._reader.done():
            self._reader.set_exception(OSError(errno.EBADF, "closed"))
        if self._writer:
            _wake(self._writer)  # its next try to write says that the socket is closed


def _wake(waiter) -> None:
    if not waiter.done():
        waiter.set_result(None)


def raise_if_failed(sock) -> None:
    """The error of a connect that has ended."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def prepare_listener(sock, family: int) -> None:
    """An IPv6 listener leaves IPv4 to another."""
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def share_port(sock) -> None:
    """Let connections be dialed from the port ``sock`` is bound to."""
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def peer_of(address) -> "tuple[str, int]":
    """(host, port) of a socket address."""
    return address[0], address[1]


async def resolve(host: str, port: int, family: int) -> list:
    """What getaddrinfo says, asked in a thread."""
    loop = get_running_loop()
    return await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
