"""Who was seen on which interface, how long that holds, who is missing; time is an argument.

    seen .. at 80, 85, 90, 95 % of its time to live: ask .. lost .. missing: ask every 3 s
       \\- a dial failed: ask, lost unless it answers within 5 s --/

A cable pulled somewhere behind a switch is no event here: who was lost without a goodbye comes back
only if it is asked for.  So the interface is asked every 3 s, after a quarter of an hour every
300th of the time that has gone by, and after a day no more often than when nobody is missing.
"""

from edge.mdns import Found, Lost
from edge.system import const

_GOODBYE_MS = const(1000)  # a peer that said goodbye may still think better of it
_DOUBT_MS = const(5000)  # how long a peer that is doubted has to answer
_SILENCE_MS = const(2000)  # who let so much of it go by was gone and is back
_SEARCH_MS = const(3000)  # between questions for who is missing
_SEARCH_RARER = const(300)
_SEARCH_MAX_MS = const(86400000)


class _Sighting:
    """A peer as last seen on one interface."""

    def __init__(self, peer_id: bytes, interface: str) -> None:
        self.peer_id = peer_id
        self.interface = interface
        self.addresses = []
        self.told = False  # whether next_event told these addresses
        self.instances = {}  # its last name in each group, by the size of an address there
        self.has_left = False  # it said goodbye
        self.doubted_at = None


class Sightings:
    """At most ``most`` peers, each once per interface; of others only events and lists leave."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sightings = {}  # by peer id and interface
        self._lost = []  # peer ids told as found, to be told as lost
        self._missing = {}  # (peer id, interface) -> since when

    def found(self) -> "list[Found]":
        """All that are there."""
        return [Found(s.peer_id, s.addresses, s.interface) for s in self._sightings.values()]

    def knows(self, peer_id: bytes, interface: str) -> bool:
        return (peer_id, interface) in self._sightings

    def named(self, instance: bytes, interface: str) -> "tuple":
        """The peer of that name in DNS, as edge.mdns.dnsaddr.read tells it."""
        for one in self._sightings.values():
            if one.interface == interface and instance in one.instances.values():
                return one.peer_id, one.addresses
        return None, []

    def next_event(self) -> "Found | Lost | None":
        """What has become known; never more waits here than there are peers remembered."""
        if self._lost:
            return Lost(self._lost.pop())
        for one in self._sightings.values():
            if not one.told:
                one.told = True
                return Found(one.peer_id, one.addresses, one.interface)
        return None

    def see(self, told: tuple, interface: str, name: tuple, source: bytes, life: tuple) -> None:
        """``told``: peer id, addresses; ``name``: of the instance, size of the group's addresses;
        ``life``: now, how many ms it holds, and when in this time to ask again, in 1/1000.
        """
        peer_id, addresses = told
        now, ttl_ms, refresh = life
        one = self._sightings.get((peer_id, interface))
        if not one:
            self._make_room(source)
            one = self._sightings[(peer_id, interface)] = _Sighting(peer_id, interface)
        if set(addresses) != set(one.addresses):
            one.addresses = addresses
            one.told = False
        if one.doubted_at is not None and now - one.doubted_at >= _SILENCE_MS:
            one.told = False  # tell it again, so that it is dialed again
        one.doubted_at = None
        one.has_left = False
        one.source = source
        one.instance = one.instances[name[1]] = name[0]
        one.seen_at = now
        one.expires_at = now + ttl_ms
        one.refresh_at = now + ttl_ms // 1000 * refresh
        one.step = ttl_ms // 20
        for key in [key for key in self._missing if key[0] == peer_id]:
            del self._missing[key]

    def leave(self, instances: list, interface: str, now: int) -> None:
        """These say goodbye."""
        for one in self._sightings.values():
            if one.interface == interface and one.instance in instances:
                one.expires_at = min(one.expires_at, now + _GOODBYE_MS)
                one.refresh_at = one.expires_at
                one.has_left = True

    def doubt(self, peer_id: bytes, now: int) -> None:
        """The peer did not answer elsewhere; it is lost unless it is seen soon."""
        for one in self._sightings.values():
            if one.peer_id == peer_id and one.expires_at > now + _DOUBT_MS:
                one.refresh_at = now
                one.expires_at = now + _DOUBT_MS
                one.step = _DOUBT_MS // 2
                one.doubted_at = now

    def keep(self, interfaces: list) -> None:
        """Forget who was seen on others."""
        for one in list(self._sightings.values()):
            if one.interface not in interfaces:
                self._forget(one)
        for key in [key for key in self._missing if key[1] not in interfaces]:
            del self._missing[key]

    def deadline(self) -> "int | None":
        times = [min(one.refresh_at, one.expires_at) for one in self._sightings.values()]
        return min(times) if times else None

    def handle_deadline(self, now: int) -> "list[str]":
        """Drop who is lost; the interfaces on which to ask for those who might be."""
        aging = []
        for one in list(self._sightings.values()):
            if one.expires_at <= now:
                self._forget(one)
                if not one.has_left:
                    self._miss(one, now)
            elif one.refresh_at <= now:
                one.refresh_at = now + one.step
                aging.append(one.interface)
        return aging

    def search_ms(self, interface: str, now: int) -> "int | None":
        """How long to wait between questions there; None if nobody is missing."""
        ages = [now - when for (_, where), when in self._missing.items() if where == interface]
        age = min(ages) if ages else _SEARCH_MAX_MS
        return max(_SEARCH_MS, age // _SEARCH_RARER) if age < _SEARCH_MAX_MS else None

    def fresh(self, interface: str, group_size: int, now: int) -> "list[tuple]":
        """``(instance, ms it still holds)`` of those heard in the first half of their time."""
        found = []
        for one in self._sightings.values():
            instance = one.instances.get(group_size)
            left_ms = one.expires_at - now
            if instance and one.interface == interface and left_ms > 10 * one.step:
                found.append((instance, left_ms))
        return found

    def _miss(self, one: _Sighting, now: int) -> None:
        if len(self._missing) >= self._most:
            oldest = min([(when, key) for key, when in self._missing.items()])
            del self._missing[oldest[1]]
        self._missing[(one.peer_id, one.interface)] = now

    def _make_room(self, source: bytes) -> None:
        """For a newcomer from ``source``: one that fills the table loses its own entries."""
        sightings = list(self._sightings.values())
        if len(sightings) >= self._most:
            same = [one for one in sightings if one.source == source]
            if len(same) > self._most // 4:
                sightings = same
            self._forget(min(sightings, key=lambda one: one.seen_at))

    def _forget(self, one: _Sighting) -> None:
        """Drop a sighting; its peer is lost if that was the last one."""
        del self._sightings[(one.peer_id, one.interface)]
        if one.told and one.peer_id not in [other.peer_id for other in self._sightings.values()]:
            self._lost.append(one.peer_id)
