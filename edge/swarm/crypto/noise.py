"""Noise_XX_25519_ChaChaPoly_SHA256 as libp2p carries it (noise spec r5).

    dialer                                              listener
      |  e                                 32 bytes       |   payload empty, in the clear
      | ------------------------------------------------> |
      |  e, ee, s, es, payload            200 bytes       |   who I am, signed; my muxers
      | <------------------------------------------------ |
      |  s, se, payload                   168 bytes       |
      | ------------------------------------------------> |
      |  frames: u16 length, ciphertext, 16 bytes of tag  |

    (state, message)            -> state
    dialer    EXPECT_SECOND, 2  -> SECURED after sending 3
    listener  EXPECT_FIRST, 1   -> EXPECT_THIRD after sending 2
              EXPECT_THIRD, 3   -> SECURED
    any state, bad bytes        -> FAILED

The muxer is agreed in the payloads where both ends list theirs: the first of the dialer's list
that the listener has.  A peer that lists none negotiates it inside the channel.
"""

from edge.errors import LocalError, RemoteError
from edge.identity.keys import decode_public_key
from edge.identity.peer_id import PeerId
from edge.swarm.crypto import Secured
from edge.system import MICROPYTHON, primitives
from edge.wire import protobuf

PROTOCOL = "/noise"
TAG_BYTES = 16
FRAME_BYTES_MAX = 65535
PROOFS_MAX = 4 if MICROPYTHON else 64  # peers whose proof need not be verified again
_NAME = b"Noise_XX_25519_ChaChaPoly_SHA256"
_SIGNED_PREFIX = b"noise-libp2p-static-key:"

EXPECT_FIRST = "expect-first"
EXPECT_SECOND = "expect-second"
EXPECT_THIRD = "expect-third"
SECURED = "secured"
FAILED = "failed"


class NoiseKeys:
    """A node's static key, fresh at every start, and the proof that its identity owns it."""

    def __init__(self, key, muxers) -> None:
        """``key``: identity PrivateKey; ``muxers``: protocol ids, best first."""
        self.muxers = muxers
        self._proven: list = []  # (static key of a peer, hash of its proof), last verified last
        self.private, self.public = primitives.x25519_generate()
        listed = b"".join([protobuf.encode_bytes(2, muxer.encode()) for muxer in muxers])
        self.payload = (
            protobuf.encode_bytes(1, key.public.encode())
            + protobuf.encode_bytes(2, key.sign(_SIGNED_PREFIX + self.public))
            + protobuf.encode_bytes(4, listed)
        )

    def verify(self, static: bytes, payload: bytes, public_key, signature: bytes) -> None:
        """RemoteError unless ``public_key`` has signed ``static``.

        Verifying is the dearest step of a handshake.  A peer's static key and proof stay the same
        while it runs: the same pair that convinced us once convinces us again.
        """
        proof = (static, primitives.sha256(payload))
        if proof in self._proven:
            return
        if not public_key.verify(_SIGNED_PREFIX + static, signature):
            raise RemoteError("the static key is not signed by the identity")
        self._proven = self._proven[1 - PROOFS_MAX :] + [proof]


class Noise:
    """One end of one channel, from the first byte of the handshake to the last frame."""

    __slots__ = (
        "state", "_keys", "_dialing", "_expected", "_send_max", "_receive_max", "_inbox", "_early",
        "_event", "_chain", "_hash", "_private", "_public", "_remote", "_cipher", "_send_cipher",
        "_received", "_sent", "_outbox",
    )  # fmt: skip

    def __init__(self, keys: NoiseKeys, dialing: bool, expected=None, profile=None) -> None:
        """``expected``: the PeerId the other end must prove; ``profile``: LinkProfile."""
        self._keys = keys
        self._dialing = dialing
        self._expected = expected
        self._send_max = profile.frame_bytes_max if profile else FRAME_BYTES_MAX - TAG_BYTES
        self._receive_max = profile.receive_frame_bytes_max if profile else FRAME_BYTES_MAX
        self._inbox = bytearray()
        self._early = b""  # frames that arrived in one piece with the handshake's end
        self._event = None
        self._chain = _NAME
        self._hash = primitives.sha256(_NAME)  # the empty prologue is mixed in
        self._private, self._public = primitives.x25519_generate()  # ephemeral
        self._remote = b""  # ephemeral of the peer
        self._cipher = None  # of the handshake; afterwards of what we receive
        self._send_cipher = None
        self._received = self._sent = 0  # nonces
        if dialing:
            self.state = EXPECT_SECOND
            self._mix_hash(self._public)
            self._mix_hash(b"")
            self._outbox = b"\x00\x20" + self._public
        else:
            self.state = EXPECT_FIRST
            self._outbox = b""

    # -- handshake

    def receive_data(self, data) -> None:
        """Handshake bytes from the peer.  RemoteError, once, if they prove nothing."""
        if self.state in (SECURED, FAILED):
            raise LocalError("handshake is over: " + self.state)
        self._inbox += data
        try:
            while self.state != SECURED:
                message = self._take_frame()
                if message is None:
                    return
                self._step(message)
        except (RemoteError, ValueError) as error:  # ValueError: a primitive says no
            self.state = FAILED
            raise RemoteError("noise: {}".format(error))

    def next_event(self):
        event, self._event = self._event, None
        return event

    def data_to_send(self) -> bytes:
        data, self._outbox = self._outbox, b""
        return data

    def _take_frame(self):
        inbox = self._inbox
        if len(inbox) < 2:
            return None
        end = 2 + (inbox[0] << 8 | inbox[1])
        if end - 2 > self._receive_max:
            raise RemoteError("frame of {} bytes".format(end - 2))
        if len(inbox) < end:
            return None
        frame = bytes(inbox[2:end])
        inbox[:end] = b""
        return frame

    def _step(self, message: bytes) -> None:
        if self.state == EXPECT_FIRST:
            if len(message) != 32:
                raise RemoteError("first message of {} bytes".format(len(message)))
            self._remote = message
            self._mix_hash(message)
            self._mix_hash(b"")
            self._send_second()
            self.state = EXPECT_THIRD
        elif self.state == EXPECT_SECOND:
            if len(message) < 32 + 48 + TAG_BYTES:
                raise RemoteError("second message of {} bytes".format(len(message)))
            self._remote = message[:32]
            self._mix_hash(self._remote)
            self._mix_key(primitives.x25519(self._private, self._remote))
            static = self._open(message[32:80], 0)
            self._mix_key(primitives.x25519(self._private, static))
            secured = self._prove(static, self._open(message[80:], 0))
            self._send_third()
            self._split(secured)
        else:
            if len(message) < 48 + TAG_BYTES:
                raise RemoteError("third message of {} bytes".format(len(message)))
            static = self._open(message[:48], 1)
            self._mix_key(primitives.x25519(self._private, static))
            self._split(self._prove(static, self._open(message[48:], 0)))

    def _send_second(self) -> None:
        keys = self._keys
        self._mix_hash(self._public)
        self._mix_key(primitives.x25519(self._private, self._remote))
        static = self._seal(keys.public, 0)
        self._mix_key(primitives.x25519(keys.private, self._remote))
        self._put(self._public + static + self._seal(keys.payload, 0))

    def _send_third(self) -> None:
        static = self._seal(self._keys.public, 1)
        self._mix_key(primitives.x25519(self._keys.private, self._remote))
        self._put(static + self._seal(self._keys.payload, 0))

    def _put(self, message: bytes) -> None:
        self._outbox += bytes((len(message) >> 8, len(message) & 255)) + message

    def _prove(self, static: bytes, payload: bytes) -> Secured:
        """Who signed ``static``; RemoteError if nobody, or not the one we dialed."""
        encoded, signature, _, extensions = protobuf.parse(payload, "bb-b")
        if encoded is None or signature is None:
            raise RemoteError("payload without key or signature")
        public_key = decode_public_key(encoded)
        self._keys.verify(static, payload, public_key, signature)
        peer_id = PeerId.from_public_key(public_key)
        if self._expected is not None and peer_id != self._expected:
            raise RemoteError("expected {}, met {}".format(self._expected, peer_id))
        theirs = protobuf.parse(extensions, "-S")[1] if extensions else ()
        return Secured(peer_id, public_key, self._agree_muxer(theirs))

    def _agree_muxer(self, theirs):
        ours = self._keys.muxers
        if not theirs or not ours:
            return None
        first, second = (ours, theirs) if self._dialing else (theirs, ours)
        for muxer in first:
            if muxer in second:
                return muxer
        raise RemoteError("no muxer in common")

    def _split(self, secured: Secured) -> None:
        one, two = primitives.hkdf2(self._chain, b"")
        send, receive = (one, two) if self._dialing else (two, one)
        self._send_cipher = primitives.Cipher(send)
        self._cipher = primitives.Cipher(receive)
        self._keys = self._private = self._expected = None
        self._chain = self._hash = self._public = self._remote = b""
        self._early, self._inbox = bytes(self._inbox), bytearray()
        self._event = secured
        self.state = SECURED

    # -- the symmetric state of the Noise framework

    def _mix_hash(self, data: bytes) -> None:
        self._hash = primitives.sha256(self._hash + data)

    def _mix_key(self, material: bytes) -> None:
        self._chain, key = primitives.hkdf2(self._chain, material)
        self._cipher = primitives.Cipher(key)

    def _seal(self, data: bytes, nonce: int) -> bytes:
        out = bytearray(len(data) + TAG_BYTES)
        self._cipher.seal_into(nonce, data, self._hash, out)
        sealed = bytes(out)
        self._mix_hash(sealed)
        return sealed

    def _open(self, data: bytes, nonce: int) -> bytes:
        out = bytearray(len(data) - TAG_BYTES)
        self._cipher.open_into(nonce, data, self._hash, out)
        self._mix_hash(data)
        return bytes(out)

    # -- the channel

    def encrypt(self, data) -> bytearray:
        """``data`` as frames."""
        view = memoryview(data)
        size = len(view)
        step = self._send_max
        out = bytearray(size + (size + step - 1) // step * (2 + TAG_BYTES))
        sealed = memoryview(out)
        seal = self._send_cipher.seal_into
        nonce = self._sent
        end = 0
        for start in range(0, size, step):
            plain = view[start : start + step]
            length = len(plain) + TAG_BYTES
            out[end] = length >> 8
            out[end + 1] = length & 255
            end += 2
            seal(nonce, plain, b"", sealed[end : end + length])
            nonce += 1
            end += length
        self._sent = nonce
        return out

    def decrypt(self, data) -> list:
        """The plaintexts of the frames that ``data`` completes.  RemoteError is final."""
        if self.state != SECURED:
            raise LocalError("no channel: " + self.state)
        plain: list = []
        if self._early:
            data, self._early = self._early + bytes(data), b""
        view = memoryview(data)
        try:
            rest = self._finish_frame(view, plain)
            while rest is not None:
                rest = self._open_next(rest, plain)
        except (RemoteError, ValueError) as error:
            self.state = FAILED
            raise RemoteError("noise: {}".format(error))
        return plain

    def _finish_frame(self, view, plain):
        """Complete what the inbox holds; the rest of ``view``, or None if it was not enough."""
        inbox = self._inbox
        while inbox:
            want = 2 if len(inbox) < 2 else 2 + self._frame_length(inbox)
            taken = view[: want - len(inbox)]
            inbox += taken
            view = view[len(taken) :]
            if len(inbox) < want:
                return None
            if want > 2:
                self._inbox = bytearray()
                frame = memoryview(inbox)[2:]
                opened = frame[:-TAG_BYTES]  # in place: the inbox is given away
                self._cipher.open_into(self._received, frame, b"", opened)
                self._received += 1
                plain.append(opened)
                break
        return view

    def _open_next(self, view, plain):
        """Open the frame at the front; the rest of ``view``, or None if it ends within one."""
        size = len(view)
        if size >= 2:
            length = self._frame_length(view)
            end = 2 + length
            if end <= size:
                out = bytearray(length - TAG_BYTES)
                self._cipher.open_into(self._received, view[2:end], b"", out)
                self._received += 1
                plain.append(out)
                return view[end:]
        self._inbox += view
        return None

    def _frame_length(self, head) -> int:
        length = head[0] << 8 | head[1]
        if not TAG_BYTES <= length <= self._receive_max:
            raise RemoteError("frame of {} bytes".format(length))
        return length
