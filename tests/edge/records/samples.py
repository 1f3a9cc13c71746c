"""What tests of records sign with, and a time they can turn."""

from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import names
from edge.records.observed import Time

OWNER = PrivateKey.from_seed(bytes(31) + b"\1")
OTHER = PrivateKey.from_seed(bytes(31) + b"\2")
NAME = PeerId.from_public_key(OWNER.public)
OTHER_NAME = PeerId.from_public_key(OTHER.public)
KEY = names.edge_key(NAME, "sensors/1")
BEACON = names.edge_key(OTHER_NAME, "beacon")
NOW_MS = 1800000000000
NOW_NS = NOW_MS * 1000000
HOUR_MS = 3600000
DAY_MS = 86400000
YEAR_MS = 365 * DAY_MS


class Clocks:
    """Both clocks of a machine, and the Time that reads them."""

    def __init__(self, unix_ms: int = NOW_MS) -> None:
        self.unix_ms = unix_ms
        self.monotonic_ms = 5000
        self.time = Time(lambda: self.unix_ms, lambda: self.monotonic_ms)

    def passes(self, ms: int) -> None:
        self.unix_ms += ms
        self.monotonic_ms += ms


def flipped(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
