"""One search: whom to ask next, when enough have answered; pure, time is an argument.

    seeds --> path 0: nearest not asked --> next_request() .. answered(), failed()
          \\-> path 1: ..                        |
          \\-> path 2: ..            contacts told of join the path that learned them first

    finished: on every path the beta nearest have answered, and then, if a count was asked for,
    the count nearest of all paths

Spec: libp2p kad-dht; S/Kademlia for the disjoint paths.
"""

from edge.routing.kad import Contact, Profile


class Query:
    """Ask whom next_request() names until it gives None; tell what came of it; wait for an answer
    or until deadline(), then handle_deadline() and ask again; until ``finished``."""

    def __init__(
        self, own_id: bytes, target: int, seeds: "list[Contact]", profile: Profile,
        count: "int | None" = None,
    ) -> None:  # fmt: skip
        """``count``: how many of the nearest must have answered, to publish; None: to find."""
        self.finished = False
        self.asked = 0  # requests made
        self.hops = 0  # of the longest chain of answers
        raise NotImplementedError

    def next_request(self, now: int) -> "Contact | None":
        """Whom to ask now; None: wait, or the search has finished."""
        raise NotImplementedError

    def answered(self, id: bytes, contacts: "list[Contact]", now: int) -> None:
        """The contact of this id gave these.  Also right after it was given up as slow."""
        raise NotImplementedError

    def failed(self, id: bytes, now: int) -> None:
        """It did not answer, or broke the protocol."""
        raise NotImplementedError

    def deadline(self) -> "int | None":
        """When to call handle_deadline."""
        raise NotImplementedError

    def handle_deadline(self, now: int) -> None:
        """Who is slow holds nobody up any more; a search that takes too long ends."""
        raise NotImplementedError

    def closest(self, count: "int | None" = None) -> "list[Contact]":
        """Who has answered, the nearest first."""
        raise NotImplementedError
