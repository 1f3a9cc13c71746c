"""Whatever the port, the line and the other end do, a cable neither wedges nor swells."""

import random

import pytest

from edge.errors import LinkError
from edge.system import aio, clock, entropy
from tests.sim.loop import Ground
from tests.transports.serial.soak.talk import Raw
from tests.transports.serial.virtual.ends_cpython import VirtualWire, until
from tests.transports.serial.virtual.hostile_cpython import Node, Peer, Rig, Stranger, fails
from transports.link import frames, message, session
from transports.serial import cable
from transports.serial.port_posix import Absent

BAUD = 115200
AGAIN_MS_MAX = 2000  # until bytes move again after a short disturbance
CLIMB_MS_MAX = (
    6000  # if it is disturbed in the middle of agreeing on rates, of which there are four
)
OPERATIONS = ("open", "read", "write", "set_baud")


def run(coroutine, seed: int = 1):
    with Ground(seed) as ground:
        return ground.run(coroutine)


class Trouble:
    """The ``number``th ``operation`` fails, and so many after it."""

    def __init__(self, operation: str, number: int, error: Exception, times: int = 1) -> None:
        self._operation, self._error = operation, error
        self._from, self._to = number, number + times
        self.count = 0

    def __call__(self, operation: str) -> None:
        if operation == self._operation:
            self.count += 1
            if self._from <= self.count < self._to:
                raise self._error


async def _port_fails(operation: str, number: int, error: Exception, rates: str) -> int:
    worst = 0
    limit = AGAIN_MS_MAX if not rates else AGAIN_MS_MAX + CLIMB_MS_MAX
    for dials in (True, False):
        async with Rig(VirtualWire(BAUD), rates) as rig:
            rig.a.trouble = Trouble(operation, number, error, 3)
            rig.a.start(dials=dials, listens=not dials)
            rig.b.start(dials=not dials, listens=dials)
            worst = max(worst, await rig.moves(limit, 3000))
    return worst


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_port_that_fails_at_each_operation(operation: str):
    numbers = {"open": (1, 2), "set_baud": (1, 2)}.get(operation, range(1, 40, 4))
    for error in (LinkError("broken"), Absent("not there")):
        for rates in ("", "~115200-921600"):
            worst = [run(_port_fails(operation, number, error, rates)) for number in numbers]
            print(operation, rates, "goes on after", max(worst), "ms at most")


def test_a_driver_that_takes_a_byte_at_a_time_or_none():
    async def work() -> None:
        async with Rig(VirtualWire(BAUD)) as rig:
            rig.a.takes = 1
            rig.a.start(dials=True)
            rig.b.start(listens=True)
            await rig.moves(5000)
            rig.a.takes = 0  # as RTS/CTS does
            await aio.sleep_ms(1000)
            rig.a.takes = 1 << 20
            await rig.moves(AGAIN_MS_MAX)
            rig.a.takes = 0
            await aio.sleep_ms(25000)
            rig.a.takes = 1 << 20
            await rig.moves(2 * AGAIN_MS_MAX)

    run(work())


async def _steps_while(node: Node, duration_ms: int) -> int:
    """How many times its cable works in that time."""
    assert node.cable
    steps, step = [0], node.cable._step

    def counted(now: int) -> None:
        steps[0] += 1
        step(now)

    node.cable._step = counted  # type: ignore[method-assign]
    await aio.sleep_ms(duration_ms)
    return steps[0]


def test_a_full_driver_costs_little():
    async def work() -> int:
        async with Rig(VirtualWire(BAUD)) as rig:
            rig.a.takes = 0
            rig.a.start(dials=True, listens=True)
            await aio.sleep_ms(500)
            return await _steps_while(rig.a, 10000)

    assert run(work()) < 10000 // cable.FULL_PAUSE_MS + 100


def _noise(chance: random.Random) -> bytes:
    kinds = (chance.randbytes(chance.randrange(3000)), b"\0" * 500, b"text " * 300)
    return chance.choice((*kinds, b"\xff" * 5000, b"a\0" * 1000, b"\x01\x01\0\0\x06\0"))


async def _garbage(chance: random.Random) -> None:
    async with Rig(VirtualWire(BAUD)) as rig:
        rig.a.start(dials=True)
        rig.b.start(listens=chance.random() < 0.5)
        for _ in range(40):
            for side in (rig.wire.a, rig.wire.b):
                side.hear(_noise(chance))
            rig.checked()
            await aio.sleep_ms(chance.randrange(50))
        if not rig.b._is_listening:
            rig.b.start(listens=True)
        await rig.moves(AGAIN_MS_MAX)


@pytest.mark.parametrize("seed", range(4))
def test_garbage_before_while_and_after(seed: int):
    run(_garbage(random.Random(seed)), seed)


class Shuffle:
    """Dial, listen, close, cancel, pull and plug at both ends, as chance has it."""

    def __init__(self, rig: Rig, group: aio.Group, chance: random.Random) -> None:
        self.rig, self.group, self.chance = rig, group, chance
        self.held: list = []

    async def act(self) -> None:
        node = self.chance.choice((self.rig.a, self.rig.b))
        act = self.chance.randrange(8)
        if act < 2:
            self.group.spawn(self._dial(node))
        elif act < 4:
            self.group.spawn(self._listen(node))
        elif act == 4 and self.held:
            await self.held.pop(self.chance.randrange(len(self.held))).close()
        elif act == 5 and len(self.group):
            self.chance.choice(list(self.group._tasks.values()))[0].cancel()
        elif act == 6:
            node.side.unplug()
        elif act == 7:
            node.side.plug()

    async def _dial(self, node: Node) -> None:
        self.held.append(await node.transport.dial(node.address))

    async def _listen(self, node: Node) -> None:
        listener = await node.transport.listen(node.address)
        try:
            for _ in range(self.chance.randrange(3)):
                self.held.append(await listener.accept())
        finally:
            await listener.close()


async def _shuffled(chance: random.Random) -> None:
    async with Rig(VirtualWire(BAUD)) as rig, aio.Group(lambda error: None) as group:
        shuffle = Shuffle(rig, group, chance)
        for _ in range(60):
            await shuffle.act()
            await aio.sleep_ms(chance.choice((0, 1, 5, 30, 300, 3000)))
            rig.checked()
        await group.cancel()
        for connection in shuffle.held:
            await connection.close()
        for node in (rig.a, rig.b):
            node.side.plug()
        await aio.sleep_ms(cable.LINGER_MS)
        rig.a.start(dials=True)
        rig.b.start(listens=True)
        await rig.moves(AGAIN_MS_MAX + cable.DIAL_TIMEOUT_MS)


@pytest.mark.parametrize("seed", range(12))
def test_dial_listen_close_and_cancel_in_any_order(seed: int):
    run(_shuffled(random.Random(seed)), seed)


@pytest.mark.parametrize("seed", range(6))
def test_both_dial_for_ever(seed: int):
    async def work() -> None:
        async with Rig(VirtualWire(BAUD, seed=seed)) as rig:
            rig.a.start(dials=True, listens=True)
            rig.b.start(dials=True, listens=True)
            for _ in range(5):
                await rig.moves(2 * AGAIN_MS_MAX)
                await (rig.a if seed & 1 else rig.b).reboot()

    run(work(), seed)


def test_a_cancelled_dial_at_every_moment():
    async def work() -> None:
        async with Rig(VirtualWire(BAUD)) as rig:
            rig.b.start(listens=True)
            for after_ms in range(60):
                async with aio.Group(lambda error: None) as group:
                    task = group.spawn(rig.a.transport.dial(rig.a.address))
                    await aio.sleep_ms(after_ms)
                    task.cancel()
                raw = await _dialed(rig.a)
                await raw.close()

    run(work())


async def _dialed(node: Node):
    began = clock.monotonic_ms()
    while True:
        try:
            return await node.transport.dial(node.address)
        except LinkError:
            assert clock.monotonic_ms() - began < 3000
            await aio.sleep_ms(20)


def test_who_speaks_only_text_or_nothing():
    async def work(says: bytes) -> bytes:
        wire = VirtualWire(BAUD)
        stranger = Stranger(wire.b)
        node = Node(wire.a)
        assert "nobody answers" in await fails(node.transport.dial(node.address))
        listening = node.start(listens=True)
        for _ in range(100):
            stranger.say(says)
            await aio.sleep_ms(session.CONSOLE_IDLE_MS + 100)
            listening.held_bytes()
        assert node.cable
        console = node.cable.console
        await node.power_off()
        return console

    assert run(work(b"login: ")).endswith(b"login: ")
    assert len(run(work(b"rst:0x1 (POWERON)\r\n" * 40))) == session.CONSOLE_BYTES_MAX
    assert run(work(b"")) == b""


def test_a_line_that_is_looped_back():
    async def work() -> None:
        wire = VirtualWire(BAUD)
        stranger = Stranger(wire.b)
        stranger.answer = lambda data: data
        node = Node(wire.a)
        assert "nobody answers" in await fails(node.transport.dial(node.address))
        node.start(listens=True)
        await aio.sleep_ms(100)
        steps = await _steps_while(node, 10000)
        assert node.cable and node.cable.error == "the line is looped back"
        assert steps < 2000 and node.cable.status().sessions < 20
        await node.power_off()

    run(work())


def test_two_that_draw_the_same_epoch(monkeypatch: pytest.MonkeyPatch):
    """As boards may that have little to draw from when they start."""
    drawn: list = [6, 6]

    async def work() -> None:
        random_below = entropy.random_below
        monkeypatch.setattr(entropy, "random_below", lambda bound: (
            drawn.pop() if drawn and bound == 0xFFFFFFFF else random_below(bound)))  # fmt: skip
        async with Rig(VirtualWire(BAUD)) as rig:
            rig.a.start(dials=True)
            rig.b.start(listens=True)
            await rig.moves(AGAIN_MS_MAX)
        assert not drawn

    run(work())


def _hello(kind: int, epoch: int, echo: int, newest: int = 1, oldest: int = 1) -> bytes:
    said = message.Hello(newest, oldest, epoch, echo, 0, 1024, 255, bytes(100))
    return b"\0" + frames.encode(message.encode_hello(kind, said))


def _last_epoch(heard: bytes) -> int:
    """Of the last hello in what was heard."""
    for chunk in reversed(heard.split(b"\0")):
        body = frames.decode(chunk)
        hello = message.decode_hello(body) if body and body[0] in (4, 5) else None
        if hello:
            return hello.epoch
    return 0


async def _flooded(answer, baud: int = 3000000) -> Node:
    wire = VirtualWire(baud)
    stranger = Stranger(wire.b)
    stranger.answer = answer
    node = Node(wire.a).start(dials=True, listens=True)
    stranger.say(answer(b""))
    for _ in range(100):
        await aio.sleep_ms(100)
        node.held_bytes()
    assert node.cable and node.cable.status().sessions < 10000 / cable.SESSION_INTERVAL_MS + 10
    await node.power_off()
    return node


def test_a_flood_of_hellos_with_new_epochs():
    chance = random.Random(1)

    def answer(heard: bytes) -> bytes:
        return b"".join([_hello(4, chance.randrange(1, 1 << 32), 0) for _ in range(20)])

    run(_flooded(answer))


def test_who_meets_and_starts_again_as_fast_as_he_can():
    """Each hello is answered, and ended by another: sessions are begun no faster than so many a
    second."""
    chance = random.Random(1)

    def answer(heard: bytes) -> bytes:
        echo = _last_epoch(heard)
        one, other = chance.randrange(1, 1 << 32), chance.randrange(1, 1 << 32)
        return _hello(4, one, echo) + _hello(5, one, echo) + _hello(4, other, 0)

    run(_flooded(answer))


def test_versions_that_never_meet():
    run(_flooded(lambda heard: _hello(4, 77, 0, 9, 8)))


def test_after_a_hostile_end_an_honest_one_is_served():
    chance = random.Random(1)

    async def work() -> None:
        wire = VirtualWire(BAUD)
        rig = Rig(wire)
        stranger = Stranger(wire.b)
        stranger.answer = lambda heard: (
            _hello(4, chance.randrange(1, 1 << 32), _last_epoch(heard)) + chance.randbytes(9)
        )
        rig.a.start(listens=True)
        await aio.sleep_ms(5000)
        wire.b.unplug()
        wire.b.plug()
        rig.b.start(dials=True)
        await rig.moves(AGAIN_MS_MAX)
        await rig.a.power_off()
        await rig.b.power_off()

    run(work())


async def _tries(node: Node) -> None:
    while True:
        try:
            raw = await node.transport.dial(node.address)
            await Raw(raw).write(bytes(100))
            await raw.read()
            await raw.close()
        except LinkError:
            pass
        await aio.sleep_ms(50)


async def _with_peer(epoch: int, words: bytes, reads: bool) -> None:
    """For ten seconds; then an honest one is served."""
    async with Rig(VirtualWire(BAUD)) as rig:
        rig.a.start(listens=True)
        peer = Peer(rig.wire.b, epoch)
        peer.reads = reads
        async with aio.Group() as group:
            group.spawn(_tries(rig.a))
            for _ in range(20):
                await peer.run(500, words)
                rig.checked()
        assert len(peer.core.receiver) <= session.BUFFER_BYTES_MAX
        rig.wire.b.unplug()
        rig.wire.b.plug()
        rig.b.start(dials=True)
        await rig.moves(AGAIN_MS_MAX)


@pytest.mark.parametrize("epoch", [1, 0xFFFFFFFF], ids=["lower epoch", "higher epoch"])
def test_a_peer_who_speaks_the_link_protocol_and_nothing_right_over_it(epoch: int):
    for words in (b"", b"\0", b"\x01", b"\x02", b"\x02\x02\x01", b"\x03" * 500, bytes(5000)):
        for reads in (True, False):
            run(_with_peer(epoch, words, reads))


def test_who_accepts_and_reads_nothing_is_sent_no_more_than_he_has_room_for():
    async def work() -> None:
        wire = VirtualWire(BAUD)
        peer, node = Peer(wire.b, 0xFFFFFFFF), Node(wire.a)
        peer.reads = False
        async with aio.Group() as group:
            group.spawn(peer.run(60000))
            peer.core.send(b"\x02")
            raw = await node.transport.dial(node.address)
            group.spawn(Raw(raw).write(bytes(200000)))
            await aio.sleep_ms(50000)
            assert 30000 < len(peer.core.receiver) <= session.BUFFER_BYTES_MAX
            node.held_bytes()
            steps = await _steps_while(node, 5000)
            assert steps < 1000, steps
            await raw.close()
        await node.power_off()

    run(work())


async def _climbs(parameters: str, away_ms: int) -> list:
    async with Rig(VirtualWire(BAUD), parameters) as rig:
        rig.a.start(dials=True)
        rig.b.start(listens=True)
        await aio.sleep_ms(3000)
        rates = [rig.a.transport.links()[0].baud]
        for side in (rig.wire.a, rig.wire.b, rig.wire.a):
            side.unplug()
            await aio.sleep_ms(200)
            side.plug()
            await aio.sleep_ms(6000)
            await rig.moves(AGAIN_MS_MAX)
            rates.append(rig.a.transport.links()[0].baud)
            assert rig.b.transport.links()[0].baud == rates[-1]
        return rates


def test_a_port_that_returns_climbs_again():
    for away_ms in (30, 200, 1500, 4000):
        assert run(_climbs("~115200-460800", away_ms)) == [460800] * 4


def test_until_is_bounded():
    async def work() -> None:
        with pytest.raises(AssertionError):
            await until(lambda: False, 10)

    run(work())
