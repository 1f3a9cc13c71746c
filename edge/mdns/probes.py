"""Who on a link has a key: what a node asks and answers, and how often; time is an argument.

    probe(key)                                 somebody asks for a key of ours
      ask now and a second later                 wait 20-120 ms; 400-500 if more is to come
      hand on who answers                        answer, each name at most once a second
      over 1.25 s after the first question

A key has a name in DNS, a subtype of the service.  Everybody answers for the name of its own peer
id, and for the keys it offers.  Spec: edge/routing/README.md, "mDNS-routing".
"""

import binascii

from edge.errors import LimitError
from edge.system import MICROPYTHON, const, primitives

KEYS_MAX = 16 if MICROPYTHON else 1024  # offered
PROBES_MAX = 8 if MICROPYTHON else 64  # under way
ANSWERS_MAX = 8 if MICROPYTHON else 64  # to one probe
SOURCE_MAX = 2 if MICROPYTHON else 4  # of them from one host
NAMES_MAX = 16  # in one packet

_LABEL = const(35)  # bytes, with the octet that says so
_LENGTH = b"\x22"  # that octet
_TTL_S = const(120)
_SECOND_MS = const(1000)
_PROBE_MS = const(1250)  # a second question, and the answer to it
_PAUSE_MS = const(50)  # between packets of questions
_REST_MS = const(100)  # between packets of answers on one link
_DUE_MAX = 16 if MICROPYTHON else 64  # answers that wait on one link; a quarter for one host
_KNOWN_FIRST = const(8)  # known answers in a packet with questions
_KNOWN_MAX = const(16)  # in one that follows

_PTR = const(12)
_ANY = const(255)
_IN = const(1)
_TRUNCATED = const(0x0200)


class Exchange:
    """Whose questions are to be answered on one link, and when."""

    def __init__(self) -> None:
        self._due = {}  # name -> (when, host of who asked, whether its known answers are to come)
        self._answered = {}  # name -> when, within the last second
        self._spoke_at = -_SECOND_MS

    def owe(self, name: bytes, due: int, host: bytes, more: bool) -> None:
        """Answer ``name`` at ``due``, or a second after it was answered last."""
        due = max(due, self._answered.get(name, due - _SECOND_MS) + _SECOND_MS)
        if name in self._due:
            if due < self._due[name][0]:
                self._due[name] = (due, host, more)
            return
        same = [1 for one in self._due.values() if one[1] == host]
        if len(self._due) < _DUE_MAX and len(same) < _DUE_MAX // 4:
            self._due[name] = (due, host, more)

    def excuse(self, instance: bytes, known: list, host: bytes) -> None:
        """``host`` said what it knows behind its question: us, perhaps."""
        for name, (_, asker, more) in list(self._due.items()):
            if more and asker == host and is_known(pointer(name, instance), known):
                del self._due[name]

    def deadline(self) -> "int | None":
        if not self._due:
            return None
        return max(min([due for due, _, _ in self._due.values()]), self._spoke_at + _REST_MS)

    def take(self, count: int, now: int) -> "list[bytes]":
        """The names to answer now, at most ``count``; they count as answered."""
        if now < self._spoke_at + _REST_MS:
            return []
        names = [name for name, owed in self._due.items() if owed[0] <= now][:count]
        if names:
            self._spoke_at = now
            recent = {}
            for name, time in self._answered.items():
                if now - time < _SECOND_MS:
                    recent[name] = time
            for name in names:
                del self._due[name]
                recent[name] = now
            self._answered = recent
        return names

    def forget(self, name: "bytes | None") -> None:
        """What was asked of this name, with None of any, is not to be answered any more."""
        for owed in list(self._due):
            if name in (owed, None):
                del self._due[owed]


class _Probe:
    def __init__(self, now: int) -> None:
        self.ask_at = now
        self.over_at = None  # known once it was asked
        self.found = []  # Found, as told
        self.sources = {}  # host -> how many of them
        self.known = []  # (Exchange, instance) that answered
        self.hushed = []  # (Exchange, when somebody else asked the same there)


class Probes:
    """Keys offered and keys asked for, of one node on all its links."""

    domain = b"/edge/mdns-routing/1.0.0"
    mark = b"_k"  # of the labels of keys
    kind = _PTR  # what is asked for

    def __init__(self, peer_id: bytes, service: bytes) -> None:
        self._service = service
        self._subtype = b"\x04_sub" + service
        self._self = self.name(peer_id)
        self._own = {self._self}
        self._probes = {}  # by name
        self._overheard = []  # (name, Found, when) of the last answers on any link
        self._told = []  # (name, Found), or None for it: the probe is over
        self._asked_at = -_SECOND_MS

    def name(self, key: bytes) -> bytes:
        """The name of ``key`` in DNS; of b"", whoever is there, that of the service."""
        if not key:
            return self._service
        digest = primitives.sha256(self.domain + self._service + key)
        return _LENGTH + self.mark + binascii.hexlify(digest[:16]) + self._subtype

    def offer(self, key: bytes) -> None:
        """LimitError if there are too many."""
        name = self.name(key)
        if name not in self._own:
            if len(self._own) > KEYS_MAX:
                raise LimitError("{} keys are offered already".format(KEYS_MAX))
            self._own.add(name)

    def withdraw(self, key: bytes) -> bytes:
        """The name that is not ours any more; b"" if it stays so, being that of our own id."""
        name = self.name(key)
        if name == self._self:
            return b""
        self._own.discard(name)
        return name

    def probe(self, key: bytes, now: int) -> "tuple[bytes, list]":
        """Its name, and the Founds of the last second, which are not told again."""
        name = self.name(key)
        if name not in self._probes:
            probe = self._begin(name, now)
            for one, found, time in self._overheard:
                if one == name and now - time < _SECOND_MS and found not in probe.found:
                    probe.found.append(found)
        return name, list(self._probes[name].found)

    def _begin(self, name: bytes, now: int) -> _Probe:
        if len(self._probes) >= PROBES_MAX:
            raise LimitError("{} probes are under way already".format(PROBES_MAX))
        probe = self._probes[name] = _Probe(now)
        return probe

    def end(self, name: bytes) -> None:
        self._probes.pop(name, None)

    def next_answer(self) -> "tuple | None":
        """``(name, Found)``, or ``(name, None)`` for a probe that is over."""
        return self._told.pop(0) if self._told else None

    def deadline(self) -> "int | None":
        times = []
        for probe in self._probes.values():
            if probe.ask_at is not None:
                times.append(max(probe.ask_at, self._asked_at + _PAUSE_MS))
            if probe.over_at is not None:
                times.append(probe.over_at)
        return min(times) if times else None

    def take(self, now: int) -> "list[bytes]":
        """The names to ask for now; ends what is over."""
        for name, probe in list(self._probes.items()):
            if probe.over_at is not None and probe.over_at <= now:
                del self._probes[name]
                self._told.append((name, None))
        names = []
        if now >= self._asked_at + _PAUSE_MS:
            for name, probe in self._probes.items():
                is_due = probe.ask_at is not None and probe.ask_at <= now
                if is_due and len(names) < NAMES_MAX:
                    names.append(name)
                    probe.ask_at = now + _SECOND_MS if probe.over_at is None else None
                    probe.over_at = probe.over_at or now + _PROBE_MS
                    self._asked_at = now
        return names

    def questions(self, names: list, exchange: Exchange, instance: "bytes | None", now: int):
        """``(flags, questions, known answers)`` of each packet that asks for ``names`` on a link.

        ``instance`` is our own name there, if we have one: we need no answer from ourselves.
        """
        asked = []
        known = []
        for name in names:
            probe = self._probes[name]
            hushed = [1 for where, when in probe.hushed
                      if where is exchange and now - when < _SECOND_MS]  # fmt: skip
            if not hushed:
                asked.append((name, self.kind, _IN))
                known += self._known(name, exchange, instance)
        packets = []
        most = _KNOWN_FIRST
        while asked or known:
            packets.append((_TRUNCATED if known[most:] else 0, asked, known[:most]))
            asked, known, most = [], known[most:], _KNOWN_MAX
        return packets

    def _known(self, name: bytes, exchange: Exchange, own: "bytes | None" = None) -> "list[tuple]":
        """The answers that we have already, or would give ourselves, as records."""
        known = [one for where, one in self._probes[name].known if where is exchange]
        if own and (name in self._own or name == self._service):
            known = [own] + known
        return [pointer(name, instance) for instance in known]

    def wanted(self, questions: list, known: list, instance: bytes) -> "list[bytes]":
        """Names of ours among ``questions`` that are not ``known``."""
        names = []
        for name, kind, _ in questions:
            is_ours = name in self._own and kind in (_PTR, _ANY)
            if is_ours and name not in names and not is_known(pointer(name, instance), known):
                names.append(name)
        return names

    def overhear(self, questions: list, known: list, exchange: Exchange, now: int) -> None:
        """Another host asks for what we ask: its answers serve us, unless it knows more than we."""
        for name, _, _ in questions:
            probe = self._probes.get(name)
            if probe:
                ours = [record[4] for record in self._known(name, exchange)]
                if not [1 for record in known if record[0] == name and record[4] not in ours]:
                    others = [one for one in probe.hushed if one[0] is not exchange]
                    probe.hushed = others + [(exchange, now)]

    def is_answer(self, owner: bytes) -> bool:
        """Whether a PTR of this name says who has a key, or answers one who asks who is there."""
        if owner == self._service:
            return owner in self._probes
        return owner[_LABEL:] == self._subtype and owner[:3] == _LENGTH + self.mark

    def heard(self, name: bytes, exchange: Exchange, instance: bytes, found, source: tuple) -> None:
        """``instance`` is one of those that ``name`` stands for; ``source``: (host, time)."""
        host, now = source
        self._overheard = self._overheard[1 - ANSWERS_MAX :] + [(name, found, now)]
        probe = self._probes.get(name)
        if not probe:
            return
        if found not in probe.found:
            count = probe.sources.get(host, 0)
            if count >= SOURCE_MAX or len(probe.found) >= ANSWERS_MAX:
                return
            probe.sources[host] = count + 1
            probe.found.append(found)
            self._told.append((name, found))
        if (exchange, instance) not in probe.known and len(probe.known) < 2 * ANSWERS_MAX:
            probe.known.append((exchange, instance))

    def concerns(self, packet: bytes) -> int:
        """1 if the first key that a packet, in lower case, names is one we ask or answer for."""
        at = packet.find(self._subtype[:10]) - _LABEL
        name = at >= 0 and packet[at : at + _LABEL] + self._subtype
        return 1 if name in self._own or name in self._probes else 0


def pointer(name: bytes, instance: bytes) -> tuple:
    """The record that says that ``instance`` is one of those that ``name`` stands for."""
    return (name, _PTR, _IN, _TTL_S, instance)


def is_known(record: tuple, known: list) -> bool:
    """Whether who asks has ``record`` already, for some time to come."""
    same = [1 for k in known if k[:2] + k[4:] == record[:2] + record[4:] and k[3] >= record[3] // 2]
    return bool(same)
