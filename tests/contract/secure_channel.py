"""What every secure channel core must do: run by the tests of each inhabitant of edge/swarm/crypto.

``pair()`` gives a fresh dialer's core and a listener's.
"""

from edge.errors import LocalError, RemoteError
from edge.swarm.crypto import Secured
from edge.system import MICROPYTHON
from tests import kit

CHUNKS = (0, 1, 19) if MICROPYTHON else (0, 1, 2, 3, 7, 17, 18, 19, 33, 100)
GARBAGE = 10 if MICROPYTHON else 200


def check(pair) -> None:
    any_chunking_ends_alike(pair)
    words_arrive_in_any_pieces(pair)
    early_words_are_kept(pair)
    garbage_is_final(pair)
    damage_is_final(pair)
    verbs_have_their_turn(pair)


def _joined(parts) -> bytes:
    return b"".join([bytes(part) for part in parts])


def _secured(pair, chunk: int = 0):
    dialer, listener = pair()
    kit.pump(dialer, listener, chunk)
    for core in (dialer, listener):
        assert isinstance(core.next_event(), Secured) and core.next_event() is None
    return dialer, listener


def any_chunking_ends_alike(pair) -> None:
    for chunk in CHUNKS:
        _secured(pair, chunk)


def words_arrive_in_any_pieces(pair) -> None:
    ends = _secured(pair)
    words = bytes(range(200))
    for sender, receiver in (ends, (ends[1], ends[0])):
        for chunk in CHUNKS:
            sealed = bytes(sender.encrypt(words)) + bytes(sender.encrypt(b"x"))
            step = chunk or len(sealed)
            heard = []
            for start in range(0, len(sealed), step):
                heard += receiver.decrypt(sealed[start : start + step])
            assert _joined(heard) == words + b"x"
            assert words not in sealed


def early_words_are_kept(pair) -> None:
    """Bytes behind the handshake's end, in one piece with it."""
    dialer, listener = pair()
    listener.receive_data(dialer.data_to_send())
    dialer.receive_data(listener.data_to_send())
    listener.receive_data(dialer.data_to_send() + bytes(dialer.encrypt(b"early")))
    assert _joined(listener.decrypt(b"")) == b"early"


def _failed(core) -> None:
    """After a failure nothing but the caller's own error, and nothing to say or to tell."""
    for call in (core.receive_data, core.decrypt):
        kit.raises(LocalError, call, b"more")
    assert core.next_event() is None


def garbage_is_final(pair) -> None:
    rng = kit.Rng(31)
    for _ in range(GARBAGE):
        for core in pair():
            core.data_to_send()
            try:
                for _ in range(3):
                    core.receive_data(rng.bytes(rng.below(300)))
                assert core.next_event() is None
            except RemoteError:
                _failed(core)


def damage_is_final(pair) -> None:
    for place in (-1, 2, 1):
        dialer, listener = _secured(pair)
        sealed = bytearray(dialer.encrypt(b"words")) + bytearray(dialer.encrypt(b"more"))
        sealed[place] ^= 1
        try:
            assert len(_joined(listener.decrypt(bytes(sealed)))) < 9  # waits for a longer frame
        except RemoteError:
            _failed(listener)


def verbs_have_their_turn(pair) -> None:
    for core in pair():
        kit.raises(LocalError, core.decrypt, b"x")
    for core in _secured(pair):
        kit.raises(LocalError, core.receive_data, b"x")
