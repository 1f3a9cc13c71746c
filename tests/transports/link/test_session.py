"""Meeting, negotiation, silence, console, bounds: one session against another or against words."""

from edge.errors import LinkError, LocalError
from tests import kit
from tests.transports.link.wire import Cable
from transports.link import frames, message, session
from transports.link.message import Hello
from transports.link.session import Session

RATE = 11520


def _hello(kind: int, hello: Hello) -> bytes:
    return frames.encode(message.encode_hello(kind, hello))


def _meet(a: Session, b: Session, now: int = 0) -> None:
    for core, other in ((a, b), (b, a), (a, b)):
        other.receive_data(core.data_to_send(now), now)


def _opened() -> tuple:
    a, b = Session(1, RATE, 0, b"a's"), Session(2, RATE, 0, b"b's")
    _meet(a, b)
    assert a.next_event() == session.Opened(1, 0, b"b's")
    assert b.next_event() == session.Opened(1, 0, b"a's")
    assert a.next_event() is None
    return a, b


def test_two_ends_meet_in_one_round_trip():
    _opened()


def test_misuse():
    for epoch in (0, 1 << 32, -1):
        kit.raises(LocalError, Session, epoch, RATE, 0)
    kit.raises(LocalError, Session, 1, RATE, 0, bytes(256))
    a, _ = _opened()
    a.close()
    kit.raises(LinkError, a.send, b"x")


def test_it_says_hello_until_somebody_answers():
    a = Session(1, RATE, 0)
    said, now = 0, 0
    for _ in range(20):
        now = max(now, a.deadline() or 0)
        a.handle_deadline(now)
        said += len(a.data_to_send(now)) > 0
    assert said == 20 and 1900 <= now <= 2600


def test_versions():
    a = Session(1, RATE, 0)
    a.receive_data(_hello(message.HELLO, Hello(9, 2, 5, 0, 0, 1024, 16, b"")), 0)
    assert "versions 1 to 1" in a.next_event().reason and a.deadline() is None
    a = Session(1, RATE, 0)
    newer = Hello(9, 1, 5, 1, 0xFFFFFFFF, 48, 16, b"more")
    a.receive_data(_hello(message.WELCOME, newer), 0)
    assert a.next_event() == session.Opened(1, 0, b"more")
    a.send(bytes(300))
    first = a.data_to_send(0)
    assert max([len(chunk) for chunk in first.split(b"\0")]) <= 48 + 11


def test_a_looped_line_is_nobody():
    a = Session(1, RATE, 0)
    for now in range(0, 1000, 50):
        a.receive_data(a.data_to_send(now), now)
    assert a.state == session.WAITING and a.damaged == 0


def test_a_new_epoch_ends_it_at_once():
    a, _ = _opened()
    a.receive_data(Session(3, RATE, 0).data_to_send(0), 5)
    assert a.next_event() == session.Closed("the peer started again")


def test_the_same_epoch_does_not():
    a, b = _opened()
    b.line_lost(10)
    assert b.data_to_send(20) == b""
    b.line_restored(3000)
    _meet(b, a, 3000)
    assert a.state == b.state == session.OPEN


def test_closing_is_told():
    a, b = _opened()
    a.close()
    b.receive_data(a.data_to_send(1), 1)
    assert b.next_event() == session.Closed("closed by the peer")
    assert a.next_event() == session.Closed("closed here")
    assert a.data_to_send(2) == b"" and a.deadline() is None


def test_what_arrived_before_the_end_can_be_read():
    a, b = _opened()
    a.send(b"last words")
    b.receive_data(a.data_to_send(1), 1)
    a.close()
    b.receive_data(a.data_to_send(2), 2)
    assert b.state == session.CLOSED and b.read(100) == b"last words"


def test_silence():
    cable = Cable(RATE)
    cable.run(lambda: False, 30000)
    assert cable.a.session.state == cable.b.session.state == session.OPEN
    assert cable.there.carried < 2000  # a quiet line stays quiet
    cable.cut()
    assert not cable.run(lambda: cable.a.reason, session.SILENCE_MS_MAX - 1100)
    assert cable.run(lambda: cable.a.reason and cable.b.reason, 1200)
    assert cable.a.reason == "nothing heard for 10 s"


def test_console():
    a, b = _opened()
    a.receive_data(b"boot: ok\r\n", 1)
    assert a.take_console() == b""
    a.handle_deadline(1 + session.CONSOLE_IDLE_MS)
    assert a.take_console() == b"boot: ok\r\n" and a.take_console() == b""
    b.send(b"data")
    a.receive_data(b"panic" + b.data_to_send(500), 500)  # its first zero ends the text
    assert a.take_console() == b"panic" and a.read(9) == b"data"
    a.receive_data(b"\x01\x80\xff\0", 501)
    assert a.damaged == 1 and a.take_console() == b""
    for _ in range(100):
        a.receive_data(b"text " * 200 + b"\0", 502)
    assert len(a.console) <= session.CONSOLE_BYTES_MAX


def test_who_does_not_read_holds_the_other_back():
    cable = Cable(92160)
    data = kit.Rng(1).bytes(3000) * (1 + 2 * session.BUFFER_BYTES_MAX // 3000)
    cable.b.reads = False
    cable.a.to_send = data
    cable.run(lambda: False, 3000)
    held = len(cable.b.session.receiver)
    assert session.BUFFER_BYTES_MAX - 256 < held <= session.BUFFER_BYTES_MAX
    assert cable.a.session.state == session.OPEN
    cable.b.reads = True
    assert cable.run(lambda: len(cable.b.got) == len(data), 3000)
    assert bytes(cable.b.got) == data


def test_any_chunking_means_the_same():
    for size in (1, 2, 5, 50):
        a, b = _opened()
        a.send(b"one\0two" * 9)
        wire = b"text\0" + a.data_to_send(1) + b"\5junk\1\0"
        for start in range(0, len(wire), size):
            b.receive_data(wire[start : start + size], 1)
        assert b.read(100) == b"one\0two" * 9 and b.take_console() == b"text"
        assert b.counters() == (3, 1, 0, 0, 0)


if __name__ == "__main__":
    kit.run(globals())
