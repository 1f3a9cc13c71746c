"""Valid for a time from its receipt, whatever the date: as long as its age is less than its TTL.

    validity    1 TTL in ms

Who gives a record away says how old it is: the age it came with, and how long it was held since by
a clock that never goes back.  So it lives no longer for having been passed on.  The longer TTL is
better.
"""

from edge.errors import RemoteError
from edge.records.record import decode_fields, encode_fields
from edge.records.schemes import TTL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.observed import Time
    from edge.records.record import Bundle, Record


def valid_for(ttl_ms: int) -> tuple:
    """The rule of a record that is valid for ``ttl_ms`` from when it is made."""
    return TTL, encode_fields((ttl_ms,))


def ttl_ms(record: "Record") -> int:
    (found,) = decode_fields(record.validity, "u")
    if not found:
        raise RemoteError("a record without the TTL it needs")
    return found


def rank(record: "Record") -> tuple:
    return (ttl_ms(record),)


def judge(bundle: "Bundle", time: "Time") -> None:
    if bundle.age_ms >= ttl_ms(bundle.record):
        raise RemoteError("a record that has outlived its TTL")


def lifetime_ms(bundle: "Bundle", earliest_ms: int) -> int:
    return max(0, ttl_ms(bundle.record) - bundle.age_ms)
