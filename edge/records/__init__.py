"""The distributed record store: values under keys that nobody has to be trusted for.

    key     /ipns/<peer id bytes>      the first segment, the namespace, says who judges
    value   bytes that prove themselves to its validator

    a program --- RecordStore: memory, flash, kad, mdns, s3, or several as one
                       \\--- Judge --- validators, by namespace --- schemes
                                \\--- Time: what is known of it

A validator is by its namespace in validators/; it has these functions, the last four only if it
needs them:

    validate(key, value, now_unix_ms)        RemoteError says why ``value`` is none for ``key``
    select(key, values) -> int               which of ``values``, all valid, is the best
    compare(key, a, b) -> int                1: a is better, -1: b is, 0: they are the same record
    lifetime_ms(value, now_unix_ms) -> int   until it ends; None: never
    aged(value, held_ms) -> bytes            what to pass on of a value held for so long
    digest(value) -> bytes                   32, the same for all values that are the same record

``select`` is a total order: whoever holds the same values picks the same one, in whatever order
they came, and only identical bytes are equal.  Whether a value is valid is for the key, the value
and the time to say, and nobody else is asked.

Time.  A board may not know it: its clock starts at some date of long ago, or at zero.  What it does
know is that it is not earlier than this program, so ``EARLIEST_UNIX_MS`` is what a clock that is
behind is taken for, and not earlier than the last time it knew (``observed``).  What has ended by
then is refused on every machine.  What ends later is accepted by one that cannot tell, and its
signature and its order still hold: old values lose against newer ones, and whoever asks for the
value judges it by a clock of its own.  A clock that runs ahead refuses what is still good; it is
right again as soon as it is set.

The format of our own records, schemes, order and names: README.md.
"""

from collections import namedtuple

from edge.errors import LinkError
from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.system import aio

EARLIEST_UNIX_MS = 1793491200000  # 2026-11-01: it is later wherever this runs
KEY_BYTES_MAX = 80  # as go, rust and js
KEYS_MAX = 64 if MICROPYTHON else 131072  # that one call of keys() gives

# The best value of ``key`` is another one now; None: there is none any more.
Changed = namedtuple("Changed", ("key", "value"))


class UnkeptError(LinkError):
    """Too few keep the record yet; the store goes on trying by itself."""


class RecordStore:
    """The contract; inhabitants need not inherit it.

    Whatever is stored has been judged before, and is judged again before it is given to anybody:
    what has become invalid is dropped, and the log says what and why.  Keys and values are bytes.
    """

    name = ""

    async def start(self) -> None:
        """Open what the values lie in.  LinkError or LocalError if that is impossible."""

    async def stop(self) -> None:
        """Make durable what is not yet, and end every task and watch."""

    async def put(self, key: bytes, value: bytes) -> bool:
        """Keep ``value``: True; False if the same record was there already.

        RemoteError if it is not valid, or as "old record: .." if a better one is here; LimitError
        if a bound of the key, its owner or the store says no; LinkError if the medium fails.
        """
        raise NotImplementedError

    async def get(self, key: bytes) -> "bytes | None":
        """The best valid value of ``key``; None if there is none."""
        raise NotImplementedError

    async def get_all(self, key: bytes) -> "list[bytes]":
        """Every valid value that can be found, no two the same, the best first."""
        value = await self.get(key)
        return [] if value is None else [value]

    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> "list[bytes]":
        """The first KEYS_MAX of the keys that begin with ``prefix``, sorted, behind ``after``."""
        raise NotImplementedError

    async def remove(self, key: bytes) -> bool:
        """Forget every value of ``key`` here; whether there was one."""
        raise NotImplementedError

    def watch(self, prefix: bytes = b"") -> "aio.Queue":
        """A queue of Changed, from now on, of keys that begin with ``prefix``.  Bounded: what
        finds it full is dropped."""
        raise NotImplementedError

    def unwatch(self, queue: "aio.Queue") -> None:
        """No more into ``queue``."""
        raise NotImplementedError

    async def sync(self) -> None:
        """Returns once all that was put is durable, or handed on."""

    def status(self) -> dict:
        """How it is doing, as plain values."""
        return {}


def not_before(now_unix_ms: int) -> int:
    """The time it is at least, in ms since 1970, where the clock says ``now_unix_ms``."""
    return max(now_unix_ms, EARLIEST_UNIX_MS)
