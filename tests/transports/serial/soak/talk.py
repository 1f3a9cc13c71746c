"""A checked stream for as long as asked, over a cable to which everything happens.

    keep_talking(open_stream, tally)   one end: opens a stream, again when it has failed, and
                                       compares what comes back with what it said
    echo(stream)                       the other

A stream has read(), which gives b"" at the end, write(data) and close(); EdgeError and EOFError
end it.  Bytes that are wrong end the soak: tally.wrong says which.  Both Pythons.
"""

from edge.errors import EdgeError
from edge.system import aio, clock
from tests import kit

PIECE_BYTES_MAX = 2000  # said before it is waited for the echo
RETRY_MS = 100
_PATTERN_BYTES = 4093  # a prime: no frame or buffer divides it


class Tally:
    """What a soak has seen."""

    def __init__(self) -> None:
        self.checked = 0  # bytes that came back as they were said
        self.streams = 0
        self.wrong = ""  # the first thing that must not be
        self.failures: dict = {}  # what streams ended with -> how often
        self.silence_ms_max = 0  # between two pieces
        self._moved_at = clock.monotonic_ms()

    def moved(self, size: int) -> None:
        now = clock.monotonic_ms()
        self.silence_ms_max = max(self.silence_ms_max, now - self._moved_at)
        self._moved_at = now
        self.checked += size

    def failed(self, error: BaseException) -> None:
        text = type(error).__name__ + " " + str(error)[-60:]
        if text in self.failures or len(self.failures) < 50:
            self.failures[text] = self.failures.get(text, 0) + 1


class Script:
    """What is said on one stream: of another seed, other bytes in other pieces."""

    def __init__(self, seed: int) -> None:
        self._rng = kit.Rng(seed)
        self._pattern = self._rng.bytes(256) * (_PATTERN_BYTES // 256 + 1)
        self._at = 0

    def piece(self, size_max: int) -> bytes:
        size = 1 + self._rng.below(size_max)
        self._at = (self._at + size) % _PATTERN_BYTES
        head = b"%d %d " % (self._at, self._rng.below(32768))
        return (head + self._pattern[self._at % 251 :])[:size] if size < 4000 else head


async def talk(stream, script: Script, tally: Tally, piece_bytes_max: int, pause_ms: int) -> None:
    """Until the stream fails."""
    while True:
        said = script.piece(piece_bytes_max)
        await stream.write(said)
        heard = b""
        while len(heard) < len(said):
            data = bytes(await stream.read())
            if not data:
                raise EOFError("ended")
            heard += data
        if heard != said:
            at = [place for place in range(len(said)) if heard[place] != said[place]]
            told = len(said), len(heard), at[:1]
            tally.wrong = tally.wrong or "{} bytes came back as {}, others at {}".format(*told)
            return
        tally.moved(len(said))
        if pause_ms:
            await aio.sleep_ms(pause_ms)


async def keep_talking(
    open_stream, tally: Tally, seed=1, piece_bytes_max=PIECE_BYTES_MAX, pause_ms=0
) -> None:
    """For ever, or until something is wrong; ``pause_ms`` between two pieces."""
    while not tally.wrong:
        stream = None
        try:
            stream = await open_stream()
            tally.streams += 1
            seed += 1
            await talk(stream, Script(seed), tally, piece_bytes_max, pause_ms)
        except (EdgeError, EOFError, aio.TimeoutError) as error:
            tally.failed(error)
        finally:
            if stream:
                await stream.close()
        await aio.sleep_ms(RETRY_MS)


async def echo(stream) -> None:
    """Until the stream ends or fails."""
    try:
        data = bytes(await stream.read())
        while data:
            await stream.write(data)
            data = bytes(await stream.read())
    except (EdgeError, EOFError):
        pass
    finally:
        await stream.close()


class Raw:
    """A raw connection, without Noise and yamux, as a stream."""

    def __init__(self, raw) -> None:
        self._raw = raw
        self.read = raw.read
        self.close = raw.close

    async def write(self, data) -> None:
        written = self._raw.write_some(data)
        while written < len(data):
            await self._raw.writable()
            written += self._raw.write_some(memoryview(data)[written:])
