"""A port in use: its task, and what happens when it is pulled and comes back."""

from edge.errors import LinkError
from edge.system import aio, clock
from edge.system.log import Log

REOPEN_MS = 50  # until it is looked again whether the port is back
ABSENT_INTERVAL_MS = 1000  # the same, when nobody waits for it
READS_MAX = 8  # of the port at once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_log = Log("serial")


class Plug:
    """What a cable and a bus have in common.

    Inhabitants have ``_run()``, the task; ``_plug(now)``, which opens the port; ``_cut(now)``, for
    when it is gone; ``_waits()``: whether anybody does for the port.
    """

    def __init__(self, address, settings, name, open_port) -> None:
        """``name`` knows where the port is; ``open_port(path, baud, rtscts, on_ready)``."""
        self.address = address
        self.settings = settings
        self.inbound: Any = None  # the Queue of whoever listens
        self.local_peer = b""  # the peer id of those who use it
        self.error = ""
        self._name = name
        self._open_port = open_port
        self._port: Any = None
        self._unsent = b""  # the driver had no room for
        self._reopen_at = 0
        self._is_woken = False
        self._wake = aio.Signal()
        self._received = self._sent = self._replugs = self._sessions = 0
        self._group = aio.Group(self._failed)
        self._is_running = False

    def open(self) -> None:
        """Have the port now.  LinkError if that cannot be."""
        if self._port is None:
            self._plug(clock.monotonic_ms())
        self.start()

    def is_there(self) -> bool:
        return self._name.is_there()

    def is_idle(self) -> bool:
        return not self._is_running

    def start(self) -> None:
        if not self._is_running:
            self._is_running = True
            self._group.spawn(self._run())
        self.wake()

    def wake(self) -> None:
        self._is_woken = True
        self._wake.fire()

    async def _run(self) -> None:
        raise NotImplementedError

    def _plug(self, now: int) -> None:
        raise NotImplementedError

    def _cut(self, now: int) -> None:
        raise NotImplementedError

    def _waits(self) -> bool:
        raise NotImplementedError

    def _replug(self, now: int) -> None:
        self._reopen_at = now + (REOPEN_MS if self._waits() else ABSENT_INTERVAL_MS)
        try:
            if self._name.is_there():
                self._plug(now)
        except LinkError as error:
            if str(error) != self.error:
                self.error = str(error)
                _log.warn("{}", error)

    def _receive(self, core, now: int) -> None:
        """Give what the port has to ``core``; None: it will be said again."""
        try:
            for _ in range(READS_MAX):
                data = self._port.read() if self._port else b""
                if not data:
                    return
                self._received += len(data)
                if core:
                    core.receive_data(data, now)
            self.wake()  # there may be more
        except LinkError as error:
            self._lost(error, now)

    def _lost(self, error, now: int) -> None:
        _log.info("{}", error)
        self._unplug()
        self._reopen_at = now + REOPEN_MS
        self._cut(now)

    def _unplug(self) -> None:
        self._unsent = b""
        if self._port:
            self._port.close()
            self._port = None

    def _failed(self, error) -> None:
        _log.error("{} failed: {}: {}", self.address, type(error).__name__, error)
