"""Judge: what every store asks before it keeps a value, gives one away, or drops one.

key --> its namespace --> validator, with what is known of the time
"""

from edge.errors import RemoteError, printable
from edge.records import KEY_BYTES_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records.observed import Time


class Judge:
    """``validators``: by namespace, see open_validators, made with the same ``time``."""

    def __init__(self, validators: dict, time: "Time") -> None:
        self._validators = validators
        self.time = time

    def check(self, key: bytes, value: bytes) -> None:
        """RemoteError says why ``value`` is no valid one for ``key`` now."""
        if not 0 < len(key) <= KEY_BYTES_MAX:
            raise RemoteError("a key of {} bytes, not 1 to {}".format(len(key), KEY_BYTES_MAX))
        self._validator(key).validate(key, value, self.time.earliest_unix_ms)

    def compare(self, key: bytes, a: bytes, b: bytes) -> int:
        """1: ``a`` is the better of two valid values, -1: ``b`` is, 0: they are one record."""
        return self._validator(key).compare(key, a, b)

    def is_newer(self, key: bytes, value: bytes, held: bytes) -> bool:
        """Whether ``value`` is to take the place of ``held``, aged to now; both valid.

        RemoteError if ``held`` is better.  False if they are the same record; but True if that one
        has noticeably less time left in ``value``: whoever passed on ``held`` forgot some.
        """
        order = self.compare(key, value, held)
        if order < 0:
            raise RemoteError("old record: a better one is known")
        if order > 0:
            return True
        left, most = self.lifetime_ms(key, value), self.lifetime_ms(key, held)
        return left is not None and most is not None and left < most - most // 8

    def best(self, key: bytes, values: "list[bytes]") -> bytes:
        """The best of valid values; the same whatever their order."""
        return values[self._validator(key).select(key, values)]

    def lifetime_ms(self, key: bytes, value: bytes) -> "int | None":
        """How long ``value`` is still valid; None: it never ends."""
        return self._validator(key).lifetime_ms(value, self.time.earliest_unix_ms)

    def digest(self, key: bytes, value: bytes) -> bytes:
        """32 bytes that are the same for all values that are the same record, and only for them."""
        return self._validator(key).digest(value)

    def aged(self, key: bytes, value: bytes, held_ms: int) -> bytes:
        """What to give away of a ``value`` that was held for so long."""
        return self._validator(key).aged(value, held_ms)

    def _validator(self, key: bytes) -> "Any":
        parts = key.split(b"/", 2)
        if len(parts) > 2 and not parts[0] and parts[2]:
            for namespace in self._validators:
                if namespace.encode() == parts[1]:
                    return self._validators[namespace]
        raise RemoteError("no records are called {}".format(printable(key)))
