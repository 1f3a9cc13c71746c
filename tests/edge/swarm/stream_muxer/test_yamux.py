"""Yamux: streams, windows, ends; and all that breaks the protocol (two cores, or one and bytes)."""

from edge.errors import LimitError, RemoteError
from edge.swarm.stream_muxer import (
    GoneAway,
    GoneSilent,
    StreamData,
    StreamEnded,
    StreamOpened,
    StreamReset,
    WindowOpened,
)
from edge.swarm.stream_muxer.yamux import ANSWERS_MAX, UNANSWERED_MAX, WINDOW_BYTES, Yamux
from edge.swarm.transport import FAST
from edge.system import MICROPYTHON
from tests import kit
from tests.contract import stream_muxer as contract

DATA, WINDOW, PING, GO_AWAY = 0, 1, 2, 3
SYN, ACK, FIN, RST = 1, 2, 4, 8


def frame(kind, flags, stream_id, length, data=b""):
    number = kind << 80 | flags << 64 | stream_id << 32 | length
    return number.to_bytes(12, "big") + data


def sent(core):
    """The frames a core wants to send: (type, flags, stream, length, data)."""
    data, frames = bytes(core.data_to_send()), []
    while data:
        kind, flags, stream_id = data[1], data[3], int.from_bytes(data[4:8], "big")
        length = int.from_bytes(data[8:12], "big")
        body = data[12 : 12 + length] if kind == DATA else b""
        frames.append((kind, flags, stream_id, length, body))
        data = data[12 + len(body) :]
    return frames


def events(core):
    found = []
    event = core.next_event()
    while event:
        found.append(event)
        event = core.next_event()
    return found


def pair():
    return Yamux(True, FAST), Yamux(False, FAST)


def listener():
    return Yamux(False, FAST, streams_max=4)


def opened(stream_id=1):
    """A listener on which the peer has opened a stream."""
    core = listener()
    core.receive_data(frame(WINDOW, SYN, stream_id, 0))
    assert events(core) == [StreamOpened(stream_id)]
    return core


def test_open_write_end():
    dialer, core = pair()
    stream_id = dialer.open_stream()
    assert stream_id == 1 and not dialer.data_to_send()  # the peer learns of it with its bytes
    assert dialer.send_data(stream_id, b"hello") == 5
    dialer.close_write(stream_id)
    kit.pump(dialer, core)
    assert events(core) == [StreamOpened(1), StreamData(1, b"hello"), StreamEnded(1)]
    assert core.send_data(1, b"back") == 4
    core.close_write(1)
    kit.pump(dialer, core)
    assert events(dialer) == [StreamData(1, b"back"), StreamEnded(1)]
    assert not dialer.is_open(1) and not core.is_open(1)


def test_ids_are_odd_for_the_dialer_and_even_for_the_listener():
    dialer, core = pair()
    assert [dialer.open_stream(), dialer.open_stream()] == [1, 3]
    assert [core.open_stream(), core.open_stream()] == [2, 4]


def test_first_frame_carries_syn_and_the_first_back_ack():
    dialer, core = pair()
    stream_id = dialer.open_stream()
    dialer.send_data(stream_id, b"a")
    dialer.send_data(stream_id, b"b")
    assert [item[1] for item in sent(dialer)] == [SYN, 0]
    core.receive_data(frame(DATA, SYN, 1, 1, b"a"))
    core.send_data(1, b"x")
    core.send_data(1, b"y")
    assert [item[1] for item in sent(core)] == [ACK, 0]


def test_a_stream_without_data_is_opened_by_its_end():
    dialer, core = pair()
    dialer.close_write(dialer.open_stream())
    kit.pump(dialer, core)
    assert events(core) == [StreamOpened(1), StreamEnded(1)]


def test_any_chunking_gives_the_same_bytes():
    for chunk in (1, 2, 5, 11, 12, 13, 100):
        dialer, core = pair()
        one, two = dialer.open_stream(), dialer.open_stream()
        dialer.send_data(one, b"a" * 60)
        dialer.send_data(two, b"b" * 40)
        dialer.close_write(one)
        kit.pump(dialer, core, chunk)
        got = {one: b"", two: b""}
        ended = []
        for event in events(core):
            if isinstance(event, StreamData):
                got[event.id] += bytes(event.data)
            elif isinstance(event, StreamEnded):
                ended.append(event.id)
        assert got == {one: b"a" * 60, two: b"b" * 40} and ended == [one]


def test_the_window_stops_the_sender_and_opens_again():
    core = listener()
    core.receive_data(frame(WINDOW, SYN, 1, 0))
    block = bytes(8192)
    total = 0
    taken = core.send_data(1, block)
    while taken:
        core.data_to_send()
        total += taken
        taken = core.send_data(1, block)
    assert total == WINDOW_BYTES
    events(core)
    core.receive_data(frame(WINDOW, 0, 1, 100))
    assert events(core) == [WindowOpened(1)]
    assert core.send_data(1, block) == 100


def test_windows_do_not_overflow():
    core = opened()
    for _ in range(3):
        core.receive_data(frame(WINDOW, 0, 1, 0xFFFFFFFF))
    assert core.send_data(1, b"x") == 1 and not events(core)


def test_half_the_window_read_is_given_back():
    core = opened()
    assert not core.consumed(1, WINDOW_BYTES // 2 - 1, False)
    assert core.consumed(1, 1, False)
    assert sent(core) == [(WINDOW, ACK, 1, WINDOW_BYTES // 2, b"")]


def test_an_eager_reader_gets_a_wider_window_up_to_the_bound():
    core = opened()
    granted = WINDOW_BYTES
    for _ in range(20):
        core.receive_data(frame(DATA, 0, 1, 0))
        core.consumed(1, granted, True)
        granted = sent(core)[0][3]
    assert granted <= max(FAST.window_bytes_max, WINDOW_BYTES)
    assert MICROPYTHON or granted == FAST.window_bytes_max


def test_data_past_the_window_resets_the_stream_only():
    core = opened()
    core.receive_data(frame(DATA, 0, 1, WINDOW_BYTES + 1))
    assert events(core) == [StreamReset(1, 1)] and not core.is_open(1)
    assert sent(core) == [(WINDOW, RST, 1, 0, b"")]
    for _ in range(WINDOW_BYTES // 8192):
        core.receive_data(bytes(8192))
    core.receive_data(b"\x00" + frame(WINDOW, SYN, 3, 0))  # the payload was drained
    assert events(core) == [StreamOpened(3)]


def test_the_greatest_length_costs_nothing():
    core = listener()
    core.receive_data(frame(DATA, 0, 1, 0xFFFFFFFF) + bytes(1000))
    assert not events(core)


def test_frames_of_unknown_streams_are_drained():
    core = listener()
    core.receive_data(frame(DATA, 0, 7, 3, b"abc") + frame(WINDOW, ACK, 9, 10))
    core.receive_data(frame(DATA, FIN, 7, 0) + frame(WINDOW, RST, 11, 5))
    core.receive_data(frame(WINDOW, SYN, 1, 0))
    assert events(core) == [StreamOpened(1)]


def test_reset_ends_both_ways_and_its_length_is_no_window():
    core = opened()
    core.receive_data(frame(WINDOW, RST, 1, 0x1003))
    assert events(core) == [StreamReset(1, 0x1003)]
    assert core.send_data(1, b"x") == 0 and not core.data_to_send()
    core = opened()
    core.receive_data(frame(DATA, RST, 1, 2, b"ab"))  # rust resets with empty data; be lenient
    assert events(core) == [StreamReset(1, 0)]


def test_our_reset():
    core = opened()
    core.reset(1)
    assert sent(core) == [(WINDOW, ACK | RST, 1, 0, b"")] and not core.is_open(1)
    core.reset(1)
    assert not core.data_to_send()


def test_fin_on_either_frame_and_only_once():
    for end in (frame(WINDOW, FIN, 1, 0), frame(DATA, FIN, 1, 0)):
        core = opened()
        core.receive_data(end + end)
        assert events(core) == [StreamEnded(1)]
    core = opened()
    core.receive_data(frame(DATA, FIN, 1, 2, b"ab"))
    assert events(core) == [StreamData(1, b"ab"), StreamEnded(1)]


def test_open_data_and_end_in_one_frame():
    core = listener()
    core.receive_data(frame(DATA, SYN | FIN, 1, 2, b"ab"))
    assert events(core) == [StreamOpened(1), StreamData(1, b"ab"), StreamEnded(1)]


def test_data_after_the_end_resets_the_stream():
    core = opened()
    core.receive_data(frame(WINDOW, FIN, 1, 0) + frame(DATA, 0, 1, 1, b"x"))
    assert events(core) == [StreamEnded(1), StreamReset(1, 1)]


def test_what_ends_the_connection():
    for hostile in (
        b"\x01" + frame(DATA, 0, 1, 0)[1:],
        frame(4, 0, 1, 0),
        frame(WINDOW, SYN, 2, 0),  # parity: even ids are ours
        frame(DATA, SYN, 0, 0),
        frame(DATA, 0, 0, 1),
        frame(WINDOW, 0, 0, 1),
    ):
        kit.raises(RemoteError, listener().receive_data, hostile)
    core = opened()
    kit.raises(RemoteError, core.receive_data, frame(WINDOW, SYN, 1, 0))  # twice


def test_unknown_flags_are_ignored():
    core = listener()
    core.receive_data(frame(WINDOW, SYN | 0xFFF0, 1, 0))
    assert events(core) == [StreamOpened(1)]


def test_too_many_streams_are_reset():
    core = listener()
    for number in range(6):
        core.receive_data(frame(DATA, SYN, 2 * number + 1, 1, b"x"))
    assert [e.id for e in events(core) if isinstance(e, StreamOpened)] == [1, 3, 5, 7]
    assert sent(core) == [(WINDOW, RST, 9, 0, b""), (WINDOW, RST, 11, 0, b"")]
    core.reset(1)
    core.receive_data(frame(WINDOW, SYN, 13, 0))
    assert events(core) == [StreamOpened(13)]


def test_unanswered_streams_are_bounded():
    core = Yamux(True, FAST)
    for _ in range(UNANSWERED_MAX):
        core.open_stream()
    kit.raises(LimitError, core.open_stream)
    core.receive_data(frame(WINDOW, ACK, 1, 0))
    assert core.open_stream() == 2 * UNANSWERED_MAX + 1


def test_ack_for_a_stream_never_opened_is_ignored():
    core = Yamux(True, FAST)
    core.receive_data(frame(WINDOW, ACK, 1, 0))
    assert not events(core)


def test_ping_is_answered_with_its_value():
    core = listener()
    core.receive_data(frame(PING, SYN, 0, 0xABCD))
    assert sent(core) == [(PING, ACK, 0, 0xABCD, b"")]
    core.receive_data(frame(PING, ACK, 0, 99))  # never asked
    assert not core.data_to_send() and not events(core)


def test_every_stream_too_many_is_refused():
    core = listener()
    for number in range(100):
        core.receive_data(frame(WINDOW, SYN, 2 * number + 1, 0))
    assert len(sent(core)) == 96


def test_a_flood_of_pings_is_not_answered_in_full():
    core = listener()
    core.receive_data(frame(PING, SYN, 0, 1) * 500)
    assert len(sent(core)) == ANSWERS_MAX
    core.receive_data(frame(PING, SYN, 0, 1))
    assert len(sent(core)) == 1  # sending makes room


def test_go_away():
    for code in (0, 1, 2, 77):
        core = Yamux(True, FAST)
        stream_id = core.open_stream()
        core.send_data(stream_id, b"x")
        core.receive_data(frame(GO_AWAY, 0, 0, code))
        assert events(core) == [GoneAway(code)]
        kit.raises(LimitError, core.open_stream)
        assert core.send_data(stream_id, b"y") == 1  # open streams go on
    core.go_away(1)
    assert sent(core)[-1] == (GO_AWAY, 0, 0, 1, b"")


def test_ids_run_out():
    core = Yamux(True, FAST)
    core._next_id = 0xFFFFFFFF
    assert core.open_stream() == 0xFFFFFFFF
    kit.raises(LimitError, core.open_stream)


def test_silence_is_asked_about_and_then_believed():
    core, now = listener(), 1000
    core.handle_deadline(now)
    now = core.deadline()
    assert now == 1000 + FAST.keepalive_ms and not core.data_to_send()
    core.handle_deadline(now)
    (kind, flags, _, value, _), *rest = sent(core)
    assert (kind, flags, rest) == (PING, SYN, [])
    assert core.deadline() == now + FAST.answer_timeout_ms
    core.receive_data(frame(PING, ACK, 0, value))
    now = core.deadline()
    core.handle_deadline(now)
    assert not core.data_to_send() and not events(core)
    for _ in range(2):
        core.handle_deadline(core.deadline())
    assert isinstance(events(core)[0], GoneSilent)


def test_anything_heard_counts_as_life():
    core = opened()
    now = 0
    for _ in range(5):
        now += FAST.keepalive_ms
        core.receive_data(frame(WINDOW, 0, 1, 1))
        core.handle_deadline(now)
    assert not core.data_to_send() and not events(core)


def test_large_and_small_streams_share_the_connection():
    dialer, core = pair()
    large, small = dialer.open_stream(), dialer.open_stream()
    dialer.send_data(large, bytes(9000))
    dialer.send_data(small, b"me too")
    kit.pump(dialer, core)
    got = [event for event in events(core) if isinstance(event, StreamData)]
    assert bytes(got[-1].data) == b"me too"


def some_frame(rng):
    head = [rng.below(bound) for bound in (4, 16, 6, 40)]
    return frame(*head, data=rng.bytes(rng.below(40)))


def test_garbage_raises_nothing_but_remote_error():
    rng = kit.Rng(11)
    for _ in range(200):
        core = listener()
        data = b"".join([some_frame(rng) for _ in range(rng.below(8))])
        try:
            kit.deliver(data, core, rng.below(30))
        except RemoteError:
            pass
        events(core)
        core.data_to_send()


def test_contract():
    contract.check(pair)


if __name__ == "__main__":
    kit.run(globals())
