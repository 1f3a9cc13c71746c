"""Joined routing: asks several, the near ones first, and passes on what each finds.

    static ==|answer or 150 ms|==> mdns ==|answer or 150 ms|==> kad ..

The next one is asked when those before have ended without enough, or have had a head start: an
answer from this link costs no lookup through a network, and a slow one delays nobody for long.
"""

from edge.errors import EdgeError, printable
from edge.routing.results import Results, search
from edge.system import aio
from edge.system.log import Log

ROUTINGS_MAX = 16
HEAD_START_MS = 150  # of one routing over the next
EVENTS_MAX = 64  # that wait to be read; later ones are dropped

_log = Log("routing")


class JoinedRouting:
    """The routings it is given, the preferred one first, as one."""

    name = "joined"

    def __init__(self) -> None:
        self.routings: list = []
        self._group = aio.Group(_log_error)
        self._events = aio.Queue(EVENTS_MAX)

    def add(self, routing) -> None:
        """Ask this one, too, after those that are there."""
        assert len(self.routings) < ROUTINGS_MAX
        self.routings.append(routing)

    async def start(self) -> None:
        """Start all; one that cannot is left out, and said so."""
        for routing in list(self.routings):
            try:
                await routing.start()
            except EdgeError as error:
                _log.warn("{} takes no part: {}", routing.name, printable(error, 200))
                self.routings.remove(routing)
            else:
                self._group.spawn(self._follow(routing))

    async def stop(self) -> None:
        await self._group.cancel()
        for routing in self.routings:
            await routing.stop()
        self._events.close()

    def find_peer(self, peer_id) -> Results:
        """As each of them finds it: the first answer may be an address the peer has left."""
        return self._ask(peer_id.to_bytes(), 2, lambda routing: routing.find_peer(peer_id))

    def get_closest_peers(self, key: bytes, count: int) -> Results:
        """Those that any of them calls the closest, put in one order."""
        most = count * max(1, len(self.routings))

        async def run(results: Results) -> None:
            await self._collect(results, lambda routing: routing.get_closest_peers(key, count))

        async def choose(results: Results) -> None:
            every = await search(self._group, key, most, run).all()
            for info in every[:count]:
                results.add(info)

        return search(self._group, key, count, choose)

    def find_providers(self, key: bytes, count: int) -> Results:
        return self._ask(key, count, lambda routing: routing.find_providers(key, count))

    async def provide(self, key: bytes) -> int:
        counts: list = []

        async def tell(routing) -> None:
            try:
                counts.append(await routing.provide(key))
            except EdgeError as error:
                _log.info("{}: {}", routing.name, printable(error, 200))

        async with aio.Group(_log_error) as group:
            for routing in self.routings:
                group.spawn(tell(routing))
            await group.join()
        return sum(counts)

    async def unprovide(self, key: bytes) -> None:
        for routing in self.routings:
            await routing.unprovide(key)

    def status(self) -> dict:
        return dict([(routing.name, routing.status()) for routing in self.routings])

    async def next_event(self):
        return await self._events.get()

    def _ask(self, key: bytes, count: int, question) -> Results:
        async def run(results: Results) -> None:
            await self._collect(results, question)

        return search(self._group, key, count, run)

    async def _collect(self, results: Results, question) -> None:
        """Ask one after the other and together, until there are enough or all have ended."""
        answers = _Answers(results)
        async with aio.Group(_log_error) as group:
            for routing in self.routings:
                group.spawn(answers.take(question(routing)))
                answers.running += 1
                try:
                    await aio.wait_for_ms(answers.settled(), HEAD_START_MS)
                except aio.TimeoutError:
                    pass
                if answers.enough:
                    return
            await answers.settled()

    async def _follow(self, routing) -> None:
        try:
            while True:
                self._events.put_nowait(await routing.next_event())
        except EOFError:
            pass


class _Answers:
    """What several searches find, until it is enough or all of them have ended."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._changed = aio.Signal()
        self.running = 0
        self.enough = False

    async def take(self, source: Results) -> None:
        try:
            async for info in source:
                if not self._results.add(info):
                    self.enough = True
                    break
        finally:
            await source.close()
            self.running -= 1
            self._changed.fire()

    async def settled(self) -> None:
        while self.running and not self.enough:
            await self._changed.wait()


def _log_error(error: Exception) -> None:
    _log.error("{!r}", error)
