"""What every discovery must do: run on each inhabitant of edge.mdns, on a made-up and a real link.

``link.open_door(peer_id)`` opens the inhabitant, ``link.open_agent(peer_id)`` the pure agent it
must get on with, ``link.open_datagrams()`` something that hears all that is said.
``link.mute(agent)`` pulls an agent's cable.  ``link.host`` is the text of its IPv4 address.
"""

from edge.mdns import Found, Lost, message
from edge.system import aio
from edge.wire.multiaddr import Multiaddr

A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
SERVICE = message.name("_p2p._udp.local")
ANY_HOST = "/ip4/0.0.0.0/tcp/"

WAIT_MS = 20000  # for what must happen; generous, because machines that test are busy
FOUND_MS = 1000  # within which a listener has heard an announcement and its repetition
LOST_MS = 3000  # after which nobody is lost any more who said no goodbye
QUIET_MS = 500


def peer_id(number: int) -> bytes:
    """An Ed25519 peer id."""
    return b"\0\x24\x08\x01\x12\x20" + bytes([number & 255, number >> 8]) * 16


async def check(link) -> None:
    for case in (
        finds_and_is_found, tells_new_addresses, says_goodbye, hears_a_goodbye,
        forgets_who_does_not_answer, may_listen_nowhere, suits_everybody, starts_and_stops,
    ):  # fmt: skip
        await case(link)


async def expect(door, event, timeout_ms: int) -> None:
    """Wait for ``event``, whatever comes before."""
    seen = []

    async def look() -> None:
        while not seen or seen[-1] != event:
            seen.append(await door.next_event())

    try:
        await aio.wait_for_ms(look(), timeout_ms)
    except aio.TimeoutError:
        raise AssertionError("{} instead of {}".format(seen, event))


async def expect_nothing(door) -> None:
    async def look() -> None:
        raise AssertionError(await door.next_event())

    try:
        await aio.wait_for_ms(look(), QUIET_MS)
    except aio.TimeoutError:
        pass


def found(link, number: int, port: int) -> Found:
    address = Multiaddr("/ip4/{}/tcp/{}".format(link.host, port))
    return Found(peer_id(number), [address], link.interface)


async def pair(link):
    """A door and an agent that know each other."""
    agent, door = link.open_agent(peer_id(1)), link.open_door(peer_id(2))
    await agent.start([Multiaddr(ANY_HOST + "4001")])
    await door.start([Multiaddr(ANY_HOST + "4002")])
    await expect(door, found(link, 1, 4001), WAIT_MS)
    await expect(agent, found(link, 2, 4002), WAIT_MS)
    return agent, door


async def finds_and_is_found(link) -> None:
    agent, door = await pair(link)
    await expect_nothing(door)
    await expect_nothing(agent)
    await agent.stop()
    await door.stop()


async def tells_new_addresses(link) -> None:
    agent, door = await pair(link)
    door.update_addresses([Multiaddr(ANY_HOST + "4012")])
    await expect(agent, found(link, 2, 4012), WAIT_MS)
    agent.update_addresses([Multiaddr(ANY_HOST + "4011")])
    await expect(door, found(link, 1, 4011), WAIT_MS)
    await aio.sleep_ms(LOST_MS)
    await expect_nothing(agent)
    await expect_nothing(door)
    await agent.stop()
    await door.stop()


async def says_goodbye(link) -> None:
    agent, door = await pair(link)
    await door.stop()
    await expect(agent, Lost(peer_id(2)), WAIT_MS)
    await agent.stop()


async def hears_a_goodbye(link) -> None:
    agent, door = await pair(link)
    await agent.stop()
    await expect(door, Lost(peer_id(1)), WAIT_MS)
    await door.stop()


async def forgets_who_does_not_answer(link) -> None:
    agent, door = await pair(link)
    other = link.open_agent(peer_id(3))
    await other.start([Multiaddr(ANY_HOST + "4003")])
    await expect(door, found(link, 3, 4003), WAIT_MS)
    link.mute(agent)
    await aio.sleep_ms(QUIET_MS)  # for what it said before to arrive
    for number in (1, 3, 99):
        door.doubt(peer_id(number))
    await expect(door, Lost(peer_id(1)), WAIT_MS)
    await expect_nothing(door)
    for node in (agent, door, other):
        await node.stop()


async def may_listen_nowhere(link) -> None:
    agent, door = link.open_agent(peer_id(1)), link.open_door(peer_id(2))
    await agent.start([Multiaddr(ANY_HOST + "4001")])
    await door.start([])
    await expect(door, found(link, 1, 4001), WAIT_MS)
    await expect_nothing(agent)
    await agent.stop()
    await door.stop()


async def starts_and_stops(link) -> None:
    await link.open_door(peer_id(1)).stop()
    door = link.open_door(peer_id(1))
    await door.start([])
    await door.stop()
    await door.stop()
    try:
        await door.next_event()
        raise AssertionError("an event of a door that is closed")
    except EOFError:
        pass


async def suits_everybody(link) -> None:
    """Announcement, answer, change and goodbye, as a listener on the link hears them."""
    datagrams = link.open_datagrams()
    await datagrams.open()
    heard = []
    tasks = aio.Group()
    tasks.spawn(listen(datagrams, heard))
    door = link.open_door(peer_id(2))
    await door.start([Multiaddr(ANY_HOST + "4002"), Multiaddr("/ip4/127.0.0.1/tcp/1")])
    await aio.sleep_ms(2 * FOUND_MS)
    count = len(heard)
    question = message.encode(0, [(SERVICE, PTR, 1)], ())
    datagrams.send(question, (b"\xe0\0\0\xfb", 5353), link.interface)
    await aio.sleep_ms(FOUND_MS + QUIET_MS)
    answered = [packet for packet in heard[count:] if packet[2] & 0x80]
    door.update_addresses([Multiaddr(ANY_HOST + "4012")])
    await aio.sleep_ms(2 * FOUND_MS)
    await door.stop()
    await aio.sleep_ms(QUIET_MS)
    await tasks.cancel()
    await datagrams.close()
    assert count and answered and not tasks.errors
    for packet in heard:
        check_universal(packet, peer_id(2))
    goodbyes = [
        packet for packet in heard if packet[2] & 0x80 and message.decode(packet)[3][0][3] == 0
    ]
    assert len(goodbyes) >= 2


async def listen(datagrams, heard: list) -> None:
    while True:
        arrived = await datagrams.receive()
        if arrived and b"_p2p" in arrived[0]:
            heard.append(arrived[0])


def check_universal(packet: bytes, peer_id: bytes) -> None:
    """That go-, rust- and js-libp2p understand what a node says (a goodbye and a question, too)."""
    id, flags, questions, records = message.decode(packet)
    assert len(packet) <= 1400
    assert id == 0
    assert packet.lower().count(b"_p2p") == packet.count(b"_p2p")
    counts = [packet[i] << 8 | packet[i + 1] for i in (4, 6, 8)]
    if not flags & 0x8000:
        owner, kind, group = questions[0]
        assert flags == 0 and (owner, kind, group & 0x7FFF) == (SERVICE, PTR, 1)
        return
    assert flags == 0x8400 and counts[0] == counts[2] == 0
    answers, additionals = records[: counts[1]], records[counts[1] :]
    owner, kind, group, ttl, instance = answers[-1]  # js looks at the last PTR
    assert (owner, kind, group) == (SERVICE, PTR, 1)
    assert not [record for record in answers[:-1] if record[3]]  # but goodbyes
    if ttl == 0:
        assert not additionals  # js would take them for a greeting
        return
    check_name(instance)
    (text,) = [record for record in additionals if record[1] == TXT]
    (service,) = [record for record in additionals if record[1] == SRV]
    assert text[0] == service[0] == instance  # rust: the TXT is additional, under that name
    host, _ = message.read_name(packet, packet.find(service[4]) + 6)
    assert [record for record in additionals if record[1] in (A, AAAA) and record[0] == host]  # go
    check_text(text[4], peer_id)


def check_name(instance: bytes) -> None:
    label, rest = instance[: 1 + instance[0]], instance[1 + instance[0] :]
    assert rest == SERVICE
    assert 32 <= label[0] < 64
    assert not [c for c in label[1:] if not (97 <= c <= 122 or 48 <= c <= 57)]


def check_text(data: bytes, peer_id: bytes) -> None:
    strings = message.split(data)
    assert strings
    for string in strings:
        assert string.startswith(b"dnsaddr=/ip") and len(string) <= 255
        assert b"/0.0.0.0/" not in string and b"/::/" not in string
        address = Multiaddr(str(string[8:], "utf-8"))
        assert address.peer_id == peer_id and address.is_standard
