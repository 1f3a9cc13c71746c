"""What Linux says of its interfaces over rtnetlink; pure, the socket is in interfaces.

    length kind flags sequence port | header of the kind | attributes: length kind data, padded

Spec: rtnetlink(7); <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>.
"""

import struct

from edge.wire import ip

NEW_LINK, DELETE_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DELETE_ADDRESS, GET_ADDRESS = 20, 21, 22
GROUPS = 0x1 | 0x10 | 0x100  # links, IPv4 addresses, IPv6 addresses
DONE = 3

_UP, _LOOPBACK, _RUNNING, _MULTICAST = 0x1, 0x8, 0x40, 0x1000  # flags of an interface
_UNFIT = 0x08 | 0x20 | 0x40  # flags of an address: double, deprecated, tentative
_NAME, _MASTER = 3, 10  # attributes of an interface
_ADDRESS, _LOCAL, _FLAGS = 1, 2, 8  # attributes of an address
_REQUEST, _DUMP = 0x1, 0x300


def request(kind: int, sequence: int) -> bytes:
    """The question for all links or all addresses."""
    return struct.pack("=IHHIIB3x", 20, kind, _REQUEST | _DUMP, sequence, 0, 0)


def messages(data: bytes):
    """``(kind, body)`` of each message in a packet from the kernel."""
    offset = 0
    while offset + 16 <= len(data):
        size, kind = struct.unpack_from("=IH", data, offset)
        if size < 16:
            return
        yield kind, data[offset + 16 : offset + size]
        offset += size + 3 & ~3


def interfaces(found) -> list:
    """The interfaces that can carry multicast now, from all ``(kind, body)``.

    ``(name, ((address, prefix), ...))`` each; the loopback last, IPv4 before IPv6, link-local last.
    """
    links = {}  # index -> (name, flags, enslaved)
    networks: dict = {}  # index -> addresses
    for kind, body in found:
        if kind == NEW_LINK:
            index, flags = struct.unpack_from("=iI", body, 4)
            attributes = _attributes(body, 16)
            name = attributes.get(_NAME, b"").rstrip(b"\0").decode()
            links[index] = (name, flags, _MASTER in attributes)
        elif kind == NEW_ADDRESS:
            _, prefix, flags, _, index = struct.unpack_from("=BBBBI", body, 0)
            attributes = _attributes(body, 8)
            host = attributes.get(_LOCAL) or attributes.get(_ADDRESS, b"")
            if _FLAGS in attributes:
                (flags,) = struct.unpack("=I", attributes[_FLAGS])
            if len(host) in (4, 16) and not flags & _UNFIT:
                networks.setdefault(index, []).append((host, prefix))
    usable = []
    for index, (name, flags, enslaved) in links.items():
        own = sorted(networks.get(index, ()), key=_rank)
        is_up = flags & _UP and flags & _RUNNING and flags & (_MULTICAST | _LOOPBACK)
        if own and is_up and not (enslaved and len(own[0][0]) == 16):  # a port of a bridge
            usable.append((bool(flags & _LOOPBACK), index, name, tuple(own)))
    return [(name, own) for _, _, name, own in sorted(usable)]


def _rank(network: tuple) -> tuple:
    host, _ = network
    return len(host), ip.scope(host) == "link", host


def _attributes(body: bytes, offset: int) -> dict:
    found = {}
    while offset + 4 <= len(body):
        size, kind = struct.unpack_from("=HH", body, offset)
        if size < 4:
            break
        found[kind & 0x3FFF] = body[offset + 4 : offset + size]
        offset += size + 3 & ~3
    return found
