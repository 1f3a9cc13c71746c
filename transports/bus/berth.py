"""The raw connection to one node of a bus: a session, and the trunk that moves it."""

from edge.errors import LinkError
from edge.system import aio
from transports.bus.pair import Pair
from transports.serial.connection import POLITE, READ_BYTES_MAX, profile_of


class Berth:
    def __init__(self, trunk, pair: Pair) -> None:
        core = pair.session
        self.local_address = self.remote_address = trunk.address
        self.profile = profile_of(core.line.bytes_per_s, core.sender.granted)
        self.pair = pair
        self.session = core
        self.is_open = False  # the other end has answered, and dialed or accepted
        self.is_closed = False
        self.reason = ""  # why the session is over
        self.linger_until = 0
        self._trunk = trunk
        self._changed = aio.Signal()

    async def read(self):
        while not self.is_closed:
            data = self.session.read(READ_BYTES_MAX)
            if data:
                return data
            if self.reason and self.reason not in POLITE:
                raise LinkError(self.reason)
            if self.reason:
                break
            await self._changed.wait()
        return b""

    def write_some(self, data) -> int:
        """As much as the next turn takes: who polls us decides when that is."""
        self._require_open()
        return self.session.send(data)

    def has_room(self) -> bool:
        return bool(self.is_closed or self.reason or self.session.sender.room())

    async def writable(self) -> None:
        while not self.has_room():
            await self._changed.wait()
        self._require_open()

    def _require_open(self) -> None:
        if self.is_closed or self.reason:
            raise LinkError(self.reason or "closed")

    async def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._changed.fire()
            self._trunk.wake()

    def end(self, reason: str) -> None:
        self.reason = reason
        self._changed.fire()

    def tell(self) -> None:
        """Wake those for whom something may have changed."""
        if len(self.session.receiver) or self.has_room():
            self._changed.fire()
