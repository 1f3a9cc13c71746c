"""Stores of records: every one is the RecordStore of edge.records, opened here by its name.

    memory    in the heap, gone with the program: chips without files, tests
    flash     a log on the machine's own files, which power cuts do not take
    s3        an object store that speaks S3
    kad       our own DHT
    mdns      whoever on this link has it
    tiered    several of these, near first

A further one is a file with ``open_store(name, node)`` and a line in ``_MODULES``, or in another
distribution an entry point of the group ``libp2p_edge.stores``.
"""

from collections import namedtuple

from edge.errors import LocalError, printable
from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records import RecordStore

VALUE_BYTES_MAX = 2064 if MICROPYTHON else 10256  # a bundle with its age
ENTRY_POINTS = "libp2p_edge.stores"  # group of the plug-ins

# How much a store holds, all owners and each; bytes are of keys and values.
Quota = namedtuple(
    "Quota", ("records_max", "bytes_max", "per_owner_records_max", "per_owner_bytes_max")
)
QUOTA = Quota(256, 49152, 128, 24576) if MICROPYTHON else Quota(131072, 256 << 20, 16384, 32 << 20)

_MODULES = {
    "memory": "edge.records.stores.memory",
    "flash": "edge.records.stores.flash",
    "s3": "edge.records.stores.s3",
    "kad": "edge.records.stores.kad",
    "mdns": "edge.records.stores.mdns",
    "tiered": "edge.records.stores.tiered",
}
NAMES = tuple(_MODULES)  # built in


def open_store(name: str, node: "Any") -> "RecordStore | None":
    """The store ``name`` for ``node``, an edge.node.Node; its module is loaded now.

    None if it is impossible here; LocalError if there is none of that name.
    """
    module = _MODULES.get(name)
    if module is None:
        raise LocalError("there is no record store {}".format(printable(name)))
    return __import__(module, None, None, ("open_store",)).open_store(name, node)
