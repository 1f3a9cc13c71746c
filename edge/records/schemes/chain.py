"""Valid until a higher one comes: the version is the height, and each names the record before.

    validity    1 SHA-256 of the previous record, absent at height 0

    r0 <-- r1 <-- r2      of these r2
              \\-- s2      fork: the owner signed two of one height, the greater hash is better

A store keeps the best and needs no other to judge it: height is what the owner says.  Whether the
owner kept to it is for ``check_links`` to say, to whom all of a chain is given.
"""

from edge.errors import RemoteError
from edge.records import names
from edge.records.record import create, decode, decode_fields, encode_fields, verify
from edge.records.schemes import CHAIN
from edge.system import const, primitives

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from edge.identity.keys import PrivateKey
    from edge.records.observed import Time
    from edge.records.record import Bundle, Record

BEACON_PATH = b"beacon"  # of chains whose height is a beat, see fresh

_HASH_SIZE = const(32)


def extend(private: "PrivateKey", key: bytes, value: bytes, held: "bytes | None" = None) -> bytes:
    """The bundle of the record behind ``held``, which is of ``key``, too; None: the first one."""
    if held is None:
        return create(private, key, value, 0, (CHAIN, b""))
    bundle = decode(held)
    rule = CHAIN, encode_fields((primitives.sha256(bundle.data),))
    return create(private, key, value, bundle.record.version + 1, rule)


def previous(record: "Record") -> bytes:
    """The hash of the record before; empty at height 0."""
    (found,) = decode_fields(record.validity, "b")
    if len(found) != (_HASH_SIZE if record.version else 0):
        raise RemoteError("a record of a chain without the hash of the one before")
    return found


def rank(record: "Record") -> tuple:
    previous(record)
    return ()


def judge(bundle: "Bundle", time: "Time") -> None:
    record = bundle.record
    previous(record)
    owner, path = names.split(record.key)
    if path == BEACON_PATH:
        time.learn(owner, record.version)


def lifetime_ms(bundle: "Bundle", earliest_ms: int) -> None:
    return None


def check_links(chain: "list[bytes]") -> None:
    """RemoteError unless these bundles are one chain: signed, each the parent of the next."""
    parent = None
    for data in chain:
        record = verify(data)
        if record.scheme != CHAIN:
            raise RemoteError("a record that is no part of a chain")
        found = previous(record)
        if parent and not _is_parent(parent, record, found):
            raise RemoteError("a record of height {} without its parent".format(record.version))
        parent = decode(data)


def _is_parent(parent: "Bundle", record: "Record", hash: bytes) -> bool:
    above = parent.record
    return (
        above.key == record.key
        and above.version + 1 == record.version
        and primitives.sha256(parent.data) == hash
    )
