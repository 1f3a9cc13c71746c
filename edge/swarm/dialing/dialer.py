"""Dialing: one job per peer, its addresses raced, the first that proves to be the peer wins."""

from edge.errors import EdgeError, LinkError, LocalError
from edge.swarm.connection import OUTBOUND
from edge.swarm.dialing.dial_plan import DialPlan, Rests
from edge.swarm.limits import refuse_if_full
from edge.system import aio, clock


class _Job:
    """One dial that any number of tasks wait for."""

    def __init__(self) -> None:
        self.done = aio.Signal()
        self.connection = None
        self.error = None


class Dialer:
    def __init__(self, transports, upgrade, limits, group) -> None:
        """``upgrade(raw, direction, expected)`` gives a Connection; ``group`` owns the jobs."""
        self._transports = transports
        self._upgrade = upgrade
        self._limits = limits
        self._group = group
        self._jobs: dict = {}  # peer id or address -> _Job
        self._rests = Rests()

    async def dial(self, peer_id, addresses):
        """A new connection to ``peer_id`` (None: to whoever is at the first address)."""
        key = peer_id or addresses[0]
        job = self._jobs.get(key)
        if job is None:
            refuse_if_full(len(self._jobs), self._limits.dials_max, "dials at once")
            job = self._jobs[key] = _Job()
            self._group.spawn(self._run(key, job, peer_id, addresses))
        while job.connection is None and job.error is None:
            await job.done.wait()
        if job.error:
            raise job.error
        return job.connection

    async def _run(self, key, job, peer_id, addresses) -> None:
        job.error = LinkError("dial cancelled")
        try:
            now = clock.monotonic_ms()
            race = self._race(peer_id, self._rests.awake(addresses, now))
            job.connection = await aio.wait_for_ms(race, self._limits.dial_timeout_ms)
            job.error = None
        except aio.TimeoutError:
            job.error = LinkError("no answer within {} ms".format(self._limits.dial_timeout_ms))
        except EdgeError as error:
            job.error = error
        finally:
            self._jobs.pop(key, None)
            job.done.fire()

    async def _race(self, peer_id, addresses):
        """The first connection that succeeds; LinkError with every address's reason if none."""
        results = aio.Queue(64)
        errors: list = []
        running = 0
        async with aio.Group() as group:
            plan = DialPlan(await self._resolve(addresses, errors), clock.monotonic_ms())
            while True:
                now = clock.monotonic_ms()
                address = plan.next_address(now)
                if address is not None:
                    group.spawn(self._attempt(address, peer_id, results))
                    running += 1
                    continue
                due = plan.deadline()
                if not running and due is None:
                    raise LinkError("cannot reach {}: {}".format(peer_id, "; ".join(errors)))
                outcome = await _next_within(results, due and due - now)
                if outcome is None:
                    continue
                running -= 1
                if not isinstance(outcome, Exception):
                    return outcome
                errors.append(str(outcome))
                plan.failed(clock.monotonic_ms())

    async def _resolve(self, addresses, errors) -> list:
        found = []
        for address in addresses:
            transport = self._transport(address)
            try:
                if transport is None:
                    raise LocalError("no transport here for {}".format(address))
                found.extend(await transport.resolve(address))
            except EdgeError as error:
                errors.append(str(error))
        return found

    def _transport(self, address):
        for transport in self._transports:
            if transport.can_dial(address):
                return transport
        return None

    async def _attempt(self, address, peer_id, results) -> None:
        transport = self._transport(address)
        try:
            try:
                timeout_ms = self._limits.address_timeout_ms
                raw = await aio.wait_for_ms(transport.dial(address), timeout_ms)
            except aio.TimeoutError:
                raise LinkError("{}: no answer within {} ms".format(address, timeout_ms))
            outcome = await self._upgrade(raw, OUTBOUND, peer_id)
            self._rests.succeeded(address)
        except EdgeError as error:
            self._rests.failed(address, clock.monotonic_ms())
            outcome = error
        await results.put(outcome)


async def _next_within(results, timeout_ms):
    """The next result, or None after ``timeout_ms`` (None: wait for ever)."""
    if timeout_ms is None:
        return await results.get()
    try:
        return await aio.wait_for_ms(results.get(), max(timeout_ms, 1))
    except aio.TimeoutError:
        return None
