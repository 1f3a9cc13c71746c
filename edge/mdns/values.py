"""Which value a key has, by everybody on a link who holds one; time is an argument.

    ask(key)                                somebody asks for the value of a key of ours
      ask now and a second later              have it supplied; wait 20-120 ms
      hand on each value, or its holder       answer, unless another has just said the same
      over 1.25 s after the first question

A short value is in the answer itself; of a long one the answer has the hash, and the name of the
instance to fetch it from.  Loaded only by who wants values.  Spec: edge/records/README.md,
"mDNS-record-store".
"""

from collections import namedtuple

from edge.errors import LimitError
from edge.mdns import message
from edge.mdns.probes import ANSWERS_MAX, SOURCE_MAX, Exchange, Probes, pointer
from edge.system import MICROPYTHON, const, primitives

OFFERED_MAX = 16 if MICROPYTHON else 4096  # keys
SHORT_BYTES_MAX = 1000  # of a value that is told in a packet
LOADED_MAX = 4 if MICROPYTHON else 64  # values supplied and not yet told
OVERHEARD_MAX = 2 if MICROPYTHON else 16  # last answers, whoever has asked for them

_PORT = const(5353)
_TXT = const(16)
_ANY = const(255)
_IN = const(1)
_TTL_S = const(10)
_RESPONSE = const(0x8400)
_TRUNCATED = const(0x0200)
_MORE_MS = const(380)  # how much later we answer one who has not yet said all it knows
_SECOND_MS = const(1000)
_INSISTS_MS = const(2500)  # who asks again so soon has not heard what silenced us
_ANSWER_BYTES = const(1150)  # of all values in a packet
_AROUND_BYTES = const(60)  # of one
_KNOWN_MAX = const(8)  # hashes remembered for one answer that is due
_STRING_MAX = const(255)
_DIGEST_BYTES = const(32)
_VALUE = b"v="
_HASH = b"h="

# The value of a key as somebody told it, with its SHA-256; value is None if it is to be fetched
# from ``holder``, a Found.
Told = namedtuple("Told", ("value", "digest", "holder"))


class _Line(Exchange):
    """Values to be told on one link, and what its hosts have already."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {}  # name -> hashes that all who asked for it have
        self.said = {}  # name -> hashes that others told since it was asked for
        self.silenced = {}  # name -> when we said nothing because another had said the same
        self._told = {}  # name, answered within the last second -> how often offered before that

    def renew(self, name: bytes, offers: int) -> None:
        """Offered so often by now: a value that has changed was not told within this second."""
        if self._told.get(name, offers) != offers:
            self._answered.pop(name, None)

    def tell(self, count: int, own: dict, now: int) -> "list[bytes]":
        """The first ``count`` of the names that are due; they count as answered."""
        names = self.take(count, now)
        for name in list(self._told):
            if name not in self._answered:
                del self._told[name]
        for name in names:
            self._told[name] = own[name][1]
            self.drop(name)
        return names

    def asked(self, name: bytes, due: int, host: bytes, known: list, more: bool) -> bool:
        """Somebody who has ``known`` asks; whether it is to be answered."""
        is_new = name not in self._due
        self.owe(name, due, host, more)
        if name not in self._due:
            return False
        if is_new:
            self.said[name] = []
        others = known if is_new else self.known[name]
        self.known[name] = [digest for digest in known if digest in others][:_KNOWN_MAX]
        return True

    def more_known(self, name: bytes, digest: bytes, host: bytes) -> None:
        """``host`` says behind its question what it has."""
        due = self._due.get(name)
        if due and due[1] == host and due[2] and len(self.known[name]) < _KNOWN_MAX:
            self.known[name].append(digest)

    def heard(self, name: bytes, digest: bytes) -> None:
        """Another host has told what has this hash."""
        said = self.said.get(name)
        if said is not None and len(said) < _KNOWN_MAX:
            said.append(digest)

    def due(self, now: int) -> "list[bytes]":
        """The names to answer now, unless there is no need to."""
        if (self.deadline() or now + 1) > now:
            return []
        return [name for name, owed in self._due.items() if owed[0] <= now]

    def is_needless(self, name: bytes, digest: bytes, now: int) -> bool:
        """Whether all who asked have the value, or have just heard it from another."""
        if digest in self.known[name]:
            return True
        if (
            digest not in self.said[name]
            or now - self.silenced.get(name, -_INSISTS_MS) < _INSISTS_MS
        ):
            return False
        if len(self.silenced) >= LOADED_MAX:
            self.silenced = {}
        self.silenced[name] = now
        return True

    def drop(self, name: bytes) -> None:
        """It is told, or needs not be."""
        self._due.pop(name, None)
        self.known.pop(name, None)
        self.said.pop(name, None)


class Values(Probes):
    """The values of one node on all its links."""

    domain = b"/edge/mdns-records/1.0.0"
    mark = b"_v"
    kind = _TXT

    def __init__(self, peer_id: bytes, service: bytes) -> None:
        super().__init__(peer_id, service)
        self._own = {}  # name -> (key, how often it was offered)
        self._loaded = {}  # name -> (when, hash, value or None if it is long)
        self._wanted = []  # keys

    def offer(self, key: bytes) -> bool:
        """Answer who asks for ``key``, from now on with what is supplied from now on; whether it
        was offered before.  LimitError if there are too many."""
        name = self.name(key)
        _, offers = self._own.get(name, (key, 0))
        if not offers and len(self._own) >= OFFERED_MAX:
            raise LimitError("values of {} keys are offered already".format(OFFERED_MAX))
        self._loaded.pop(name, None)
        self._own[name] = (bytes(key), offers + 1)
        return offers > 0

    def withdraw(self, key: bytes) -> None:
        """Answer for ``key`` no more."""
        name = self.name(key)
        self._own.pop(name, None)
        self._loaded.pop(name, None)

    def withdraw_all(self) -> None:
        self._own = {}
        self._loaded = {}

    def has(self, key: bytes) -> bool:
        return self.name(key) in self._own

    @property
    def offered(self) -> int:
        return len(self._own)

    def ask(self, key: bytes, digest: "bytes | None", now: int) -> "tuple[bytes, list]":
        """Its name, and each Told of the last second; ``digest``: the hash of what we have."""
        name = self.name(key)
        if name not in self._probes:
            self._begin(name, now)
        if digest:
            self._probes[name].known = [digest]
        recent = [told for one, told, time in self._overheard
                  if one == name and now - time < _SECOND_MS and told.digest != digest]  # fmt: skip
        return name, recent

    def wanted_keys(self) -> "list[bytes]":
        wanted, self._wanted = self._wanted, []
        return wanted

    def supply(self, key: bytes, value: "bytes | None", now: int) -> None:
        """The value of a key of ours, of which somebody wants to know; None: there is none."""
        name = self.name(key)
        if value is None or name not in self._own:
            return
        recent = {}
        for other, loaded in self._loaded.items():
            if now - loaded[0] < _SECOND_MS and len(recent) < LOADED_MAX - 1:
                recent[other] = loaded
        is_short = len(value) <= SHORT_BYTES_MAX
        recent[name] = (now, primitives.sha256(value), value if is_short else None)
        self._loaded = recent

    def on_query(self, link, query: tuple, source: tuple, due: int) -> None:
        """Somebody asks for values, or says what it has behind its question."""
        _, flags, questions, records = query
        host, port = source
        known = []  # (name, hash)
        for owner, kind, _, _, data in records:
            if kind == _TXT and owner in self._own and data[1:3] == _HASH:
                known.append((owner, bytes(data[3:])))
        line = link.values = link.values or _Line()
        if host not in [own for own, _ in link.networks]:
            self.overhear(questions, records, line, due)
        if port != _PORT:
            return
        more = bool(flags & _TRUNCATED)
        for name, kind, _ in questions:
            if name in self._own and kind in (_TXT, _ANY):
                has = [digest for owner, digest in known if owner == name]
                line.renew(name, self._own[name][1])
                if line.asked(name, due + more * _MORE_MS, host, has, more):
                    self._want(name, due)
        if not questions:
            for name, digest in known:
                line.more_known(name, digest, host)

    def _want(self, name: bytes, now: int) -> None:
        loaded = self._loaded.get(name)
        key = self._own[name][0]
        if (not loaded or now - loaded[0] >= _SECOND_MS) and key not in self._wanted:
            self._wanted.append(key)

    def on_response(self, link, records: list, founds: dict, source: tuple) -> None:
        """``founds``: of each name the Found that is said to have it; ``source``: host, time."""
        for name, kind, _, ttl, data in records:
            if kind != _TXT or not ttl or not self.is_answer(name):
                continue
            body = b"".join(message.split(data))
            if body[:2] == _VALUE:
                value = body[2:]
                told = Told(value, primitives.sha256(value), None)
            elif body[:2] == _HASH and len(body) == 2 + _DIGEST_BYTES:
                told = Told(None, body[2:], founds.get(name))
            else:
                continue
            if link.values and told.value is not None:
                link.values.heard(name, told.digest)
            if told.value is not None or told.holder:
                self._tell(name, told, source)

    def _tell(self, name: bytes, told: Told, source: tuple) -> None:
        host, now = source
        self._overheard = self._overheard[1 - OVERHEARD_MAX :] + [(name, told, now)]
        probe = self._probes.get(name)
        what = (told.digest, told.holder and told.holder.peer_id)
        if not probe or told.digest in probe.known or what in probe.found:
            return
        count = probe.sources.get(host, 0)
        if count < SOURCE_MAX and len(probe.found) < ANSWERS_MAX:
            probe.sources[host] = count + 1
            probe.found.append(what)
            self._told.append((name, told))

    def packets(self, link, names: list, now: int) -> "list[tuple]":
        """What to send on ``link`` now: flags, questions, answers, additional records."""
        line = link.values = link.values or _Line()
        packets = [packet + ((),) for packet in self.questions(names, line, None, now)]
        ready = []  # names
        left = _ANSWER_BYTES
        for name in line.due(now):
            loaded = self._loaded.get(name) if name in self._own else None
            is_told = loaded and (loaded[2] is not None or link.records)
            if not is_told or line.is_needless(name, loaded[1], now):
                line.drop(name)
                continue
            size = _ANSWER_BYTES if loaded[2] is None else len(loaded[2]) + _AROUND_BYTES
            if ready and size > left:
                break
            left -= size
            ready.append(name)
        answers = []
        additionals = []
        for name in line.tell(len(ready), self._own, now):
            _, digest, value = self._loaded[name]
            answers.append(_told(name, _HASH + digest if value is None else _VALUE + value))
            if value is None:
                answers.append(pointer(name, link.records[1][4]))
                additionals = link.records[2:]
        if answers:
            packets.append((_RESPONSE, (), answers, additionals))
        return packets

    def _known(self, name: bytes, exchange, own=None) -> "list[tuple]":
        return [_told(name, _HASH + digest) for digest in self._probes[name].known]


def _told(name: bytes, body: bytes) -> tuple:
    """A TXT record of ``body`` in strings of 255 bytes."""
    data = b""
    for start in range(0, len(body), _STRING_MAX):
        string = body[start : start + _STRING_MAX]
        data += bytes([len(string)]) + string
    return (name, _TXT, _IN, _TTL_S, data)
