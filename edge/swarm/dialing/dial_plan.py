"""Which of a peer's addresses to try, in which order, and when: pure.

Near before far, IPv6 and IPv4 in turn, the next one after a short wait while the first still
tries (RFC 8305, happy eyeballs); an address that failed rests, longer each time.
"""

from edge.system import MICROPYTHON, const

ADDRESSES_MAX = 16  # of one peer that wait to be tried
ATTEMPTS_MAX = 25  # in one dial, names and what they stand for together
STAGGER_MS = 250  # head start of an address over the next
REST_MS = 5000  # after the first failure; n failures: REST_MS + n * n seconds
REST_MAX_MS = 300000
RESTING_MAX = 16 if MICROPYTHON else 256  # addresses remembered as failed

_RELAYED = const(4)


class DialPlan:
    """The addresses of one dial.

    start: the first is due at once; each later one STAGGER_MS after the one before, or at once
    when one has failed.
    """

    def __init__(self, addresses, now: int) -> None:
        self._waiting = rank(addresses)[:ADDRESSES_MAX]
        self._tried: list = []
        self._due = now
        self._left = ATTEMPTS_MAX

    def next_address(self, now: int):
        """An address to try now, or None."""
        if not self._waiting or now < self._due:
            return None
        self._due = now + STAGGER_MS
        self._left -= 1
        self._tried.append(self._waiting.pop(0))
        return self._tried[-1]

    def deadline(self):
        """When ``next_address`` will have one, in ms; None when there are no more."""
        return self._due if self._waiting else None

    def add(self, addresses) -> None:
        """A name that was tried stands for these."""
        self._waiting = rank(self._waiting + addresses)[: min(ADDRESSES_MAX, self._left)]

    def hear(self, addresses) -> None:
        """Somebody else wants the peer, and knows these: the best of them is the next, so that a
        liar's list is not worked off before the truth is tried."""
        known = self._tried + self._waiting
        new = [address for address in rank(addresses) if address not in known]
        self._waiting = _alternate(new, self._waiting)[: min(ADDRESSES_MAX, self._left)]

    def hasten(self, now: int) -> None:
        """An address did not answer: no reason to wait for the next."""
        self._due = now


def rank(addresses) -> list:
    """``addresses`` without repeats, best first."""
    scored = []
    seen: set = set()
    for position, address in enumerate(addresses):
        if address.to_bytes() not in seen:
            seen.add(address.to_bytes())
            scored.append((_distance(address), position, address))
    scored.sort(key=lambda item: item[:2])
    direct = [address for distance, _, address in scored if distance < _RELAYED]
    return _in_turn(direct) + [address for distance, _, address in scored if distance == _RELAYED]


def _in_turn(ranked: list) -> list:
    """IPv6 and the rest in turn, the family of the best first."""
    six = [address for address in ranked if address.value("ip6")]
    rest = [address for address in ranked if not address.value("ip6")]
    return _alternate(six, rest) if six and ranked[0] == six[0] else _alternate(rest, six)


def _alternate(first: list, second: list) -> list:
    """One of each in turn, as long as there are."""
    turns = []
    for index in range(max(len(first), len(second))):
        turns += first[index : index + 1] + second[index : index + 1]
    return turns


def _distance(address) -> int:
    """0 this machine, 1 this link or site, 2 a name, 3 anywhere, or _RELAYED."""
    host = address.value("ip4") or address.value("ip6") or ""
    if "/p2p-circuit" in str(address):
        return _RELAYED
    if host.startswith("127.") or host == "::1":
        return 0
    if not host:
        return 2
    return 1 if is_private(host) else 3


def is_private(host: str) -> bool:
    """Whether a numeric host is one of a site or a link (RFC 1918, 3927, 4193, 4291)."""
    head = host.split(":" if ":" in host else ".")
    if ":" in host:
        return head[0][:2] in ("fc", "fd") or head[0][:3] in ("fe8", "fe9", "fea", "feb")
    return (
        head[0] == "10"
        or (head[0] == "192" and head[1] == "168")
        or (head[0] == "169" and head[1] == "254")
        or (head[0] == "172" and 16 <= int(head[1]) <= 31)
    )


class Rests:
    """Addresses that failed lately and are left alone for a while."""

    def __init__(self) -> None:
        self._resting: list = []  # [address bytes, failures, until], oldest first

    def failed(self, address, now: int) -> None:
        entry = self._take(address.to_bytes())
        failures = entry[1] + 1 if entry else 1
        rest = min(REST_MS + (failures - 1) * (failures - 1) * 1000, REST_MAX_MS)
        self._resting.append((address.to_bytes(), failures, now + rest))
        self._resting = self._resting[-RESTING_MAX:]

    def succeeded(self, address) -> None:
        self._take(address.to_bytes())

    def awake(self, addresses, now: int) -> list:
        """Those of ``addresses`` that may be tried; all of them when all are resting."""
        resting = [entry[0] for entry in self._resting if entry[2] > now]
        awake = [address for address in addresses if address.to_bytes() not in resting]
        return awake or list(addresses)

    def _take(self, key: bytes):
        for index, entry in enumerate(self._resting):
            if entry[0] == key:
                return self._resting.pop(index)
        return None
