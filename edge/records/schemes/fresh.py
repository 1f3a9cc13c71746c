"""Valid while it is recent by a beacon, whom the owner trusts to sign a record now and then.

    validity    1 bundle of a record of scheme chain at /edge/<beacon>/beacon    2 behind_max

The height of that record is a beat.  It is in the record, so the record was made after the beat;
whoever knows of a beat that is more than behind_max later refuses the record.  No clock is asked:
time is what the beacon has signed.  A node that hears nothing of the beacon takes the latest beat
it has seen for the newest.  The later beat is better.
"""

from edge.errors import RemoteError
from edge.records import names
from edge.records.record import check_signature, decode, decode_fields, encode_fields
from edge.records.schemes import CHAIN, FRESH, chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.observed import Time
    from edge.records.record import Bundle, Record


def seen(beacon: bytes, behind_max: int) -> tuple:
    """The rule of a record made after ``beacon``, valid for ``behind_max`` beats from there."""
    return FRESH, encode_fields((beacon, behind_max))


def _read(record: "Record") -> tuple:
    """(bundle of the beacon, its peer id, behind_max)."""
    data, behind_max = decode_fields(record.validity, "bu")
    beacon = decode(data)
    owner, path = names.split(beacon.record.key)
    if beacon.record.scheme != CHAIN or path != chain.BEACON_PATH:
        raise RemoteError("a record with a beacon that is none")
    chain.previous(beacon.record)
    return beacon, owner, behind_max


def rank(record: "Record") -> tuple:
    return (_read(record)[0].record.version,)


def judge(bundle: "Bundle", time: "Time") -> None:
    beacon, owner, behind_max = _read(bundle.record)
    check_signature(beacon)
    beat = beacon.record.version
    behind = time.learn(owner, beat) - beat
    if behind > behind_max:
        raise RemoteError("a record that is {} beats old, limit {}".format(behind, behind_max))


def lifetime_ms(bundle: "Bundle", earliest_ms: int) -> None:
    return None
