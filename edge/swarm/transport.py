"""What every file of transports/ must be: a way to dial and to listen that yields raw connections.

    Swarm -- dial(address), listen(address) --> Transport --> RawConnection --> Upgrader

A raw connection moves bytes in order, both ways, neither private nor multiplexed.  Everything a
medium asks of the protocols above it is a value, the LinkProfile.
"""

from collections import namedtuple

from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.wire.multiaddr import Multiaddr

LinkProfile = namedtuple(
    "LinkProfile",
    (
        "name",
        "keepalive_ms",  # silence after which a ping asks whether the peer is alive
        "answer_timeout_ms",  # how long that ping may take
        "handshake_timeout_ms",  # from raw connection to muxed connection
        "negotiate_timeout_ms",  # protocol of one stream
        "window_bytes_max",  # a stream's receive window may grow to this
        "frame_bytes_max",  # Noise plaintext per frame we send
        "receive_frame_bytes_max",  # Noise frame we accept; peers may send 65535
    ),
)

if MICROPYTHON:  # a chip holds neither 64 KiB frames nor the windows that fill a fast line
    FAST = LinkProfile("fast", 45000, 15000, 30000, 10000, 262144, 1008, 4096)
else:
    FAST = LinkProfile("fast", 45000, 15000, 15000, 10000, 1048576, 65519, 65535)
SLOW = LinkProfile("slow", 240000, 60000, 90000, 60000, 262144, 496, FAST.receive_frame_bytes_max)
_FRAMES = (FAST.frame_bytes_max, FAST.receive_frame_bytes_max)
METERED = LinkProfile("metered", 600000, 60000, 60000, 30000, 262144, *_FRAMES)


def is_slow(profile: LinkProfile) -> bool:
    """Whether bytes and round trips are dear: nothing is asked that can be guessed."""
    return profile.frame_bytes_max < FAST.frame_bytes_max


class RawConnection:
    """A duplex byte pipe to one peer.  The contract; inhabitants need not inherit it."""

    local_address: "Multiaddr | None" = None  # None where the medium does not tell
    remote_address: "Multiaddr | None" = None
    profile = FAST

    async def read(self) -> "bytes | memoryview":
        """Bytes, at least one, valid until the next await; ``b""`` at the end.  LinkError."""
        raise NotImplementedError

    def write_some(self, data: "bytes | memoryview") -> int:
        """How many bytes of ``data`` were taken now; 0 if there is no room.  LinkError."""
        raise NotImplementedError

    async def writable(self) -> None:
        """Wait until ``write_some`` may take more.  LinkError."""
        raise NotImplementedError

    # A slow medium also has ``has_room() -> bool``: whether ``write_some`` would take anything now.
    # Until then what goes first stays open.

    async def close(self) -> None:
        """Let go at once: what was taken but not sent may be lost.  A pending read ends."""
        raise NotImplementedError


class Listener:
    """One address being listened on."""

    def addresses(self) -> "list[Multiaddr]":
        """The Multiaddrs a peer can dial now; unspecified hosts stay unspecified."""
        raise NotImplementedError

    async def accept(self) -> RawConnection:
        """The next inbound connection.  LinkError once closed."""
        raise NotImplementedError

    async def met(self) -> None:
        """Wait until somebody can be dialed here: of media that have one far end."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class Transport:
    """Dials and listens on the addresses it understands."""

    is_shared = False  # one address may lead to many: ``dial`` is told the peer, as its /p2p tail
    local_peer = b""  # the peer id of those who use it, for media on which nodes tell their names

    def can_dial(self, address: "Multiaddr") -> bool:
        """Whether ``dial`` understands ``address`` (its /p2p tail aside)."""
        raise NotImplementedError

    async def dial(self, address: "Multiaddr") -> RawConnection:
        """Connect.  LinkError if nobody answers; the caller sets the timeout."""
        raise NotImplementedError

    async def listen(self, address: "Multiaddr") -> Listener:
        """Listen.  LinkError if the address cannot be had."""
        raise NotImplementedError

    async def resolve(self, address: "Multiaddr") -> "list[Multiaddr]":
        """The dialable addresses a name stands for; ``[address]`` where there is no name."""
        return [address]

    def neighbours(self) -> list:
        """``(peer id, address)`` of those whom the medium itself tells of; nothing is proven."""
        return []

    def cables(self) -> list:
        """What has one far end and lasts longer than a connection: each has ``status()``."""
        return []
