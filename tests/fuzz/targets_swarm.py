"""A stranger's bytes on every rung of the ladder: refused or understood, in any pieces alike.

The first byte of an input says in how large pieces the rest arrives.
"""

from collections.abc import Callable

from edge.errors import EdgeError, RemoteError
from edge.identity.keys import PrivateKey
from edge.swarm.crypto.noise import FAILED, Noise, NoiseKeys
from edge.swarm.protocol_muxer import Agreed, multistream
from edge.swarm.protocols import identify, identify_message
from edge.swarm.stream_muxer import StreamData
from edge.swarm.stream_muxer.yamux import WINDOW_BYTES, Yamux
from edge.swarm.transport import FAST
from edge.swarm.upgrader import MUXERS, Upgrader
from tests import kit

_KEYS = NoiseKeys(PrivateKey.from_seed(bytes(32)), MUXERS)
_OUTBOX_MAX = 65536  # bytes an answer to an input of the engine's size may have


def _alike(make: Callable, run: Callable, data: bytes) -> None:
    """``run(make(), bytes, step)`` says the same of pieces as of the whole; its error goes on."""
    step, rest = (data[0] + 1, data[1:]) if data else (1, b"")
    whole = run(make(), rest, len(rest) or 1)
    pieces = run(make(), rest, step)
    assert whole[1:] == pieces[1:] and type(whole[0]) is type(pieces[0]), (whole, pieces)
    if whole[0]:
        raise whole[0]


def _feed(core, data: bytes, step: int) -> EdgeError | None:
    try:
        for start in range(0, len(data), step):
            core.receive_data(data[start : start + step])
    except RemoteError as error:
        return error
    return None


# -- protocol muxer


def _negotiate(core, data: bytes, step: int) -> tuple:
    error = None
    for start in range(0, len(data), step):
        try:
            core.receive_data(data[start : start + step])
        except RemoteError as failure:
            error = failure
        if core.state in ("agreed", "refused", "failed"):
            rest = data[start + step :]
            break
    event = core.next_event()
    if isinstance(event, Agreed):
        event = Agreed(event.protocol, event.trailing + rest)
    return error, event, core.state


def multistream_dialer(data: bytes) -> None:
    _alike(lambda: multistream.Dialer(("/a", "/noise")), _negotiate, data)


def multistream_listener(data: bytes) -> None:
    _alike(lambda: multistream.Listener(("/a", "/noise")), _negotiate, data)


# -- crypto


def _shake(core: Noise, data: bytes, step: int) -> tuple:
    """Garbage proves nobody."""
    error = _feed(core, data, step)
    assert core.next_event() is None
    if error:
        kit.raises(EdgeError, core.receive_data, b"x")
    return error, core.state


def noise_dialer(data: bytes) -> None:
    _alike(lambda: Noise(_KEYS, True, None, FAST), _shake, data)


def noise_listener(data: bytes) -> None:
    _alike(lambda: Noise(_KEYS, False, None, FAST), _shake, data)


def noise_payload(data: bytes) -> None:
    """Garbage in a good handshake, where the proof of identity should be."""
    forger = NoiseKeys(PrivateKey.from_seed(bytes(32)), MUXERS)
    forger.payload = data
    dialer, listener = Noise(_KEYS, True, None, FAST), Noise(forger, False, None, FAST)
    listener.receive_data(dialer.data_to_send())
    dialer.receive_data(listener.data_to_send())
    raise AssertionError("somebody is proven who signed nothing")


def _secured() -> tuple[Noise, Noise]:
    dialer, listener = Noise(_KEYS, True, None, FAST), Noise(_KEYS, False, None, FAST)
    kit.pump(dialer, listener)
    return dialer, listener


def noise_channel(data: bytes) -> None:
    """What is sealed arrives in any pieces; what is not is never opened."""
    dialer, listener = _secured()
    step = data[0] + 1 if data else 1
    sealed = bytes(dialer.encrypt(data))
    heard = []
    for start in range(0, len(sealed), step):
        heard += listener.decrypt(sealed[start : start + step])
    assert b"".join(bytes(part) for part in heard) == data
    try:
        assert listener.decrypt(data) == []
    except RemoteError:
        assert listener.state == FAILED
        raise


# -- stream muxer


def _mux(core, data: bytes, step: int) -> tuple:
    opened = [core.open_stream(), core.open_stream()]
    for stream_id in opened:
        core.send_data(stream_id, b"x")
    error = _feed(core, data, step)
    events: list = []
    event = core.next_event()
    while event:
        if isinstance(event, StreamData):
            event = StreamData(event.id, bytes(event.data))
            if events and isinstance(events[-1], StreamData) and events[-1].id == event.id:
                event = StreamData(event.id, events.pop().data + event.data)
        events.append(event)
        event = core.next_event()
    for flow in core._flows.values():
        assert 0 <= flow.receive_window <= WINDOW_BYTES and 0 <= flow.send_window < 1 << 32
    assert core._inbound <= 4 and core.pending() < _OUTBOX_MAX
    return error, events, bytes(core.data_to_send())


def yamux_dialer(data: bytes) -> None:
    _alike(lambda: Yamux(True, FAST, 4), _mux, data)


def yamux_listener(data: bytes) -> None:
    _alike(lambda: Yamux(False, FAST, 4), _mux, data)


def yamux_frames(data: bytes) -> None:
    """Frames with good heads in any order; each 4 bytes of input are one."""
    frames = bytearray(data[:1])
    for start in range(1, len(data) - 3, 4):
        kind, flags, stream_id, length = data[start : start + 4]
        body = bytes(length) if kind & 3 == 0 else b""
        head = (kind & 3) << 80 | (flags & 15) << 64 | (stream_id & 7) << 32 | length
        frames += head.to_bytes(12, "big") + body
    yamux_listener(bytes(frames))


# -- the ladder


def _climb(core: Upgrader, data: bytes, step: int) -> tuple:
    error = _feed(core, data, step)
    assert core.muxer is None and core.next_event() is None
    return error, len(core.data_to_send())


def upgrader_dialer(data: bytes) -> None:
    _alike(lambda: Upgrader(_KEYS, True, FAST), _climb, data)


def upgrader_listener(data: bytes) -> None:
    _alike(lambda: Upgrader(_KEYS, False, FAST), _climb, data)


def upgraded(data: bytes) -> None:
    """A peer that climbed the ladder honestly and then says anything."""
    dialer, listener = Upgrader(_KEYS, True, FAST), Upgrader(_KEYS, False, FAST)
    kit.pump(dialer, listener)
    dialer.muxer._outbox += data
    listener.receive_data(dialer.data_to_send())
    while listener.next_event():
        pass
    listener.data_to_send()


# -- identify


class _Heard:
    """A stream of bytes that are all there."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = data
        self._step = step

    async def read(self) -> bytes:
        part, self._data = self._data[: self._step], self._data[self._step :]
        return part


def _identify(stream: _Heard, data: bytes, step: int) -> tuple:
    reading = identify._read_messages(_Heard(data, step))
    try:
        reading.send(None)
    except StopIteration as end:
        return None, end.value
    except RemoteError as error:
        return error, None
    raise AssertionError("it waits for nothing")


def identify_answer(data: bytes) -> None:
    _alike(lambda: None, _identify, data)


def identify_one_message(data: bytes) -> None:
    told = identify_message.merge(identify_message.NOTHING, data)
    assert identify_message.merge(told, b"") == told
    assert len(told.listen_addresses) <= identify_message.ADDRESSES_MAX
    assert len(told.protocols) <= identify_message.PROTOCOLS_MAX
    for text in (told.agent_version, told.protocol_version):
        assert text is None or len(text) <= identify_message.TEXT_MAX


TARGETS = {
    "multistream_dialer": multistream_dialer,
    "multistream_listener": multistream_listener,
    "noise_dialer": noise_dialer,
    "noise_listener": noise_listener,
    "noise_payload": noise_payload,
    "noise_channel": noise_channel,
    "yamux_dialer": yamux_dialer,
    "yamux_listener": yamux_listener,
    "yamux_frames": yamux_frames,
    "upgrader_dialer": upgrader_dialer,
    "upgrader_listener": upgrader_listener,
    "upgraded": upgraded,
    "identify_answer": identify_answer,
    "identify_message": identify_one_message,
}
