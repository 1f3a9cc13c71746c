"""Moments as text with nanoseconds, 2026-11-22T19:00:00.000000001Z, and as numbers since 1970.

Spec: RFC 3339; capital letters, at most nine digits behind the point, and no leap seconds, as go.
"""

from edge.errors import LocalError, RemoteError, printable
from edge.system import const

TEXT_MAX = 35  # characters: nine digits and an offset

_SECOND_NS = 1000000000
_END_NS = 253402300800 * _SECOND_NS
_DAY_S = const(86400)
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse(text: bytes) -> int:
    """Nanoseconds since 1970 of an ASCII text; negative before."""
    try:
        return _parse(str(text[: TEXT_MAX + 1], "utf-8"))
    except (ValueError, IndexError):  # UnicodeError is a ValueError
        raise RemoteError("not a time of RFC 3339: " + printable(bytes(text[: TEXT_MAX + 1])))


def _parse(text: str) -> int:
    if len(text) > TEXT_MAX or [text[at] for at in (4, 7, 10, 13, 16)] != ["-", "-", "T", ":", ":"]:
        raise ValueError
    year, month, day = _number(text[:4], 4), _number(text[5:7], 2), _number(text[8:10], 2)
    seconds = _clock(text[11:13], text[14:16]) * 60 + _number(text[17:19], 2, 59)
    if not 1 <= month <= 12 or not 1 <= day <= _length(year, month):
        raise ValueError
    rest = text[19:]
    nanoseconds = 0
    if rest[:1] == ".":
        end = 1
        while rest[end] not in "Z+-":  # IndexError where there is neither
            end += 1
        nanoseconds = _number(rest[1:end], end - 1) * 10 ** (10 - end)
        if end == 1 or end > 10:
            raise ValueError
        rest = rest[end:]
    seconds += (_days(year, month) + day - 1) * _DAY_S - _offset(rest)
    return seconds * _SECOND_NS + nanoseconds


def _number(digits: str, size: int, highest: int = 999999999) -> int:
    """The number that exactly ``size`` decimal digits make."""
    if len(digits) != size or not digits.isdigit() or max(digits) > "9":
        raise ValueError
    number = int(digits)
    if number > highest:
        raise ValueError
    return number


def _clock(hours: str, minutes: str) -> int:
    """Minutes."""
    return _number(hours, 2, 23) * 60 + _number(minutes, 2, 59)


def _offset(rest: str) -> int:
    """The seconds by which a clock there is ahead."""
    if rest == "Z":
        return 0
    if len(rest) != 6 or rest[0] not in "+-" or rest[3] != ":":
        raise ValueError
    seconds = _clock(rest[1:3], rest[4:]) * 60
    return seconds if rest[0] == "+" else -seconds


def _length(year: int, month: int) -> int:
    """The days of a month."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


def _days(year: int, month: int) -> int:
    """From 1970 to the first of a month of the Gregorian calendar; negative before."""
    past = year - 1
    days = year * 365 + past // 4 - past // 100 + past // 400 - 719527
    for earlier in range(1, month):
        days += _length(year, earlier)
    return days


def text(unix_ns: int) -> bytes:
    """The text of a moment from 1970 to 9999, in UTC, always with nine digits."""
    if not 0 <= unix_ns < _END_NS:
        raise LocalError("no moment from 1970 to 9999: {}".format(unix_ns))
    seconds, nanoseconds = unix_ns // _SECOND_NS, unix_ns % _SECOND_NS
    days, second = seconds // _DAY_S, seconds % _DAY_S
    year = 1970 + days // 366  # not past the right one
    while _days(year + 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and _days(year, month + 1) <= days:
        month += 1
    date = "{:04}-{:02}-{:02}".format(year, month, days - _days(year, month) + 1)
    time = "{:02}:{:02}:{:02}".format(second // 3600, second // 60 % 60, second % 60)
    return "{}T{}.{:09}Z".format(date, time, nanoseconds).encode()
