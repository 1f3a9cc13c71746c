"""Peers that take connections and never say a word, and peers that come and vanish."""

from edge.errors import LinkError
from edge.routing.kad import Contact
from edge.routing.kad.message import PING, Message
from edge.routing.kad.routing import DOUBTED_MAX
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.routing.kad.nodes import KadNet, Node
from tests.edge.routing.kad.town import ID_PREFIX, Town, contact_of
from tests.edge.swarm.node import until
from transports import memory

FALSE = b"\x04\x0a\xff\xff\xff\x06\x0f\xa1"  # an address where nobody lives
SOON_MS = 5000  # less than it takes to give up a trap


class Traps:
    """Addresses where somebody listens and is silent."""

    def __init__(self, first: int) -> None:
        self._next = first

    async def addresses(self, count: int) -> tuple:
        found = []
        for _ in range(count):
            address = Multiaddr("/memory/{}".format(self._next))
            await memory.Transport().listen(address)
            found.append(address.to_bytes())
            self._next += 1
        return tuple(found)


async def crowd(net: KadNet, count: int) -> list:
    """Nodes of which the last one knows all others."""
    nodes = [await net.node() for _ in range(count)]
    for other in nodes[:-1]:
        nodes[-1].meet(other)
    await until(lambda: all([nodes[-1].knows(other) for other in nodes[:-1]]))
    return nodes


async def finds(seeker: Node, hidden: Node) -> bool:
    found = await aio.wait_for_ms(seeker.kad.find_peer(hidden.peer_id).first(), SOON_MS)
    return found is not None and found.peer_id == hidden.peer_id


async def test_where_a_peer_was_does_not_keep_a_search_waiting():
    async with KadNet() as net:
        one, seeker = await crowd(net, 2)
        hidden = await net.node()
        one.kad.table.heard(hidden.contact, 0, True)
        was = await Traps(500000).addresses(1)
        seeker.kad.table.heard(Contact(hidden.id, was), 0)
        assert await finds(seeker, hidden)


async def test_liars_who_answer_first_hide_no_peer():
    """Each names as many addresses as fit; the one who tells the truth is heard last."""
    async with KadNet() as net:
        nodes = await crowd(net, 5)
        hidden = await net.node()
        traps = Traps(510000)
        for liar in nodes[:3]:
            lies = Contact(hidden.id, await traps.addresses(16))
            liar.kad.table.heard(lies, 0, True)
        honest, seeker = nodes[3:]
        honest.kad.table.heard(hidden.contact, 0, True)
        answer = honest.kad.server.answer

        async def reply_late(stream) -> None:
            await aio.sleep_ms(500)
            await honest.kad.network._serve(stream, answer)

        honest.swarm.set_stream_handler(honest.kad.profile.protocol, reply_late)
        assert await finds(seeker, hidden)


async def test_peers_that_come_and_vanish_do_not_fill_memory():
    async with Town() as town:
        kad = await town.node()
        for number in range(DOUBTED_MAX + 20):
            told = Contact(ID_PREFIX + number.to_bytes(32, "big"), (FALSE,))
            kad.table.heard(told, 0, True)
            await kit.raises_async(LinkError, kad.ask(told, Message(PING, b"", None, (), ())))
            kad.table.remove(told.id)
        assert 0 < len(kad._failing) <= DOUBTED_MAX


async def test_many_false_addresses_hide_no_peer():
    """More tell lies than tell the truth, and each tells as many as it can."""
    async with Town() as town:
        kads = await town.nodes(6)
        hidden = await town.node()
        for number, liar in enumerate(kads[:4]):
            lies = [FALSE[:3] + bytes([200 + number, port]) + FALSE[5:] for port in range(16)]
            liar.table.heard(Contact(hidden.own_id, tuple(lies)), 0, True)
        kads[4].table.heard(contact_of(hidden), 0, True)
        found = await kads[5].find_peer(hidden.network.peer_id).first()
        assert found and found.peer_id == hidden.network.peer_id


if __name__ == "__main__":
    kit.run(globals())
