"""Waiting for sockets on MicroPython, and what its sockets do differently."""

import errno
import select
from asyncio import core

SHARES_PORTS = False  # a connection cannot be dialed from the port listened on
BACKLOG = 8  # connections the system may hold before accept
RECEIVE_BYTES = 512  # one read takes at most


class Readiness:
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

    def _receive(self, buffer) -> int:
        size = self._socket.readinto(buffer)
        return -1 if size is None else size

    def _send(self, data) -> int:
        return self._socket.write(data) or 0

    def _shut(self) -> None:
        self._leave()
        self._socket.close()

    def _leave(self) -> None:
        """Nobody waits for it any more."""
        queue = core._io_queue
        waiting = queue.map.get(id(self._socket))
        if waiting:
            for task in waiting[:2]:  # they wake, and find the socket closed
                if task:
                    core._task_queue.push(task)
            queue._dequeue(self._socket)


def raise_if_failed(sock) -> None:
    """MicroPython itself reports a refused connection only at the first read."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    for _, flags in poll.poll(0):
        if flags & (select.POLLERR | select.POLLHUP):
            sock.read(1)
            raise OSError(errno.ECONNREFUSED, "refused")


def prepare_listener(sock, family: int) -> None:
    """Nothing to prepare here."""


def share_port(sock) -> None:
    """Dialing from the port listened on is not for chips."""


def peer_of(address) -> "tuple[str, int]":
    """(host, port) of a socket address in whatever form this port of MicroPython gives it."""
    if isinstance(address, tuple):
        return address[0], address[1]
    import socket

    family, host, port = socket.sockaddr(address)[:3]  # the unix port gives raw bytes
    return socket.inet_ntop(family, host), port
