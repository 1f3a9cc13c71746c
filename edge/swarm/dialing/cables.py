"""Whoever is at the other end of a cable: listens there, and dials when the ends have met.

    listen --> somebody is there --> dial --> connected --lost--> somebody is there ...
                                       |                            ^
                                       +--failed--> a pause, longer each time

A cable has one far end, and who that is nobody knows before it has proven it: it is dialed without
a peer id, or taken for no other peer than the one in its address.  Both ends do the same; the
medium agrees on who dials: the dial of one of them fails, and they are connected all the same.
"""

from edge.errors import EdgeError, LimitError, LinkError, printable
from edge.identity.peer_id import PeerId
from edge.swarm.swarm import Connected, Disconnected
from edge.system import aio, clock
from edge.system.log import Log

PAUSE_MS = 500  # after a failure, doubled by each
STEADY_MS = 10000  # a connection that lasted so long was no failure
WARNED_FAILURES = 2  # one after the other; less is two that dial at once, or a board that starts

_log = Log("cable")


class Cables:
    def __init__(self, swarm, pause_max_ms: int) -> None:
        self._swarm = swarm
        self._pause_max_ms = pause_max_ms
        self._changed = aio.Signal()  # a connection was made or lost
        self._told: dict = {}  # address -> what the user was warned of

    async def run(self) -> None:
        """Hear of connections, for ever."""
        events = self._swarm.watch()
        while True:
            if isinstance(await events.get(), (Connected, Disconnected)):
                self._changed.fire()

    async def keep(self, address) -> None:
        """From now on listen on ``address``, and be connected to whoever is there.

        With /p2p it is for that peer alone.  A port that cannot be had is asked for again.
        """
        listener = await self._listen(address)
        self._swarm.spawn(self._stay(address, listener))

    async def _stay(self, address, listener) -> None:
        failures = 0
        while True:
            await self._pause(address, failures)
            listener = listener or await self._listen(address)
            failure = "" if listener else "no port"
            if listener:
                await listener.met()
                failure = await self._dial(address)
            began = clock.monotonic_ms()
            if failure and failures >= WARNED_FAILURES and listener:
                self._warn(address, failure)
            while self._is_connected(address):
                await self._changed.wait()
            failures += 1
            if clock.monotonic_ms() - began >= STEADY_MS:
                failures = 0

    async def _pause(self, address, failures: int) -> None:
        """A while without dialing; not longer than until the other end has dialed."""
        now = clock.monotonic_ms()
        until = now
        if failures:
            until += min(PAUSE_MS * 2 ** min(failures - 1, 16), self._pause_max_ms)
        while now < until and not self._is_connected(address):
            await self._changed.wait_ms(until - now)
            now = clock.monotonic_ms()

    async def _listen(self, address):
        """The Listener; None if the port cannot be had now."""
        expected = address.peer_id and PeerId(address.peer_id)
        try:
            return await self._swarm.listen(address.decapsulate("p2p"), expected)
        except (LinkError, LimitError, MemoryError) as error:
            self._warn(address, str(error))
        return None

    def _warn(self, address, text: str) -> None:
        """Of each trouble once."""
        if self._told.get(address) != text:
            self._told[address] = text
            _log.warn("{}: {}", address.decapsulate("p2p"), text)

    async def _dial(self, address) -> str:
        """Why that failed; empty if there is a connection."""
        try:
            if not self._is_connected(address):
                await self._swarm.connect(address)
        except (EdgeError, MemoryError) as error:
            return printable(error, 200)
        return ""

    def _is_connected(self, address) -> bool:
        where = address.decapsulate("p2p")
        return bool([1 for one in self._swarm.connections() if one.remote_address == where])
