"""An open serial port on MicroPython's unix port (Linux): what port_posix is on CPython.

/serial/%2Fdev%2FttyUSB0    by its path; what is no path is called as on a chip

Through the C library where MicroPython has no word for it: to lock a port, and to open it without
waiting for a modem.
"""

import os
import termios

import ffi

from edge.errors import LinkError
from transports.serial.port_chip import ChipName, Port, open_chip_port

_OPEN_HOW = 0x80902  # O_RDWR, O_NOCTTY, O_NONBLOCK, O_CLOEXEC
_LOCK_HOW = 6  # LOCK_EX, LOCK_NB
_TIOCEXCL = 0x540C
_CHANGED = 0x570  # CSIZE, PARENB, CSTOPB, HUPCL ..
_RAW = 0x8B0  # .. to CS8, and CREAD, CLOCAL
_GONE = (2, 5, 6, 19)  # ENOENT, EIO, ENXIO, ENODEV
_CODES = {
    9600: 13, 19200: 14, 38400: 15, 57600: 0x1001, 115200: 0x1002, 230400: 0x1003, 460800: 0x1004,
    500000: 0x1005, 921600: 0x1007, 1000000: 0x1008, 1500000: 0x100A, 2000000: 0x100B,
    3000000: 0x100D,
}  # fmt: skip

_library = ffi.open(None)
_open = _library.func("i", "open", "si")
_flock = _library.func("i", "flock", "ii")
_ioctl = _library.func("i", "ioctl", "ii")


class UnixName(ChipName):
    def is_there(self) -> bool:
        if self._port[0] == "/":
            try:
                os.stat(self._port)
            except OSError:
                return False
        return True


def open_unix_port(path: str, baud: int, rtscts: bool, on_ready):
    """As port_posix has it."""
    if path[0] == "/":
        return UnixPort(path, baud, rtscts, on_ready)
    return open_chip_port(path, baud, rtscts, on_ready)


class UnixPort(Port):
    """Ours alone until it is closed."""

    def __init__(self, path: str, baud: int, rtscts: bool, on_ready) -> None:
        if rtscts:
            raise LinkError("{}: no RTS/CTS on this system".format(path))
        number = _open(path, _OPEN_HOW)
        if number < 0:
            raise _failure(OSError(os.errno(), "cannot be opened"), path)
        file = open(number, "r+b", 0)  # noqa: SIM115 - until close
        try:
            attributes = termios.tcgetattr(number)
            if _flock(number, _LOCK_HOW):
                raise LinkError("{}: in use by another program".format(path))
            _ioctl(number, _TIOCEXCL)
            attributes[0] = attributes[1] = attributes[3] = 0
            attributes[2] = attributes[2] & ~_CHANGED | _RAW
            termios.tcsetattr(number, 0, attributes)
            self._socket = file
            self._path = path
            self.set_baud(baud)
        except OSError as error:
            file.close()
            raise _failure(error, path)
        except LinkError:
            file.close()
            raise
        super().__init__(path, file, on_ready)

    def set_baud(self, baud: int) -> None:
        if not baud:
            return
        if baud not in _CODES:
            raise LinkError("{}: {} baud is not for this system".format(self._path, baud))
        try:
            attributes = termios.tcgetattr(self._socket.fileno())
            attributes[4] = attributes[5] = _CODES[baud]
            termios.tcsetattr(self._socket.fileno(), 0, attributes)
        except OSError as error:
            raise _failure(error, self._path)

    def _take(self) -> int:
        size = super()._take()
        if size == 0:
            raise LinkError("{}: unplugged".format(self._path))
        return size


def _failure(error: OSError, path: str) -> LinkError:
    if error.errno in _GONE:
        return LinkError("{}: not there".format(path))
    return LinkError("{}: {}".format(path, error))
