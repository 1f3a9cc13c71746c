"""RS-485 mode of the kernel (Linux): the driver turns the transceiver, RTS is its direction.

Documentation/driver-api/serial/serial-rs485.rst of Linux.  A pty, most USB adapters and a plain
16550 have no such mode: their transceiver must turn by itself.
"""

import fcntl
import struct

_TIOCGRS485, _TIOCSRS485 = 0x542E, 0x542F
_STATE = struct.Struct("8I")  # flags, delays before and after in ms, reserved
_ENABLED, _RTS_ON_SEND, _RTS_AFTER_SEND, _HEARS_ITSELF = 1, 2, 4, 16


def enable(descriptor: int) -> bool:
    """Whether the driver turns the transceiver from now on."""
    state = bytearray(_STATE.size)
    try:
        fcntl.ioctl(descriptor, _TIOCGRS485, state)
        flags, *rest = _STATE.unpack(state)
        if not flags & _ENABLED:  # what a device tree or a user has set is right
            flags = flags & ~(_RTS_AFTER_SEND | _HEARS_ITSELF) | _ENABLED | _RTS_ON_SEND
            fcntl.ioctl(descriptor, _TIOCSRS485, _STATE.pack(flags, 0, 0, *rest[2:]))
        return True
    except OSError:
        return False
