"""The messages of a meeting, in protobuf behind their lengths (varint.frame).

Message   1 follows (bytes, repeated)   2 room    in the first of each end, and only there
          3 ranges   4 wants (names, one behind the other)   5 entries (Entry, repeated)
Entry     1 key   2 value   3 is_answer: 1 if it answers one that was no better

ranges    one behind the other, each from where the one before it ended, the first from the
          least name: the size of its upper bound (one byte, 0: the end of all names), the
          bound, a varint that says what follows:
              0        nothing: nothing is said of this range
              1        a fingerprint: 16 bytes of sha256 of all rows one has in it
              2 + n    all n rows one has in it
"""

from collections import namedtuple

from edge.errors import RemoteError
from edge.records.sync import FOLLOWS_MAX, ROOM_BYTES_MAX, ROOM_BYTES_MIN
from edge.records.sync.table import FINGERPRINT_BYTES, NAME_BYTES, ROW_BYTES
from edge.system import const
from edge.wire import protobuf, varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_BYTES_MAX = 80  # as edge.records has it
ROWS_MAX = 64  # in the list of one range
_FINGERPRINT = const(1)
_LIST = const(2)

Message = namedtuple("Message", ("follows", "room", "ranges", "wants", "entries"))
# Of ``fingerprint`` and ``rows`` one is None.
Range = namedtuple("Range", ("lower", "upper", "fingerprint", "rows"))
Entry = namedtuple("Entry", ("key", "value", "is_answer"))


def decode(data: bytes) -> Message:
    """RemoteError if it is none."""
    follows, room, ranges, wants, entries = protobuf.parse(memoryview(data), "BubbB")
    follows = [bytes(prefix) for prefix in follows]
    if room is not None and not ROOM_BYTES_MIN <= room <= ROOM_BYTES_MAX:
        raise RemoteError("room for messages of {} bytes".format(room))
    if len(follows) > FOLLOWS_MAX or [prefix for prefix in follows if len(prefix) > KEY_BYTES_MAX]:
        raise RemoteError("more than {} prefixes, or longer than a key".format(FOLLOWS_MAX))
    if len(wants or b"") % NAME_BYTES:
        raise RemoteError("names of {} bytes in all".format(len(wants)))
    ranges = list(_ranges(ranges or b""))
    return Message(follows, room, ranges, bytes(wants or b""), [_entry(entry) for entry in entries])


def _entry(data: bytes) -> Entry:
    key, value, is_answer = protobuf.parse(data, "bbu")
    if not key or len(key) > KEY_BYTES_MAX or not value or is_answer not in (None, 1):
        raise RemoteError("an entry without a value or a key of at most {}".format(KEY_BYTES_MAX))
    return Entry(bytes(key), bytes(value), bool(is_answer))


def _ranges(data: bytes) -> "Iterator[Range]":
    """Those of which something is said."""
    lower, offset = b"", 0
    while offset < len(data):
        size = data[offset]
        kind, start = varint.read(data, offset + 1 + size)
        upper = bytes(data[offset + 1 : offset + 1 + size])
        offset = start + _payload_size(kind)
        if offset > len(data) or size > NAME_BYTES or not (lower < upper or not size):
            raise RemoteError("bad range")
        if not size and offset < len(data):
            raise RemoteError("a range behind the last one")
        payload = bytes(data[start:offset])
        if kind == _FINGERPRINT:
            yield Range(lower, upper, payload, None)
        elif kind:
            _check_rows(payload, lower, upper)
            yield Range(lower, upper, None, payload)
        lower = upper


def _payload_size(kind: int) -> int:
    if kind > _LIST + ROWS_MAX:
        raise RemoteError("a list of {} rows, limit {}".format(kind - _LIST, ROWS_MAX))
    if kind < _LIST:
        return kind * FINGERPRINT_BYTES
    return (kind - _LIST) * ROW_BYTES


def _check_rows(rows: bytes, lower: bytes, upper: bytes) -> None:
    """RemoteError unless their names rise, within the range."""
    before = b""
    for name, _ in each_row(rows):
        if not (lower <= name and before < name and (name < upper or not upper)):
            raise RemoteError("rows out of order or out of their range")
        before = name


def each_row(rows: bytes) -> "Iterator[tuple[bytes, bytes]]":
    """``(name, digest)`` of each."""
    for start in range(0, len(rows), ROW_BYTES):
        middle = start + NAME_BYTES
        yield rows[start:middle], rows[middle : start + ROW_BYTES]


def each_name(names: bytes) -> "Iterator[bytes]":
    for start in range(0, len(names), NAME_BYTES):
        yield names[start : start + NAME_BYTES]


# -- writing


def encode_hello(follows: "list[bytes]", room: int) -> bytes:
    """The fields that are in the first message of each end."""
    prefixes = [protobuf.encode_bytes(1, prefix) for prefix in follows]
    return b"".join(prefixes) + protobuf.encode_uint(2, room)


def encode_ranges(ranges: "list[bytes]") -> bytes:
    return protobuf.encode_bytes(3, b"".join(ranges))


def encode_wants(names: bytes) -> bytes:
    return protobuf.encode_bytes(4, names)


def encode_entry(entry: Entry) -> bytes:
    data = protobuf.encode_bytes(1, entry.key) + protobuf.encode_bytes(2, entry.value)
    if entry.is_answer:
        data += protobuf.encode_uint(3, 1)
    return protobuf.encode_bytes(5, data)


def skip_range(upper: bytes) -> bytes:
    return bytes([len(upper)]) + upper + b"\0"


def fingerprint_range(upper: bytes, fingerprint: bytes) -> bytes:
    return bytes([len(upper)]) + upper + b"\x01" + fingerprint


def list_range(upper: bytes, rows: bytes) -> bytes:
    return bytes([len(upper)]) + upper + varint.encode(_LIST + len(rows) // ROW_BYTES) + rows
