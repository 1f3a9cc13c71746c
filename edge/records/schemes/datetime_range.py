"""Valid from one moment until another, in ns since 1970 by whatever clock there is.

    validity    1 start    2 end, at which it is no longer valid; absent: open on that side

The later end is better, then the earlier start.  Where the clock is not trusted, only what has
ended for sure is refused.
"""

from edge.errors import RemoteError
from edge.records.record import decode_fields, encode_fields
from edge.records.schemes import DATETIME_RANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.observed import Time
    from edge.records.record import Bundle, Record

_MS = 1000000  # ns
_OPEN = 1 << 64


def valid_between(start_ns: int = 0, end_ns: int = 0) -> tuple:
    """The rule of a record that is valid from ``start_ns`` and before ``end_ns``; 0: open."""
    return DATETIME_RANGE, encode_fields((start_ns, end_ns))


def _range(record: "Record") -> tuple:
    start_ns, end_ns = decode_fields(record.validity, "uu")
    end_ns = end_ns or _OPEN
    if start_ns >= end_ns:
        raise RemoteError("a record that ends before it starts")
    return start_ns, end_ns


def rank(record: "Record") -> tuple:
    start_ns, end_ns = _range(record)
    return end_ns, -start_ns


def judge(bundle: "Bundle", time: "Time") -> None:
    start_ns, end_ns = _range(bundle.record)
    if end_ns <= time.earliest_unix_ms * _MS:
        raise RemoteError("a record that has ended")
    latest_ms = time.latest_unix_ms
    if latest_ms is not None and start_ns > latest_ms * _MS:
        raise RemoteError("a record that is not valid yet")


def lifetime_ms(bundle: "Bundle", earliest_ms: int) -> "int | None":
    end_ns = _range(bundle.record)[1]
    return None if end_ns == _OPEN else max(0, end_ns // _MS - earliest_ms)
