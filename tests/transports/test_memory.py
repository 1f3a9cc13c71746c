"""The transport within one process."""

from edge.errors import LinkError, LocalError
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.contract import transport as contract
from transports import memory

ADDRESS = Multiaddr("/memory/4711")


async def test_contract():
    await contract.check(memory.Transport(), ADDRESS)


async def test_a_name_is_taken_once():
    listener = await memory.Transport().listen(ADDRESS)
    await kit.raises_async(LocalError, memory.Transport().listen(ADDRESS))
    await listener.close()


async def test_dials_that_nobody_accepts_are_bounded():
    listener = await memory.Transport().listen(ADDRESS)
    for _ in range(memory.BACKLOG):
        await memory.Transport().dial(ADDRESS)
    await kit.raises_async(LinkError, memory.Transport().dial(ADDRESS))
    await listener.close()


if __name__ == "__main__":
    kit.run(globals())
