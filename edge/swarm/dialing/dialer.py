"""Dialing: one job per peer, its addresses raced, the first that proves to be the peer wins."""

from edge.errors import EdgeError, LinkError
from edge.identity.peer_id import PeerId
from edge.swarm.connection import OUTBOUND
from edge.swarm.dialing.dial_plan import DialPlan, Rests
from edge.swarm.limits import refuse_if_full
from edge.system import aio, clock, const

RESULTS_MAX = 64  # of one dial that are not looked at yet

_DNSADDR = const(56)  # the first byte of an address that begins with /dnsaddr


class _Job:
    """One dial that any number of tasks wait for, who may know different addresses."""

    def __init__(self) -> None:
        self.done = aio.Signal()
        self.results = aio.Queue(RESULTS_MAX)
        self.connection = None
        self.error: EdgeError | None = None


class _Heard:
    """What one more task knows of a peer that is being dialed."""

    def __init__(self, addresses: list) -> None:
        self.addresses = addresses


class Dialer:
    def __init__(self, transports, upgrade, limits, group, resolve=None) -> None:
        """``upgrade(raw, direction, expected)`` gives a Connection; ``group`` owns the jobs;
        ``await resolve(address)`` gives the addresses that a /dnsaddr stands for."""
        self._transports = transports
        self._upgrade = upgrade
        self._resolve = resolve
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
        else:
            job.results.put_nowait(_Heard(addresses))
        while job.connection is None and job.error is None:
            await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.connection

    def close(self) -> None:
        """Tell those who wait that there will be no connection; the jobs' tasks have ended."""
        for key in list(self._jobs):
            self._end(key, LinkError("dial cancelled"))

    def _end(self, key, error) -> None:
        job = self._jobs.pop(key)
        job.error = error
        job.done.fire()

    async def _run(self, key, job, peer_id, addresses) -> None:
        outcome: EdgeError | None = LinkError("dial cancelled")
        try:
            now = clock.monotonic_ms()
            race = self._race(peer_id, self._rests.awake(addresses, now), job.results)
            job.connection = await aio.wait_for_ms(race, self._limits.dial_timeout_ms)
            outcome = None
        except aio.TimeoutError:
            outcome = LinkError("no answer within {} ms".format(self._limits.dial_timeout_ms))
        except EdgeError as error:
            outcome = error
        finally:
            self._end(key, outcome)

    async def _race(self, peer_id, addresses, results):
        """The first connection that succeeds; LinkError with every address's reason if none."""
        errors: list = []
        running = 0
        async with aio.Group() as group:
            plan = DialPlan(self._usable(addresses), clock.monotonic_ms())
            while True:
                now = clock.monotonic_ms()
                address = plan.next_address(now)
                if address is not None:
                    group.spawn(self._attempt(address, peer_id, results))
                    running += 1
                    continue
                due = plan.deadline()
                if not running and due is None and not len(results):
                    reasons = "; ".join(errors) or "no transport here for its addresses"
                    raise LinkError("cannot reach {}: {}".format(peer_id or addresses[0], reasons))
                outcome = await _next_within(results, due and due - now)
                if outcome is None:
                    continue
                if isinstance(outcome, _Heard):
                    heard = self._rests.awake(outcome.addresses, clock.monotonic_ms())
                    plan.hear(self._usable(heard))
                    continue
                running -= 1
                if isinstance(outcome, list):
                    plan.add(outcome)
                elif isinstance(outcome, Exception):
                    errors.append(str(outcome))
                else:
                    return outcome
                plan.hasten(clock.monotonic_ms())

    def _usable(self, addresses) -> list:
        return [one for one in addresses if _is_dnsaddr(one) or self._transport(one)]

    def _transport(self, address):
        for transport in self._transports:
            if transport.can_dial(address):
                return transport
        return None

    async def _attempt(self, address, peer_id, results) -> None:
        try:
            outcome = await self._connect(address, peer_id)
            self._rests.succeeded(address)
        except Exception as error:  # a chip out of memory, a bug: the race must hear of it
            self._rests.failed(address, clock.monotonic_ms())
            outcome = error
        await results.put(outcome)

    async def _connect(self, address, peer_id):
        """The Connection to ``address``; of a name, the list of addresses it stands for."""
        if _is_dnsaddr(address):
            return await self._behind(address, peer_id)
        transport = self._transport(address)
        timeout_ms = self._limits.address_timeout_ms
        try:
            found = await aio.wait_for_ms(transport.resolve(address), timeout_ms)
            if found != [address]:
                return found
            if peer_id and transport.is_shared:
                address = address.with_peer_id(peer_id.to_bytes())
            raw = await _open(transport, address, timeout_ms)
        except aio.TimeoutError:
            raise LinkError("{}: no answer within {} ms".format(address, timeout_ms))
        if not peer_id and address.peer_id:  # a name led to more than one peer
            peer_id = PeerId(address.peer_id)
        return await self._upgrade(raw, OUTBOUND, peer_id)

    async def _behind(self, address, peer_id) -> list:
        """What a /dnsaddr stands for, of ``peer_id`` alone if that is known."""
        if peer_id:
            address = address.with_peer_id(peer_id.to_bytes())
        found = await self._resolve(address)
        if peer_id:
            found = [one.decapsulate("p2p") or one for one in found]
        usable = [one for one in self._usable(found) if not _is_dnsaddr(one)]
        if not usable:
            raise LinkError("{} leads to no address that can be dialed here".format(address))
        return usable


def _is_dnsaddr(address) -> bool:
    return address.to_bytes()[0] == _DNSADDR


async def _open(transport, address, timeout_ms: int):
    """A raw connection within ``timeout_ms``; one whose waiter has gone meanwhile is closed."""
    opened: list = []

    async def dial() -> None:
        opened.append(await transport.dial(address))

    try:
        await aio.wait_for_ms(dial(), timeout_ms)
        return opened.pop()
    finally:  # on MicroPython a result is lost if the cancellation comes with it
        for raw in opened:
            await raw.close()


async def _next_within(results, timeout_ms):
    """The next result, or None after ``timeout_ms`` (None: wait for ever)."""
    if timeout_ms is None:
        return await results.get()
    try:
        return await aio.wait_for_ms(results.get(), max(timeout_ms, 1))
    except aio.TimeoutError:
        return None
