"""Sockets in a multicast group, IPv4 and IPv6, on systems with BSD sockets.

A socket is bound to the group, not to the host: what is sent to us alone, perhaps from far away,
never reaches it.  It hears one interface and speaks on one.
"""

import socket
import sys

PORT = 5353

# Linux delivers what any process joined unless told otherwise; 29 is IPV6_MULTICAST_ALL.
_LINUX = sys.platform == "linux"
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29


def open_socket(interface: str, host: bytes, group: bytes, port: int = PORT) -> socket.socket:
    """A socket in ``group`` on the interface that has the address ``host``."""
    family = socket.AF_INET if len(group) == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Linux shares by REUSEADDR; with REUSEPORT it would take the sockets of all interfaces
        # for one, and give a packet to any of them.  BSD wants both.
        if hasattr(socket, "SO_REUSEPORT") and not _LINUX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET:
            _join4(sock, host, group)
        else:
            _join6(sock, socket.if_nametoindex(interface), group)
        sock.bind(to_address(group, port, interface))
    except OSError:
        sock.close()
        raise
    return sock


def _join4(sock: socket.socket, host: bytes, group: bytes) -> None:
    level = socket.IPPROTO_IP
    if _LINUX:
        sock.setsockopt(level, _IP_MULTICAST_ALL, 0)
    sock.setsockopt(level, socket.IP_ADD_MEMBERSHIP, group + host)
    sock.setsockopt(level, socket.IP_MULTICAST_IF, host)
    sock.setsockopt(level, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(level, socket.IP_MULTICAST_LOOP, 1)
    sock.setsockopt(level, socket.IP_TTL, 255)


def _join6(sock: socket.socket, index: int, group: bytes) -> None:
    level = socket.IPPROTO_IPV6
    sock.setsockopt(level, socket.IPV6_V6ONLY, 1)
    if _LINUX:
        sock.setsockopt(level, _IPV6_MULTICAST_ALL, 0)
    sock.setsockopt(level, socket.IPV6_JOIN_GROUP, group + index.to_bytes(4, sys.byteorder))
    sock.setsockopt(level, socket.IPV6_MULTICAST_IF, index)
    sock.setsockopt(level, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(level, socket.IPV6_MULTICAST_LOOP, 1)
    sock.setsockopt(level, socket.IPV6_UNICAST_HOPS, 255)


def to_address(host: bytes, port: int, interface: str) -> tuple:
    if len(host) == 4:
        return socket.inet_ntop(socket.AF_INET, host), port
    return socket.inet_ntop(socket.AF_INET6, host), port, 0, socket.if_nametoindex(interface)


def from_address(address: tuple) -> "tuple[bytes, int]":
    host = address[0].partition("%")[0]  # a zone
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_pton(family, host), address[1]
