"""Agree on one protocol for one byte stream: multistream-select 1.0.

dialer                                       listener
  |  /multistream/1.0.0 , /noise  ------------> |     header and offer in one flight
  |  <------------  /multistream/1.0.0          |
  |  <------------  /noise            agreed    |     or `na`, then the next offer

(state, line)                  -> state               a pair not here is the peer's error
EXPECT_HEADER, the header      -> EXPECT_ANSWER (dialer) or EXPECT_OFFER (listener)
EXPECT_ANSWER, what we offered -> AGREED
EXPECT_ANSWER, na              -> EXPECT_ANSWER, or REFUSED after the last offer
EXPECT_OFFER, one we have      -> AGREED
EXPECT_OFFER, another          -> EXPECT_OFFER after answering na (`ls` too: it is optional)
"""

from edge.errors import LocalError, RemoteError, printable
from edge.swarm.protocol_muxer import Agreed, Refused
from edge.wire import varint

HEADER = "/multistream/1.0.0"
NOT_AVAILABLE = "na"
LINE_BYTES_MAX = 1024  # newline included
OFFERS_MAX = 64  # unknown protocols a dialer may name before we stop listening

EXPECT_HEADER = "expect-header"
EXPECT_ANSWER = "expect-answer"
EXPECT_OFFER = "expect-offer"
AGREED = "agreed"
REFUSED = "refused"
FAILED = "failed"
_OVER = (AGREED, REFUSED, FAILED)


def line(text: str) -> bytes:
    """``text`` as it travels: length, text, newline."""
    payload = text.encode() + b"\n"
    if len(payload) > LINE_BYTES_MAX:
        raise LocalError("protocol id longer than {} bytes".format(LINE_BYTES_MAX - 1))
    return varint.frame(payload)


class _Negotiation:
    """Lines in, lines out; what a line means is for the two ends below."""

    def __init__(self, protocols, greeting: bytes) -> None:
        self.state = EXPECT_HEADER
        self._protocols = protocols
        self._inbox = bytearray()
        self._outbox = greeting
        self._event = None

    def receive_data(self, data) -> None:
        """Take bytes from the peer.  RemoteError, once, if they break the protocol."""
        if self.state in _OVER:
            raise LocalError("negotiation is over: " + self.state)
        self._inbox += data
        try:
            while self.state not in _OVER:
                text = self._read_line()
                if text is None:
                    return
                self._step(text)
        except RemoteError:
            self.state = FAILED
            raise

    def next_event(self):
        """Agreed or Refused, once; else None."""
        event, self._event = self._event, None
        return event

    def data_to_send(self) -> bytes:
        data, self._outbox = self._outbox, b""
        return data

    def _read_line(self):
        head = varint.decode(self._inbox)
        if head is None:
            return None
        size, start = head
        if not 0 < size <= LINE_BYTES_MAX or (
            self.state == EXPECT_HEADER and size != len(HEADER) + 1
        ):
            raise RemoteError("line of {} bytes".format(size))
        end = start + size
        if len(self._inbox) < end:
            return None
        taken = bytes(self._inbox[start:end])
        self._inbox[:end] = b""
        if taken[-1] != 10:
            raise RemoteError("line without newline")
        try:
            return taken[:-1].decode()
        except UnicodeError:
            raise RemoteError("line is not utf-8")

    def _step(self, text: str) -> None:
        if self.state == EXPECT_HEADER:
            if text != HEADER:
                raise RemoteError("expected {}, got {}".format(HEADER, printable(text)))
            self.state = self._greeted()
        else:
            self._choose(text)

    def _agree(self, protocol: str) -> None:
        self.state = AGREED
        self._event = Agreed(protocol, bytes(self._inbox))
        self._inbox = bytearray()


class Dialer(_Negotiation):
    """Offers ``protocols`` in order until one is taken."""

    def __init__(self, protocols) -> None:
        super().__init__(protocols, line(HEADER) + line(protocols[0]))
        self._offered = 0  # index of the protocol now on the table

    def _greeted(self) -> str:
        return EXPECT_ANSWER

    def _choose(self, text: str) -> None:
        if text == self._protocols[self._offered]:
            self._agree(text)
        elif text != NOT_AVAILABLE:
            raise RemoteError("answer to another offer: " + printable(text))
        elif self._offered + 1 < len(self._protocols):
            self._offered += 1
            self._outbox += line(self._protocols[self._offered])
        else:
            self.state = REFUSED
            self._event = Refused(self._protocols)


class Listener(_Negotiation):
    """Takes the first offer that is in ``protocols``."""

    def __init__(self, protocols) -> None:
        super().__init__(protocols, b"")
        self._refusals = 0

    def _greeted(self) -> str:
        self._outbox += line(HEADER)
        return EXPECT_OFFER

    def _choose(self, text: str) -> None:
        if text in self._protocols:
            self._outbox += line(text)
            self._agree(text)
            return
        self._refusals += 1
        if self._refusals > OFFERS_MAX:
            raise RemoteError("more than {} unknown protocols".format(OFFERS_MAX))
        self._outbox += line(NOT_AVAILABLE)
