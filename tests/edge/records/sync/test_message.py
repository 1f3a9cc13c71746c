"""The bytes of a meeting: each part there and back, and what is refused."""

from edge.errors import RemoteError
from edge.records.sync import message
from edge.records.sync.message import Entry
from edge.wire import protobuf
from tests import kit

ROW = bytes(range(32))


def ranges_of(*parts) -> list:
    return message.decode(message.encode_ranges(list(parts))).ranges


def test_what_is_said_is_heard() -> None:
    said = message.encode_hello([b"/edge/", b"/pk/"], 4096)
    said += message.encode_wants(bytes(32))
    said += message.encode_entry(Entry(b"/edge/k", b"value", False))
    said += message.encode_entry(Entry(b"k", b"v", True))
    heard = message.decode(said)
    assert heard.follows == [b"/edge/", b"/pk/"] and heard.room == 4096
    assert heard.wants == bytes(32) and heard.ranges == []
    assert heard.entries == [(b"/edge/k", b"value", False), (b"k", b"v", True)]
    assert message.decode(b"") == ([], None, [], b"", [])


def test_ranges_go_from_bound_to_bound() -> None:
    fingerprint = bytes(16)
    first, second, last = ranges_of(
        message.fingerprint_range(b"\x00\x01", fingerprint),
        message.skip_range(b"\x02"),
        message.fingerprint_range(b"\x03", fingerprint),
        message.list_range(b"", b"\x04" + ROW[1:]),
    )
    assert (first.lower, first.upper, first.fingerprint) == (b"", b"\x00\x01", fingerprint)
    assert (second.lower, second.upper, second.rows) == (b"\x02", b"\x03", None)
    assert (last.lower, last.upper, last.rows) == (b"\x03", b"", b"\x04" + ROW[1:])
    assert ranges_of(message.list_range(b"", b""))[0].rows == b""


def test_what_is_no_message() -> None:
    skip, rows = message.skip_range, message.list_range
    bad = [
        message.encode_hello([], 2047),
        message.encode_hello([], 65537),
        message.encode_hello([b"x"] * 25, 4096),
        message.encode_hello([b"x" * 81], 4096),
        message.encode_wants(bytes(15)),
        protobuf.encode_bytes(5, b""),
        message.encode_entry(Entry(b"k" * 81, b"v", False)),
        message.encode_entry(Entry(b"k", b"", False)),
        message.encode_entry(Entry(b"k", b"v", False))[:-1],
        protobuf.encode_bytes(5, protobuf.encode_bytes(1, b"k") + protobuf.encode_bytes(2, b"v")
                              + protobuf.encode_uint(3, 2)),
    ]  # fmt: skip
    for parts in (
        (skip(b"\x02"), skip(b"\x01")),
        (skip(b"\x02"), skip(b"\x02")),
        (skip(b""), skip(b"")),
        (skip(bytes(17)),),
        (message.fingerprint_range(b"", bytes(15)),),
        (rows(b"", bytes(31)),),
        (rows(b"", ROW + ROW),),
        (rows(b"", b"\x01" + ROW[1:] + ROW),),
        (rows(b"\x00", ROW),),
        (skip(b"\x01"), rows(b"", ROW)),
        (b"\x00\xff\xff",),
        (b"\x00\x43",),
        (b"\x05abc",),
    ):
        bad.append(message.encode_ranges(list(parts)))
    for data in bad:
        kit.raises(RemoteError, message.decode, data)


if __name__ == "__main__":
    kit.run(globals())
