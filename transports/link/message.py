"""What is in a frame.  Sections 3 and 4 of README.md.

    HELLO, WELCOME  kind 1, newest 1, oldest 1, epoch 4, echo 4, features 4, payload_max 2,
                    credit 1, options ...
    DATA            kind 1, ordinal 1, sequence 2, [report 8], payload ...
    REPORT          kind 1, report 8: acknowledged 2, ordinal 1, heard 4, credit 1
    CLOSE           kind 1

and the CRC-32 of it all.  In the last three the sum goes on from one over the epochs of both ends
and the upper halves of the numbers, which are not sent: what was meant for another session, or for
another place in the stream, is as wrong as what was damaged.
"""

from binascii import crc32
from collections import namedtuple

from edge.system import const

DATA = 1
REPORT = 2  # with DATA: both in one frame
HELLO = 4  # asks for a WELCOME
WELCOME = 5
CLOSE = 6

CREDIT_BYTES = 128  # one unit of credit
OVERHEAD_BYTES = 10  # of a DATA frame without report on the line
_HELLO_BYTES = const(18)
_REPORT_BYTES = const(8)
_HEAD_BYTES = const(4)
_SUM_BYTES = const(4)
_HALF = const(32768)

Hello = namedtuple(
    "Hello",
    ("newest", "oldest", "epoch", "echo", "features", "payload_max", "credit", "options"),
)
Report = namedtuple(
    "Report",
    (
        "acknowledged",  # all bytes before this one arrived
        "ordinal",  # of the last frame that arrived, modulo 256
        "heard",  # bit n: the frame with ordinal - n arrived, too
        "credit",  # how many units after `acknowledged` find room
    ),
)
Data = namedtuple("Data", ("ordinal", "sequence", "payload"))


def tag(sender: int, receiver: int) -> int:
    """What the sums of all frames from one epoch to another begin with."""
    return crc32(sender.to_bytes(4, "big") + receiver.to_bytes(4, "big"))


def encode_hello(kind: int, hello: Hello) -> bytes:
    return _sealed(
        bytes([kind, hello.newest, hello.oldest])
        + hello.epoch.to_bytes(4, "big")
        + hello.echo.to_bytes(4, "big")
        + hello.features.to_bytes(4, "big")
        + hello.payload_max.to_bytes(2, "big")
        + bytes([hello.credit])
        + hello.options,
        0,
    )


def decode_hello(body: bytes) -> "Hello | None":
    """None if it is none, or damaged."""
    size = len(body) - _SUM_BYTES
    if size < _HELLO_BYTES or not _intact(body, 0):
        return None
    epoch, echo, features = [int.from_bytes(body[at : at + 4], "big") for at in (3, 7, 11)]
    payload_max = int.from_bytes(body[15:17], "big")
    if not epoch or not payload_max:
        return None
    rest = body[_HELLO_BYTES:size]
    return Hello(body[1], body[2], epoch, echo, features, payload_max, body[17], rest)


def encode(data: "Data | None", report: "Report | None", start: int) -> bytes:
    """A frame of a session; neither ``data`` nor ``report`` is CLOSE."""
    kind, head, told, payload = 0, b"", b"", b""
    if data:
        kind = DATA
        head = bytes([data.ordinal & 255]) + (data.sequence & 65535).to_bytes(2, "big")
        payload = data.payload
    if report:
        kind |= REPORT
        told = (report.acknowledged & 65535).to_bytes(2, "big") + bytes([report.ordinal & 255])
        told += report.heard.to_bytes(4, "big") + bytes([report.credit])
    start = _beginning(data.sequence if data else 0, report.acknowledged if report else 0, start)
    return _sealed(bytes([kind or CLOSE]) + head + told + payload, start)


def decode(body: bytes, start: int, expected: int, unacknowledged: int) -> "tuple | None":
    """The Data and the Report of a frame, each None if absent; both None is CLOSE.

    ``expected`` and ``unacknowledged``: where the stream is in either direction.  None if the frame
    is damaged, or not meant for us here.
    """
    kind = body[0] if body else 0
    size = len(body) - _SUM_BYTES
    if kind == CLOSE:
        return (None, None) if size == 1 and _intact(body, _beginning(0, 0, start)) else None
    at = 1 + (_HEAD_BYTES - 1 if kind & DATA else 0)
    end = at + (_REPORT_BYTES if kind & REPORT else 0)
    if not 0 < kind < HELLO or size < end or kind == REPORT and size > end:
        return None
    sequence = acknowledged = 0
    if kind & DATA:
        sequence = _widened(body, 2, expected)
    if kind & REPORT:
        acknowledged = _widened(body, at, unacknowledged)
    if sequence < 0 or acknowledged < 0:
        return None
    if not _intact(body, _beginning(sequence, acknowledged, start)):
        return None
    data = Data(body[1], sequence, body[end:size]) if kind & DATA else None
    if not kind & REPORT:
        return data, None
    heard = int.from_bytes(body[at + 3 : at + 7], "big")
    return data, Report(acknowledged, body[at + 2], heard, body[at + 7])


def _beginning(sequence: int, acknowledged: int, start: int) -> int:
    return crc32(_upper(sequence) + _upper(acknowledged), start)


def _upper(number: int) -> bytes:
    return (number >> 16 & 0xFFFFFFFF).to_bytes(4, "big")


def _widened(body: bytes, at: int, near: int) -> int:
    """The number nearest to ``near`` whose lower half stands in ``body``."""
    low = int.from_bytes(body[at : at + 2], "big")
    return near + ((low - near + _HALF) & 65535) - _HALF


def _sealed(body: bytes, start: int) -> bytes:
    return body + crc32(body, start).to_bytes(4, "big")


def _intact(body: bytes, start: int) -> bool:
    size = len(body) - _SUM_BYTES
    return crc32(body[:size], start) == int.from_bytes(body[size:], "big")
