"""An open serial port of Linux or macOS: termios and its file descriptor in the event loop.

Not pyserial: on these systems it is the same calls behind a wait of its own, sets DTR and RTS as it
opens, which resets boards, and leaves out what is needed here besides: the lock, low latency, the
overrun counters.  A pty is a port, too, as far as it can.
"""

import errno
import fcntl
import os
import struct
import sys
import termios
import time
from asyncio import get_running_loop

from edge.errors import LinkError

READ_BYTES = 4096  # one read takes at most
GOODBYE_S = 0.1  # what was written before a close may take so long to leave
RATE_TOLERANCE = 33  # a rate may be off by this part: both ends together lose no bit then
_IS_LINUX = sys.platform == "linux"
_AGAIN = (errno.EAGAIN, errno.EINTR)
_GONE = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO)
# Linux: what termios has no names for
_TIOCGSERIAL, _TIOCSSERIAL, _TIOCGICOUNT = 0x541E, 0x541F, 0x545D
_TCGETS2, _TCSETS2 = 0x802C542A, 0x402C542B
_IOSSIOSPEED = 0x80045402  # macOS
_SERIAL_STRUCT_BYTES = 72
_FLAGS_AT = 16  # in serial_struct
_ASYNC_LOW_LATENCY = 0x2000
_CBAUD, _BOTHER = 0x100F, 0x1000
_TERMIOS2_BYTES = 64  # 44, and some to spare
_SPEEDS_AT = 36  # in termios2: in and out
_ICOUNT = struct.Struct("20i")
_ICOUNT_OVERRUN, _ICOUNT_BUFFER_OVERRUN, _ICOUNT_FRAMING = 7, 10, 6


class Absent(LinkError):
    """There is no such port now; there may be one later."""


class Port:
    """Ours alone until it is closed."""

    def __init__(self, path: str, baud: int, rtscts: bool, on_ready) -> None:
        """``on_ready()`` is called when there is something to read, room to write, or an end.

        ``baud`` 0: leave the rate alone.  Absent if the port is not there, LinkError if it cannot
        be had.
        """
        self._path = path
        self._loop = get_running_loop()
        self._on_ready = on_ready
        self._waits_for_room = False
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _failure(error, path)
        try:
            self._claim()
            self._set_up(rtscts)
            self.set_baud(baud)
            termios.tcflush(self._fd, termios.TCIFLUSH)  # said to whoever was here before
        except (OSError, termios.error) as error:
            os.close(self._fd)
            raise _failure(error, path)
        self._loop.add_reader(self._fd, on_ready)

    def _claim(self) -> None:
        """No other program may open it.  flock also stops those whom TIOCEXCL does not, root."""
        if not os.isatty(self._fd):
            raise OSError(errno.ENOTTY, "no serial port")
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError(errno.EBUSY, "in use by another program")
        fcntl.ioctl(self._fd, termios.TIOCEXCL)

    def _set_up(self, rtscts: bool) -> None:
        """Eight bits, raw, DTR and RTS as they are, now and when it is closed."""
        attributes = termios.tcgetattr(self._fd)
        control = attributes[2] & ~(
            termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.HUPCL | termios.CRTSCTS
        )
        attributes[0] = attributes[1] = attributes[3] = 0
        attributes[2] = control | termios.CS8 | termios.CREAD | termios.CLOCAL
        if rtscts:
            attributes[2] |= termios.CRTSCTS
        attributes[6][termios.VMIN] = 1  # a read of nothing is the end, then
        attributes[6][termios.VTIME] = 0
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)
        try:
            state = bytearray(_SERIAL_STRUCT_BYTES)
            fcntl.ioctl(self._fd, _TIOCGSERIAL, state)
            (flags,) = struct.unpack_from("i", state, _FLAGS_AT)
            struct.pack_into("i", state, _FLAGS_AT, flags | _ASYNC_LOW_LATENCY)
            fcntl.ioctl(self._fd, _TIOCSSERIAL, state)
        except OSError:
            pass  # a pty, or a driver that has no such mode

    def set_baud(self, baud: int) -> None:
        """Any rate the driver can; LinkError if it cannot."""
        if not baud:
            return
        try:
            code = getattr(termios, "B" + str(baud), None)
            if code is None:
                self._set_odd_baud(baud)
            else:
                self._set_named_baud(code)
            became = self._baud()
        except (OSError, termios.error) as error:
            raise LinkError("{}: {} baud: {}".format(self._path, baud, error.args[-1]))
        if became and abs(became - baud) * RATE_TOLERANCE > baud:
            text = "{} cannot do {} baud, it is at {}"
            raise LinkError(text.format(self._path, baud, became))

    def _set_named_baud(self, code: int) -> None:
        attributes = termios.tcgetattr(self._fd)
        attributes[4] = attributes[5] = code
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)

    def _set_odd_baud(self, baud: int) -> None:
        """A rate that termios has no name for."""
        if not _IS_LINUX:
            fcntl.ioctl(self._fd, _IOSSIOSPEED, struct.pack("i", baud))
            return
        state = bytearray(_TERMIOS2_BYTES)
        fcntl.ioctl(self._fd, _TCGETS2, state)
        (control,) = struct.unpack_from("I", state, 8)
        struct.pack_into("I", state, 8, control & ~_CBAUD | _BOTHER)
        struct.pack_into("2I", state, _SPEEDS_AT, baud, baud)
        fcntl.ioctl(self._fd, _TCSETS2, state)

    def _baud(self) -> int:
        """Which it became.

        A driver that cannot do a rate keeps the one it had, and sets no error.
        """
        if not _IS_LINUX:
            return 0
        state = bytearray(_TERMIOS2_BYTES)
        fcntl.ioctl(self._fd, _TCGETS2, state)
        return struct.unpack_from("2I", state, _SPEEDS_AT)[1]

    def use_rs485(self) -> bool:
        """Whether the driver turns an RS-485 transceiver, from now on; False: that turns itself."""
        from transports.serial.systems import rs485_posix

        return rs485_posix.enable(self._fd)

    def read(self) -> bytes:
        """What has arrived; b"" if nothing.  LinkError when the port is gone."""
        try:
            data = os.read(self._fd, READ_BYTES)
        except OSError as error:
            if error.errno in _AGAIN:
                return b""
            raise _failure(error, self._path)
        if not data:
            raise LinkError("{}: unplugged".format(self._path))
        return data

    def write(self, data) -> int:
        """How many bytes of ``data`` the driver took; ``on_ready`` tells when it takes the rest."""
        try:
            size = os.write(self._fd, data)
        except OSError as error:
            if error.errno not in _AGAIN:
                raise _failure(error, self._path)
            size = 0
        if size < len(data) and not self._waits_for_room:
            self._waits_for_room = True
            self._loop.add_writer(self._fd, self._has_room)
        return size

    def _has_room(self) -> None:
        self._waits_for_room = False
        self._loop.remove_writer(self._fd)
        self._on_ready()

    def overruns(self) -> "int | None":
        """How many times the driver or its chip had no room for a byte; None if it does not say."""
        counts = bytearray(_ICOUNT.size)
        try:
            fcntl.ioctl(self._fd, _TIOCGICOUNT, counts)
        except OSError:
            return None
        counted = _ICOUNT.unpack(counts)
        return counted[_ICOUNT_OVERRUN] + counted[_ICOUNT_BUFFER_OVERRUN]

    def close(self) -> None:
        """At once: the kernel gives the name away again only when nobody holds it open."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._send_or_forget()
            os.close(self._fd)
            self._fd = -1

    def _send_or_forget(self) -> None:
        """The last word may leave; for more than that os.close would wait, up to 30 s.

        So long for one who may not send (RTS/CTS), or whose other end takes nothing (USB).
        """
        unsent = bytearray(4)
        ends = time.monotonic() + GOODBYE_S
        try:
            while time.monotonic() < ends:
                fcntl.ioctl(self._fd, termios.TIOCOUTQ, unsent)
                if not any(unsent):
                    return
                time.sleep(GOODBYE_S / 20)
            termios.tcflush(self._fd, termios.TCOFLUSH)
        except (OSError, termios.error):
            pass  # unplugged


def _failure(error: Exception, path: str) -> LinkError:
    """What the system said, and what to do about it."""
    number = error.args[0]
    if number in _GONE:
        return Absent("{}: not there".format(path))
    text = "{}: {}".format(path, error.args[-1] if error.args else error)
    if number == errno.EACCES:
        text += "; its group, dialout on most systems, may use it"
    return LinkError(text)
