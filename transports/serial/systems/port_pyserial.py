"""Serial ports where there is no termios, on Windows: pyserial, whose calls wait, in threads.

    reader  ->  _arrived  ->  read()           loop: on_ready() when something has changed
    writer  <-  _leaving  <-  write()

What it cannot do is in README.md.  It runs on Linux, too, where it is tested.
"""

import re
import threading
import time
from asyncio import get_running_loop

import serial
from serial.tools import list_ports

from edge.errors import LinkError

ARRIVED_BYTES_MAX = 65536  # then the reader waits, and the driver loses what it has no room for
LEAVING_BYTES_MAX = 4096  # as a tty of Linux takes
READ_BYTES_MAX = 4096
GOODBYE_S = 0.1  # what was written before a close may take so long to leave
CANCEL_S = 0.02  # until a thread that has not heard of the end is told again
CANCELS_MAX = 50
_DEFAULT_BAUD = 115200  # where the rate means nothing


class Absent(LinkError):
    """There is no such port now; there may be one later."""


class Port:
    """Ours alone until it is closed."""

    def __init__(self, path: str, baud: int, rtscts: bool, on_ready) -> None:
        """As port_posix has it."""
        self._path = path
        self._loop = get_running_loop()
        self._on_ready = on_ready
        self._changed = threading.Condition()
        self._arrived, self._leaving = bytearray(), bytearray()
        self._is_full = False  # somebody waits for room
        self._is_closed = False
        self._error = ""
        try:
            self._port = serial.Serial(path, baud or _DEFAULT_BAUD, rtscts=rtscts, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise _failure(error, path)
        self._threads = [
            threading.Thread(target=self._run, args=(work,), daemon=True)
            for work in (self._bring, self._take_away)
        ]
        for thread in self._threads:
            thread.start()

    def set_baud(self, baud: int) -> None:
        """Any rate the driver can; LinkError if it cannot."""
        if not baud:
            return
        try:
            self._port.baudrate = baud
        except (OSError, ValueError) as error:
            raise LinkError("{}: {} baud: {}".format(self._path, baud, error))

    def read(self) -> bytes:
        """What has arrived; b"" if nothing.  LinkError when the port is gone."""
        with self._changed:
            data = bytes(self._arrived[:READ_BYTES_MAX])
            del self._arrived[:READ_BYTES_MAX]
            self._changed.notify_all()
            if not data and self._error:
                raise LinkError("{}: {}".format(self._path, self._error))
        return data

    def write(self, data) -> int:
        """How many bytes of ``data`` were taken; ``on_ready`` tells when the rest can be."""
        with self._changed:
            if self._error:
                raise LinkError("{}: {}".format(self._path, self._error))
            size = min(len(data), LEAVING_BYTES_MAX - len(self._leaving))
            self._leaving += data[:size]
            self._is_full = size < len(data)
            self._changed.notify_all()
        return size

    def overruns(self) -> None:
        """pyserial does not tell."""

    def close(self) -> None:
        if self._is_closed:
            return
        with self._changed:
            ends = time.monotonic() + GOODBYE_S
            while self._leaving and not self._error and time.monotonic() < ends:
                self._changed.wait(CANCEL_S)
            self._is_closed = True
            self._changed.notify_all()
        for _ in range(CANCELS_MAX):  # a thread may have been just about to wait
            self._port.cancel_read()
            self._port.cancel_write()
            for thread in self._threads:
                thread.join(CANCEL_S)
            if not any(thread.is_alive() for thread in self._threads):
                break
        self._port.close()

    # in threads of their own

    def _run(self, work) -> None:
        try:
            while not self._is_closed:
                work()
        except Exception as error:  # whatever it is, the port is of no use any more
            with self._changed:
                self._error = self._error or str(error)
                self._changed.notify_all()
            self._tell()

    def _bring(self) -> None:
        data = self._port.read(1)
        data += self._port.read(min(self._port.in_waiting, READ_BYTES_MAX))
        with self._changed:
            while len(self._arrived) > ARRIVED_BYTES_MAX and not self._is_closed:
                self._changed.wait()
            self._arrived += data
        self._tell()

    def _take_away(self) -> None:
        with self._changed:
            while not self._leaving and not self._is_closed and not self._error:
                self._changed.wait()
            if self._error:
                raise LinkError(self._error)
            data = bytes(self._leaving)
        size = self._port.write(data) or 0
        with self._changed:
            del self._leaving[:size]
            was_full, self._is_full = self._is_full, False
            self._changed.notify_all()
        if was_full:
            self._tell()

    def _tell(self) -> None:
        if not self._is_closed:
            try:
                self._loop.call_soon_threadsafe(self._on_ready)
            except RuntimeError:
                pass  # the loop has ended, and nobody closed the port


def _failure(error: Exception, path: str) -> LinkError:
    """pyserial puts the system's error into a text."""
    text = str(error)
    if "FileNotFoundError" in text or getattr(error, "errno", None) in (2, 6, 19):
        return Absent("{}: not there".format(path))
    if "PermissionError" in text or "exclusively lock" in text:
        return LinkError("{}: in use by another program".format(path))
    return LinkError("{}: {}".format(path, text))


class Name:
    """One port, whatever it is called: COM3, or usb-0403-6001-A10K4XYZ, which stays."""

    def __init__(self, port: str, list_all=list_ports.comports) -> None:
        """``port``: the name of today, or one that stays."""
        self._port = port
        self._list = list_all
        self._alias = ""

    def path(self) -> str:
        """Where it should be now."""
        wanted = self._alias or self._port
        for alias, device in self._aliases():
            if alias == wanted:
                return device
        return self._alias or self._port

    def is_there(self) -> bool:
        path = self.path()
        return any(port.device.lower() == path.lower() for port in self._list())

    def remember(self) -> None:
        """It is open: look for the same adapter from now on, under any name."""
        if self._alias:
            return
        path = self.path()
        for alias, device in self._aliases():
            if device.lower() == path.lower():
                self._alias = alias
                return

    def _aliases(self) -> "list[tuple[str, str]]":
        known = [(stable_name(port), port.device) for port in self._list()]
        return sorted(pair for pair in known if pair[0])


def stable_name(port) -> str:
    """Of an adapter that has a serial number; "" if it has none."""
    if port.vid is None or not port.serial_number:
        return ""
    serial_number = re.sub(r"[^\w.-]", "_", port.serial_number)
    name = "usb-{:04x}-{:04x}-{}".format(port.vid, port.pid, serial_number)
    interface = re.search(r":(?:x|\d+)\.(\d+)$", port.location or "")
    if interface and int(interface[1]):
        name += "-if{:02d}".format(int(interface[1]))
    return name
