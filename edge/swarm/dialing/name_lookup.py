"""Asks name servers: each in turn by datagram, by TCP where the answer was cut off, twice around.

``medium`` carries the packets, and is all that is needed of the machine:

    medium.servers()                        list of (host, port), asked in this order
    await medium.ask(server, packet, fits)  the first datagram from there that ``fits``; LinkError
    await medium.connect(server)            a stream: write, read_exactly, close; LinkError
"""

from edge.errors import LinkError, RemoteError
from edge.swarm.dialing import txt_query
from edge.swarm.dialing.txt_query import TxtQuery
from edge.system import MICROPYTHON, aio, entropy

DATAGRAM_TIMEOUT_MS = 2000  # for one server to answer
STREAM_TIMEOUT_MS = 4000
SERVERS_MAX = 3  # as resolv.conf(5)
STREAM_BYTES_MAX = 4096 if MICROPYTHON else 16384  # of an answer by TCP


class NameLookup:
    def __init__(self, medium) -> None:
        self._medium = medium

    async def txt(self, name: str) -> "list[bytes]":
        """The text of each TXT record of ``name``; none if there are none or no such name.

        LinkError if no server answers.
        """
        failure = "no name server is known here"
        for extended in (True, False):
            for server in self._medium.servers()[:SERVERS_MAX]:
                query = TxtQuery(name, entropy.random_below(65536), extended)
                try:
                    return await self._ask(server, query)
                except aio.TimeoutError:  # first: it is an OSError on one Python only
                    failure = "no answer"
                except (LinkError, RemoteError, EOFError) as error:
                    failure = str(error) or "answer cut off"
                failure = "{}: {}".format(server[0], failure)
        raise LinkError("DNS: " + failure)

    async def _ask(self, server: tuple, query: TxtQuery) -> "list[bytes]":
        asking = self._medium.ask(server, query.packet, query.fits)
        answer = await aio.wait_for_ms(asking, DATAGRAM_TIMEOUT_MS)
        if query.is_cut(answer):
            answer = await aio.wait_for_ms(self._ask_stream(server, query), STREAM_TIMEOUT_MS)
        return query.texts(answer)

    async def _ask_stream(self, server: tuple, query: TxtQuery) -> bytes:
        stream = await self._medium.connect(server)
        try:
            await stream.write(txt_query.framed(query.packet))
            size = txt_query.size(await stream.read_exactly(2))
            if size > STREAM_BYTES_MAX:
                raise RemoteError("answer of {} bytes".format(size))
            answer = await stream.read_exactly(size)
        finally:
            await stream.close()
        if not query.fits(answer):
            raise RemoteError("answer to another question")
        return answer
