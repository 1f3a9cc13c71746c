"""The contacts of a node: many that are near, some of every distance; pure.

    bits shared   0      1      2      3  ..      256 = we ourselves
    bucket        [k]    [k]    [k]    [..]       contacts that have answered us
    spares        [..]   [..]   [..]   [..]       in line for a place: told of, or one too many

Who has answered stays as long as it answers: a newcomer never takes the place of a contact that
lives, so that nobody can push others out by coming in numbers.  Spec: libp2p kad-dht.
"""

from edge.routing.kad import Contact, Profile

OWN = 256  # in place of a number of bits: the surroundings of our own id


class RoutingTable:
    def __init__(self, own_id: bytes, profile: Profile) -> None:
        raise NotImplementedError

    def __len__(self) -> int:
        """How many contacts have proven themselves."""
        raise NotImplementedError

    def heard(self, contact: Contact, now: int, proven: bool = False) -> bool:
        """Consider ``contact``; whether it is in the table now, as a contact or a spare.

        ``proven``: it answered us just now, its first address is the one it answered at. Otherwise
        somebody told us: addresses of a proven contact are not touched.
        """
        raise NotImplementedError

    def answered(self, id: bytes, now: int) -> None:
        """The contact, or spare, of this id has answered a request."""
        raise NotImplementedError

    def failed(self, id: bytes, now: int) -> None:
        """It was asked in vain.  It is given to nobody until it answers again, and dropped after
        FAILURES_MAX times, unless nobody else has answered meanwhile: then the fault is ours."""
        raise NotImplementedError

    def remove(self, id: bytes) -> None:
        """Forget it: it is no server any more."""
        raise NotImplementedError

    def find(self, id: bytes) -> "Contact | None":
        """The contact of this id, spares too."""
        raise NotImplementedError

    def closest(self, key: int, count: int, but: tuple = ()) -> "list[Contact]":
        """The ``count`` contacts nearest to ``key``, proven and not in doubt, nearest first.

        Ids in ``but`` are left out: who asks does not want itself.
        """
        raise NotImplementedError

    def seeds(self, key: int, count: int) -> "list[Contact]":
        """Whom to begin a search with: as closest, then who is in doubt or not proven yet."""
        raise NotImplementedError

    def to_check(self, now: int) -> "Contact | None":
        """A contact to send a request, so that we know whether it lives; the call counts as doing
        so.  Silent ones in turn, and spares where there is a place for them."""
        raise NotImplementedError

    def stale_bucket(self, now: int) -> "int | None":
        """Bits shared with us, or OWN, where a search should look for new contacts."""
        raise NotImplementedError

    def refreshed(self, bits: int, now: int) -> None:
        """A search there has ended."""
        raise NotImplementedError

    def deadline(self) -> "int | None":
        """When to_check or stale_bucket will next have something; None: not by time alone."""
        raise NotImplementedError

    def remember(self, count: int) -> "list[Contact]":
        """Contacts worth keeping over a restart, the longest known first."""
        raise NotImplementedError

    def rows(self) -> list:
        """``(bits, contacts, spares)`` of each bucket in use, for display: contacts are tuples of
        Contact, ms when it last answered, failures since."""
        raise NotImplementedError
