"""Asks a link which libp2p peers are on it and answers for this node; time is an argument.

    we start, our addresses change        somebody asks            a peer's answer grows old
      wait 20-120 ms                        wait 20-120 ms           at 80, 85, 90, 95 % of its
      announce, ask                         answer, at most          time to live: ask
      again after 1, 3, 9 .. s, 1 h         once a second            gone for good: ask every 3 s

Who is there is kept in edge.mdns.sightings; who has which key, in edge.mdns.probes; which value a
key has, in edge.mdns.values.

One packet serves every implementation: the PTR as the only answer; one TXT with all addresses,
SRV, A and AAAA behind it as additional records.  A query names our own PTR as a known answer, so
that our own question, heard back from the group, does not make us answer again, and the PTRs of
those heard lately, who need not answer.  A goodbye is the PTR alone: js-libp2p would take a TXT in
it for a greeting.

A link is a group on an interface.  Each has a name of its own in DNS and gets a new one when its
addresses change: go-libp2p never looks twice at a name it knows.

Spec: libp2p discovery/mdns (r2), RFC 6762, RFC 6763.
"""

from edge.mdns import Found, Lost, dnsaddr, message
from edge.mdns.probes import Exchange, Probes, is_known, pointer
from edge.mdns.sightings import Sightings
from edge.system import MICROPYTHON, const
from edge.wire import ip

SERVICE = "_p2p._udp.local"
# Remembered, each once per interface; how many packets are looked at in a second grows with it.
PEERS_MAX = 8 if MICROPYTHON else 128
_PACKETS = 2 if MICROPYTHON else 1  # from one host, for each

_PORT = const(5353)
_GROUPS = (b"\xe0\0\0\xfb", b"\xff\x02" + bytes(13) + b"\xfb")
_TTL_S = const(4500)  # of what we announce, RFC 6762 section 10; longer ones of others are cut
_HOST_TTL_S = const(120)  # of SRV, A and AAAA
_LEGACY_TTL_S = const(10)  # of all, towards those who do not listen to the group
_LEGACY_KEYS_MAX = const(4)  # answers to one of those about keys, a second
_HOSTS_MAX = const(4)  # A and AAAA records
_SECOND_MS = const(1000)
_PAUSE_FIRST_MS = const(1000)  # between questions; each is three times as long as the one before
_PAUSE_LAST_MS = const(3600000)
_MORE_MS = const(380)  # how much later we answer one who has not yet said all it knows
_KNOWN_BYTES_MAX = const(1100)  # of a question
_SPARE_BYTES = const(1100)  # of an answer: 1400 without what goes with the TXT
_NAME_BYTES = const(49)  # what one more key takes in an answer

_A = const(1)
_PTR = const(12)
_TXT = const(16)
_AAAA = const(28)
_SRV = const(33)
_ANY = const(255)
_IN = const(1)
_FLUSH_IN = const(0x8001)  # and forget what you had of this name and kind
_RESPONSE = const(0x8400)
_TRUNCATED = const(0x0200)

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
        self.search_at = None  # when to ask for who is missing
        self.exchange = Exchange()
        self.values = None  # the Exchange of edge.mdns.values


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
        self._sightings = Sightings(peers_max)
        self._probes = Probes(peer_id, self._service)
        self._values = None
        self._outbox = []
        self._window = -_SECOND_MS  # start of the second in which we count:
        self._counts = {}  # packets by kind, newcomers and legacy answers by source

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
        self._sightings.keep([interface for interface, _ in links])

    def doubt(self, peer_id: bytes, now: int) -> None:
        """Ask for a peer that did not answer elsewhere; it is lost unless it answers here."""
        self._sightings.doubt(peer_id, now)

    def offer(self, key: bytes) -> bool:
        """Answer who asks for ``key``; whether there is a link on which we can."""
        self._probes.offer(key)
        return bool([1 for link in self._links.values() if link.records])

    def withdraw(self, key: bytes) -> None:
        """Answer for ``key`` no more."""
        name = self._probes.withdraw(key)
        for link in self._links.values():
            link.exchange.forget(name)

    def probe(self, key: bytes, now: int) -> "tuple[bytes | None, list]":
        """Ask all links who has ``key``; with b"", who is there, unless somebody is known to be.

        The name that next_answer will tell of, None if there is nothing to ask, and the Founds
        that are known now.
        """
        present = [] if key else self._sightings.found()
        return (None, present) if present else self._probes.probe(key, now)

    def values(self):
        """What asks for the values of keys and answers with ours; loaded by the first who wants."""
        if not self._values:
            from edge.mdns.values import Values

            self._values = Values(self._peer_id, self._service)
        return self._values

    def end(self, name: bytes) -> None:
        """Nobody waits for these answers any more."""
        self._probes.end(name)
        if self._values:
            self._values.end(name)

    def next_answer(self) -> "tuple | None":
        """``(name, Found)``: who has what was asked for, or ``(name, Told)``: its value;
        ``(name, None)``: the probe is over."""
        return self._probes.next_answer() or (self._values and self._values.next_answer())

    def wanted(self) -> "list[bytes]":
        """The keys whose values are to be supplied to ``values()`` now."""
        return self._values.wanted_keys() if self._values else []

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
        return self._sightings.next_event()

    def deadline(self) -> "int | None":
        """When ``handle_deadline`` wants to be called."""
        times = [self._sightings.deadline(), self._probes.deadline()]
        for link in self._links.values():
            times.append(link.exchange.deadline())
            times += [link.ask_at, link.search_at, link.answer_at if link.asked else None]
            times.append(link.values and link.values.deadline())
        times.append(self._values and self._values.deadline())
        times = [time for time in times if time is not None]
        return min(times) if times else None

    def handle_deadline(self, now: int) -> None:
        aging = self._sightings.handle_deadline(now)  # interfaces
        names = self._probes.take(now)
        asked = self._values.take(now) if self._values else []
        for link in self._links.values():
            if link.interface in aging:
                link.ask_at = max(now, link.asked_at + _SECOND_MS)
            self._speak(link, now)
            self._exchange(link, names, now)
            if self._values:
                for packet in self._values.packets(link, asked, now):
                    self._send(link, *packet)

    def receive_data(self, packet: bytes, source: tuple, interface: str, now: int) -> bool:
        """Take in a packet from ``source``, (host, port) with the host as 4 or 16 bytes.

        Whether it was looked at; if not, nothing has changed.
        """
        host = source[0]
        link = self._links.get((interface, _GROUPS[len(host) > 4]))
        kind = self._kind(packet) if link else None
        if kind is None or not self._admit(link, kind, host, now):
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

    def _speak(self, link: _Link, now: int) -> None:
        """Announce, answer and ask, as far as it is due."""
        is_turn = link.ask_at <= now
        if is_turn and link.answered_at + _SECOND_MS <= now:
            self._want(link, [self._browse], now)
        if link.asked and link.answer_at <= now:
            answers, additionals = _choose(link, link.asked)
            self._send(link, _RESPONSE, (), link.farewell + answers, additionals)
            link.asked = []
            link.farewell = []
            link.answered_at = now
        search_ms = self._sightings.search_ms(link.interface, now)
        if search_ms and link.search_at is None:
            link.search_at = max(now, link.asked_at + search_ms) + self._delay()
        if is_turn or (search_ms and link.search_at <= now):
            self._send(link, 0, (self._browse + (_IN,),), self._known(link, now))
            link.asked_at = now
            link.search_at = now + search_ms + self._delay() if search_ms else None
        if is_turn:
            link.ask_at = now + link.pause + self._delay()
            link.pause = min(3 * link.pause, _PAUSE_LAST_MS)
        if not search_ms:
            link.search_at = None

    def _exchange(self, link: _Link, names: list, now: int) -> None:
        """Ask for the keys with these names, answer for those that are ours."""
        instance = link.records[1][4] if link.records else None
        for packet in self._probes.questions(names, link.exchange, instance, now):
            self._send(link, *packet)
        if instance:
            spare = max(0, _SPARE_BYTES - len(link.records[2][4]))
            names = link.exchange.take(1 + spare // _NAME_BYTES, now)
            if names:
                answers = [pointer(name, instance) for name in names]
                self._send(link, _RESPONSE, (), answers, link.records[2:])

    def _known(self, link: _Link, now: int) -> "list[tuple]":
        """Who need not answer our question: we ourselves and, as many as fit, those just heard."""
        known = link.records[1:2]
        left = _KNOWN_BYTES_MAX
        for instance, ms in self._sightings.fresh(link.interface, len(link.group), now):
            left -= len(instance) + 12
            if left > 0:
                known.append(self._browse + (_IN, ms // 1000, instance))
        return known

    def _rename(self, link: _Link, now: int) -> None:
        """Become what we are now on a link, and take back what we were."""
        if link.records and link.answered_at >= 0:
            before = link.records[1]
            link.farewell = [before[:3] + (0, before[4])]
        self._draws += 1
        link.records = self._records(link, self._label + str(self._draws))
        if link.farewell and not link.records:
            self._send(link, _RESPONSE, (), link.farewell)
            link.farewell = []
        link.asked = []
        if not link.records:
            link.exchange.forget(None)
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
            return []
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

    def _kind(self, packet: bytes) -> "int | None":
        """What a packet is counted as; None: it is not for us, as most of what a link hears.

        Questions are heard through a flood of answers, keys of ours through one of other keys.
        """
        lower = packet.lower()
        service = self._service[: 1 + self._service[0]]  # in full, if it is there at all
        if service in lower or b"_dns-sd" in lower or self._label.encode() in lower:
            known = [one for one in (self._probes, self._values) if one]
            return packet[2] & 0x80 | max([one.concerns(lower) for one in known])
        return None

    def _admit(self, link: _Link, kind: int, host: bytes, now: int) -> bool:
        """Whether to look at one more packet: from the link, and not too many from one or all."""
        if now - self._window >= _SECOND_MS:
            self._window = now
            self._counts = {}
        most = _PACKETS * self._peers_max
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
        if source[0] not in [own for own, _ in link.networks]:  # not ourselves, heard back
            self._probes.overhear(questions, known, link.exchange, now)
            if self._browse in names and link.search_at is not None:
                self._spare_question(link, known, now)
        if self._values:
            self._values.on_query(link, query, source, now + self._delay())
        if link.records:
            self._on_probe(link, query, source, now)
        asked = []
        for record in link.records:
            is_asked = record[:2] in names or (record[0], _ANY) in names
            if is_asked and not is_known(record, known):
                asked.append(record[:2])
        if not asked:
            return
        self._want(link, asked, now + self._delay() if asked[0][1] == _PTR else now)
        # rust-libp2p asks from such a port, too, and listens to the group only: it gets both.
        if source[1] != _PORT and self._count((source[0], "legacy"), 1):
            self._reply(link, source, (questions, id), *_choose(link, asked))

    def _on_probe(self, link: _Link, query: tuple, source: tuple, now: int) -> None:
        """Somebody asks who has some keys, or says what it knows behind its question."""
        id, flags, questions, known = query
        host, port = source
        instance = link.records[1][4]
        if not questions:
            link.exchange.excuse(instance, known, host)
        names = self._probes.wanted(questions, known, instance)
        if names and port != _PORT:
            if self._count((host, "legacy key"), _LEGACY_KEYS_MAX):
                asked = [question for question in questions if question[0] == names[0]][:1]
                answers = [pointer(names[0], instance)]
                self._reply(link, source, (asked, id), answers, link.records[2:])
        elif names:
            more = bool(flags & _TRUNCATED)
            due = now + self._delay() + (_MORE_MS if more else 0)
            for name in names:
                link.exchange.owe(name, due, host, more)

    def _reply(self, link: _Link, source: tuple, asked: tuple, *sections) -> None:
        """An answer to one who does not listen to the group; ``asked``: questions, id."""
        brief = [[r[:2] + (_IN, _LEGACY_TTL_S, r[4]) for r in records] for records in sections]
        packet = message.encode(_RESPONSE, asked[0], brief[0], brief[1], asked[1])
        self._outbox.append((packet, source, link.interface))

    def _spare_question(self, link: _Link, known: list, now: int) -> None:
        """Somebody asks who is there: we need not, unless it knows more than we."""
        own = [record[4] for record in link.records[1:2]]
        for owner, kind, _, _, instance in known:
            is_other = (owner, kind) == self._browse and instance not in own
            if is_other and not self._sightings.named(instance, link.interface)[0]:
                return
        link.asked_at = now
        link.search_at = now + (self._sightings.search_ms(link.interface, now) or 0) + self._delay()

    def _on_response(self, link: _Link, records: list, host: bytes, now: int) -> None:
        """See who is there.  rust-libp2p names peers outside of the service, the PTR says which."""
        pointed = {}  # time to live, by name
        texts = {}  # strings, by name
        holders = []  # (name of a key, instance)
        for owner, kind, _, ttl, data in records:
            if kind == _PTR and ttl and self._is_answer(owner):
                holders.append((owner, data))
            if (owner, kind) == self._browse:
                pointed[data] = ttl
            elif kind == _TXT and (owner in pointed or owner[1 + owner[0] :] == self._service):
                pointed[owner] = min(ttl, pointed.get(owner, ttl))
                texts[owner] = texts.get(owner, []) + message.split(data)
        is_own_host = host in [own for own, _ in link.networks]
        told = {}  # what each name told: peer id, addresses
        for owner, strings in texts.items():
            if pointed[owner]:
                told[owner] = dnsaddr.read(strings, link.interface, is_own_host)
                self._see(link, (owner, pointed[owner]), told[owner], host, now)
        gone = [owner for owner, ttl in pointed.items() if not ttl]
        self._sightings.leave(gone, link.interface, now)
        founds = {}
        for name, instance in holders:
            peer = told.get(instance) or self._sightings.named(instance, link.interface)
            if peer[0] and peer[0] != self._peer_id:
                found = Found(peer[0], peer[1], link.interface)
                self._probes.heard(name, link.exchange, instance, found, (host, now))
                founds[name] = found
        if self._values:
            self._values.on_response(link, records, founds, (host, now))

    def _is_answer(self, owner: bytes) -> bool:
        values = self._values
        return self._probes.is_answer(owner) or bool(values and values.is_answer(owner))

    def _see(self, link: _Link, name: tuple, told: tuple, host: bytes, now: int) -> None:
        """Remember a peer, if it is one and there is room for it; ``name``: with its TTL."""
        peer_id = told[0]
        if not peer_id or peer_id == self._peer_id:
            return
        is_new = not self._sightings.knows(peer_id, link.interface)
        if is_new and not self._count((host, "new"), self._peers_max // 4):
            return
        instance, ttl = name
        life = (now, min(ttl, _TTL_S) * 1000, 800 + self._delay() // 6)
        self._sightings.see(told, link.interface, (instance, len(link.group)), host, life)


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


def _is_on_link(host: bytes, link: _Link) -> bool:
    number = int.from_bytes(host, "big")
    for own, prefix in link.networks:
        difference = number ^ int.from_bytes(own, "big")
        if len(own) == len(host) and difference < 1 << len(own) * 8 - prefix:
            return True
    return ip.scope(host) == "link"
