"""A link session between two ends, and anything on the wire."""

from tests.transports.link.adversary import ordeal
from transports.link import frames, message, session
from transports.link.session import Session

SCRIPT_BYTES_MAX = 300


def link_frame(data: bytes) -> None:
    """What is cut out of noise is bounded; what is encoded is decoded."""
    assert frames.decode(frames.encode(data)[:-1]) == data
    reader = frames.Reader()
    for start in range(0, len(data), 7):
        for chunk in reader.receive_data(data[start : start + 7]):
            assert chunk and b"\0" not in chunk
            body = frames.decode(chunk) or b""
            message.decode(body, 0, 0, 0)
            message.decode_hello(body)


def _pass(a: Session, b: Session, now: int) -> None:
    for core, other in ((a, b), (b, a)):
        core.handle_deadline(now)
        other.receive_data(core.data_to_send(now), now)


def _body(data: bytes) -> bytes:
    """A frame whose sum is right, with fields of any value."""
    kind, rest = data[:1], data[1:]
    start = 0 if kind and kind[0] >= message.HELLO else message.tag(7, 9)
    if start:
        start = message.crc32(bytes(8), start)
    return frames.encode(data + message.crc32(kind + rest, start).to_bytes(4, "big"))


def link_session(data: bytes) -> None:
    """Frames with right sums that say anything, noise, and time: what is held is bounded, and
    where only noise was heard, two ends still understand each other."""
    a, b = Session(7, 11520, 0), Session(9, 11520, 0)
    now = 0
    for _ in range(4):
        now += 5
        _pass(a, b, now)
    forged = False
    while data:
        size, action, now = 1 + data[0] % 64, data[0] // 64, now + 1 + data[0] % 8
        piece, data = data[1 : 1 + size], data[1 + size :]
        if action == 0:
            b.receive_data(piece, now)
        elif action == 1:
            forged = True
            b.receive_data(_body(piece), now)
        elif action == 2 and a.state != session.CLOSED:
            a.send(piece)
        _pass(a, b, now)
        bound = session.BUFFER_BYTES_MAX
        assert len(b.receiver) <= bound and len(b.console) <= session.CONSOLE_BYTES_MAX
        assert sum(len(part[1]) for part in b.receiver._parts) <= bound
    if not forged:
        _goes_on(a, b, now)


def _goes_on(a: Session, b: Session, now: int) -> None:
    assert a.state == b.state == session.OPEN
    for _ in range(3000):
        if a.sender.is_done:
            break
        now += 10
        _pass(a, b, now)
        b.read(4096)
    assert a.sender.is_done


def link_pair(data: bytes) -> None:
    """A script for who stands between two ends: afterwards they talk, and all was right."""
    ordeal(data[:SCRIPT_BYTES_MAX])


TARGETS = {"link_frame": link_frame, "link_session": link_session, "link_pair": link_pair}
