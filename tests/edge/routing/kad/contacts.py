"""Contacts to test with: the same on every machine, each at an address of its own."""

from edge.routing.kad import LAN, WAN, Contact, Profile
from edge.routing.kad.key import key_of, prefix_length
from edge.wire.multiaddr import Multiaddr

OWN = b"\x00\x04self"


def changed(profile: Profile, **fields) -> Profile:
    """``profile`` with other values; chips' namedtuples have no _replace."""
    names = "name protocol k replication alpha beta paths admits group group_table_max"
    names += " group_bucket_max namespaces send_bytes_max receive_bytes_max"
    return Profile(*[fields.get(name, profile[at]) for at, name in enumerate(names.split())])


SMALL = changed(LAN, k=4, alpha=3, beta=2, paths=1, group_table_max=6, group_bucket_max=3)
STRICT = changed(WAN, k=8)


def address(text: str) -> bytes:
    return Multiaddr(text).to_bytes()


def lan(number: int, port: int = 4001) -> bytes:
    """The address of host ``number``."""
    return address("/ip4/10.1.{}.{}/tcp/{}".format(number >> 8, number & 255, port))


def contact(number: int, *addresses: bytes) -> Contact:
    id = b"\x00\x06" + b"p%05d" % number
    return Contact(id, addresses or (lan(number),))


def sharing(bits: int, count: int, start: int = 0) -> list:
    """``count`` contacts whose keys share exactly ``bits`` bits with OWN's."""
    own = key_of(OWN)
    found: list = []
    number = start
    while len(found) < count:
        other = contact(number)
        if prefix_length(own, key_of(other.id)) == bits:
            found.append(other)
        number += 1
    return found


def ids(contacts) -> list:
    return [one.id for one in contacts]
