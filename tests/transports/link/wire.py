"""A cable in virtual time: two sessions, a bit rate, and everything that goes wrong, by a seed.

Bits flip independently or in bursts, bytes get lost, the receiver's FIFO overruns, the cable is
pulled, an end is switched off and on, what was on the line comes again, or garbage does.
"""

from tests import kit
from transports.link import session
from transports.link.session import Session

STEP_MS = 1


class Faults:
    """What goes wrong on a direction; 0 is never."""

    def __init__(self, **faults) -> None:
        self.flip_every_bits = 0  # about one bit in so many
        self.lose_every_bytes = 0
        self.bursts_per_10_s = 0
        self.burst_ms = 20  # in the mean: half to one and a half
        self.overrun_every_bytes = 0  # then 16 bytes are lost
        self.replay_every_bytes = 0  # then the last 300 bytes come once more
        self.garbage_every_bytes = 0  # then up to 64 bytes nobody sent
        for name in faults:
            getattr(self, name)
            setattr(self, name, faults[name])


class Direction:
    """Bytes one way, at a rate."""

    def __init__(self, bytes_per_s: int, faults: Faults, seed: int) -> None:
        self.bytes_per_s = bytes_per_s
        self.faults = faults
        self.is_cut = False
        self.rng = kit.Rng(seed)
        self.queue = bytearray()
        self.carried = 0
        self._share = 0
        self._recent = b""
        self._next = {}
        self._burst_from = self._burst_to = 0
        self._next_burst()

    def _next_burst(self) -> None:
        rate = self.faults.bursts_per_10_s
        if rate:
            self._burst_from = self._burst_to + 1 + self.rng.below(20000 // rate)
            self._burst_to = self._burst_from + self.faults.burst_ms // 2
            self._burst_to += self.rng.below(self.faults.burst_ms + 1)

    def step(self, now: int) -> bytes:
        """What comes out in the millisecond before ``now``."""
        self._share += self.bytes_per_s * STEP_MS
        size = self._share // 1000
        self._share -= size * 1000
        data = bytes(self.queue[:size])
        self.queue[:size] = b""
        self.carried += len(data)
        if self.is_cut:
            return b""
        while self._burst_to and now > self._burst_to:
            self._next_burst()
        if data and self._burst_from and self._burst_from <= now:
            return self.rng.bytes(len(data))
        return self._damaged(data) if data else data

    def _damaged(self, data: bytes) -> bytes:
        out = bytearray(data)
        for position in self._hits("flip", len(data) * 8, self.faults.flip_every_bits):
            out[position // 8] ^= 1 << position % 8
        for _ in self._hits("lose", len(data), self.faults.lose_every_bytes):
            if out:
                at = self.rng.below(len(out))
                out[at : at + 1] = b""
        for _ in self._hits("overrun", len(data), self.faults.overrun_every_bytes):
            out[:16] = b""
        for _ in self._hits("garbage", len(data), self.faults.garbage_every_bytes):
            out += self.rng.bytes(1 + self.rng.below(64))
        for _ in self._hits("replay", len(data), self.faults.replay_every_bytes):
            out += self._recent
        if self.faults.replay_every_bytes:
            self._recent = (self._recent + data)[-300:]
        return bytes(out)

    def _hits(self, name: str, size: int, every: int) -> list:
        if not every:
            return []
        if name not in self._next:
            self._next[name] = self._gap(every)
        found = []
        while self._next[name] < size:
            found.append(self._next[name])
            self._next[name] += 1 + self._gap(every)
        self._next[name] -= size
        return found

    def _gap(self, every: int) -> int:
        """Geometric, in the mean ``every``: the smallest of ... by halves."""
        gap = 0
        while self.rng.below(64):  # 64 pieces of every / 64 in the mean
            gap += 1
        return (gap * every + self.rng.below(max(1, min(every, 32768)))) // 64


class End:
    """A session, what it is to send, and what it got."""

    def __init__(self, epoch: int, bytes_per_s: int, now: int = 0) -> None:
        self.session = Session(epoch, bytes_per_s, now)
        self.to_send = b""
        self.got = bytearray()
        self.reason = ""
        self.reads = True

    def step(self, data: bytes, now: int) -> bytes:
        core = self.session
        if data:
            core.receive_data(data, now)
        due = core.deadline()
        if due is not None and now >= due:
            core.handle_deadline(now)
        if core.state != session.CLOSED and self.to_send:
            self.to_send = self.to_send[core.send(self.to_send[:4096]) :]
        if self.reads:
            self.got += core.read(100000)
        event = core.next_event()
        while event:
            if isinstance(event, session.Closed):
                self.reason = event.reason
            event = core.next_event()
        return core.data_to_send(now)


class Cable:
    """Two ends and the time."""

    def __init__(self, bytes_per_s: int, faults: "Faults | None" = None, seed: int = 1) -> None:
        faults = faults or Faults()
        self.now = 0
        self.rate = bytes_per_s
        self.a, self.b = End(1000 + seed, bytes_per_s), End(2000 + seed, bytes_per_s)
        self.there = Direction(bytes_per_s, faults, seed)
        self.back = Direction(bytes_per_s, faults, seed + 7919)

    def step(self) -> None:
        self.now += STEP_MS
        self.back.queue += self.b.step(self.there.step(self.now), self.now)
        self.there.queue += self.a.step(self.back.step(self.now), self.now)

    def run(self, until, limit_ms: int) -> bool:
        """Whether ``until()`` came true in time."""
        end = self.now + limit_ms
        while self.now < end:
            if until():
                return True
            self.step()
        return until()

    def cut(self, is_cut: bool = True) -> None:
        self.there.is_cut = self.back.is_cut = is_cut
