"""What a serial port's settings and its rates do with anything they are told."""

from edge.errors import EdgeError
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests.sim.loop import Ground
from tests.transports.serial.virtual.ends_cpython import VirtualWire
from tests.transports.serial.virtual.hostile_cpython import Node, Rig
from transports.link import frames, message
from transports.serial import address
from transports.serial.cable import DIAL_TIMEOUT_MS, LINGER_MS
from transports.serial.ladder import Ladder

BAUD = 115200
SCRIPT_BYTES_MAX = 120
AGAIN_MS_MAX = DIAL_TIMEOUT_MS + 4000
TURNS_MAX = 3  # that a ladder may want without time passing
LOWEST = 9600


def serial_address(data: bytes) -> None:
    """An address is refused or has a port and rates in order."""
    said = Multiaddr("/serial/" + data.decode("utf-8", "replace"))
    settings = address.parse(said)
    assert settings.port and settings.baud <= settings.baud_max
    again = Multiaddr("/serial/" + address.to_value(settings.port) + "~0")
    assert address.parse(again).port == settings.port or "~" in settings.port


def serial_ladder(data: bytes) -> None:
    """Whatever a peer offers and the line does, the rate is one of ours, and the ladder neither
    spins nor stays high where nothing is heard."""
    size = data[0] if data else 0
    ladder = Ladder(LOWEST, 460800)
    known = [LOWEST, *ladder._own]
    now = frames = damaged = 0
    ladder.agree(data[1 : 1 + size], now)
    for act in data[1 + size :]:
        argument = act >> 3
        if act & 7 == 0:
            frames += argument
        elif act & 7 == 1:
            damaged += argument
        elif act & 7 == 2:
            ladder.come_back(now)
        elif act & 7 == 3 and not argument:
            ladder.restart(now)
            frames = damaged = 0
        else:
            now += argument * 20
        ladder.count(frames, damaged, now)
        turns = 0
        while ladder.handle_deadline(now):
            turns += 1
            assert turns < TURNS_MAX and ladder.rate in known
    _comes_down(ladder, now)


def _comes_down(ladder: Ladder, now: int) -> None:
    for _ in range(200):
        due = ladder.deadline()
        if due is None:
            break
        now = max(now, due)
        ladder.handle_deadline(now)
    assert ladder.rate == LOWEST and ladder.deadline() is None


class Handler:
    """Dials, listens, cancels and pulls at both ends of a cable, and says things on it."""

    def __init__(self, rig: Rig, script: bytes) -> None:
        self.rig = rig
        self.held: list = []
        self._script = script
        self._group = aio.Group(lambda error: None)
        self._tasks: list = []
        self._acts = (
            self._sleep,
            self._dial,
            self._cancel,
            self._listen,
            self._pull,
            self._babble,
            self._hello,
            self._forge,
        )

    async def go(self) -> None:
        while self._script:
            act = self._script[0]
            self._script = self._script[1:]
            await self._acts[act >> 5]((self.rig.a, self.rig.b)[act & 1], act >> 1 & 15)
            await aio.sleep_ms(act & 7)
            self.rig.checked()
        await self._group.cancel()
        for connection in self.held:
            await connection.close()

    def _piece(self, size: int) -> bytes:
        piece, self._script = self._script[:size], self._script[size:]
        return piece

    async def _sleep(self, node: Node, argument: int) -> None:
        await aio.sleep_ms(argument * argument * 20)

    async def _dial(self, node: Node, argument: int) -> None:
        async def work() -> None:
            raw = await node.transport.dial(node.address)
            self.held.append(raw)
            raw.write_some(bytes(argument))

        self._tasks.append(self._group.spawn(work()))

    async def _cancel(self, node: Node, argument: int) -> None:
        if self._tasks:
            self._tasks.pop(argument % len(self._tasks)).cancel()
        elif self.held:
            await self.held.pop(argument % len(self.held)).close()

    async def _listen(self, node: Node, argument: int) -> None:
        async def work() -> None:
            listener = await node.transport.listen(node.address)
            try:
                for _ in range(argument & 3):
                    self.held.append(await listener.accept())
            finally:
                await listener.close()

        self._tasks.append(self._group.spawn(work()))

    async def _pull(self, node: Node, argument: int) -> None:
        if node.side.is_there:
            node.side.unplug()
        else:
            node.side.plug()

    async def _babble(self, node: Node, argument: int) -> None:
        node.side.hear(self._piece(argument))

    async def _hello(self, node: Node, argument: int) -> None:
        """With a right sum and anything in it."""
        body = bytes((message.HELLO + (argument & 1),)) + self._piece(19)
        self._say(node, body, 0)

    async def _forge(self, node: Node, argument: int) -> None:
        """A frame of the session; what it says is over with the session."""
        core = node.cable and node.cable._session
        if core and core.peer_epoch:
            start = message.tag(core.peer_epoch, core.epoch)
            self._say(node, self._piece(argument), message.crc32(bytes(8), start))
            await aio.sleep_ms(1)
            if node.cable and node.cable._session is core:
                core.close()
                node.cable.wake()

    def _say(self, node: Node, body: bytes, start: int) -> None:
        total = message.crc32(body, start).to_bytes(4, "big")
        node.side.hear(b"\0" + frames.encode(body + total))


async def _handled(script: bytes) -> None:
    async with Rig(VirtualWire(BAUD)) as rig:
        try:
            await Handler(rig, script).go()
        except EdgeError as error:
            raise AssertionError("let out") from error
        for node in (rig.a, rig.b):
            node.side.plug()
        await aio.sleep_ms(LINGER_MS)
        rig.a.start(dials=True)
        rig.b.start(listens=True)
        await rig.moves(AGAIN_MS_MAX, 200)


def serial_cable(data: bytes) -> None:
    """Whatever two programs do with a cable and whoever speaks on it, it serves the next two."""
    with Ground(1) as ground:
        ground.run(_handled(data[:SCRIPT_BYTES_MAX]))


TARGETS = {
    "serial_address": serial_address,
    "serial_ladder": serial_ladder,
    "serial_cable": serial_cable,
}
