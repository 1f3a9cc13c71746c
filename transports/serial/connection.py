"""The raw connection over a cable: one link session, after the ends know who dialed."""

from edge.errors import LinkError
from edge.swarm import transport
from edge.system import MICROPYTHON, aio

READ_BYTES_MAX = 1024 if MICROPYTHON else 32768  # that one read gives
FRAME_BYTES_MAX = 1008 if MICROPYTHON else 4080  # of Noise
POLITE = ("closed by the peer", "closed here")  # reasons that are an end in order


def profile_of(bytes_per_s: int) -> transport.LinkProfile:
    """SLOW, with frames that take a twelfth of a second: what is urgent waits for one."""
    if not bytes_per_s:
        return transport.FAST
    slow = transport.SLOW
    size = min(max(bytes_per_s // 12, slow.frame_bytes_max), FRAME_BYTES_MAX)
    return transport.LinkProfile(
        "serial",
        slow.keepalive_ms,
        slow.answer_timeout_ms,
        slow.handshake_timeout_ms,
        slow.negotiate_timeout_ms,
        slow.window_bytes_max,
        size,
        slow.receive_frame_bytes_max,
    )


class Connection:
    """One session after the ends know who dialed."""

    def __init__(self, cable, session, role_is_due: bool) -> None:
        """``role_is_due``: the peer's first byte is still to come."""
        self.local_address = self.remote_address = cable.address
        self.profile = profile_of(session.line.bytes_per_s)
        self.session = session
        self.is_closed = False
        self.reason = ""  # why the session is over
        self._cable = cable
        self._role_is_due = role_is_due
        self._arrived = aio.Signal()
        self._room = aio.Signal()

    async def read(self):
        while True:
            if self.is_closed:
                return b""
            data = self.session.read(READ_BYTES_MAX)
            if data and self._role_is_due:
                self._role_is_due = False
                data = data[1:]
            if data:
                self._cable.wake()  # there is room again: the peer may have to hear of it
                return data
            if self.reason in POLITE:
                return b""
            if self.reason:
                raise LinkError(self.reason)
            await self._arrived.wait()

    def write_some(self, data) -> int:
        if self.is_closed or self.reason:
            raise LinkError(self.reason or "closed")
        taken = self.session.send(data)
        if taken:
            self._cable.wake()
        return taken

    async def writable(self) -> None:
        while not self.is_closed and not self.reason and not self.session.sender.room():
            await self._room.wait()

    async def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._cable.leave()
            self.tell()

    def end(self, reason: str) -> None:
        self.reason = reason
        self.tell()

    def tell(self) -> None:
        """Wake those for whom something has changed."""
        is_over = self.is_closed or self.reason
        if is_over or len(self.session.receiver):
            self._arrived.fire()
        if is_over or self.session.sender.room():
            self._room.fire()
