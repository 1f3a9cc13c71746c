"""One search: whom to ask next, when enough have answered; pure, time is an argument.

    seeds --> path 0: nearest not asked --> next_request() .. answered(), failed()
          \\-> path 1: ..                        |
          \\-> path 2: ..            contacts told of join the path that learned them first

    finished: on every path the beta nearest have answered, and then, if a count was asked for,
    the count nearest of all paths

Against those who lie, two things. Paths are disjoint: whoever names only its friends gets hold of
one path, and the others go on without it. And who tells of contacts answers for them: if they turn
out not to be there, the rest of what it told is asked last.

No more are asked than may be among the nearest, counting those in flight: who knows the whole of a
small network asks beta of it.

Spec: libp2p kad-dht; S/Kademlia for the disjoint paths.
"""

import heapq

from edge.routing.kad import Contact, Profile
from edge.routing.kad.key import key_of
from edge.system import MICROPYTHON, const

REQUESTS_MAX = 30 if MICROPYTHON else 120  # of one search
WAITING_MAX = 20 if MICROPYTHON else 80  # contacts of one path that are not asked yet
TOLD_MAX = 21  # contacts of one answer that are considered
TELLERS_MAX = 4 if MICROPYTHON else 8  # who are remembered to have told of one contact
ADDRESSES_MAX = 4 if MICROPYTHON else 16  # of one contact, told by all
SEEDS_OF_PATH = 6  # at least: who knows fewer contacts takes fewer paths
SLOW_MS = 2_500  # a request that takes longer holds up no others
SEARCH_MS = 60_000  # a search that takes longer ends
FALSE_MAX = 3  # contacts that one alone told of and that failed, and no more that answered: a liar
DOUBTFUL_MAX = 10  # contacts that only liars told of which are asked when there are no others

_WHOLE = const(24)  # parts that make one contact, which those who told of it share
_WAITING = const(0)
_ASKED = const(1)
_SLOW = const(2)
_ANSWERED = const(3)
_FAILED = const(4)
_DOUBTFUL = const(5)  # waiting, but only liars told of it


class _Peer:
    """A contact in a search, and how those it told of have turned out."""

    __slots__ = ("contact", "distance", "path", "hops", "state", "since", "more", "retried",
                 "tellers", "blamed", "false", "true")  # fmt: skip

    def __init__(self, contact: Contact, distance: int, path: "_Path", hops: int) -> None:
        self.contact = contact
        self.distance = distance
        self.path = path
        self.hops = hops
        self.state = _WAITING
        self.since = 0  # ms, when it was asked
        self.more: tuple = ()  # addresses told of since
        self.retried = False
        self.tellers: list[_Peer] = []  # empty: we knew it ourselves
        self.blamed: list[_Peer] = []  # those of them that bear the blame for its silence
        self.false = 0  # parts of contacts that failed
        self.true = 0  # of those that answered

    def is_liar(self) -> bool:
        return self.false >= FALSE_MAX * _WHOLE and self.false >= self.true

    def blame(self) -> None:
        """It is not there, or slow: the more who told of it, the less each is to blame, because
        what all say was true not long ago."""
        if not self.blamed and self.tellers:
            self.blamed = self.tellers
            for teller in self.blamed:
                teller.false += _WHOLE // len(self.blamed)

    def praise(self) -> None:
        """It is there after all."""
        for teller in self.blamed:
            teller.false -= _WHOLE // len(self.blamed)
        for teller in self.tellers:
            teller.true += _WHOLE

    def is_doubtful(self) -> bool:
        """Whether only liars told of it."""
        return bool(self.tellers) and not [1 for teller in self.tellers if not teller.is_liar()]


class _Path:
    __slots__ = ("answered", "asked", "doubtful", "slow", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[int, bytes]] = []  # a heap of distance and id
        self.doubtful: list[tuple[int, bytes]] = []  # another
        self.asked: list[_Peer] = []  # in flight, but not slow
        self.slow = 0  # in flight
        self.answered: list[tuple[int, bytes]] = []  # nearest first


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
        self._target = target
        self._alpha = profile.alpha
        self._width = max(1, profile.alpha // profile.paths)
        self._beta = profile.beta
        self._count = count
        self._joined = False  # the paths have ended, what they found is one now
        self._started: int | None = None
        self._doubtful_left = DOUBTFUL_MAX
        self._found: list[tuple[int, bytes]] = []  # who answered on all paths, nearest first
        self._own_id = own_id
        self._peers: dict[bytes, _Peer] = {}
        paths = max(1, min(profile.paths, len(seeds) // SEEDS_OF_PATH))
        self._paths = [_Path() for _ in range(paths)]
        nearest = sorted([(key_of(seed.id) ^ target, index) for index, seed in enumerate(seeds)])
        for turn, (_, index) in enumerate(nearest):
            self._learn(seeds[index], None, self._paths[turn % paths])

    # -- what to do

    def next_request(self, now: int) -> "Contact | None":
        """Whom to ask now; None: wait, or the search has finished."""
        if self._started is None:
            self._started = now
        heap = None if self.finished else self._choose()
        if not heap:
            self._settle()
            return None
        peer = self._peers[heapq.heappop(heap)[1]]
        if heap is peer.path.doubtful:
            self._doubtful_left -= 1
        peer.state = _ASKED
        peer.since = now
        peer.path.asked.append(peer)
        self.asked += 1
        return peer.contact

    def closest(self, count: "int | None" = None) -> "list[Contact]":
        """Who has answered, the nearest first."""
        return [self._peers[id].contact for _, id in self._found[:count]]

    def deadline(self) -> "int | None":
        """When to call handle_deadline."""
        if self.finished or self._started is None:
            return None
        due = self._started + SEARCH_MS
        for path in self._paths:
            for peer in path.asked:
                due = min(due, peer.since + SLOW_MS)
        return due

    # -- what happened

    def answered(self, id: bytes, contacts: "list[Contact]", now: int) -> None:
        """The contact of this id gave these.  Also right after it was given up as slow."""
        peer = self._take(id)
        if not peer:
            return
        peer.praise()
        peer.state = _ANSWERED
        self.hops = max(self.hops, peer.hops)
        path = peer.path
        for found in (path.answered, self._found):
            found.append((peer.distance, id))
            found.sort()
        for contact in contacts[:TOLD_MAX]:
            self._learn(contact, peer, path)
        self._trim(path)
        self._settle()

    def failed(self, id: bytes, now: int) -> None:
        """It did not answer, or broke the protocol."""
        peer = self._take(id)
        if peer:
            peer.state = _FAILED
            peer.blame()
            self._relearn(peer, peer.more)
            self._settle()

    def handle_deadline(self, now: int) -> None:
        """Who is slow holds nobody up any more; a search that takes too long ends."""
        asked = [peer for path in self._paths for peer in path.asked]
        for peer in asked:
            if now - peer.since >= SLOW_MS:
                self._set_slow(peer)
        if self._started is not None and now - self._started >= SEARCH_MS:
            self.finished = True
        self._settle()

    def _set_slow(self, peer: _Peer) -> None:
        peer.state = _SLOW
        peer.path.asked.remove(peer)
        peer.path.slow += 1
        peer.blame()

    def _take(self, id: bytes) -> "_Peer | None":
        """Who was asked and is not in flight any more."""
        peer = self._peers.get(id)
        if not peer or peer.state not in (_ASKED, _SLOW):
            return None
        if peer.state == _ASKED:
            peer.path.asked.remove(peer)
        else:
            peer.path.slow -= 1
        return peer

    # -- what is known

    def _learn(self, contact: Contact, teller: "_Peer | None", path: _Path) -> None:
        id = contact.id
        if id == self._own_id:
            return
        peer = self._peers.get(id)
        if not peer:
            peer = _Peer(contact, key_of(id) ^ self._target, path, teller.hops + 1 if teller else 1)
            self._peers[id] = peer
            heapq.heappush(path.waiting, (peer.distance, id))
        elif contact.addresses != peer.contact.addresses:
            self._relearn(peer, contact.addresses)
        if teller:
            peer.tellers = peer.tellers[1 - TELLERS_MAX :] + [teller]
            if peer.state == _DOUBTFUL:
                self._wait(peer)

    def _wait(self, peer: _Peer) -> None:
        peer.state = _WAITING
        heapq.heappush(peer.path.waiting, (peer.distance, peer.contact.id))

    def _relearn(self, peer: _Peer, addresses: tuple) -> None:
        """Another one tells of it: perhaps of an address that is better than a liar's."""
        known = peer.contact.addresses
        if peer.state == _ANSWERED:
            return
        new = tuple([address for address in addresses if address not in known])
        if not new or len(known) >= ADDRESSES_MAX:
            return
        if peer.state in (_ASKED, _SLOW):
            peer.more = new  # should it fail
        elif peer.state != _FAILED or not peer.retried:
            peer.contact = Contact(peer.contact.id, (new + known)[:ADDRESSES_MAX])
            if peer.state == _FAILED:
                peer.retried = True
                self._wait(peer)

    def _trim(self, path: _Path) -> None:
        """Forget those farthest away, so that nobody fills our memory."""
        if len(path.waiting) > 2 * WAITING_MAX:
            path.waiting.sort()  # and remains a heap
            for _, id in path.waiting[WAITING_MAX:]:
                del self._peers[id]
            path.waiting = path.waiting[:WAITING_MAX]

    # -- whom to ask

    def _choose(self) -> "list | None":
        """The heap whose first one is to be asked now."""
        in_flight = sum([len(path.asked) for path in self._paths])
        if in_flight >= self._alpha or self.asked >= REQUESTS_MAX:
            return None
        if not self._joined:
            active = [path for path in self._paths if not self._is_done(path)]
            active.sort(key=lambda path: len(path.asked))
            for path in active:
                if len(path.asked) < self._width and self._wanted(path):
                    return path.waiting
            if active:
                return None
            self._joined = True
        return self._choose_of_all(in_flight)

    def _choose_of_all(self, in_flight: int) -> "list | None":
        """Once the paths have ended: the nearest, if it is among the count; liars' friends last."""
        heaps = [path.waiting for path in self._paths if self._first(path)]
        if heaps:
            heap = min(heaps)
            asked = [peer for path in self._paths for peer in path.asked]
            if self._count and _nearer(heap[0], self._found, asked) < self._count:
                return heap
            return None
        if in_flight or not self._doubtful_left or len(self._found) >= (self._count or self._beta):
            return None
        heaps = []
        for path in self._paths:
            heap = path.doubtful
            while heap and not self._is_doubtful(heap[0][1]):
                heapq.heappop(heap)
            if heap:
                heaps.append(heap)
        return min(heaps) if heaps else None

    def _is_doubtful(self, id: bytes) -> bool:
        peer = self._peers.get(id)
        return peer is not None and peer.state == _DOUBTFUL

    def _wanted(self, path: _Path) -> bool:
        """Whether there is somebody to ask on this path who may be among the nearest."""
        if not self._first(path):
            return False
        answered = [found for found in path.answered if not self._peers[found[1]].is_liar()]
        return _nearer(path.waiting[0], answered, path.asked) < self._beta

    def _is_done(self, path: _Path) -> bool:
        if path.asked or self._wanted(path):
            return False
        return not path.slow or len(path.answered) >= self._beta

    def _first(self, path: _Path) -> bool:
        """Put liars' friends aside; whether anybody is left."""
        while path.waiting:
            first = path.waiting[0]
            peer = self._peers[first[1]]
            if not peer.is_doubtful():
                return True
            heapq.heappop(path.waiting)
            if len(path.doubtful) < WAITING_MAX:
                peer.state = _DOUBTFUL
                heapq.heappush(path.doubtful, first)
            else:
                del self._peers[first[1]]
        return False

    def _settle(self) -> None:
        """See whether it is over."""
        if self.finished or any([path.asked for path in self._paths]) or self._choose():
            return
        slow = sum([path.slow for path in self._paths])
        if not slow or self._joined and len(self._found) >= (self._count or self._beta):
            self.finished = True


def _nearer(waiting: "tuple[int, bytes]", answered: list, asked: "list[_Peer]") -> int:
    """How many who have answered, or still may, are nearer than the first of those waiting."""
    count = len([1 for peer in asked if peer.distance < waiting[0]])
    for found in answered:
        if found[0] > waiting[0]:
            break
        count += 1
    return count
