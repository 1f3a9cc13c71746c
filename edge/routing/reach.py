"""How far an address reaches and who is likely to own it, told from its bytes alone.

A search sees hundreds of addresses and dials few: only their first component is looked at, and
the rest is parsed when one is dialled.  An address counts by where it starts, the relay's for a
circuit.  Spec: multiformats/multiaddr; RFC 6890 for the ranges.
"""


def admits_any(address: bytes) -> bool:
    """Whether the address may be told on our own network: links without IP are welcome."""
    raise NotImplementedError


def admits_local(address: bytes) -> bool:
    """Whether it leads to a place on a LAN: private, link-local and loopback IP, any DNS name.
    Nothing of the private-use range."""
    raise NotImplementedError


def admits_public(address: bytes) -> bool:
    """Whether it leads to a public IP address, or a DNS name that is not a local one."""
    raise NotImplementedError


def host(address: bytes) -> bytes:
    """The host of an address: an IP address, a name, a medium's own; b"" for loopback."""
    raise NotImplementedError


def network(address: bytes) -> bytes:
    """As host, with IPv4 cut to 16 bits and IPv6 to 32: what one owner has many of."""
    raise NotImplementedError
