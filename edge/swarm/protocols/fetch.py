"""Fetch: the value of one identifier (libp2p fetch); each message behind its length.

client: FetchRequest{1 identifier}     server: FetchResponse{1 status, 2 data}, and the end
"""

from edge.errors import EdgeError, LimitError, LinkError, RemoteError, printable
from edge.swarm.frames import read_frame
from edge.system import MICROPYTHON, aio, const
from edge.system.log import Log
from edge.wire import protobuf, varint
from edge.wire.buffer import Buffer

PROTOCOL = "/libp2p/fetch/0.0.1"
TIMEOUT_MS = 10000  # for one exchange, on either side
IDENTIFIER_BYTES_MAX = 256 if MICROPYTHON else 4096
VALUE_BYTES_MAX = 4096 if MICROPYTHON else 1048576  # unless who asks wants less
STREAMS_MAX = 2 if MICROPYTHON else 16  # of one connection, both ways
LOOKUPS_MAX = 8  # prefixes served

_OK = const(0)
_NOT_FOUND = const(1)
_ERROR = const(2)
_AROUND_BYTES = const(16)  # what a message has besides its field of bytes

_log = Log("fetch")


class Fetch:
    """Asks peers for values, and serves those for whose prefix there is a lookup."""

    def __init__(self, swarm) -> None:
        self.swarm = swarm
        self._lookups: list = []  # (prefix, lookup)

    def serve(self, prefix: bytes, lookup) -> None:
        """Answer for identifiers that begin with ``prefix``: ``await lookup(identifier)`` gives
        the value, or None if there is none.  Of several prefixes that fit the longest counts."""
        lookups = [one for one in self._lookups if one[0] != prefix]
        if len(lookups) >= LOOKUPS_MAX:
            raise LimitError("{} prefixes are served already".format(LOOKUPS_MAX))
        self._lookups = lookups + [(prefix, lookup)]
        self.swarm.set_stream_handler(PROTOCOL, self._answer)

    def withdraw(self, prefix: bytes) -> None:
        """Answer for these no more."""
        self._lookups = [one for one in self._lookups if one[0] != prefix]
        if not self._lookups:
            self.swarm.remove_stream_handler(PROTOCOL)

    async def fetch(
        self, target, identifier: bytes, bytes_max: int = VALUE_BYTES_MAX
    ) -> "bytes | None":
        """The value that ``target`` has of ``identifier``; None: it has none.

        RemoteError if it cannot tell or the value is longer than ``bytes_max``, LinkError if the
        answer does not come within TIMEOUT_MS.
        """
        stream = await self.swarm.new_stream(target, (PROTOCOL,))
        try:
            response = await aio.wait_for_ms(_exchange(stream, identifier, bytes_max), TIMEOUT_MS)
            status, data = protobuf.parse(response, "ub")
            if status == _ERROR:
                raise RemoteError("the peer says: {}".format(printable(data or b"error")))
            if status not in (None, _OK, _NOT_FOUND) or len(data or b"") > bytes_max:
                raise RemoteError("fetch: status {}, {} bytes".format(status, len(data or b"")))
        except aio.TimeoutError:
            stream.reset()
            raise LinkError("nothing fetched within {} ms".format(TIMEOUT_MS))
        except EOFError:
            stream.reset()
            raise RemoteError("the peer ended the stream instead of answering")
        except BaseException:
            stream.reset()
            raise
        await stream.close()
        return None if status == _NOT_FOUND else bytes(data or b"")

    async def _answer(self, stream) -> None:
        same = [other for other in stream.connection.streams if other.protocol == PROTOCOL]
        if len(same) > STREAMS_MAX:
            raise LimitError("more than {} fetch streams".format(STREAMS_MAX))
        try:
            await aio.wait_for_ms(self._serve(stream), TIMEOUT_MS)
        except aio.TimeoutError:
            raise RemoteError("fetch not finished within {} ms".format(TIMEOUT_MS))

    async def _serve(self, stream) -> None:
        request = await read_frame(stream, Buffer(), IDENTIFIER_BYTES_MAX + _AROUND_BYTES)
        if request is None:
            raise RemoteError("a fetch stream without a request")
        identifier = bytes(protobuf.parse(request, "b")[0] or b"")
        status, data = await self._find(identifier)
        response = protobuf.encode_uint(1, status)
        if data:
            response += protobuf.encode_bytes(2, data)
        await stream.write(varint.frame(response))
        await stream.close_write()

    async def _find(self, identifier: bytes) -> tuple:
        """Status and data."""
        fits = [one for one in self._lookups if identifier.startswith(one[0])]
        if not identifier or not fits or len(identifier) > IDENTIFIER_BYTES_MAX:
            return _ERROR, b"no such identifier is served here"
        try:
            value = await max(fits, key=lambda one: len(one[0]))[1](identifier)
        except EdgeError as error:
            _log.warn("{}: {}", printable(identifier), printable(error, 200))
            return _ERROR, b"it cannot be read here"
        if value is None:
            return _NOT_FOUND, b""
        if len(value) > VALUE_BYTES_MAX:
            return _ERROR, b"it is too long to be fetched"
        return _OK, value


async def _exchange(stream, identifier: bytes, bytes_max: int) -> bytes:
    await stream.write(varint.frame(protobuf.encode_bytes(1, identifier)))
    await stream.close_write()
    response = await read_frame(stream, Buffer(), bytes_max + _AROUND_BYTES)
    if response is None:
        raise EOFError
    return response
