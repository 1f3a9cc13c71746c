"""The soak's own eyes: it sees what is wrong, goes on after a failure, and counts."""

from edge.errors import LinkError
from edge.system import aio
from tests import kit
from tests.transports.serial.soak import talk


class Pipe:
    """A stream whose other end says again what it hears, with ``twist`` applied."""

    def __init__(self, twist, lasts: int) -> None:
        self._twist, self._left = twist, lasts
        self._queue: list = []
        self._signal = aio.Signal()
        self.is_closed = False

    async def write(self, data) -> None:
        self._left -= 1
        if self._left < 0:
            raise LinkError("unplugged")
        data = self._twist(bytes(data))
        half = len(data) // 2
        self._queue += [piece for piece in (data[:half], data[half:]) if piece]
        self._signal.fire()

    async def read(self) -> bytes:
        while not self._queue:
            await self._signal.wait()
        return self._queue.pop(0)

    async def close(self) -> None:
        self.is_closed = True


async def _soaked(twist, is_enough) -> tuple:
    pipes: list = []

    async def open_stream() -> Pipe:
        if len(pipes) == 1:
            pipes.append(None)
            raise LinkError("in use")
        pipes.append(Pipe(twist, 5))
        return pipes[-1]

    tally = talk.Tally()
    async with aio.Group() as group:
        group.spawn(talk.keep_talking(open_stream, tally, 1, 50, 1))
        for _ in range(2000):
            if is_enough(tally):
                break
            await aio.sleep_ms(5)
    return tally, pipes


async def test_what_comes_back_right_is_counted():
    tally, pipes = await _soaked(bytes, lambda tally: tally.streams > 1 and tally.checked > 300)
    assert not tally.wrong and tally.streams > 1
    assert tally.failures["LinkError in use"] == 1 and tally.failures["LinkError unplugged"] > 0
    assert pipes[0].is_closed


async def test_what_comes_back_wrong_ends_it():
    for twist in (lambda data: b"\xff" + data[1:], lambda data: data[1:] + b"\xfe"):
        tally, _ = await _soaked(twist, lambda tally: tally.wrong)
        assert "came back" in tally.wrong and not tally.checked and tally.streams == 1


async def test_scripts_differ():
    said = set()
    for seed in range(20):
        script = talk.Script(seed)
        for _ in range(20):
            said.add(script.piece(100))
    assert len(said) > 380
    assert max([len(piece) for piece in said]) <= 100


if __name__ == "__main__":
    kit.run(globals())
