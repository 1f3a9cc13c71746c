"""What a peer chose is shown so that it can do no harm."""

from edge import routing
from edge.cli import events
from edge.cli.actions import swarm
from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.mdns import Found, Lost
from edge.swarm.protocols.identify_message import NOTHING
from edge.swarm.swarm import Connected
from edge.wire import varint
from edge.wire.multiaddr import Multiaddr

PEER = PeerId.from_public_key(PrivateKey.from_seed(bytes(32)).public)
NAME = "x\u202egnp.\u2066\u009b31m"  # turns the rest of a line around; an escape in one byte
HOSTILE = Multiaddr.from_bytes(b"\x36" + varint.frame(NAME.encode()) + b"\x06\x0f\xa1")


class Hostile:
    """A connection to a peer that says the worst it can."""

    remote_peer = PEER
    remote_address = HOSTILE
    direction = "inbound"
    error = RemoteError("\x1b]0;owned\x07" + "x" * 10000)
    identified = NOTHING._replace(
        agent_version="\x1b[2Jagent",
        protocols=("/\x1b[31m", "/" + "x" * 10000),
        listen_addresses=(HOSTILE,),
        observed_address=HOSTILE,
    )


def is_harmless(value: object) -> bool:
    """Whether every text in ``value`` is short printable ASCII."""
    if isinstance(value, dict):
        return all(is_harmless(inner) for inner in value.values())
    if isinstance(value, list):
        return all(is_harmless(inner) for inner in value)
    if isinstance(value, str):
        return len(value) <= 1024 and all(" " <= letter <= "~" for letter in value)
    return True


def test_a_connection_and_what_its_peer_says() -> None:
    assert not is_harmless(str(HOSTILE))
    described = events.describe_connection(Hostile)
    assert is_harmless(described) and is_harmless(events.sentence(described))
    assert is_harmless(swarm._describe_identity(Hostile))


def test_what_is_found() -> None:
    event = events.describe(Found(PEER, [HOSTILE], "eth0"))
    assert event and is_harmless(event) and is_harmless(events.sentence(event))


class Config:
    peers: tuple[Multiaddr, ...] = ()


def told(teller: events.Teller, event) -> tuple:
    """The name of what is told and how the peer was found; nothing if nothing is."""
    described = teller.describe(event)
    if not described:
        return ()
    return described["event"], described.get("source") or described.get("found_by")


def test_a_peer_that_several_routings_find_is_told_once() -> None:
    here, there = Multiaddr("/ip4/192.0.2.1/tcp/1"), Multiaddr("/ip4/192.0.2.2/tcp/1")
    teller = events.Teller(Config)
    found = ("found", "bootstrap")
    assert told(teller, routing.Found(PEER, [here], "bootstrap")) == found
    assert told(teller, routing.Found(PEER, [here], "random walk")) == ()
    assert told(teller, routing.Found(PEER, [here, there], "bootstrap")) == found
    assert told(teller, Found(PEER, [here], "eth0")) == ("found", "mdns")
    assert told(teller, routing.Found(PEER, [there], "kad-lan")) == ()
    assert told(teller, Lost(PEER)) == ("lost", None)
    assert told(teller, routing.Found(PEER, [here], "bootstrap")) == found


def test_a_connection_tells_how_its_peer_was_found() -> None:
    teller = events.Teller(Config)
    connected = Connected(Hostile)
    assert told(teller, connected) == ("connected", "inbound")
    assert told(teller, routing.Found(PEER, [HOSTILE], "connection")) == ()
    assert told(teller, connected) == ("connected", "inbound")
    teller.describe(Found(PEER, [HOSTILE], "eth0"))
    assert told(teller, connected) == ("connected", "mdns, eth0")
    config = Config()
    config.peers = (Multiaddr(f"/ip4/192.0.2.1/tcp/1/p2p/{PEER}"),)
    assert told(events.Teller(config), connected) == ("connected", "static")


def test_what_is_remembered_of_the_found_has_a_bound() -> None:
    teller = events.Teller(Config)
    for number in range(events.SOURCES_MAX + 10):
        peer_id = PeerId(b"\x12\x20" + number.to_bytes(32, "big"))
        teller.describe(routing.Found(peer_id, [HOSTILE], "kad-wan"))
    assert len(teller._found) == events.SOURCES_MAX
