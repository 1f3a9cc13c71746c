"""How far an address reaches and who is likely to own it, told from its bytes alone.

A search sees hundreds of addresses and dials few: only their first component is looked at, and
the rest is parsed when one is dialled.  An address counts by where it starts, the relay's for a
circuit.  Spec: multiformats/multiaddr; RFC 6890 for the ranges.
"""

from edge.errors import RemoteError
from edge.system import const
from edge.wire import ip
from edge.wire.multiaddr import SIZE_MAX, Multiaddr

_IP4 = const(4)
_IP6 = const(41)
_IP6ZONE = const(42)
_DNS = const(53)  # to 55: dns, dns4, dns6
_DNS6 = const(55)
_LOCAL = ("loopback", "link", "private")
_SERIAL = b"\x81\x80\xc0\x01"  # the code of /serial
# Names that mean nothing to the rest of the world (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
_LOCAL_NAMES = (b"local", b"localhost", b"lan", b"internal", b"home.arpa", b"test", b"invalid")


def admits_any(address: bytes) -> bool:
    """Whether the address may be told on our own network: links without IP are welcome."""
    return 1 < len(address) <= SIZE_MAX


def admits_local(address: bytes) -> bool:
    """Whether it leads to a place on a LAN: private, link-local and loopback IP, any DNS name.
    Nothing of the private-use range."""
    if not 5 < len(address) <= SIZE_MAX or _is_private_use(address):
        return False
    scope = _scope(address)
    return scope in _LOCAL or scope == "name" and bool(_name(address))


def admits_public(address: bytes) -> bool:
    """Whether it leads to a public IP address, or a DNS name that is not a local one."""
    if not 5 < len(address) <= SIZE_MAX or _is_private_use(address):
        return False
    scope = _scope(address)
    return scope == "public" or scope == "name" and _is_public_name(_name(address))


def is_here(address: bytes) -> bool:
    """Whether it leads back to whoever dials it: loopback, by number or name, or unspecified."""
    code = address[0]
    if code == _IP4:
        return address[1] in (0, 127)
    if code == _IP6ZONE and 1 < 2 + address[1] < len(address) - 1:
        return is_here(address[2 + address[1] :])
    scope = _scope(address)
    if scope == "name":
        name = _name(address).lower()
        return name == b"localhost" or name.endswith(b".localhost")
    return scope in ("loopback", "unspecified")


def is_cable(address: bytes) -> bool:
    """Whether a serial port is in it: that means something on one machine, and is told to nobody,
    nor believed of anybody."""
    return _SERIAL in address


def host(address: bytes) -> bytes:
    """The host of an address: an IP address, a name, a medium's own; b"" for loopback."""
    end = 5 if address[0] == _IP4 else 17 if address[0] == _IP6 else 0
    if end and len(address) > end:
        return b"" if ip.scope(address[1:end]) == "loopback" else address[:end]
    try:
        name, value = Multiaddr.from_bytes(address).components[0]
    except RemoteError:
        return b"?"  # all that cannot be read are one
    return "{}/{}".format(name, value).encode()


def network(address: bytes) -> bytes:
    """As host, with IPv4 cut to 16 bits and IPv6 to 32: what one owner has many of."""
    owner = host(address)
    return owner[:3] if owner[:1] == b"\x04" else owner[:5] if owner[:1] == b"\x29" else owner


def _scope(address: bytes) -> str:
    """As ip.scope, or "name", or "" for anything else."""
    code = address[0]
    if code == _IP4:
        return ip.scope(address[1:5])
    if code == _IP6:
        return ip.scope(address[1:17]) if len(address) > 17 else ""
    return "name" if _DNS <= code <= _DNS6 else ""


def _name(address: bytes) -> bytes:
    """The DNS name it starts with; empty if that is too long or cut off."""
    end = 2 + address[1]
    return address[2:end] if end <= len(address) and end < 130 else b""


def _is_public_name(name: bytes) -> bool:
    name = name.lower()
    if b"." not in name:
        return False
    return not any([name == local or name.endswith(b"." + local) for local in _LOCAL_NAMES])


def _is_private_use(address: bytes) -> bool:
    """Whether a code from 0x300000 to 0x3FFFFF is in it: as bytes 80-ff, 80-ff, c0-ff, 01."""
    at = address.find(b"\x01", 3)
    while at >= 0:
        if address[at - 1] >= 0xC0 and address[at - 2] & address[at - 3] & 0x80:
            return not _is_standard(address)  # or a value looks like it
        at = address.find(b"\x01", at + 1)
    return False


def _is_standard(address: bytes) -> bool:
    try:
        return Multiaddr.from_bytes(address).is_standard
    except RemoteError:
        return False
