"""RS-485 mode of the kernel: what is asked of a driver, and that a pty has no such mode."""

import errno
import os

import pytest

from transports.serial.systems import rs485_posix

ENABLED, RTS_ON_SEND, RTS_AFTER_SEND = 1, 2, 4


class Driver:
    """As Linux has them: serial_core.c."""

    def __init__(self, flags: int, has_mode: bool = True) -> None:
        self.state = [flags, 3, 4, 0, 0, 0, 0, 0]
        self.has_mode = has_mode
        self.settings = 0

    def ioctl(self, descriptor: int, request: int, data: bytearray | bytes) -> int:
        if not self.has_mode:
            raise OSError(errno.ENOTTY, "no such mode")
        if request == 0x542E:
            assert isinstance(data, bytearray) and len(data) == 32
            data[:] = rs485_posix._STATE.pack(*self.state)
        else:
            assert request == 0x542F
            self.state = list(rs485_posix._STATE.unpack(data))
            self.settings += 1
        return 0


def test_a_driver_that_has_it_turns_the_transceiver(monkeypatch: pytest.MonkeyPatch):
    driver = Driver(RTS_AFTER_SEND)
    monkeypatch.setattr(rs485_posix.fcntl, "ioctl", driver.ioctl)
    assert rs485_posix.enable(9)
    assert driver.state == [ENABLED | RTS_ON_SEND, 0, 0, 0, 0, 0, 0, 0]


def test_what_was_set_up_before_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    driver = Driver(ENABLED | RTS_AFTER_SEND)
    monkeypatch.setattr(rs485_posix.fcntl, "ioctl", driver.ioctl)
    assert rs485_posix.enable(9) and not driver.settings


def test_a_driver_without_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rs485_posix.fcntl, "ioctl", Driver(0, False).ioctl)
    assert not rs485_posix.enable(9)


def test_a_pty_has_none():
    master, slave = os.openpty()
    try:
        assert not rs485_posix.enable(slave)
    finally:
        os.close(master)
        os.close(slave)
