"""What every stream muxer core must do: run by the tests of each inhabitant of its door.

``pair()`` gives a fresh dialer's core and a listener's; ``handle_deadline`` is not called.
"""

from edge.errors import LimitError, RemoteError
from edge.swarm.stream_muxer import (
    GoneAway,
    StreamData,
    StreamEnded,
    StreamOpened,
    StreamReset,
    WindowOpened,
)
from edge.system import MICROPYTHON
from tests import kit

CHUNKS = (0, 1, 13) if MICROPYTHON else (0, 1, 2, 3, 5, 11, 12, 13, 64)
GARBAGE = 20 if MICROPYTHON else 300
BLOCK = bytes(4096)


def check(pair) -> None:
    any_chunking_gives_the_same_events(pair)
    both_ends_open_streams(pair)
    windows_stop_and_open(pair)
    half_open_streams_go_on(pair)
    resets_end_both_ways(pair)
    late_frames_are_drained(pair)
    go_away_is_told(pair)
    garbage_is_refused_or_understood(pair)


def events(core) -> list:
    """All events, data of one stream joined where it came in pieces."""
    found: list = []
    event = core.next_event()
    while event:
        if isinstance(event, StreamData):
            event = StreamData(event.id, bytes(event.data))
            last = found[-1] if found else None
            if isinstance(last, StreamData) and last.id == event.id:
                event = StreamData(event.id, found.pop().data + event.data)
        found.append(event)
        event = core.next_event()
    return found


def any_chunking_gives_the_same_events(pair) -> None:
    told = []
    for chunk in CHUNKS:
        dialer, listener = pair()
        for words in (b"a" * 60, b"b" * 40, b""):
            stream_id = dialer.open_stream()
            dialer.send_data(stream_id, words)
            dialer.close_write(stream_id)
        dialer.reset(stream_id)
        dialer.go_away(0)
        kit.pump(dialer, listener, chunk)
        told.append(events(listener))
        assert told[-1] == told[0] and not events(dialer)
    kinds = [type(event) for event in told[0]]
    assert kinds[:3] == [StreamOpened, StreamData, StreamEnded] and kinds[-1] is GoneAway


def both_ends_open_streams(pair) -> None:
    ends = pair()
    ids = []
    for here, there in (ends, (ends[1], ends[0])):
        stream_id = here.open_stream()
        ids.append(stream_id)
        here.send_data(stream_id, b"x")
        kit.pump(here, there)
        assert events(there) == [StreamOpened(stream_id), StreamData(stream_id, b"x")]
    assert ids[0] != ids[1] and all([core.is_open(each) for core in ends for each in ids])


def windows_stop_and_open(pair) -> None:
    """send_data takes what the window holds; what was read comes back, and not more."""
    dialer, listener = pair()
    stream_id = dialer.open_stream()
    sent, taken = 0, 1
    while taken and sent < 1 << 24:
        taken = dialer.send_data(stream_id, BLOCK)
        sent += taken
        kit.pump(dialer, listener)
        events(listener)
    assert not taken
    listener.consumed(stream_id, sent, False)
    kit.pump(dialer, listener)
    assert events(dialer) == [WindowOpened(stream_id)]
    assert dialer.send_data(stream_id, b"x") == 1
    assert listener.pending() == 0


def half_open_streams_go_on(pair) -> None:
    dialer, listener = pair()
    stream_id = dialer.open_stream()
    dialer.close_write(stream_id)
    kit.pump(dialer, listener)
    assert events(listener) == [StreamOpened(stream_id), StreamEnded(stream_id)]
    assert listener.send_data(stream_id, b"answer") == 6
    listener.close_write(stream_id)
    kit.pump(dialer, listener)
    assert events(dialer) == [StreamData(stream_id, b"answer"), StreamEnded(stream_id)]
    assert not dialer.is_open(stream_id) and not listener.is_open(stream_id)


def resets_end_both_ways(pair) -> None:
    for side in range(2):
        ends = pair()
        stream_id = ends[0].open_stream()
        ends[0].send_data(stream_id, b"x")
        kit.pump(*ends)
        events(ends[1])
        ends[side].reset(stream_id)
        kit.pump(*ends)
        (event,) = events(ends[1 - side])
        assert isinstance(event, StreamReset) and event.id == stream_id
        for core in ends:
            assert not core.is_open(stream_id) and not core.send_data(stream_id, b"x")


def late_frames_are_drained(pair) -> None:
    """Data on its way to a stream that was reset harms nobody."""
    dialer, listener = pair()
    first, second = dialer.open_stream(), dialer.open_stream()
    dialer.send_data(first, b"x")
    kit.pump(dialer, listener)
    events(listener)
    dialer.send_data(first, b"late")
    dialer.close_write(first)
    dialer.send_data(second, b"fine")
    listener.reset(first)
    kit.pump(dialer, listener)
    assert events(listener) == [StreamOpened(second), StreamData(second, b"fine")]


def go_away_is_told(pair) -> None:
    dialer, listener = pair()
    listener.go_away(0)
    kit.pump(dialer, listener)
    assert events(dialer) == [GoneAway(0)]
    kit.raises(LimitError, dialer.open_stream)


def _outcome(core, data: bytes, chunk: int):
    """What a core makes of ``data``: events, and whether it was an error."""
    found: list = []
    try:
        step = chunk or len(data) or 1
        for start in range(0, len(data), step):
            core.receive_data(data[start : start + step])
    except RemoteError:
        found.append("error")
    return events(core) + found


def garbage_is_refused_or_understood(pair) -> None:
    rng = kit.Rng(41)
    for _ in range(GARBAGE):
        data = rng.bytes(rng.below(100))
        if rng.below(2):  # a head that is none of the quickly refused
            data = bytes((0, rng.below(4), 0, rng.below(16), 0, 0, 0, rng.below(4))) + data
        for side in range(2):
            assert _outcome(pair()[side], data, 0) == _outcome(pair()[side], data, 1)
