"""Any transport, made worse by a seed: late, in crumbs, with flipped bits, cut or stalled.

For tests and simulations: what happens is the same for the same seed and traffic.
"""

from edge.errors import LinkError
from edge.system import aio
from transports import wrapper

FLIP = 1


class Faults:
    """What goes wrong on each connection, counted in the bytes it reads; 0 is never."""

    def __init__(self, seed: int = 1, **faults: int) -> None:
        """Faults: see the attributes below."""
        self.delay_ms = 0  # each read waits up to this long
        self.crumb_bytes = 0  # a read gives at most so many bytes, at least one
        self.flip_every_bytes = 0  # about one bit in so many bytes is flipped
        self.cut_after_bytes = 0  # then the connection breaks
        self.stall_after_bytes = 0  # then nothing arrives any more
        self.full_every = 0  # one write in so many finds no room
        for name in faults:
            getattr(self, name)
            setattr(self, name, faults[name])
        self._state = seed

    def below(self, bound: int) -> int:
        self._state = (self._state * 1103515245 + 12345) % 2**31
        return self._state // 256 % bound


class Connection(wrapper.Connection):
    """A raw connection with faults."""

    def __init__(self, raw, faults: Faults) -> None:
        super().__init__(raw)
        self._faults = faults
        self._held = b""  # read but not yet given
        self._given = 0
        self._until_flip = faults.flip_every_bytes
        self._closed = aio.Signal()

    async def read(self):
        faults = self._faults
        if faults.stall_after_bytes and self._given >= faults.stall_after_bytes:
            await self._closed.wait()
            raise LinkError("closed")
        if faults.cut_after_bytes and self._given >= faults.cut_after_bytes:
            await self._raw.close()
            raise LinkError("cut after {} bytes".format(self._given))
        if faults.delay_ms:
            await aio.sleep_ms(faults.below(faults.delay_ms + 1))
        if not self._held:
            self._held = bytes(await self._raw.read())
        size = len(self._held)
        if faults.crumb_bytes:
            size = min(size, 1 + faults.below(faults.crumb_bytes))
        data, self._held = self._held[:size], self._held[size:]
        self._given += len(data)
        return self._flipped(data)

    def _flipped(self, data: bytes) -> bytes:
        faults = self._faults
        if not faults.flip_every_bytes:
            return data
        damaged = bytearray(data)
        while self._until_flip <= len(damaged) - 1:
            damaged[self._until_flip] ^= FLIP
            self._until_flip += 1 + faults.below(2 * faults.flip_every_bytes)
        self._until_flip -= len(damaged)
        return bytes(damaged)

    def write_some(self, data) -> int:
        if self._faults.full_every and not self._faults.below(self._faults.full_every):
            return 0
        return self._raw.write_some(data)

    async def close(self) -> None:
        await self._raw.close()
        self._closed.fire()


class Transport(wrapper.Transport):
    def __init__(self, inner, faults: Faults) -> None:
        super().__init__(inner, lambda raw, outbound: Connection(raw, faults))
