"""A session with one other node of the bus, wherever on it that is."""

from transports.bus import message
from transports.link import session as link
from transports.link.session import Session

HASTE_MS = 20  # a report that would wait for company so long goes now: there is company
UNPOLLED_MS = 3000  # then a session is asked how it is, though nobody gives us a turn
CLOSING_MS = 2000  # what was written before a close may take so long to arrive
DIALS = b"\x02\x01\x01"  # in the options of a hello: I am the one who dials


class Pair:
    def __init__(self, name: bytes, session: Session, is_dialed: bool, now: int) -> None:
        self.name = name
        self.session = session
        self.is_dialed = is_dialed  # by us
        self.is_refused = False
        self._frames: list = []  # link frames without their zeros
        self._polled_at = now
        self._has_closed = False  # and said so
        self._close_by = 0

    def receive(self, chunk: bytes, now: int) -> None:
        if chunk == message.REFUSAL:
            self.is_refused = True
            self._frames = []
            self.session.close("nobody listens there")
        else:
            self.session.receive_data(chunk + b"\0", now)

    def has_frame(self, now: int) -> bool:
        if self._frames:
            return True
        core = self.session
        if core.state == link.CLOSED:
            return not self.is_over(now)
        due = core.deadline()
        return core.sender.has_frame() or due is not None and due <= now + HASTE_MS

    def take(self, room: int, now: int) -> "bytes | None":
        """The next frame, if it fits."""
        core = self.session
        self._polled_at = now
        if not self._frames:
            self._keep_time(now)
            core.hasten(now)
            core.line.emptied(now)  # whoever polls us paces us
            self._has_closed = core.state == link.CLOSED
            self._frames = [chunk for chunk in core.data_to_send(now).split(b"\0") if chunk]
        if self._frames and len(self._frames[0]) <= room:
            return self._frames.pop(0)
        return None

    def _keep_time(self, now: int) -> None:
        due = self.session.deadline()
        if due is not None and now >= due:
            self.session.handle_deadline(now)

    def tick(self, now: int) -> None:
        """Without a turn no time passes for what is under way; but a session ends of silence."""
        if now - self._polled_at > UNPOLLED_MS:
            self._keep_time(now)

    def is_over(self, now: int) -> bool:
        """Whether it is closed and has said so, or has had the time to."""
        if self.session.state != link.CLOSED:
            return False
        self._close_by = self._close_by or now + CLOSING_MS
        has_said = self.is_refused or self._has_closed or not self.session.peer_epoch
        return has_said and not self._frames or now >= self._close_by
