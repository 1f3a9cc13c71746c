"""Cables without swarms on them, on ports that fail when told to, and somebody at the other end
who is no cable.

    Node -- Transport -- FailingPort -- VirtualWire -- FailingPort -- Transport -- Node
                                              or     -- Stranger
"""

from collections.abc import Callable

from edge.errors import EdgeError, LinkError
from edge.system import aio, clock
from edge.wire.multiaddr import Multiaddr
from tests.transports.serial.soak import talk
from tests.transports.serial.soak.talk import Raw, Tally
from tests.transports.serial.virtual.ends_cpython import (
    BITS,
    Name,
    Side,
    VirtualPort,
    VirtualWire,
)
from transports.link.session import BUFFER_BYTES_MAX, CONSOLE_BYTES_MAX, OPEN, Session
from transports.serial.cable import Cable
from transports.serial.transport import Transport

HELD_BYTES_MAX = 5 * BUFFER_BYTES_MAX + 2 * CONSOLE_BYTES_MAX
REDIAL_MS = 50


class FailingPort(VirtualPort):
    """Asks ``trouble(operation)`` first, which may raise; writes at most ``side_takes`` bytes."""

    def __init__(self, node: "Node", side: Side, baud: int, on_ready: Callable) -> None:
        self.node = node
        node.trouble("open")
        super().__init__(side, baud, on_ready)

    def read(self) -> bytes:
        self.node.trouble("read")
        data, wire = super().read(), self.side.wire
        other = (wire.b if self.side is wire.a else wire.a).port
        return data if not other or other.baud == self.baud else b"\xe0" * len(data)

    def write(self, data: bytes) -> int:
        self.node.trouble("write")
        taken = super().write(data[: self.node.takes])
        if 0 < taken < len(data):
            self.waits_for_room = True
            self.side.wire.start()
        return taken

    def set_baud(self, baud: int) -> None:
        self.node.trouble("set_baud")
        super().set_baud(baud)


class Node:
    """A transport that listens, dials for ever, or both; what it hears it says again."""

    def __init__(self, side: Side, parameters: str = "") -> None:
        self.side = side
        self.address = Multiaddr("/serial/" + side.name + (parameters or f"~{side.wire.baud}"))
        self.takes = 1 << 20  # bytes that one write of the port takes
        self.trouble: Callable[[str], None] = lambda operation: None
        self.tally = Tally()
        self.boots = 0
        self.held_max = 0
        self._is_dialing = self._is_listening = False
        self._boot()

    def _boot(self) -> None:
        self.boots += 1
        self.transport = Transport(self._open, lambda _: Name(self.side))
        self._group = aio.Group()

    def _open(self, path: str, baud: int, rtscts: bool, on_ready: Callable) -> VirtualPort:
        return FailingPort(self, self.side, baud, on_ready)

    def start(self, dials: bool = False, listens: bool = False) -> "Node":
        self._is_dialing, self._is_listening = dials, listens
        if listens:
            self._group.spawn(self._listen())
        if dials:
            self._group.spawn(
                talk.keep_talking(self._dial, self.tally, 1000 * self.boots + ord(self.side.name))
            )
        return self

    async def _dial(self) -> Raw:
        return Raw(await self.transport.dial(self.address))

    async def _listen(self) -> None:
        while True:  # a port that another program has may be free later
            try:
                listener = await self.transport.listen(self.address)
                break
            except LinkError:
                await aio.sleep_ms(REDIAL_MS)
        async with aio.Group() as group:
            while True:
                group.spawn(talk.echo(Raw(await listener.accept())))

    @property
    def cable(self) -> Cable | None:
        return next(iter(self.transport._cables.values()), None)

    async def power_off(self) -> None:
        """Nobody says goodbye."""
        if self.cable:
            self.cable._unplug()
        await self._group.cancel()
        if self.cable:
            await self.cable._group.cancel()

    async def reboot(self) -> None:
        await self.power_off()
        self._boot()
        self.start(self._is_dialing, self._is_listening)

    def held_bytes(self) -> int:
        """All that the cable keeps."""
        cable = self.cable
        if not cable:
            return 0
        held = len(cable.console) + len(cable._unsent) + len(cable.error)
        for core in {id(c): c for c in (cable._session, *self._sessions()) if c}.values():
            held += len(core.receiver._ready) + len(core.sender._buffer)
            held += sum(len(part[1]) for part in core.receiver._parts)
            held += len(core.console) + len(core._reader.pending) + len(b"".join(core._out))
        self.held_max = max(self.held_max, held)
        assert held <= HELD_BYTES_MAX, held
        return held

    def _sessions(self) -> list:
        cable = self.cable
        held = [cable._connection, cable._dialed] if cable else []
        return [connection.session for connection in held if connection]


class Rig:
    """Two nodes and the wire."""

    def __init__(self, wire: VirtualWire, parameters: str = "") -> None:
        self.wire = wire
        self.sides = (wire.a, wire.b)
        self.a, self.b = Node(wire.a, parameters), Node(wire.b, parameters)

    async def __aenter__(self) -> "Rig":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.a.power_off()
        await self.b.power_off()

    async def reboot(self, number: int) -> None:
        await (self.a, self.b)[number].reboot()

    def checked(self) -> int:
        """Bytes that came back as they were said, at both ends."""
        for node in (self.a, self.b):
            assert not node.tally.wrong, node.tally.wrong
            node.held_bytes()
        return self.a.tally.checked + self.b.tally.checked

    async def moves(self, limit_ms: int, size: int = 1000) -> int:
        """How many ms it takes until ``size`` more bytes have come back; fails after the limit."""
        began, before = clock.monotonic_ms(), self.checked()
        while self.checked() < before + size:
            took = clock.monotonic_ms() - began
            assert took < limit_ms, (took, self.told())
            await aio.sleep_ms(5)
        return clock.monotonic_ms() - began

    def told(self) -> list:
        found = []
        for node in (self.a, self.b):
            cable = node.cable
            found.append((cable and cable.status(), node.tally.failures))
        return found


class Stranger:
    """Has the other port, and says what he likes when he likes."""

    def __init__(self, side: Side) -> None:
        self.heard = bytearray()
        self.answer: Callable[[bytes], bytes] = lambda data: b""
        self.port = VirtualPort(side, side.wire.baud, self._ready)

    def _ready(self) -> None:
        data = self.port.read() if self.port.side.port is self.port else b""
        while data:
            self.heard += data
            self.say(self.answer(data))
            data = self.port.read()

    def say(self, data: bytes) -> None:
        self.port.write(data)


async def fails(coroutine) -> str:
    """What it failed with; it must."""
    try:
        await coroutine
    except EdgeError as error:
        return str(error)
    raise AssertionError("did not fail")


class Peer(Stranger):
    """A stranger who speaks the link protocol, and what he likes over it."""

    def __init__(self, side: Side, epoch: int) -> None:
        super().__init__(side)
        self.core = Session(epoch, side.wire.baud // BITS, clock.monotonic_ms())
        self.reads = True
        self.got = bytearray()

    def _ready(self) -> None:
        if self.port.side.port is self.port:
            self.core.receive_data(self.port.read(), clock.monotonic_ms())

    async def run(self, duration_ms: int, words: bytes = b"") -> None:
        """For so long, saying ``words`` as often as they are taken."""
        until = clock.monotonic_ms() + duration_ms
        while clock.monotonic_ms() < until:
            now = clock.monotonic_ms()
            self.core.handle_deadline(now)
            if self.core.state == OPEN and words:
                self.core.send(words)
            if self.reads:
                self.got += self.core.read(4096)
            self.say(self.core.data_to_send(now))
            await aio.sleep_ms(1)
