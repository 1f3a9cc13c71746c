"""Noise: who is at the other end, proven; and frames that nobody has touched.

The signature vector is computed from the key of the libp2p peer-ids spec.
"""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.swarm.crypto import Secured
from edge.swarm.crypto.noise import FAILED, PROOFS_MAX, SECURED, TAG_BYTES, Noise, NoiseKeys
from edge.swarm.transport import FAST
from edge.system import MICROPYTHON
from edge.wire import protobuf
from tests import kit
from tests.contract import secure_channel as contract

YAMUX = "/yamux/1.0.0"
ONE, TWO = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
ONE_ID, TWO_ID = PeerId.from_public_key(ONE.public), PeerId.from_public_key(TWO.public)
KEYS = {}  # made once: a handshake costs a chip dearly


def keys(private=ONE, muxers=(YAMUX,)) -> NoiseKeys:
    wanted = (private.seed, muxers)
    if wanted not in KEYS:
        KEYS[wanted] = NoiseKeys(private, muxers)
    return KEYS[wanted]


def pair(dialer_muxers=(YAMUX,), listener_muxers=(YAMUX,), expected=TWO_ID):
    dialer = Noise(keys(ONE, dialer_muxers), True, expected, FAST)
    return dialer, Noise(keys(TWO, listener_muxers), False, None, FAST)


def secured():
    dialer, listener = pair()
    kit.pump(dialer, listener)
    dialer.next_event()
    listener.next_event()
    return dialer, listener


def forged(payload: bytes, private=TWO):
    """A listener's core whose payload is ``payload``."""
    own = NoiseKeys(private, ())
    own.payload = payload
    return Noise(own, False, None, FAST)


def joined(parts) -> bytes:
    return b"".join([bytes(part) for part in parts])


def test_both_learn_who_the_other_is():
    dialer, listener = pair()
    kit.pump(dialer, listener)
    event = dialer.next_event()
    assert isinstance(event, Secured) and event.peer_id == TWO_ID and event.muxer == YAMUX
    assert event.public_key.encode() == TWO.public.encode()
    assert listener.next_event().peer_id == ONE_ID
    assert dialer.state == listener.state == SECURED and dialer.next_event() is None


def test_sizes_of_the_handshake():
    dialer, listener = pair((), ())
    first = dialer.data_to_send()
    listener.receive_data(first)
    second = listener.data_to_send()
    dialer.receive_data(second)
    third = dialer.data_to_send()
    empty_extensions = 2
    assert len(first) == 34
    assert len(second) == 202 + empty_extensions
    assert len(third) == 170 + empty_extensions


def test_any_chunking_gives_the_same_end():
    for chunk in (1, 7, 33) if MICROPYTHON else range(1, 120, 3):
        dialer, listener = pair()
        kit.pump(dialer, listener, chunk)
        assert dialer.state == listener.state == SECURED


def test_muxers_are_agreed_in_the_handshake():
    for ours, theirs, agreed in (
        (("/a", "/b"), ("/b", "/a"), "/a"),  # the dialer's order
        (("/x", "/b"), ("/b",), "/b"),
        ((), ("/b",), None),
        (("/b",), (), None),
    ):
        dialer, listener = pair(ours, theirs)
        kit.pump(dialer, listener)
        assert dialer.next_event().muxer == listener.next_event().muxer == agreed
    dialer, listener = pair(("/a",), ("/b",))
    listener.receive_data(dialer.data_to_send())
    kit.raises(RemoteError, dialer.receive_data, listener.data_to_send())


def test_words_both_ways_in_any_pieces():
    dialer, listener = secured()
    for chunk in (1, 2, 3, 17, 18, 19, 64):
        for words in (b"", b"x", bytes(range(200))):
            sealed = bytes(dialer.encrypt(words))
            got = []
            for start in range(0, len(sealed), chunk):
                got += listener.decrypt(sealed[start : start + chunk])
            assert joined(got) == words
            assert joined(dialer.decrypt(listener.encrypt(words))) == words


def test_much_is_cut_into_frames():
    dialer, listener = secured()
    size = 3 * FAST.frame_bytes_max + 5
    sealed = dialer.encrypt(bytes(size))
    assert len(sealed) == size + 4 * (2 + TAG_BYTES)
    assert len(joined(listener.decrypt(sealed))) == size


def test_frames_that_come_with_the_handshakes_end():
    dialer, listener = pair()
    listener.receive_data(dialer.data_to_send())
    dialer.receive_data(listener.data_to_send())
    third = dialer.data_to_send()
    early = bytes(dialer.encrypt(b"early ")) + bytes(dialer.encrypt(b"bird"))
    listener.receive_data(third + early[:-3])
    assert joined(listener.decrypt(b"")) == b"early "
    assert joined(listener.decrypt(early[-3:])) == b"bird"


def test_an_empty_frame_is_legal():
    dialer, listener = secured()
    out = bytearray(TAG_BYTES)
    dialer._send_cipher.seal_into(0, b"", b"", out)
    dialer._sent = 1
    assert joined(listener.decrypt(b"\x00\x10" + bytes(out))) == b""
    assert joined(listener.decrypt(dialer.encrypt(b"next"))) == b"next"


def test_nonces_go_on():
    dialer, listener = secured()
    for _ in range(200 if MICROPYTHON else 100000):
        sealed = dialer.encrypt(b"x")
        listener.decrypt(sealed)
    assert joined(listener.decrypt(dialer.encrypt(b"still here"))) == b"still here"


def test_what_breaks_the_channel():
    dialer, listener = secured()
    sealed = bytes(dialer.encrypt(b"secret"))
    second = bytes(dialer.encrypt(b"second"))
    for broken in (
        b"\x00\x00",
        b"\x00\x0f" + bytes(15),
        sealed[:-1] + bytes((sealed[-1] ^ 1,)),  # the tag
        sealed[:2] + bytes((sealed[2] ^ 1,)) + sealed[3:],  # the text
        second,  # out of order
    ):
        _, victim = secured()
        victim._cipher = listener._cipher
        kit.raises(RemoteError, victim.decrypt, broken)
        assert victim.state == FAILED
        kit.raises(LocalError, victim.decrypt, sealed)  # not skipped: the end
    assert joined(listener.decrypt(sealed)) == b"secret"
    kit.raises(RemoteError, listener.decrypt, sealed)  # replayed


def test_a_frame_longer_than_we_hold():
    if FAST.receive_frame_bytes_max < 65535:
        _, listener = secured()
        kit.raises(RemoteError, listener.decrypt, b"\xff\xff")
        _, listener = pair()
        kit.raises(RemoteError, listener.receive_data, b"\xff\xff")


def test_first_message_carries_no_payload():
    for size in (0, 31, 33, 64):
        _, listener = pair()
        kit.raises(RemoteError, listener.receive_data, bytes((0, size)) + bytes(size))


def test_a_key_of_small_order_is_refused():
    _, listener = pair()
    kit.raises(RemoteError, listener.receive_data, b"\x00\x20" + bytes(32))
    assert listener.state == FAILED


def test_another_protocol_name_or_a_touched_message_fails():
    for position in (2, 40, 90, 150):
        dialer, listener = pair()
        listener.receive_data(dialer.data_to_send())
        second = bytearray(listener.data_to_send())
        second[position] ^= 1
        kit.raises(RemoteError, dialer.receive_data, bytes(second))
    dialer, listener = pair()
    listener.receive_data(dialer.data_to_send())
    dialer.receive_data(listener.data_to_send())
    third = bytearray(dialer.data_to_send())
    third[10] ^= 1
    kit.raises(RemoteError, listener.receive_data, bytes(third))


def test_a_replayed_answer_fails():
    dialer, listener = pair()
    listener.receive_data(dialer.data_to_send())
    answer = listener.data_to_send()
    other = Noise(keys(), True, None, FAST)
    other.data_to_send()
    kit.raises(RemoteError, other.receive_data, answer)


def test_short_messages():
    for size in (0, 31, 32, 95):
        dialer, _ = pair()
        kit.raises(RemoteError, dialer.receive_data, bytes((0, size)) + bytes(size))
    for size in (0, 48, 63):
        dialer, listener = pair()
        listener.receive_data(dialer.data_to_send())
        kit.raises(RemoteError, listener.receive_data, bytes((0, size)) + bytes(size))


def test_payloads_that_prove_nothing():
    good = keys(TWO).payload
    encoded, signature, _, _ = protobuf.parse(good, "bb-b")  # signed for another static key
    key, signed = protobuf.encode_bytes(1, encoded), protobuf.encode_bytes(2, signature)
    for payload in (
        b"",
        key,
        signed,
        key + signed,
        protobuf.encode_bytes(1, b"\x08\x04\x12\x20" + bytes(32)) + signed,
        key + protobuf.encode_bytes(2, b""),
        b"\xff" * 30,
    ):
        dialer, listener = Noise(keys(), True, None, FAST), forged(payload)
        listener.receive_data(dialer.data_to_send())
        kit.raises(RemoteError, dialer.receive_data, listener.data_to_send())
        assert dialer.state == FAILED


def test_a_proof_is_verified_once_and_only_for_its_key():
    verified = []

    class Key:
        def verify(self, message, signature):
            verified.append(message)
            return signature == b"good"

    own = NoiseKeys(ONE, ())
    for _ in range(3):
        own.verify(b"static", b"payload", Key(), b"good")
    assert len(verified) == 1
    own.verify(b"other", b"payload", Key(), b"good")
    own.verify(b"static", b"other", Key(), b"good")
    assert len(verified) == 3
    for _ in range(2):
        kit.raises(RemoteError, own.verify, b"static", b"forged", Key(), b"bad")
    assert len(verified) == 5  # a refusal is not remembered
    for number in range(2 * PROOFS_MAX):
        own.verify(bytes((number,)), b"payload", Key(), b"good")
    assert len(own._proven) == PROOFS_MAX


def test_another_peer_than_dialed():
    dialer, listener = pair(expected=ONE_ID)
    listener.receive_data(dialer.data_to_send())
    error = kit.raises(RemoteError, dialer.receive_data, listener.data_to_send())
    assert str(TWO_ID) in str(error)


def test_extensions_unknown_or_many():
    listener = Noise(keys(TWO), False, None, FAST)
    extensions = protobuf.encode_bytes(2, YAMUX.encode()) + protobuf.encode_bytes(1024, b"x")
    own = NoiseKeys(TWO, ())
    own.muxers = (YAMUX,)
    own.payload += protobuf.encode_bytes(4, extensions) + protobuf.encode_bytes(77, b"y")
    listener = Noise(own, False, None, FAST)
    dialer = Noise(keys(), True, TWO_ID, FAST)
    kit.pump(dialer, listener)
    assert dialer.next_event().muxer == YAMUX
    own.payload = keys(TWO, ()).payload
    many = protobuf.encode_bytes(2, b"/no") * (100 if MICROPYTHON else 12000)
    own = NoiseKeys(TWO, ())
    own.muxers = (YAMUX,)
    own.payload += protobuf.encode_bytes(4, many)
    listener = Noise(own, False, None, FAST)
    dialer = Noise(keys(), True, TWO_ID, FAST)
    listener.receive_data(dialer.data_to_send())
    kit.raises(RemoteError, dialer.receive_data, listener.data_to_send())


def test_the_identity_signs_as_others_do():
    private = PrivateKey(
        bytes.fromhex("7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d")
    )
    signature = private.sign(b"noise-libp2p-static-key:" + bytes(range(32)))
    assert signature.hex() == (
        "6748f6f4c32e36aa2ef8df283a99a76275a9358b224844c53ced6ae4789262d0"
        "0a86a6fe47a578ae243faa2a3ed9f4fd22d1bc38527f4797548e568ca43f500c"
    )


def test_garbage_raises_nothing_but_remote_error():
    rng = kit.Rng(3)
    for _ in range(20 if MICROPYTHON else 200):
        dialer, listener = pair()
        for core in (dialer, listener):
            try:
                core.receive_data(rng.bytes(rng.below(300)))
                core.receive_data(rng.bytes(rng.below(300)))
            except RemoteError:
                assert core.state == FAILED
                kit.raises(LocalError, core.receive_data, b"x")


def test_use_out_of_turn_is_our_own_error():
    dialer, _ = secured()
    kit.raises(LocalError, dialer.receive_data, b"x")
    kit.raises(LocalError, pair()[0].decrypt, b"x")


def test_contract():
    contract.check(pair)


if __name__ == "__main__":
    kit.run(globals())
