"""What tests on both Pythons share: fake wires, expectations, and a runner without pytest."""

from edge.system import aio


def raises(error: type, call, *args) -> BaseException:
    """The ``error`` that ``call(*args)`` raises; anything else fails the test."""
    try:
        call(*args)
    except error as caught:
        return caught
    raise AssertionError("did not raise " + error.__name__)


async def raises_async(error: type, coroutine) -> BaseException:
    """The ``error`` that awaiting ``coroutine`` raises; anything else fails the test."""
    try:
        await coroutine
    except error as caught:
        return caught
    raise AssertionError("did not raise " + error.__name__)


def pump(a, b, chunk: int = 0) -> None:
    """Carry bytes between two cores until both fall silent, ``chunk`` bytes at a time if given."""
    for _ in range(10000):
        a_to_b, b_to_a = a.data_to_send(), b.data_to_send()
        if not a_to_b and not b_to_a:
            return
        deliver(a_to_b, b, chunk)
        deliver(b_to_a, a, chunk)
    raise AssertionError("two cores that never stop talking")


def deliver(data, core, chunk: int = 0) -> None:
    """Hand ``data`` to ``core``, ``chunk`` bytes at a time if given."""
    data = bytes(data)
    step = chunk or len(data) or 1
    for start in range(0, len(data), step):
        core.receive_data(data[start : start + step])


class Rng:
    """Numbers that look random and are the same on every machine (a 31-bit LCG)."""

    def __init__(self, seed: int = 1) -> None:
        self._state = seed & 0x7FFFFFFF

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1; ``bound`` at most 32768."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % bound

    def bytes(self, size: int) -> bytes:
        data = bytearray(size)  # a list of numbers takes four times as much
        for at in range(size):
            data[at] = self.below(256)
        return bytes(data)


def free_server(host: str = "127.0.0.1"):
    """A net.Server on a port nobody uses; MicroPython cannot ask the system to choose one."""
    from edge.errors import LinkError
    from edge.system import entropy, net

    for _ in range(50):
        try:
            return net.Server(host, 20000 + entropy.random_below(12000), True)
        except LinkError:
            pass
    raise AssertionError("no free port")


def run(names: dict) -> None:
    """Run every ``test_`` function of a module, coroutines too; the first failure ends it."""
    for name in sorted(names):
        if name.startswith("test_"):
            result = names[name]()
            if hasattr(result, "send"):  # a coroutine
                aio.run(result)
            print("ok  ", name)
