"""Two stores meet, and one of them says anything."""

from edge.errors import LinkError
from edge.records.sync import message
from edge.records.sync.reconciliation import PENDING_MAX, Reconciliation
from edge.wire import varint
from tests.edge.records.sync.meeting import PREFIX, End, record

_RECORDS = {PREFIX + b"%d" % number: record(number, b"x" * number) for number in range(40)}
_HELLO = message.encode_hello([PREFIX], 2048)


def sync_message(data: bytes) -> None:
    """What is understood is in order, and within its bounds."""
    heard = message.decode(data)
    before = b""
    for told in heard.ranges:
        assert before <= told.lower and (told.lower < told.upper or not told.upper)
        assert (told.rows is None) != (told.fingerprint is None)
        before = told.upper or b"\xff" * 17
    assert all(0 < len(entry.key) <= 80 and entry.value for entry in heard.entries)


def sync_meeting(data: bytes) -> None:
    """Whatever is said behind a greeting, each piece behind its length: what is held gets no worse,
    answers are in order and fit, and the work is bounded."""
    end = End(dict(_RECORDS), False)
    try:
        _talk(end, data)
    finally:
        assert all(end.records[key] >= _RECORDS[key] for key in _RECORDS)
        assert len(end.core._pending) <= PENDING_MAX


def _talk(end: End, data: bytes) -> None:
    _say(end.core, end, _HELLO)
    while data and not end.core.finished:
        size = 1 + data[0]
        _say(end.core, end, data[1 : 1 + size])
        data = data[1 + size :]
    try:
        end.core.receive_end()
    except LinkError:
        pass


def _say(core: Reconciliation, end: End, said: bytes) -> None:
    core.receive_data(varint.frame(said))
    end.handle()
    answer = core.data_to_send()
    if answer:
        size, start = varint.read(answer, 0)
        assert size == len(answer) - start <= 2048
        message.decode(answer[start:])


TARGETS = {
    "sync_message": sync_message,
    "sync_meeting": sync_meeting,
}
