"""Which records two nodes do not share: ranges of rows, summed up, split where the sums differ.

    opener                                       the other
    follows, room                      ---->
                                       <----     follows, room, fingerprint of all rows
    fingerprints of eighths            ---->                          (if they differ)
                                       <----     .. of eighths of those that differ, or their rows
    records she lacks, names it wants  ---->
                                       <----     records of those names
    an empty message                   ---->     closes

Each message answers one, so that there is never more than one on the way, and none is longer than
the room its reader has said to have.  What does not fit waits; records go first, then names, then
ranges, those heard last before earlier ones.  Who has nothing to say to an empty message closes.

    receive_data(data)     next_event() -> Met, Got, Turn     data_to_send()
    Met    -> begin(table)                        what is common to both is known
    Got    -> answer(key) if one here is better   a record has come
    Turn   -> offer() what is owed() .. speak()

Nothing is remembered of a meeting that was cut: what was stored is stored, the next one goes on.
Spec: range-based set reconciliation (A. Meyer 2023), edge/records/README.md.
"""

from collections import namedtuple

from edge.errors import LinkError, LocalError, RemoteError
from edge.records.sync import MESSAGES_MAX, ROOM_BYTES, message
from edge.records.sync.message import Entry
from edge.records.sync.table import NAME_BYTES, Table, name_of
from edge.system import MICROPYTHON, const
from edge.wire import varint
from edge.wire.buffer import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PARTS = 8  # a range is split into
LIST_ROWS_MAX = 8  # a range of so few rows is told row by row
REFUSED_ROWS_MAX = 8  # that are told with them
PENDING_MAX = 64 if MICROPYTHON else 1024  # ranges not yet answered; more are taken as one
WANTS_MAX = 256 if MICROPYTHON else 65536  # names not yet asked for; more wait for the next meeting
FRUITLESS_MAX = 24  # messages of fingerprints alone, one after the other
_ANSWER_BYTES = const(560)  # at most, of what is said of one range
_HEAD_BYTES = const(8)  # at most, of a field before what is in it
_DEBT = const(17)  # bytes: a name, and whether it is an answer

Met = namedtuple("Met", ("prefixes",))  # of the keys that both follow
Got = namedtuple("Got", ("key", "value", "is_answer"))
Turn = namedtuple("Turn", ("messages",))  # how many were heard


class Reconciliation:
    """One end of a meeting; pure."""

    def __init__(self, follows: "list[bytes]", is_opener: bool, room: int = ROOM_BYTES) -> None:
        self.finished = False
        self.is_complete = False  # nothing is left for the next meeting
        self.messages = 0  # received
        self._follows = follows
        self._room = room
        self._is_opener = is_opener
        self._failed = False
        self._inbox = Buffer()
        self._outbox = b""
        self._events: list = []
        self._prefixes: list[bytes] = []
        self._table: Any = None
        self._refused: Any = ()
        self._their_room = 0
        self._heard: Any = None  # the message that is to be answered
        self._silent = False  # our last message said nothing
        self._fruitless = 0
        self._pending: list[tuple[bytes, bytes]] = []  # ranges that differ
        self._wants = Buffer()
        self._debts = Buffer()
        self._owed = 0  # records, since the beginning
        self._parts: list[bytes] = []  # of the message that is being made
        self._left = 0  # bytes of room in it
        if is_opener:
            self._outbox = varint.frame(message.encode_hello(follows, room))

    # -- bytes

    def receive_data(self, data: bytes) -> None:
        self._require_alive()
        self._inbox.append(data)
        try:
            frame = self._inbox.take_frame(self._room)
            if frame is not None:
                self._read(message.decode(frame))
            if self._heard is not None and len(self._inbox):
                raise RemoteError("the peer does not wait for an answer")
        except RemoteError:
            self._failed = True
            self._events = []
            raise

    def receive_end(self) -> None:
        """The peer has closed.  LinkError if there was more to be said."""
        if not self.finished and (len(self._inbox) or self._heard or not self._silent):
            self._failed = True
            raise LinkError("the meeting was cut after {} messages".format(self.messages))
        self.finished = self.is_complete = True

    def next_event(self) -> "Any":
        return self._events.pop(0) if self._events else None

    def data_to_send(self) -> bytes:
        data, self._outbox = self._outbox, b""
        return data

    def _require_alive(self) -> None:
        if self._failed or self.finished:
            raise LocalError("this meeting is over")

    # -- hearing

    def _read(self, heard: message.Message) -> None:
        is_first = not self.messages
        if (heard.room is not None) != is_first or (heard.follows and not is_first):
            raise RemoteError("what one follows belongs into the first message")
        self.messages += 1
        self._heard = heard
        if is_first:
            if heard.wants or heard.entries or heard.ranges and not self._is_opener:
                raise RemoteError("more than a greeting before we met")
            self._their_room = heard.room
            self._prefixes = common(self._follows, heard.follows)
            self._events.append(Met(self._prefixes))
        else:
            self._hear()

    def begin(self, table: Table, refused: "Any" = ()) -> None:
        """Compare ``table``, all rows of the common prefixes; it may change from now on.

        Rows in ``refused`` are not asked for, and told as if they were there.
        """
        assert self._table is None
        self._table, self._refused = table, refused
        try:
            self._hear()
        except RemoteError:
            self._failed = True
            self._events = []
            raise

    def _hear(self) -> None:
        heard = self._heard
        self._check_progress(heard)
        for told in heard.ranges:
            if told.rows is not None:
                self._resolve(told)
            elif self._table.fingerprint(*self._table.span(told.lower, told.upper)) != (
                told.fingerprint
            ):
                self._pending.append((told.lower, told.upper))
        if len(self._pending) > PENDING_MAX:
            self._pending = [_hull(self._pending)]
        for name in message.each_name(heard.wants):
            if self._table.digest(name):
                self._owe(name)
        for entry in heard.entries:
            if not is_within(entry.key, self._prefixes):
                raise RemoteError("a record that is not followed here")
            self._events.append(Got(entry.key, entry.value, entry.is_answer))
        self._left = self._their_room
        if self.messages == 1 and not self._is_opener:
            self._greet()
        self._left -= _HEAD_BYTES
        self._events.append(Turn(self.messages))

    def _greet(self) -> None:
        self._put(message.encode_hello(self._follows, self._room))
        if self._prefixes:
            fingerprint = self._table.fingerprint(0, len(self._table))
            self._put(message.encode_ranges([message.fingerprint_range(b"", fingerprint)]))

    def _check_progress(self, heard: message.Message) -> None:
        lists = [told for told in heard.ranges if told.rows is not None]
        self._fruitless += 1
        if heard.wants or heard.entries or lists:
            self._fruitless = 0
        elif self._fruitless > FRUITLESS_MAX:
            raise RemoteError("ranges that differ without end")

    def _resolve(self, told: message.Range) -> None:
        """We know all rows of both in this range: what to send, what to ask for."""
        table = self._table
        index, stop = table.span(told.lower, told.upper)
        for name, digest in message.each_row(told.rows):
            while index < stop and table.name(index) < name:
                self._owe(table.name(index))
                index += 1
            if index < stop and table.name(index) == name:
                index += 1
                if table.digest(name) != digest:
                    self._owe(name)
            elif len(self._wants) < WANTS_MAX * NAME_BYTES and name + digest not in self._refused:
                self._wants.append(name)
        while index < stop:
            self._owe(table.name(index))
            index += 1

    def _owed_max(self) -> int:
        return 4 * len(self._table) + 64

    def _owe(self, name: bytes, is_answer: bool = False) -> None:
        self._owed += 1
        if self._owed > self._owed_max():
            raise RemoteError("more records wanted than there are")
        self._debts.append(name + bytes([is_answer]))

    # -- speaking: when a Turn has come

    def answer(self, key: bytes) -> None:
        """What we have for ``key`` is better than what has come."""
        if self._owed < self._owed_max():
            self._owe(name_of(key), True)

    def owed(self, count_max: int) -> "list[bytes]":
        """The names of the next records to offer."""
        debts = bytes(memoryview(self._debts.peek())[: count_max * _DEBT])
        return [debts[start : start + NAME_BYTES] for start in range(0, len(debts), _DEBT)]

    def offer(self, key: bytes, value: "bytes | None") -> bool:
        """Say the record that is owed next; False if it has to wait for the next message.

        One that does not exist any more (None), or fits into no message, is passed over.
        """
        is_answer = bool(self._debts.peek()[NAME_BYTES])
        if value:
            data = message.encode_entry(Entry(key, value, is_answer))
            if len(data) <= self._left:
                self._put(data)
            elif self._parts:
                return False
        self._debts.take(_DEBT)
        return True

    def speak(self) -> None:
        """End the turn."""
        heard, self._heard = self._heard, None
        assert heard is not None
        self._ask()
        self._answer_ranges()
        said, self._parts = b"".join(self._parts), []
        self._silent = not said
        was_silent = not (heard.room or heard.ranges or heard.wants or heard.entries)
        if self.messages >= MESSAGES_MAX or not said and was_silent:
            self.finished = True
            self.is_complete = not said
        else:
            self._outbox = varint.frame(said)

    def _put(self, field: bytes) -> None:
        self._parts.append(field)
        self._left -= len(field)

    def _ask(self) -> None:
        size = max(0, min(len(self._wants), self._left - _HEAD_BYTES)) // NAME_BYTES * NAME_BYTES
        if size:
            self._put(message.encode_wants(self._wants.take(size)))

    def _answer_ranges(self) -> None:
        """As many as fit, those heard last, in their order; gaps between them are skipped."""
        first = max(0, len(self._pending) - max(0, self._left - _HEAD_BYTES) // _ANSWER_BYTES)
        taken, self._pending = sorted(self._pending[first:]), self._pending[:first]
        said: list[bytes] = []
        cursor: bytes | None = b""
        for lower, upper in taken:
            if cursor is None or lower < cursor:
                self._pending.append((lower, upper))  # the peer let them overlap
                continue
            if lower > cursor:
                said.append(message.skip_range(lower))
            said += self._tell(lower, upper)
            cursor = upper or None
        if said:
            self._put(message.encode_ranges(said))

    def _tell(self, lower: bytes, upper: bytes) -> "list[bytes]":
        """What is to be said of a range that differs."""
        table = self._table
        start, stop = table.span(lower, upper)
        if stop - start <= LIST_ROWS_MAX:
            rows = table.rows(start, stop)
            return [message.list_range(upper, self._with_refused(rows, lower, upper))]
        said = []
        for part in range(1, PARTS + 1):
            end = start + (stop - start) * part // PARTS
            begin = start + (stop - start) * (part - 1) // PARTS
            bound = upper if part == PARTS else table.bound(end)
            said.append(message.fingerprint_range(bound, table.fingerprint(begin, end)))
        return said

    def _with_refused(self, rows: bytes, lower: bytes, upper: bytes) -> bytes:
        """``rows``, and those of the range that were refused: as if we had them, or they would be
        sent again."""
        held = dict(message.each_row(rows))
        more = [row for row in self._refused if row[:NAME_BYTES] not in held]
        more = sorted([row for row in more if row >= lower and (row < upper or not upper)])
        if not more:
            return rows
        names = dict([(row[:NAME_BYTES], row) for row in more[:REFUSED_ROWS_MAX]])
        every = [name + held[name] for name in held] + list(names.values())
        return b"".join(sorted(every))


def common(ours: "list[bytes]", theirs: "list[bytes]") -> "list[bytes]":
    """The prefixes of the keys that begin with one of ``ours`` and one of ``theirs``."""
    found: list[bytes] = []
    for one in ours:
        for other in theirs:
            if one.startswith(other):
                found.append(bytes(one))
            elif other.startswith(one):
                found.append(bytes(other))
    least: list[bytes] = []
    for prefix in sorted(set(found)):
        if not least or not prefix.startswith(least[-1]):
            least.append(prefix)
    return least


def is_within(key: bytes, prefixes: "list[bytes]") -> bool:
    """Whether it begins with one of them."""
    return any([key.startswith(prefix) for prefix in prefixes])


def _hull(ranges: "list[tuple[bytes, bytes]]") -> "tuple[bytes, bytes]":
    """The least range that holds them all."""
    uppers = [upper for _, upper in ranges]
    return min([lower for lower, _ in ranges]), b"" if b"" in uppers else max(uppers)
