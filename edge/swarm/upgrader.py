"""The ladder from a raw connection to a muxed one: negotiate, secure, negotiate, mux.

    raw bytes -> Agreed(/noise) -> Secured(peer) -> Agreed(/yamux/1.0.0) -> streams
                                          |                                   ^
                                          +--- muxer agreed in the handshake -+

On a slow medium the dialer does not wait for the first answer: Noise begins behind the offer.

One pure object for the whole life of a connection: while it climbs, its one event is Upgraded;
afterwards ``muxer`` is there, bytes go through it, and events are the muxer's.
"""

from collections import namedtuple

from edge.errors import RemoteError
from edge.swarm.crypto import Secured, noise
from edge.swarm.protocol_muxer import Refused, multistream
from edge.swarm.stream_muxer import yamux
from edge.swarm.transport import is_slow

SECURITY = (noise.PROTOCOL,)
MUXERS = (yamux.PROTOCOL,)

Upgraded = namedtuple("Upgraded", ("peer_id", "public_key"))


class Upgrader:
    __slots__ = ("muxer", "_dialing", "_keys", "_expected", "_profile", "_streams_max", "_core",
                 "_channel", "_secured", "_noise", "_outbox", "_event")  # fmt: skip

    def __init__(self, keys, dialing: bool, profile, expected=None, streams_max: int = 256) -> None:
        """``keys``: NoiseKeys of this node; ``expected``: PeerId the far end must prove."""
        self.muxer = None
        self._dialing = dialing
        self._keys = keys
        self._expected = expected
        self._profile = profile
        self._streams_max = streams_max
        self._core = self._negotiate(SECURITY)
        self._channel = None
        self._secured = None
        self._noise = None  # that has begun already
        self._outbox = b""
        self._event = None
        if dialing and profile and is_slow(profile):
            self._outbox = self._core.data_to_send()
            self._noise = self._secure()
            self._outbox += self._noise.data_to_send()

    def _secure(self):
        return noise.Noise(self._keys, self._dialing, self._expected, self._profile)

    def receive_data(self, data) -> None:
        """Bytes off the wire.  RemoteError is the connection's end."""
        if self.muxer is None:
            self._climb(data)
        else:
            receive = self.muxer.receive_data
            for plain in self._channel.decrypt(data):
                receive(plain)

    def next_event(self):
        if self._event:
            event, self._event = self._event, None
            return event
        return self.muxer and self.muxer.next_event()

    def data_to_send(self):
        data = self._core.data_to_send()
        if data and self._channel:
            data = self._channel.encrypt(data)
        if self._outbox:
            data, self._outbox = self._outbox + data, b""
        return data

    def _negotiate(self, protocols):
        return (multistream.Dialer if self._dialing else multistream.Listener)(protocols)

    def _climb(self, data) -> None:
        for piece in self._channel.decrypt(data) if self._channel else (data,):
            self._core.receive_data(piece)
            while self.muxer is None:
                event = self._core.next_event()
                if event is None:
                    break
                self._rung(event)

    def _rung(self, event) -> None:
        """One rung up: send what the last core still had to say, put the next in its place."""
        self._outbox = self.data_to_send()
        if isinstance(event, Refused):
            raise RemoteError("the peer has none of {}".format(event.protocols))
        if isinstance(event, Secured):
            self._channel = self._core
            self._secured = event
            if event.muxer:
                self._mux()
            else:
                self._core = self._negotiate(MUXERS)
            self._climb(b"")
        elif self._channel is None:
            self._core, self._noise = self._noise or self._secure(), None
            if event.trailing:
                self._core.receive_data(event.trailing)
        else:
            self._mux()
            if event.trailing:
                self.muxer.receive_data(event.trailing)

    def _mux(self) -> None:
        self._core = self.muxer = yamux.Yamux(self._dialing, self._profile, self._streams_max)
        self._event = Upgraded(self._secured.peer_id, self._secured.public_key)
        self._keys = self._expected = self._secured = None
