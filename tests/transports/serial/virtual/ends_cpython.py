"""Whole swarms at the ends of a cable in virtual time: what is measured here is exact, and depends
on nothing but the seed.

    swarm a -- Transport -- VirtualPort -- bytes a second, faults, delay -- VirtualPort -- swarm b
"""

from collections import deque
from collections.abc import Callable

from edge.errors import LinkError
from edge.system import aio, clock
from edge.wire.multiaddr import Multiaddr
from tests.sim.loop import VirtualLoop
from tests.transports.link.wire import Direction, Faults
from tests.transports.serial.nodes_cpython import SINK, Host
from transports.serial.port_posix import Absent
from transports.serial.transport import Transport

DRIVER_BYTES_MAX = 4096  # as a Linux driver's
STEP_S = 0.001
BITS = 10


class VirtualPort:
    """An open port, as port_posix.Port is one."""

    def __init__(self, side: "Side", baud: int, on_ready: Callable) -> None:
        if not side.is_there:
            raise Absent("{}: not there".format(side.name))
        self.side, self.baud, self.on_ready = side, baud, on_ready
        self.inbox = bytearray()
        self.waits_for_room = False
        side.port = self
        side.opened += 1

    def _require(self) -> None:
        if self.side.port is not self:
            raise LinkError("{}: unplugged".format(self.side.name))

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def read(self) -> bytes:
        self._require()
        data = bytes(self.inbox[:4096])
        self.inbox[:4096] = b""
        return data

    def write(self, data: bytes) -> int:
        self._require()
        queue = self.side.out.queue
        taken = min(len(data), DRIVER_BYTES_MAX - len(queue))
        queue += data[:taken]
        self.waits_for_room = self.waits_for_room or taken < len(data)
        self.side.wire.start()
        return taken

    def overruns(self) -> None:
        return None

    def close(self) -> None:
        if self.side.port is self:
            self.side.port = None


class Side:
    """Where a port is, or not."""

    def __init__(self, wire: "VirtualWire", name: str, out: Direction) -> None:
        self.wire, self.name, self.out = wire, name, out
        self.is_there = True
        self.port: VirtualPort | None = None
        self.opened = self.looked = 0

    def open(self, path: str, baud: int, rtscts: bool, on_ready: Callable) -> VirtualPort:
        return VirtualPort(self, baud, on_ready)

    def name_of(self, port: str) -> "Side":
        return self

    def remember(self) -> None:
        pass

    def path(self) -> str:
        return self.name

    def exists(self) -> bool:
        self.looked += 1
        return self.is_there

    def hear(self, data: bytes) -> None:
        """``data`` arrives, whoever said it."""
        if self.port:
            self.port.inbox += data
            self.port.on_ready()

    def unplug(self) -> None:
        """What the driver holds is gone with it."""
        port, self.is_there, self.port = self.port, False, None
        self.out.queue[:] = b""
        if port:
            port.on_ready()

    def plug(self) -> None:
        self.is_there = True


class Name:
    def __init__(self, side: Side) -> None:
        self._side = side
        self.path, self.is_there, self.remember = side.path, side.exists, side.remember


class VirtualWire:
    """Two sides and what is between them."""

    def __init__(self, baud: int, delay_ms: int = 0, seed: int = 1, **faults: int) -> None:
        """``baud``: what the line is set to; ``faults``: of tests.transports.link.wire."""
        rate, how = baud // BITS, Faults(**faults)
        self.baud, self.delay_ms = baud, delay_ms
        self.a = Side(self, "a", Direction(rate, how, seed))
        self.b = Side(self, "b", Direction(rate, how, seed + 7919))
        self._flying: deque = deque()  # (when, side, data)
        self._is_running = False

    def start(self) -> None:
        if not self._is_running:
            self._is_running = True
            loop = aio.asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.call_later(STEP_S, self._step)

    def _step(self) -> None:
        now = clock.monotonic_ms()
        for side, other in ((self.a, self.b), (self.b, self.a)):
            data = side.out.step(now)
            if data:
                self._flying.append((now + self.delay_ms, other, data))
            port = side.port
            if port and port.waits_for_room and len(side.out.queue) < DRIVER_BYTES_MAX // 2:
                port.waits_for_room = False
                port.on_ready()
        while self._flying and self._flying[0][0] <= now:
            _, side, data = self._flying.popleft()
            side.hear(data)
        self._is_running = False
        if self._flying or self.a.out.queue or self.b.out.queue:
            self.start()


class VirtualEnd(Host):
    """On that port."""

    def __init__(self, side: Side, seed: int, parameters: str = "") -> None:
        self.side = side
        address = Multiaddr("/serial/" + side.name + (parameters or f"~{side.wire.baud}"))
        super().__init__(address, Transport(side.open, lambda _: Name(side)), seed)

    @property
    def connection(self):
        return self.swarm.connections()[0]


class VirtualPair:
    """``dialer`` at a, ``listener`` at b."""

    def __init__(self, wire: VirtualWire, parameters: str = "", is_dialed: bool = True) -> None:
        self.wire = wire
        self.dialer = VirtualEnd(wire.a, 1, parameters)
        self.listener = VirtualEnd(wire.b, 2, parameters)
        self._is_dialed = is_dialed

    async def __aenter__(self) -> "VirtualPair":
        if self._is_dialed:
            await self.listener.swarm.listen(self.listener.address)
            await self.dialer.swarm.dial(self.dialer.address)
            await self.identified()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.dialer.swarm.close()
        await self.listener.swarm.close()

    async def identified(self) -> None:
        ends = self.dialer.swarm, self.listener.swarm
        await until(lambda: all([c.identified for end in ends for c in end.connections() or [NO]]))


class NO:
    identified = None


async def until(condition: Callable, limit_ms: int = 60000) -> int:
    """How many ms it took."""
    began = clock.monotonic_ms()
    while not condition():
        assert clock.monotonic_ms() - began < limit_ms, "not within {} ms".format(limit_ms)
        await aio.sleep_ms(1)
    return clock.monotonic_ms() - began


async def bulk(end: VirtualEnd, data: bytes) -> None:
    """Let the other end have ``data`` on a stream of its own."""
    stream = await end.connection.new_stream((SINK,))
    await stream.write(data)
    await stream.close_write()
    assert await stream.read_exactly(4) == b"done"
