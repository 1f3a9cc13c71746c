"""Addresses as mDNS tells them: ``dnsaddr=/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo..``.

Told are only addresses that the interface has: an unspecified one stands for all of its own.
Believed are only those that mean something on the interface they were heard on.
"""

from edge.errors import RemoteError
from edge.system import const
from edge.wire import ip, varint
from edge.wire.multiaddr import Multiaddr

TEXT_MAX = 1100  # bytes of a TXT record: all else in a packet takes less than 300, and it 1400
_STRING_MAX = const(255)  # bytes
_PREFIX = b"dnsaddr="
_ADDRESSES_MAX = const(16)  # of one peer
_READ_MAX = const(32)  # addresses of one name that are looked at
_IP6ZONE = b"\x2a"


def _host(data: bytes) -> bytes:
    """The IP address that a Multiaddr begins with."""
    return data[1 : {4: 5, 41: 17}.get(data[0], 1)]


def hosts(networks) -> "list[bytes]":
    """The addresses of an interface.  A link-local IPv6 address, which is of no use to most
    without its zone, is the last resort.
    """
    own = [host for host, _ in networks]
    return [host for host in own if len(host) == 4 or ip.scope(host) != "link"] or own


def text(addresses, peer_id: bytes, own: "list[bytes]") -> bytes:
    """The data of a TXT record that tells ``addresses``; ``own`` are those of the interface."""
    told = []
    left = TEXT_MAX
    for address in addresses:
        data = address.to_bytes()
        host = _host(data)
        here_too = [one for one in own if len(one) == len(host) and (one == host or not any(host))]
        for one in here_too if address.is_standard else ():
            here = Multiaddr.from_bytes(data[:1] + one + data[1 + len(one) :])
            string = _PREFIX + str(here.with_peer_id(peer_id)).encode()
            size = len(string)
            if string not in told and size <= _STRING_MAX and size < left:
                told += [bytes([size]), string]
                left -= size + 1
    return b"".join(told)


def read(strings, interface: str, is_own_host: bool) -> "tuple[bytes | None, list[Multiaddr]]":
    """``(peer id, addresses)`` that one name told on ``interface``; (None, []) if none is of use.

    A name stands for one peer, the first.  ``is_own_host``: it was told on this machine.
    """
    peer_id = None
    addresses = []
    for string in [one for one in strings if one.startswith(_PREFIX)][:_READ_MAX]:
        try:
            address = Multiaddr.from_peer_text(str(string[8:], "utf-8"))
        except (RemoteError, UnicodeError):
            continue
        owner = address.peer_id
        data = address.to_bytes()
        where = address.decapsulate("p2p")
        scope = _host(data) and ip.scope(_host(data))
        if (
            owner
            and where
            and (not peer_id or owner == peer_id)
            and address.is_shareable
            and scope not in ("unspecified", "multicast")
            and (scope != "loopback" or is_own_host)
            and len(addresses) < _ADDRESSES_MAX
        ):
            peer_id = owner
            if scope == "link" and data[0] == 41:
                zone = _IP6ZONE + varint.frame(interface.encode())
                where = Multiaddr.from_bytes(zone + where.to_bytes())
            if where not in addresses:
                addresses.append(where)
    return peer_id, addresses
