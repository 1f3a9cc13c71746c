"""A transport around another: what faulty and traced have in common."""

from edge.swarm import transport


class Connection:
    """A raw connection that passes everything on; wrappers override what they change."""

    def __init__(self, raw) -> None:
        self._raw = raw

    @property
    def local_address(self):
        return self._raw.local_address

    @property
    def remote_address(self):
        return self._raw.remote_address

    @property
    def profile(self):
        return self._raw.profile

    async def read(self):
        return await self._raw.read()

    def write_some(self, data) -> int:
        return self._raw.write_some(data)

    async def writable(self) -> None:
        await self._raw.writable()

    async def close(self) -> None:
        await self._raw.close()


class Listener:
    def __init__(self, inner, wrap) -> None:
        self._inner = inner
        self._wrap = wrap

    def addresses(self) -> list:
        return self._inner.addresses()

    async def accept(self):
        return self._wrap(await self._inner.accept(), False)

    async def met(self) -> None:
        await self._inner.met()

    async def close(self) -> None:
        await self._inner.close()


class Transport(transport.Transport):
    def __init__(self, inner, wrap) -> None:
        """``wrap(raw connection, outbound)`` gives the connection to use instead."""
        self._inner = inner
        self._wrap = wrap

    def can_dial(self, address) -> bool:
        return self._inner.can_dial(address)

    async def dial(self, address):
        return self._wrap(await self._inner.dial(address), True)

    async def listen(self, address) -> Listener:
        return Listener(await self._inner.listen(address), self._wrap)

    async def resolve(self, address) -> list:
        return await self._inner.resolve(address)

    def neighbours(self) -> list:
        return self._inner.neighbours()

    def cables(self) -> list:
        return self._inner.cables()
