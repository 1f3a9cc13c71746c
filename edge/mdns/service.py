"""Discovery over the pure agent: one task hears, one task keeps time.

Spec: see edge.mdns.agent.  The door: see edge.mdns.
"""

from edge.errors import RemoteError
from edge.mdns.agent import Agent
from edge.mdns.probes import ANSWERS_MAX
from edge.system import aio, clock, const, entropy
from edge.system.log import Log

_ENTROPY_BYTES = const(64)
_BURST_MAX = const(256)  # packets taken in without a rest
_REST_MS = const(10)


class Service:
    """Tells which peers are on the links that ``datagrams`` has, and tells them of us.

    ``options`` are those of Agent.
    """

    can_probe = True

    def __init__(self, peer_id: bytes, datagrams, **options) -> None:
        self._datagrams = datagrams
        self._agent = Agent(peer_id, entropy.random_bytes(_ENTROPY_BYTES), **options)
        self._tasks = aio.Group(_log_error)
        self._acted = aio.Signal()
        self._event_came = aio.Event()
        self._running = False
        self._over = False
        self._askers = {}  # name of a key -> queues of those who asked for it
        self._load = None

    async def start(self, addresses) -> None:
        try:
            await self._datagrams.open()
        except BaseException:
            self._end_probes()
            raise
        self._over = False
        self._running = True
        self._agent.set_interfaces(self._datagrams.interfaces(), clock.monotonic_ms())
        self.update_addresses(addresses)
        self._tasks.spawn(self._hear())
        self._tasks.spawn(self._keep_time())

    async def stop(self) -> None:
        self._running = False
        self._end_probes()
        await self._tasks.cancel()
        self._agent.close(clock.monotonic_ms())
        self._act()
        await self._datagrams.close()

    def update_addresses(self, addresses) -> None:
        self._agent.update_addresses(addresses, clock.monotonic_ms())
        self._act()

    def doubt(self, peer_id: bytes) -> None:
        self._agent.doubt(peer_id, clock.monotonic_ms())
        self._act()

    def offer(self, key: bytes) -> bool:
        return self._agent.offer(key)

    def withdraw(self, key: bytes) -> None:
        self._agent.withdraw(key)

    def probe(self, key: bytes) -> aio.Queue:
        return self._listen(*self._agent.probe(key, clock.monotonic_ms()))

    def values(self, load):
        self._load = load
        return self._agent.values()

    def ask(self, key: bytes, digest: "bytes | None") -> aio.Queue:
        return self._listen(*self._agent.values().ask(key, digest, clock.monotonic_ms()))

    def _listen(self, name: "bytes | None", known: list) -> aio.Queue:
        queue = aio.Queue(max(len(known), ANSWERS_MAX))
        for found in known:
            queue.put_nowait(found)
        if name is None or self._over:
            queue.close()
        else:
            self._askers.setdefault(name, []).append(queue)
            self._act()
        return queue

    def end(self, queue: aio.Queue) -> None:
        queue.close()
        for name, queues in list(self._askers.items()):
            if queue in queues:
                queues.remove(queue)
                if not queues:
                    del self._askers[name]
                    self._agent.end(name)

    def _end_probes(self) -> None:
        self._over = True
        for queues in list(self._askers.values()):
            for queue in list(queues):
                self.end(queue)

    def _tell_askers(self) -> None:
        answer = self._agent.next_answer()
        while answer:
            name, found = answer
            for queue in list(self._askers.get(name, ())):
                if found:
                    queue.put_nowait(found)
                else:
                    self.end(queue)
            answer = self._agent.next_answer()

    async def next_event(self):
        """What has become known of the peers around: Found or Lost.  EOFError once stopped."""
        while self._running:
            event = self._agent.next_event()
            if event:
                return event
            self._event_came.clear()
            await self._event_came.wait()
        raise EOFError

    def _act(self) -> None:
        """What follows from whatever the agent was told."""
        for packet, destination, interface in self._agent.data_to_send():
            self._datagrams.send(packet, destination, interface)
        self._tell_askers()
        for key in self._agent.wanted():
            self._tasks.spawn(self._supply(key))
        self._event_came.set()
        self._acted.fire()

    async def _supply(self, key: bytes) -> None:
        value = await self._load(key)
        self._agent.values().supply(key, value, clock.monotonic_ms())

    async def _hear(self) -> None:
        burst = 0
        while self._running:
            arrived = await self._datagrams.receive()
            now = clock.monotonic_ms()
            try:
                if not arrived:
                    self._agent.set_interfaces(self._datagrams.interfaces(), now)
                    self._act()
                elif self._agent.receive_data(*arrived, now):
                    self._act()
            except (RemoteError, MemoryError):
                pass  # anybody may say anything there
            burst += 1
            if burst % _BURST_MAX == 0:  # a flood must not keep the node from its work
                await aio.sleep_ms(_REST_MS)

    async def _keep_time(self) -> None:
        # MicroPython loses a cancellation that comes with what was waited for.
        while self._running:
            deadline = self._agent.deadline()
            if deadline is None:
                await self._acted.wait()
            elif not await self._acted.wait_ms(max(0, deadline - clock.monotonic_ms())):
                try:
                    self._agent.handle_deadline(clock.monotonic_ms())
                    self._act()
                except MemoryError:
                    await aio.sleep_ms(_REST_MS)


def _log_error(error: Exception) -> None:
    Log("mdns").error("{!r}", error)
