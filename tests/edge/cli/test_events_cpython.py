"""What a peer chose is shown so that it can do no harm."""

from edge.cli import events
from edge.cli.actions import swarm
from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.mdns import Found
from edge.swarm.protocols.identify_message import NOTHING
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
