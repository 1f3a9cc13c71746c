"""The ports of a chip, on MicroPython: a UART that is not there, all else as on a chip."""

import sys

from edge.errors import LinkError, LocalError
from edge.system import MICROPYTHON, aio
from tests import kit

if MICROPYTHON:
    import io

    from transports.serial.port_chip import ChipName, open_chip_port

    class Uart(io.IOBase):
        """As machine.UART: it never waits, and can be polled."""

        RTS, CTS = 1, 2
        opened: list = []

        def __init__(self, number: int, **how) -> None:
            if number > 2:
                raise ValueError("UART({}) does not exist".format(number))
            self.number, self.how = number, how
            self.arrived, self.sent = bytearray(), bytearray()
            self.room = 100
            Uart.opened.append(self)

        def init(self, **how) -> None:
            self.how = how

        def deinit(self) -> None:
            self.number = -1

        def readinto(self, buffer) -> "int | None":
            size = min(len(buffer), len(self.arrived))
            buffer[:size] = self.arrived[:size]
            self.arrived[:size] = b""
            return size or None

        def write(self, data) -> "int | None":
            size = min(len(data), self.room)
            self.sent += data[:size]
            self.room -= size
            return size or None

        def ioctl(self, request: int, flags: int) -> int:
            if request != 3:  # MP_STREAM_POLL
                return -22
            return flags & ((1 if self.arrived else 0) | (4 if self.room else 0))

    class Machine:
        UART = Uart

        @staticmethod
        def Pin(number: int) -> str:
            return "pin {}".format(number)


async def an_open(path: str, rtscts: bool = False) -> tuple:
    """``(port, its UART, how often it was said to be ready)``."""
    sys.modules["machine"] = Machine
    ready: list = []
    port = open_chip_port(path, 115200, rtscts, lambda: ready.append(True))
    return port, Uart.opened[-1], ready


async def settles() -> None:
    for _ in range(4):
        await aio.sleep_ms(1)


async def test_what_arrives_is_told_once_and_read():
    if not MICROPYTHON:
        return
    port, uart, ready = await an_open("uart1")
    await settles()
    assert not ready and port.read() == b""
    for _ in range(3):
        ready.clear()
        uart.arrived += b"x" * 700
        await settles()
        assert len(ready) == 1
        assert len(port.read()) == 512 and bytes(port.read()) == b"x" * 188
        assert port.read() == b""
    port.close()
    port.close()
    assert uart.number == -1
    await settles()


async def test_a_full_driver_says_when_it_has_room():
    if not MICROPYTHON:
        return
    port, uart, ready = await an_open("uart1")
    assert port.write(b"y" * 150) == 100 and port.write(b"y") == 0
    await settles()
    assert not ready
    uart.room = 50
    await settles()
    assert len(ready) == 1 and port.write(b"y" * 50) == 50
    assert uart.sent == b"y" * 150
    port.close()
    await settles()


async def test_rates_pins_and_flow_control():
    if not MICROPYTHON:
        return
    port, uart, _ = await an_open("uart2.tx17.rx16", True)
    assert uart.number == 2 and uart.how["baudrate"] == 115200 and uart.how["flow"] == 3
    assert uart.how["tx"] == "pin 17" and uart.how["rx"] == "pin 16"
    assert uart.how["rxbuf"] >= 4096 and uart.how["timeout"] == 0
    port.set_baud(921600)
    assert uart.how["baudrate"] == 921600 and uart.how["tx"] == "pin 17"
    port.close()
    await settles()


async def test_names_that_are_none():
    if not MICROPYTHON:
        return
    assert ChipName("uart0").is_there() and ChipName("uart0").path() == "uart0"
    for wrong in ("uart", "uartx", "uart1.zz3", "uart1.tx", "ttyUSB0"):
        await kit.raises_async(LocalError, an_open(wrong))
    await kit.raises_async(LinkError, an_open("uart7"))


if __name__ == "__main__":
    kit.run(globals())
