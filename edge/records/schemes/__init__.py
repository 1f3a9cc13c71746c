"""Schemes: how long a record under /edge is valid, and which of two is the better one.

    1 datetime_range   from one moment to another, by the clock
    2 ttl              for a time from its receipt, by a clock that need not know the date
    3 chain            until one comes that is higher; each names the one before
    4 fresh            until a beacon, which somebody else signs, has gone on by so many beats

A scheme is a module with:

    rank(record) -> tuple                     of two of one version the greater is the better one
    judge(bundle, time)                       RemoteError unless it is valid at this ``time``
    lifetime_ms(bundle, earliest_ms) -> int   from a time in ms since 1970; None: it never ends

``rank`` and ``judge`` refuse, as RemoteError, a validity they cannot read.  ``time`` is an
edge.records.observed.Time, or looks like it.  Each has a function, too, that gives a rule to make
records by: the number of the scheme, and a validity.
"""

from edge.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATETIME_RANGE = 1
TTL = 2
CHAIN = 3
FRESH = 4

FOREVER = (DATETIME_RANGE, b"")  # the rule of a record that is valid at any time

_MODULES = {
    DATETIME_RANGE: "edge.records.schemes.datetime_range",
    TTL: "edge.records.schemes.ttl",
    CHAIN: "edge.records.schemes.chain",
    FRESH: "edge.records.schemes.fresh",
}


def open_scheme(number: int) -> "Any":
    """The module of a scheme; RemoteError if there is none."""
    module = _MODULES.get(number)
    if module is None:
        raise RemoteError("a record of an unknown scheme, {}".format(number))
    return __import__(module, None, None, ("rank",))
