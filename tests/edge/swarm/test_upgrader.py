"""The ladder, climbed by two cores over any pieces; and how it ends when it cannot be."""

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.swarm.crypto.noise import NoiseKeys
from edge.swarm.protocol_muxer.multistream import line
from edge.swarm.stream_muxer import StreamData, StreamOpened
from edge.swarm.transport import FAST
from edge.swarm.upgrader import MUXERS, Upgraded, Upgrader
from edge.system import MICROPYTHON
from tests import kit

ONE, TWO = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
TWO_ID = PeerId.from_public_key(TWO.public)
LISTED, UNLISTED = ([NoiseKeys(ONE, muxers), NoiseKeys(TWO, muxers)] for muxers in (MUXERS, ()))


def pair(one=LISTED[0], two=LISTED[1]):
    return Upgrader(one, True, FAST, TWO_ID), Upgrader(two, False, FAST)


def climbed(dialer, listener) -> None:
    event = dialer.next_event()
    assert isinstance(event, Upgraded) and event.peer_id == TWO_ID
    assert isinstance(listener.next_event(), Upgraded)
    stream_id = dialer.muxer.open_stream()
    dialer.muxer.send_data(stream_id, b"hello")
    kit.pump(dialer, listener)
    assert listener.next_event() == StreamOpened(1)
    assert listener.next_event() == StreamData(1, b"hello")


def test_the_ladder_in_any_pieces():
    for chunk in (0, 1, 19) if MICROPYTHON else (0, 1, 2, 3, 7, 19, 20, 34, 100):
        dialer, listener = pair()
        kit.pump(dialer, listener, chunk)
        climbed(dialer, listener)


def test_a_peer_that_lists_no_muxer_negotiates_it():
    pairs = ((LISTED[0], UNLISTED[1]), (UNLISTED[0], LISTED[1]), (UNLISTED[0], UNLISTED[1]))
    for one, two in pairs:
        for chunk in (0, 11):
            dialer, listener = pair(one, two)
            kit.pump(dialer, listener, chunk)
            climbed(dialer, listener)


def test_round_trips_with_the_muxer_listed():
    """Offer, echo; noise 1, 2, 3: the dialer may speak with its third flight."""
    dialer, listener = pair()
    flights = 0
    while dialer.muxer is None:
        listener.receive_data(dialer.data_to_send())
        dialer.receive_data(listener.data_to_send())
        flights += 1
    assert flights == 2
    stream_id = dialer.muxer.open_stream()
    dialer.muxer.send_data(stream_id, b"glued to the third message")
    listener.receive_data(dialer.data_to_send())
    assert isinstance(listener.next_event(), Upgraded)
    assert listener.next_event() == StreamOpened(1)
    assert listener.next_event().data == b"glued to the third message"


def test_what_cannot_be_climbed():
    header = line("/multistream/1.0.0")
    dialer, _ = pair()
    kit.raises(RemoteError, dialer.receive_data, header + line("na"))
    _, listener = pair()
    kit.raises(RemoteError, listener.receive_data, b"GET / HTTP/1.1\r\n\r\n")
    _, listener = pair()
    listener.receive_data(header + line("/plaintext/2.0.0") + line("/tls/1.0.0"))
    assert listener.data_to_send() == header + line("na") * 2
    assert listener.muxer is None


def test_security_cannot_be_skipped():
    """Whatever is offered, no stream opens before the channel is secure."""
    for offer in ("/yamux/1.0.0", "/mplex/6.7.0", "/ipfs/id/1.0.0", "/plaintext/2.0.0"):
        _, listener = pair()
        listener.receive_data(line("/multistream/1.0.0") + line(offer))
        assert listener.data_to_send().endswith(line("na")) and listener.muxer is None


def test_garbage_raises_nothing_but_remote_error():
    rng = kit.Rng(21)
    start = line("/multistream/1.0.0") + line("/noise")
    for _ in range(20 if MICROPYTHON else 200):
        dialer, listener = pair()
        for core in (dialer, listener):
            try:
                core.receive_data(start if rng.below(2) else b"")
                core.receive_data(rng.bytes(rng.below(300)))
            except RemoteError:
                pass
            assert core.muxer is None


if __name__ == "__main__":
    kit.run(globals())
