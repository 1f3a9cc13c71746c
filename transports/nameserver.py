"""The way to name servers: one datagram and its answer, or a TCP stream.

What the packets say is no business of this file: see edge/swarm/dialing/name_lookup.py, which is
given one of these.  Who is asked is what the machine's /etc/resolv.conf says at that moment, or,
on a chip, what its network told: ``Nameservers([(wlan.ifconfig()[3], 53)])``.
"""

import errno
import socket

from edge.errors import LinkError
from edge.system import MICROPYTHON, const, files, net

PORT = 53
RESOLV_CONF = "/etc/resolv.conf"
PACKET_BYTES_MAX = 1500 if MICROPYTHON else 4096  # more of a datagram is cut off
STRANGERS_MAX = 64  # datagrams that were no answer before we give up: somebody is guessing

_CONF_BYTES_MAX = const(65536)


class Nameservers:
    def __init__(self, servers: "list | None" = None) -> None:
        """``servers``: (numeric host, port) of each; None: those of the machine."""
        self._servers = servers

    def servers(self) -> "list[tuple]":
        if self._servers is not None:
            return self._servers
        return named_in(files.read(RESOLV_CONF, _CONF_BYTES_MAX) or b"")

    async def ask(self, server: tuple, packet: bytes, fits) -> bytes:
        """The first answer from ``server`` that ``fits``; the caller sets the timeout."""
        asking = _Datagrams(server)
        try:
            return await asking.ask(packet, fits)
        except OSError as error:
            raise net.link_error(error, "{} port {}".format(*server))
        finally:
            asking.close()

    async def connect(self, server: tuple) -> net.Stream:
        return await net.connect(server[0], server[1])


class _Datagrams(net.platform.Readiness):
    """A socket for one question: the system gives it a port of its own, and drops whatever does
    not come from the server."""

    def __init__(self, server: tuple) -> None:
        try:
            found = socket.getaddrinfo(server[0], server[1], 0, socket.SOCK_DGRAM)[0]
        except OSError as error:
            raise net.link_error(error, "no name server " + server[0])
        super().__init__(net.open_socket(found[0], socket.SOCK_DGRAM))
        self._server = found[-1]

    async def ask(self, packet: bytes, fits) -> bytes:
        self._socket.connect(self._server)
        self._socket.send(packet)
        for _ in range(STRANGERS_MAX):
            await self._readable()
            try:
                answer = self._socket.recv(PACKET_BYTES_MAX)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                continue
            if fits(answer):
                return answer
        raise LinkError("{} wrong answers".format(STRANGERS_MAX))

    def close(self) -> None:
        self._shut()


def named_in(conf: bytes) -> "list[tuple]":
    """The servers that a resolv.conf names."""
    found = []
    for line in conf.split(b"\n"):
        words = line.split()
        if len(words) > 1 and words[0] == b"nameserver":
            try:
                found.append((str(words[1], "utf-8"), PORT))
            except UnicodeError:
                pass
    return found
