"""Who dials in a session: what each end says first in its stream.  README.md, "Who dials".

dials     01, length 2, so many bytes of the connection; the rest when it is settled
accepts   02, then the connection

(we, heard)                     -> outcome
dial, 02                        -> DIALER
dial, 01, and ours is lower     -> DIALER    what the other end said early is passed over
dial, 01, and theirs is lower   -> ACCEPTER  what we said early is
no dial, 01                     -> ACCEPTER
no dial, 02; anything else      -> UNKNOWN
"""

from edge.system import const

EARLY_BYTES_MAX = 256  # that a dial brings with it

DIALER = "dialer"
ACCEPTER = "accepter"
UNKNOWN = "unknown"

_DIALS = const(1)
_ACCEPTS = const(2)
_DIALS_BYTES = const(3)  # with the length


class Roles:
    """Of one session of the link protocol that is open."""

    def __init__(self, session) -> None:
        self.outcome = ""  # "" until it is known
        self._session = session
        self._due = 0  # to be said
        self._said = 0
        self._heard = b""
        self._to_skip = 0

    def dial(self) -> None:
        """We want to.  It is said with the first bytes of the connection, or with none."""
        if not self._said:
            self._due = _DIALS

    @property
    def is_due(self) -> bool:
        return self._due > 0

    @property
    def may_write(self) -> bool:
        """Whether what we write is of the connection for sure."""
        is_first = self._said == _DIALS and self._session.epoch < self._session.peer_epoch
        return not self._due and (is_first or bool(self.outcome))

    def say(self, early) -> int:
        """What is due, and so many bytes of ``early`` with it; how many."""
        size = min(self._session.sender.room() - _DIALS_BYTES, len(early), EARLY_BYTES_MAX)
        if size < 0:
            return 0
        words = bytes((self._due,))
        if self._due == _DIALS:
            words += bytes((size >> 8, size & 255))
        self._session.send(words + bytes(early[:size]))
        self._said, self._due = self._due, 0
        return size

    def hear(self) -> str:
        """The outcome, once what came with it has been passed over."""
        while not self.outcome:
            size = _DIALS_BYTES if self._heard[:1] == b"\x01" else 1
            piece = self._session.read(size - len(self._heard))
            if not piece:
                return ""
            self._heard += piece
            self._decide()
        if self._to_skip:
            self._to_skip -= len(self._session.read(self._to_skip))
        return "" if self._to_skip else self.outcome

    def _decide(self) -> None:
        heard, dials = self._heard, _DIALS in (self._due, self._said)
        if heard[0] == _DIALS:
            if len(heard) < _DIALS_BYTES:
                return
            if dials and self._session.epoch < self._session.peer_epoch:
                self.outcome = DIALER
                self._to_skip = heard[1] << 8 | heard[2]
            else:
                self.outcome = ACCEPTER
                self._due = 0 if self._said else _ACCEPTS
        else:
            self.outcome = DIALER if dials and heard[0] == _ACCEPTS else UNKNOWN
