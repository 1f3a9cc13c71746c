"""Asks a link which libp2p peers are on it and answers for this node; time is an argument.

    we start, our addresses change        somebody asks            a peer's answer grows old
      wait 20-120 ms                        wait 20-120 ms           at 80, 85, 90, 95 % of its
      announce, ask                         answer, at most          time to live: ask
      again after 1, 3, 9 .. s, 1 h         once a second

One packet serves every implementation: the PTR as the only answer; one TXT with all addresses,
SRV, A and AAAA behind it as additional records.  A query names our own PTR as a known answer, so
that our own question, heard back from the group, does not make us answer again.  A goodbye is the
PTR alone: js-libp2p would take a TXT in it for a greeting.

A link is a group on an interface.  Each has a name of its own in DNS and gets a new one when its
addresses change: go-libp2p never looks twice at a name it knows.

Spec: libp2p discovery/mdns (r2), RFC 6762, RFC 6763.
"""

from edge.mdns import Found, Lost, dnsaddr, message
from edge.system import MICROPYTHON, const
from edge.wire import ip

SERVICE = "_p2p._udp.local"
# Remembered, each once per interface; how much is looked at in a second grows with it.
PEERS_MAX = 16 if MICROPYTHON else 128

_PORT = const(5353)
_GROUPS = (b"\xe0\0\0\xfb", b"\xff\x02" + bytes(13) + b"\xfb")
_TTL_S = const(4500)  # of what we announce, RFC 6762 section 10; longer ones of others are cut
_HOST_TTL_S = const(120)  # of SRV, A and AAAA
_LEGACY_TTL_S = const(10)  # of all, towards those who do not listen to the group
_HOSTS_MAX = const(4)  # A and AAAA records
_SECOND_MS = const(1000)
_PAUSE_FIRST_MS = const(1000)  # between questions; each is three times as long as the one before
_PAUSE_LAST_MS = const(3600000)
_GOODBYE_MS = const(1000)  # a peer that said goodbye may still think better of it
_DOUBT_MS = const(5000)  # how long a peer that is doubted has to answer

_A = const(1)
_PTR = const(12)
_TXT = const(16)
_AAAA = const(28)
_SRV = const(33)
_ANY = const(255)
_IN = const(1)
_FLUSH_IN = const(0x8001)  # and forget what you had of this name and kind
_RESPONSE = const(0x8400)

_META = message.name("_services._dns-sd._udp.local")


class _Link:
    """What we are to a group on an interface, when to ask there and when to answer."""

    def __init__(self, interface: str, group: bytes) -> None:
        self.interface = interface
        self.group = group
        self.networks = None
        self.records = ()  # what kind of service, who, where; none while we are not to be found
        self.asked = []  # (name, kind) to answer at answer_at
        self.farewell = []  # what to take back when the new records are announced
        self.asked_at = self.answered_at = -_SECOND_MS


class _Sighting:
    """A peer as last seen on one interface."""

    def __init__(self, peer_id: bytes, interface: str) -> None:
        self.peer_id = peer_id
        self.interface = interface
        self.addresses = []
        self.told = False  # whether next_event told these addresses


class Agent:
    """Knows who is on the links it is given.  Any packet may raise RemoteError and then changed
    nothing: the medium is open to all.  ``entropy``, 64 bytes, chooses our name and the delays.
    """

    def __init__(
        self, peer_id: bytes, entropy: bytes, service: str = SERVICE, peers_max: int = PEERS_MAX
    ) -> None:
        self._peer_id = peer_id
        self._service = message.name(service)
        self._browse = (self._service, _PTR)
        self._peers_max = peers_max
        self._entropy = entropy
        self._label = "".join([chr(97 + octet % 26) for octet in entropy[:32]])
        self._draws = 0
        self._addresses = []
        self._links = {}  # by interface and group
        self._sightings = {}  # by peer id and interface
        self._lost = []  # peer ids told as found, to be told as lost
        self._outbox = []
        self._window = -_SECOND_MS  # start of the second in which we count:
        self._counts = {}  # packets, newcomers (1) and legacy answers (2), by source

    def update_addresses(self, addresses, now: int) -> None:
        """Announce ``addresses`` from now on."""
        if set(addresses) != set(self._addresses):
            self._addresses = list(addresses)
            for link in self._links.values():
                self._rename(link, now)

    def set_interfaces(self, interfaces, now: int) -> None:
        """These are up now; what is new or has other networks is announced."""
        links = {}
        for interface, networks in interfaces:
            sizes = [len(host) for host, _ in networks]
            for group in [group for group in _GROUPS if len(group) in sizes]:
                key = (interface, group)
                links[key] = link = self._links.get(key) or _Link(interface, group)
                if link.networks != networks:
                    link.networks = networks
                    self._rename(link, now)
        self._links = links
        for sighting in list(self._sightings.values()):
            if sighting.interface not in [interface for interface, _ in links]:
                self._forget(sighting)

    def doubt(self, peer_id: bytes, now: int) -> None:
        """Ask for a peer that did not answer elsewhere; it is lost unless it answers here."""
        for sighting in self._sightings.values():
            if sighting.peer_id == peer_id and sighting.expires_at > now + _DOUBT_MS:
                sighting.refresh_at = now
                sighting.expires_at = now + _DOUBT_MS
                sighting.step = _DOUBT_MS // 2

    def close(self, now: int) -> None:
        """Say goodbye and fall silent."""
        self.update_addresses((), now)
        self.set_interfaces((), now)

    def data_to_send(self) -> "list[tuple]":
        """``(packet, (host, port), interface)`` of each packet to send now."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def next_event(self) -> "Found | Lost | None":
        """What has become known; never more waits here than there are peers remembered."""
        if self._lost:
            return Lost(self._lost.pop())
        for sighting in self._sightings.values():
            if not sighting.told:
                sighting.told = True
                return Found(sighting.peer_id, sighting.addresses, sighting.interface)
        return None

    def deadline(self) -> "int | None":
        """When ``handle_deadline`` wants to be called."""
        times = [min(s.refresh_at, s.expires_at) for s in self._sightings.values()]
        for link in self._links.values():
            times.append(min(link.ask_at, link.answer_at) if link.asked else link.ask_at)
        return min(times) if times else None

    def handle_deadline(self, now: int) -> None:
        aging = []  # interfaces
        for sighting in list(self._sightings.values()):
            if sighting.expires_at <= now:
                self._forget(sighting)
            elif sighting.refresh_at <= now:
                sighting.refresh_at = now + sighting.step
                aging.append(sighting.interface)
        for link in self._links.values():
            if link.interface in aging:
                link.ask_at = max(now, link.asked_at + _SECOND_MS)
            asking = link.ask_at <= now
            if asking and link.answered_at + _SECOND_MS <= now:
                self._want(link, [self._browse], now)
            if link.asked and link.answer_at <= now:
                answers, additionals = _choose(link, link.asked)
                self._send(link, _RESPONSE, (), link.farewell + answers, additionals)
                link.asked = []
                link.farewell = []
                link.answered_at = now
            if asking:
                self._send(link, 0, (self._browse + (_IN,),), link.records[1:2])
                link.asked_at = now
                link.ask_at = now + link.pause + self._delay()
                link.pause = min(3 * link.pause, _PAUSE_LAST_MS)

    def receive_data(self, packet: bytes, source: tuple, interface: str, now: int) -> bool:
        """Take in a packet from ``source``, (host, port) with the host as 4 or 16 bytes.

        Whether it was looked at; if not, nothing has changed.
        """
        host = source[0]
        link = self._links.get((interface, _GROUPS[len(host) > 4]))
        if not link or not self._is_relevant(packet) or not self._admit(link, packet, host, now):
            return False
        query = message.decode(packet)
        if query[1] & 0x8000:
            self._on_response(link, query[3], host, now)
        else:
            self._on_query(link, query, source, now)
        return True

    # What goes out.

    def _send(self, link: _Link, flags: int, *sections) -> None:
        packet = message.encode(flags, *sections)
        self._outbox.append((packet, (link.group, _PORT), link.interface))

    def _rename(self, link: _Link, now: int) -> None:
        """Become what we are now on a link, and take back what we were."""
        if link.records and link.answered_at >= 0:
            pointer = link.records[1]
            link.farewell = [pointer[:3] + (0, pointer[4])]
        self._draws += 1
        link.records = self._records(link, self._label + str(self._draws))
        if link.farewell and not link.records:
            self._send(link, _RESPONSE, (), link.farewell)
            link.farewell = []
        link.asked = []
        link.answered_at = -_SECOND_MS  # under this name
        link.ask_at = max(now + self._delay(), link.asked_at + _SECOND_MS)
        link.pause = _PAUSE_FIRST_MS

    def _delay(self) -> int:
        """20 to 120 ms, so that those who have the same reason to speak do not speak at once."""
        self._draws += 1
        return 20 + self._entropy[self._draws % len(self._entropy)] * 100 // 255

    def _records(self, link: _Link, label: str) -> "list[tuple]":
        """What we have to say on a link: nothing, or which service, PTR, TXT, SRV, A and AAAA."""
        hosts = dnsaddr.hosts(link.networks)
        text = dnsaddr.text(self._addresses, self._peer_id, hosts)
        if not text:
            return ()
        host = message.name(label + ".local")
        instance = host[:-7] + self._service
        records = [
            (_META, _PTR, _IN, _TTL_S, self._service),
            self._browse + (_IN, _TTL_S, instance),
            (instance, _TXT, _FLUSH_IN, _TTL_S, text),
            # go-libp2p wants to see one; the ports that matter are in the TXT.
            (instance, _SRV, _FLUSH_IN, _HOST_TTL_S, b"\0\0\0\0\x0f\xa1" + host),
        ]
        for one in hosts[:_HOSTS_MAX]:
            records.append((host, _A if len(one) == 4 else _AAAA, _FLUSH_IN, _HOST_TTL_S, one))
        return records

    def _want(self, link: _Link, asked: list, due: int) -> None:
        """Answer what was ``asked`` at ``due``, or a second after the last answer."""
        if link.records:
            due = max(due, link.answered_at + _SECOND_MS)
            link.answer_at = min(link.answer_at, due) if link.asked else due
            link.asked += [one for one in asked if one not in link.asked]

    # What comes in.

    def _is_relevant(self, packet: bytes) -> bool:
        """Most of what a link hears is not for us; a label that is has to be in it in full."""
        lower = packet.lower()
        service = self._service[: 1 + self._service[0]]
        return service in lower or b"_dns-sd" in lower or self._label.encode() in lower

    def _admit(self, link: _Link, packet: bytes, host: bytes, now: int) -> bool:
        """Whether to look at one more packet: from the link, and not too many from one or all."""
        if now - self._window >= _SECOND_MS:
            self._window = now
            self._counts = {}
        kind = packet[2] & 0x80  # questions are heard through a flood of answers
        most = self._peers_max
        return (
            self._counts.get(kind, 0) < 4 * most
            and _is_on_link(host, link)
            and self._count((host, kind), most)
            and self._count(kind, 4 * most)
        )

    def _count(self, what, most: int) -> bool:
        """Count ``what`` happens; False if it was enough in this second."""
        count = self._counts.get(what, 0)
        self._counts[what] = count + 1
        return count < most

    def _on_query(self, link: _Link, query: tuple, source: tuple, now: int) -> None:
        id, _, questions, known = query
        names = [question[:2] for question in questions]
        asked = []
        for record in link.records:
            is_asked = record[:2] in names or (record[0], _ANY) in names
            if is_asked and not _is_known(record, known):
                asked.append(record[:2])
        if not asked:
            return
        self._want(link, asked, now + self._delay() if asked[0][1] == _PTR else now)
        # rust-libp2p asks from such a port, too, and listens to the group only: it gets both.
        if source[1] != _PORT and self._count((source[0], 2), 1):
            brief = [[r[:2] + (_IN, _LEGACY_TTL_S, r[4]) for r in s] for s in _choose(link, asked)]
            packet = message.encode(_RESPONSE, questions, brief[0], brief[1], id)
            self._outbox.append((packet, source, link.interface))

    def _on_response(self, link: _Link, records: list, host: bytes, now: int) -> None:
        """See who is there.  rust-libp2p names peers outside of the service, the PTR says which."""
        pointed = {}  # time to live, by name
        texts = {}  # strings, by name
        for owner, kind, _, ttl, data in records:
            if (owner, kind) == self._browse:
                pointed[data] = ttl
            elif kind == _TXT and (owner in pointed or owner[1 + owner[0] :] == self._service):
                pointed[owner] = min(ttl, pointed.get(owner, ttl))
                texts[owner] = texts.get(owner, []) + message.split(data)
        is_own_host = host in [own for own, _ in link.networks]
        for owner, strings in texts.items():
            if pointed[owner]:
                told = dnsaddr.read(strings, link.interface, is_own_host)
                sighting = self._see(link, told, host)
                if sighting:
                    ttl_ms = min(pointed[owner], _TTL_S) * 1000
                    sighting.instance = owner
                    sighting.seen_at = now
                    sighting.expires_at = now + ttl_ms
                    sighting.refresh_at = now + ttl_ms // 1000 * (800 + self._delay() // 6)
                    sighting.step = ttl_ms // 20
        for sighting in self._sightings.values():
            if sighting.interface == link.interface and pointed.get(sighting.instance) == 0:
                sighting.expires_at = min(sighting.expires_at, now + _GOODBYE_MS)
                sighting.refresh_at = sighting.expires_at

    def _see(self, link: _Link, told: tuple, host: bytes) -> "_Sighting | None":
        """The sighting of the peer that told its addresses, if there is room for it."""
        peer_id, addresses = told
        if not peer_id or peer_id == self._peer_id:
            return None
        key = (peer_id, link.interface)
        sighting = self._sightings.get(key)
        if not sighting:
            if not self._count((host, 1), self._peers_max // 4):
                return None
            self._make_room(host)
            sighting = self._sightings[key] = _Sighting(peer_id, link.interface)
        if set(addresses) != set(sighting.addresses):
            sighting.addresses = addresses
            sighting.told = False
        sighting.source = host
        return sighting

    def _make_room(self, host: bytes) -> None:
        """For a newcomer from ``host``: a source that fills the table loses its own entries."""
        sightings = list(self._sightings.values())
        if len(sightings) >= self._peers_max:
            same = [sighting for sighting in sightings if sighting.source == host]
            if len(same) > self._peers_max // 4:
                sightings = same
            self._forget(min(sightings, key=lambda sighting: sighting.seen_at))

    def _forget(self, sighting: _Sighting) -> None:
        """Drop a sighting; its peer is lost if that was the last one."""
        peer_id = sighting.peer_id
        del self._sightings[(peer_id, sighting.interface)]
        if sighting.told and peer_id not in [s.peer_id for s in self._sightings.values()]:
            self._lost.append(peer_id)


def _choose(link: _Link, asked: list) -> "tuple[list, list]":
    """Answers and additional records.  js-libp2p looks at the last PTR in the answers only."""
    answers = []
    additionals = []
    for record in link.records:
        if record[:2] in asked:
            answers.append(record)
        elif record[0] != _META:
            additionals.append(record)
    return answers, additionals


def _is_known(record: tuple, known: list) -> bool:
    """Whether who asks has ``record`` already, for some time to come."""
    return [1 for k in known if k[:2] + k[4:] == record[:2] + record[4:] and k[3] >= record[3] // 2]


def _is_on_link(host: bytes, link: _Link) -> bool:
    number = int.from_bytes(host, "big")
    for own, prefix in link.networks:
        difference = number ^ int.from_bytes(own, "big")
        if len(own) == len(host) and difference < 1 << len(own) * 8 - prefix:
            return True
    return ip.scope(host) == "link"
