"""How much of everything a swarm allows, and the refusal when it is reached."""

import gc

from edge.errors import LimitError
from edge.system import MICROPYTHON


class Limits:
    """Bounds of one node; a knob is changed by naming it: ``Limits(connections_max=8)``."""

    connections_max = 5 if MICROPYTHON else 1024  # muxed connections
    inbound_max = 3 if MICROPYTHON else 960  # of these that peers made: room is left for ours
    connections_per_peer_max = 2 if MICROPYTHON else 8
    upgrades_max = 2 if MICROPYTHON else 256  # inbound connections not yet muxed
    streams_per_connection_max = 8 if MICROPYTHON else 256  # that the peer has open
    dials_max = 2 if MICROPYTHON else 64  # peers being dialed
    dial_timeout_ms = 60000  # for one peer, all addresses
    address_timeout_ms = 15000 if MICROPYTHON else 5000  # for the medium to connect to one address
    # All upgrades taken and none done for so long: the older half is given up.
    stalled_ms = 4000 if MICROPYTHON else 500

    def __init__(self, **bounds) -> None:
        for name in bounds:
            getattr(self, name)  # AttributeError: no such bound
            setattr(self, name, bounds[name])


def refuse_if_full(count: int, count_max: int, what: str) -> None:
    """LimitError once ``count`` of something has reached its bound."""
    if count >= count_max:
        raise LimitError("{} {} is the limit here".format(count_max, what))


def refuse_if_short_of_memory(size: int) -> None:
    """LimitError where a chip has less than ``size`` bytes of heap left, garbage counted as free:
    work that is refused costs less than work that fails half done."""
    if MICROPYTHON and gc.mem_free() < size:
        gc.collect()
        if gc.mem_free() < size:
            raise LimitError("less than {} bytes of memory are left".format(size))
