"""A leaf on a cable: a swarm over serial ports, and records of its own, for a heap of 112 KB.

It listens on its ports, and dials whoever is at the other end if nobody has dialed.  What it has to
say it signs and keeps in memory.  A neighbour that serves our own DHT, as `edge run` does, is given
it, and hands it on; anybody may fetch it.  What the application does is its own business:
`await application.run(sensor)`, a file that is built into the image, readings.py if no other is.
"""

from edge.errors import EdgeError, RemoteError
from edge.records import names
from edge.records.author import Author
from edge.records.judge import Judge
from edge.records.observed import Time
from edge.records.record import decode
from edge.records.stores import Quota
from edge.records.stores.memory import MemoryStore
from edge.records.validators import open_validators
from edge.routing.kad import EDGE, message
from edge.swarm.frames import read_frame
from edge.swarm.protocols.fetch import Fetch
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Introduced, Swarm
from edge.system import aio, forget
from edge.wire import varint
from edge.wire.buffer import Buffer
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

IDENTITY = "identity.key"
CONSOLE = "/serial/usb"
PORTS = (CONSOLE + "~0",)
GRACE_MS = 2000  # after a start, that the console takes a ctrl-C before the cable has its port
REDIAL_MS = 3000
QUOTA = Quota(16, 4096, 16, 4096)  # records, and bytes
ANSWER_BYTES_MAX = 8192


class Sensor:
    """What an application talks to."""

    def __init__(self, key) -> None:
        self.transport = open_transport("serial")
        self.swarm = Swarm(key, [self.transport])
        self.peer_id = self.swarm.peer_id
        Identify(self.swarm)
        self.ping = Ping(self.swarm)
        time = Time()
        self.judge = Judge(open_validators(time), time)
        self.store = MemoryStore(self.judge, self.peer_id.to_bytes(), QUOTA)
        self._author = Author(key, self.store)
        Fetch(self.swarm).serve(names.edge_key(self.peer_id, "x")[:-1], self.store.get)

    async def put(self, path: str, value: bytes) -> tuple:
        """Say that ``path`` of this chip is ``value``: (version, how many neighbours keep it)."""
        record = await self._author.put(path, value)
        kept = 0
        for connection in self.keepers():
            kept += await self._hand_over(connection, record.key)
        return decode(await self.store.get(record.key)).record.version, kept

    async def get(self, key: bytes) -> "bytes | None":
        """The best record of ``key``, here or at a neighbour's; None if there is none."""
        best = await self.store.get(key)
        for connection in self.keepers():
            try:
                value = await self._ask(connection, message.GET_VALUE, key, None)
                if value is None:
                    continue
                self.judge.check(key, value)
            except EdgeError as error:
                print("no answer", error)
                continue
            if best is None or self.judge.compare(key, value, best) > 0:
                best = value
        return best

    async def follow(self) -> None:
        """Hand over what is kept here to every neighbour that comes."""
        events = self.swarm.watch()
        while True:
            event = await events.get()
            if isinstance(event, Introduced) and event.connection in self.keepers():
                for key in await self.store.keys():
                    await self._hand_over(event.connection, key)

    def keepers(self) -> list:
        """Connections to neighbours that keep records."""
        return [
            connection
            for connection in self.swarm.connections()
            if connection.identified and EDGE.protocol in connection.identified.protocols
        ]

    async def _hand_over(self, connection, key: bytes) -> bool:
        """Whether the neighbour keeps our record of ``key`` now."""
        try:
            if not await self._give(connection, key):
                await self._renew(connection, key)
                return await self._give(connection, key)
        except EdgeError as error:
            print("not kept", error)
            return False
        return True

    async def _give(self, connection, key: bytes) -> bool:
        value = await self.store.get(key)
        try:
            return await self._ask(connection, message.PUT_VALUE, key, value) == value
        except EdgeError:
            return False  # it refuses by a reset

    async def _renew(self, connection, key: bytes) -> None:
        """The neighbour has a newer record, of before the last start of this chip: say what we
        have to say once more, in a newer one."""
        theirs = await self._ask(connection, message.GET_VALUE, key, None)
        ours = decode(await self.store.get(key)).record
        if theirs and await self.store.put(key, theirs):
            await self._author.put(str(names.split(key)[1], "utf-8"), ours.value)

    async def _ask(self, connection, kind: int, key: bytes, value) -> "bytes | None":
        """The value in the neighbour's answer."""
        exchange = _exchange(connection, kind, key, value)
        try:
            return await aio.wait_for_ms(exchange, connection.profile.negotiate_timeout_ms)
        except (EOFError, aio.TimeoutError):
            raise RemoteError("no whole answer")


async def _exchange(connection, kind: int, key: bytes, value) -> "bytes | None":
    record = message.Record(key, value, "") if value else None
    request = message.encode(message.Message(kind, key, record, (), ()), EDGE)
    stream = await connection.new_stream((EDGE.protocol,))
    try:
        await stream.write(varint.frame(request))
        answer = await read_frame(stream, Buffer(), ANSWER_BYTES_MAX)
    except BaseException:
        stream.reset()
        raise
    await stream.close()
    if answer is None:
        raise EOFError
    record = message.decode(answer, EDGE).record
    return record.value if record else None


def load_key():
    """The identity of this chip.  What reads it is forgotten again: it is 2 KB of heap."""
    from edge.identity import identity_file

    key = identity_file.load_or_create(IDENTITY)
    forget("edge.identity.identity_file", "edge.system.files", "edge.system.files_flash")
    return key


async def run(read) -> None:
    ports = [Multiaddr(port) for port in read().get("ports", PORTS)]
    sensor = Sensor(load_key())
    print("peer id  ", sensor.peer_id)
    if [port for port in ports if str(port).startswith(CONSOLE)]:
        await aio.sleep_ms(GRACE_MS)
    for port in ports:
        await sensor.swarm.listen(port)
        print("listening", port)
    import application

    async with aio.Group(report) as group:
        group.spawn(sensor.follow())
        group.spawn(application.run(sensor))
        while True:
            for port in ports:
                await stay_connected(sensor.swarm, port)
            await aio.sleep_ms(REDIAL_MS)


async def stay_connected(swarm: Swarm, port: Multiaddr) -> None:
    """Nobody may be there; it is no news."""
    if port not in [connection.local_address for connection in swarm.connections()]:
        try:
            await swarm.dial(port)
        except EdgeError:
            pass


def report(error: Exception) -> None:
    print("the application failed:", repr(error))


def start(read) -> None:
    """Run until the power goes; ``read()`` gives the settings, which are not kept."""
    try:
        aio.run(run(read))
    except EdgeError as error:
        print("the sensor cannot run:", error)
