"""What lies between simulated nodes: distance, delay, loss, and what a connection costs.

A node is a point of a square and has a link of its own to it; the delay of a message is that of
both links and the way between.  A lost packet is one that TCP sends again later; now and then a
message never arrives at all.
"""

import math
import random

SQUARE_MS = 60  # the longest way along one side
ACCESS_MS = (1, 30)  # a node's own link: fibre .. a busy radio
LOSS = 0.01  # of messages, sent again after
RESEND_MS = (200, 600)
VANISH = 0.001  # of messages, without a trace

# Bytes on the wire that are not the message: measured values of protocols.md, B24.
CONNECT_BYTES = 750  # each way: multistream, Noise, yamux, identify both ways, TCP/IP headers apart
CONNECT_PACKETS = 5  # each way
CONNECT_TRIPS = 3  # round trips until the first stream can be used
STREAM_BYTES = 110  # each way: yamux headers, multistream select, Noise frames
STREAM_PACKETS = 2  # each way


class Place:
    """Where a node is."""

    __slots__ = ("x", "y", "access_ms")

    def __init__(self, chance: random.Random) -> None:
        self.x = chance.random() * SQUARE_MS
        self.y = chance.random() * SQUARE_MS
        low, high = ACCESS_MS
        self.access_ms = low * (high / low) ** chance.random()

    def delay_ms(self, other: "Place") -> float:
        """One way, when nothing is lost."""
        return self.access_ms + other.access_ms + math.hypot(self.x - other.x, self.y - other.y)


def transit_ms(one: Place, other: Place, chance: random.Random) -> float | None:
    """How long this message takes; None if it never arrives."""
    delay = one.delay_ms(other)
    luck = chance.random()
    if luck < VANISH:
        return None
    if luck < VANISH + LOSS:
        delay += chance.uniform(*RESEND_MS)
    return delay
