"""The serial ports of a chip, and a task that waits for what they bring.

/serial/uart1.tx17.rx16~115200    a UART, with its pins where the board's are not meant: tx, rx,
                                  rts and cts, each with its number
/serial/usb~0                     the port that the console is on, USB or UART 0: what a program
                                  prints there stands between the frames

A chip may be at work for a third of a second while bytes arrive, at a signature or at Noise: a
UART has room for all that its peer sends meanwhile.
"""

import sys

from edge.errors import LinkError, LocalError, printable
from edge.system import aio
from edge.system.net_chip import Readiness

READ_BYTES = 512  # one read takes at most
RECEIVED_BYTES_MAX = 4096  # in a UART's driver: twice what a peer may send without a report
SENT_BYTES_MAX = 2048  # there, too: more than the link has on the way to it
UART, CONSOLE = "uart", "usb"
_PINS = ("tx", "rx", "rts", "cts")
_INTERRUPT = 3  # what ctrl-C sends

_received = bytearray(READ_BYTES)
_view = memoryview(_received)


class ChipName:
    """The ports of a chip are where they are."""

    def __init__(self, port: str) -> None:
        self._port = port

    def path(self) -> str:
        return self._port

    def is_there(self) -> bool:
        return True

    def remember(self) -> None:
        """It has no other name."""


def open_chip_port(path: str, baud: int, rtscts: bool, on_ready):
    """As port_posix has it.  LocalError if no port is called so."""
    if path == CONSOLE:
        return ConsolePort(path, on_ready)
    if path.startswith(UART):
        return UartPort(path, baud, rtscts, on_ready)
    raise LocalError("expected uart0, uart1.tx17.rx16 or usb, not {}".format(printable(path)))


class Port(Readiness):
    """An open port: ``stream`` can be polled, read and written, and never waits."""

    def __init__(self, path: str, stream, on_ready) -> None:
        self._path = path
        self._socket = stream
        self._on_ready = on_ready
        self._is_open = True
        self._waits_for_room = False
        self._drained = aio.Signal()
        self._group = aio.Group()
        self._group.spawn(self._watch())

    async def _watch(self) -> None:
        while self._is_open:
            await self._readable()
            self._on_ready()
            if self._is_open:
                await self._drained.wait()

    async def _await_room(self) -> None:
        await self.writable()
        self._waits_for_room = False
        self._on_ready()

    def set_baud(self, baud: int) -> None:
        """There is no rate to be set."""

    def read(self):
        """What has arrived; b"" if nothing.  Valid until the next read."""
        size = self._take()
        if size <= 0:
            self._drained.fire()
            return b""
        return _view[:size]

    def _take(self) -> int:
        try:
            return self._receive(_received)
        except OSError as error:
            raise LinkError("{}: {}".format(self._path, error))

    def write(self, data) -> int:
        """How many bytes of ``data`` were taken; ``on_ready`` tells when there is room again."""
        try:
            size = self._send(data)
        except OSError as error:
            raise LinkError("{}: {}".format(self._path, error))
        if size < len(data) and not self._waits_for_room:
            self._waits_for_room = True
            self._group.spawn(self._await_room())
        return size

    def overruns(self) -> None:
        """Nobody counts them."""

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._leave()
            self._drained.fire()
            self._end()

    def _end(self) -> None:
        self._socket.close()


class UartPort(Port):
    def __init__(self, path: str, baud: int, rtscts: bool, on_ready) -> None:
        import machine

        number, self._settings = _settings_of(path, machine.Pin)
        if rtscts:
            self._settings["flow"] = machine.UART.RTS | machine.UART.CTS
        try:
            uart = machine.UART(number, baudrate=baud or 115200, **self._settings)
        except (ValueError, OSError) as error:
            raise LinkError("{}: {}".format(path, error))
        super().__init__(path, uart, on_ready)

    def set_baud(self, baud: int) -> None:
        if baud:
            try:
                self._socket.init(baudrate=baud, **self._settings)
            except (ValueError, OSError) as error:
                raise LinkError("{}: {} baud: {}".format(self._path, baud, error))

    def _end(self) -> None:
        self._socket.deinit()


def _settings_of(path: str, pin) -> tuple:
    """The number of a UART, and what else it is opened with."""
    settings = {"timeout": 0, "rxbuf": RECEIVED_BYTES_MAX, "txbuf": SENT_BYTES_MAX}
    head, *words = path.split(".")
    try:
        for word in words:
            name = word.rstrip("0123456789")
            if name not in _PINS:
                raise ValueError
            settings[name] = pin(int(word[len(name) :]))
        return int(head[len(UART) :]), settings
    except ValueError:
        raise LocalError("expected uart1 or uart1.tx17.rx16, not {}".format(printable(path)))


class ConsolePort(Port):
    """Its bytes come one by one: the system would wait for all that it is asked for."""

    def __init__(self, path: str, on_ready) -> None:
        import select

        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        _interrupt_on(-1)
        super().__init__(path, sys.stdin, on_ready)

    def _take(self) -> int:
        size, source = 0, sys.stdin.buffer
        while size < READ_BYTES and self._poll.poll(0):
            byte = source.read(1)
            if not byte:
                raise LinkError("{}: closed".format(self._path))
            _received[size] = byte[0]
            size += 1
        return size

    def write(self, data) -> int:
        """What a board that nobody reads cannot get rid of is lost: the link sends it again."""
        sys.stdout.buffer.write(data)
        return len(data)

    def _end(self) -> None:
        _interrupt_on(_INTERRUPT)


def _interrupt_on(letter: int) -> None:
    import micropython

    micropython.kbd_intr(letter)
