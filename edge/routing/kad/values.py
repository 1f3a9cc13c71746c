"""Values that others store with us, each held by the validator of its namespace; pure.

    PUT_VALUE --put()--> valid? not older than what is here? --> Values --get()--> GET_VALUE

A key is /namespace/bytes.  A value is kept for 48 h unless it is put again, or until it ends: what
is given away is as old as it is by then.  Where there are too many, those closest to this node
stay: they are the ones it is asked for.
Spec: libp2p kad-dht, "DHT operations"; whether a value is good is edge.records.validators.
"""

from edge.errors import LimitError, RemoteError, printable
from edge.routing.kad.key import key_of
from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXPIRY_MS = 172800000  # 48 h
SWEEP_MS = 3600000  # how often expired values are looked for
VALUES_MAX = 16 if MICROPYTHON else 1024
VALUE_BYTES_MAX = 12288  # of one; what is longer fits in no message that rust would read
BYTES_MAX = 8192 if MICROPYTHON else 2097152  # of all values together

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check(validators: dict, key: bytes, value: bytes, unix_ms: int) -> "Any":
    """The validator that finds ``value`` good for ``key``.  RemoteError if there is none."""
    parts = bytes(key).split(b"/", 2)
    if len(parts) < 3 or parts[0] or not parts[2]:
        raise RemoteError("a key of no namespace: {}".format(printable(key)))
    validator = validators.get(str(parts[1], "ascii")) if _is_name(parts[1]) else None
    if validator is None:
        raise RemoteError("no values of namespace {} here".format(printable(parts[1])))
    if len(value) > VALUE_BYTES_MAX:
        raise RemoteError("a value of {} bytes, limit {}".format(len(value), VALUE_BYTES_MAX))
    validator.validate(key, value, unix_ms)
    return validator


def _is_name(data: bytes) -> bool:
    return 0 < len(data) <= 32 and max(data) < 128


class Values:
    """``own_id``: of this node; ``validators``: by namespace, see edge.records.validators."""

    def __init__(self, validators: dict, own_id: bytes) -> None:
        self._validators = validators
        self._own_key = key_of(own_id)
        # key -> (value, when received in unix ms, until, distance, when received, its validator)
        self._values: dict = {}
        self._bytes = 0
        self._swept = 0

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: bytes, value: bytes, now: int, unix_ms: int) -> None:
        """Keep ``value``.

        RemoteError if it is not valid or worse than the one that is here, LimitError if there is
        no room for it.
        """
        validator = check(self._validators, key, value, unix_ms)
        held = self._values.get(key)
        left = _left(validator, value, unix_ms)
        if held and held[2] > now:
            order = validator.compare(key, value, held[0])
            if order < 0:
                raise RemoteError("old record: a better one is known")
            aged = validator.aged(held[0], now - held[4])
            old_left = _left(validator, aged, unix_ms)
            if not order and old_left < left:  # who passed it on took it for younger than it is
                value, left = aged, old_left
        distance = held[3] if held else key_of(key) ^ self._own_key
        self._make_room(key, distance, len(value) - (len(held[0]) if held else 0))
        if held:
            self._remove(key)
        if not self._values:
            self._swept = now
        until = now + min(left, EXPIRY_MS)
        self._values[key] = (value, unix_ms, until, distance, now, validator)
        self._bytes += len(value)

    def get(self, key: bytes, now: int) -> "tuple[bytes, str] | None":
        """``(value, when it was received as RFC 3339 text)``, if there is one."""
        held = self._values.get(key)
        if not held or held[2] <= now:
            return None
        return held[5].aged(held[0], now - held[4]), rfc3339(held[1])

    def remove(self, key: bytes) -> None:
        if key in self._values:
            self._remove(key)

    def deadline(self) -> "int | None":
        """When ``handle_deadline`` has something to do; None while there are no values."""
        return self._swept + SWEEP_MS if self._values else None

    def handle_deadline(self, now: int) -> None:
        """Forget what has expired."""
        self._swept = now
        for key in [key for key, held in self._values.items() if held[2] <= now]:
            self._remove(key)

    def _make_room(self, key: bytes, distance: int, size: int) -> None:
        """Drop what is farther away than ``key``, so that ``size`` more bytes fit."""
        count = len(self._values) - (key in self._values)
        while count >= VALUES_MAX or self._bytes + size > BYTES_MAX:
            farthest = max(self._values, key=self._distance)
            if self._distance(farthest) <= distance:
                raise LimitError("no room for a value so far from this node")
            self._remove(farthest)
            count -= 1

    def _distance(self, key: bytes) -> int:
        return self._values[key][3]

    def _remove(self, key: bytes) -> None:
        self._bytes -= len(self._values.pop(key)[0])


def _left(validator: "Any", value: bytes, unix_ms: int) -> int:
    """How long ``value`` is still valid, in ms."""
    left = validator.lifetime_ms(value, unix_ms)
    return 1 << 64 if left is None else left


def rfc3339(unix_ms: int) -> str:
    """A moment as implementations write it: 2026-11-22T18:30:05.123Z."""
    days, rest = unix_ms // 86400000, unix_ms % 86400000
    year = 1970
    while days >= 365 + _is_leap(year):
        days -= 365 + _is_leap(year)
        year += 1
    month = 0
    while days >= _DAYS[month] + (month == 1 and _is_leap(year)):
        days -= _DAYS[month] + (month == 1 and _is_leap(year))
        month += 1
    seconds = rest // 1000
    clock = (seconds // 3600, seconds // 60 % 60, seconds % 60, rest % 1000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % ((year, month + 1, days + 1) + clock)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
