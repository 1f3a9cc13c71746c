"""/edge/<peer id bytes>/<path>: what the owner of a key says, as long as a scheme has it valid.

Better is the higher version, then the higher number of the scheme, then what the scheme says, then
the greater SHA-256 of the record.  One record may come with different ages: the older one is right.
Spec: README.md of edge/records.
"""

from edge.errors import RemoteError
from edge.records import EARLIEST_UNIX_MS, not_before, record
from edge.records.schemes import TTL, open_scheme
from edge.system import MICROPYTHON, primitives

VERIFIED_MAX = 16 if MICROPYTHON else 1024  # bundles whose signature is not checked again
READ_MAX = 2 if MICROPYTHON else 16  # bundles that are not taken apart again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.records.observed import Time


class Moment:
    """A Time that knows no more than what a clock says."""

    def __init__(self, unix_ms: int) -> None:
        self.earliest_unix_ms = not_before(unix_ms)
        self.latest_unix_ms = unix_ms if unix_ms >= EARLIEST_UNIX_MS else None

    def learn(self, _: bytes, beat: int) -> int:
        return beat


def open_validator(time: "Time | None") -> "EdgeValidator":
    return EdgeValidator(time)


class EdgeValidator:
    """``time``: what is known of it; None: the clock of who asks is all there is."""

    def __init__(self, time: "Time | None" = None) -> None:
        self._time = time
        self._verified: set = set()  # SHA-256 of bundles without their age
        self._read: dict = {}  # value -> Bundle

    def validate(self, key: bytes, value: bytes, now_unix_ms: int) -> None:
        """RemoteError says why ``value`` is none for ``key``: its form, signature, then scheme."""
        bundle = self._decode(value)
        if bundle.record.key != key:
            raise RemoteError("a record of another key")
        self._check_signature(bundle)
        scheme = open_scheme(bundle.record.scheme)
        scheme.judge(bundle, self._time or Moment(now_unix_ms))

    def _decode(self, value: bytes) -> record.Bundle:
        """Who judges a value asks several things about it."""
        value = bytes(value)
        bundle = self._read.get(value)
        if not bundle:
            bundle = record.decode(value)
            if len(self._read) >= READ_MAX:
                self._read.clear()
            self._read[value] = bundle
        return bundle

    def _check_signature(self, bundle: record.Bundle) -> None:
        """A signature that was right is right: it takes a chip long to see it."""
        seen = primitives.sha256(record.with_age(bundle, 0))
        if seen not in self._verified:
            record.check_signature(bundle)
            if len(self._verified) >= VERIFIED_MAX:
                self._verified.clear()
            self._verified.add(seen)

    def select(self, key: bytes, values: "list[bytes]") -> int:
        """The best of records, whatever their order; one that cannot be read is never it."""
        best = None
        index = -1
        for at, value in enumerate(values):
            try:
                bundle = self._decode(value)
                found = (rank(bundle), bundle.age_ms, bytes(value))
            except RemoteError:
                continue
            if best is None or found > best:
                best, index = found, at
        if index < 0:
            raise RemoteError("no record among them")
        return index

    def compare(self, key: bytes, a: bytes, b: bytes) -> int:
        """1, -1, and 0 only if the record is the same: its age and its signature may differ."""
        left, right = rank(self._decode(a)), rank(self._decode(b))
        return (left > right) - (left < right)

    def lifetime_ms(self, value: bytes, now_unix_ms: int) -> "int | None":
        """How long it is still valid; None: as long as nothing better is known."""
        bundle = self._decode(value)
        time = self._time or Moment(now_unix_ms)
        scheme = open_scheme(bundle.record.scheme)
        return scheme.lifetime_ms(bundle, time.earliest_unix_ms)

    def aged(self, value: bytes, held_ms: int) -> bytes:
        """``value`` as old as it is after it was held for so long."""
        bundle = self._decode(value)
        if bundle.record.scheme != TTL or not held_ms:
            return value
        left = open_scheme(TTL).lifetime_ms(bundle, 0)
        return record.with_age(bundle, bundle.age_ms + min(max(held_ms, 0), left))

    def digest(self, value: bytes) -> bytes:
        """Of the record alone: its age and its signature may differ."""
        return primitives.sha256(self._decode(value).data)


def rank(bundle: record.Bundle) -> tuple:
    """What tells two records apart: equal only if the record is the same."""
    found = bundle.record
    order = open_scheme(found.scheme).rank(found)
    return found.version, found.scheme, order, primitives.sha256(bundle.data)
