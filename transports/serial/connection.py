"""The raw connection over a cable: one link session, from when one end dials."""

from edge.errors import LinkError
from edge.swarm import transport
from edge.system import MICROPYTHON, aio, clock
from transports.link import line

READ_BYTES_MAX = 1024 if MICROPYTHON else 32768  # that one read gives
NOISE_BYTES = 18  # around the plaintext of a frame of Noise
# Of line time are left in the driver when the next bytes are asked for.  A chip encrypts meanwhile.
LEAD_MS = 40 if MICROPYTHON else line.LEAD_MS
FRAME_BYTES_MIN = 64  # of Noise, whatever room a peer says it has: a muxer's header is in it
ROOM_BYTES_MIN = 8192  # that a peer can hold; one with less is a chip, and takes no large frame
POLITE = ("closed by the peer", "closed here")  # reasons that are an end in order


def profile_of(bytes_per_s: int, room: int) -> transport.LinkProfile:
    """SLOW, with timeouts for the rate, and frames of Noise that fill one frame of the link.

    Without a rate FAST, with frames of Noise for which the peer has ``room``.
    """
    fast = transport.FAST
    if not bytes_per_s and room < ROOM_BYTES_MIN:
        size = min(fast.frame_bytes_max, max(room - NOISE_BYTES, FRAME_BYTES_MIN))
        return transport.LinkProfile(*fast[:6], size, fast[7])
    if not bytes_per_s:
        return fast
    slow = transport.SLOW
    time = 4096000 // bytes_per_s  # ms of 4 KB
    return transport.LinkProfile(
        "serial",
        slow.keepalive_ms,
        15000 + 10 * time,
        30000 + 14 * time,
        10000 + 12 * time,
        slow.window_bytes_max,
        line.fair_bytes(bytes_per_s) - NOISE_BYTES,
        slow.receive_frame_bytes_max,
    )


class Connection:
    """One session, from when one end dials."""

    def __init__(self, cable, session, roles) -> None:
        """``roles``: Roles of the session, which say whether anything is ours to read and write."""
        self.local_address = self.remote_address = cable.address
        self.profile = profile_of(session.line.bytes_per_s, session.sender.granted)
        self.session = session
        self.is_closed = False
        self.reason = ""  # why the session is over
        self._cable = cable
        self._roles = roles
        self.is_settled = False  # what arrives is for us
        self._arrived = aio.Signal()
        self._room = aio.Signal()
        self.wants_room = False

    async def read(self):
        while True:
            if self.is_closed:
                return b""
            data = self.session.read(READ_BYTES_MAX) if self.is_settled else b""
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
        taken = 0
        if self._roles.is_due:
            taken = self._roles.say(data)
        elif self.has_room():
            taken = self.session.send(data)
        if taken:
            self._cable.wake()
        return taken

    async def writable(self) -> None:
        self.wants_room = True
        self._cable.wake()
        while not self.has_room():
            await self._room.wait()
        self.wants_room = False

    def room_at(self, now: int) -> int:
        """When the line will ask for bytes, if the sender has taken all before: as late as it can
        without falling silent, so that what is urgent by then goes first."""
        return self.session.line.room_at(now, LEAD_MS)

    def has_room(self) -> bool:
        """Whether it is of use to write: the line would take bytes now, or it is over."""
        if self.is_closed or self.reason:
            return True
        now = clock.monotonic_ms()
        if self._roles.is_due:
            return True
        if not self._roles.may_write or self.room_at(now) > now:
            return False
        return self.session.sender.room() > 0

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
        if is_over or self.is_settled and len(self.session.receiver):
            self._arrived.fire()
        if self.wants_room and self.has_room():
            self._room.fire()
