"""Two ends of a meeting in memory: records that are a version and some bytes, the higher wins."""

from edge.records.sync import ROOM_BYTES
from edge.records.sync.reconciliation import Got, Met, Reconciliation, Turn, is_within
from edge.records.sync.table import Table, name_of, row_of
from edge.system import primitives

PREFIX = b"/edge/"


def digest(key: bytes, value: bytes) -> bytes:
    return primitives.sha256(value)


def table_of(records: dict, prefixes) -> Table:
    followed = [key for key in records if is_within(key, prefixes)]
    return Table([row_of(key, digest(key, records[key])) for key in followed])


def random_records(rng, count: int) -> dict:
    return dict([random_record(rng) for _ in range(count)])


def random_record(rng) -> tuple:
    return PREFIX + rng.bytes(6), record(rng.below(100), rng.bytes(3 + rng.below(40)))


def record(version: int, rest: bytes) -> bytes:
    return bytes([version]) + rest


def best_of(ours: dict, theirs: dict) -> dict:
    found = dict(ours)
    for key in theirs:
        found[key] = max(found.get(key, b""), theirs[key])
    return found


class End:
    """A dict of records behind a Reconciliation; holds the reader to its promises."""

    def __init__(self, records: dict, is_opener: bool, follows=(PREFIX,), room=ROOM_BYTES) -> None:
        self.records = records
        self.core = Reconciliation(list(follows), is_opener, room)
        self.refused: dict = {}
        self.table = None
        self.got = 0
        self.useless = 0
        self._names: dict = {}

    def handle(self) -> None:
        event = self.core.next_event()
        while event:
            if isinstance(event, Met):
                self.table = table_of(self.records, event.prefixes)
                self._names = dict([(name_of(key), key) for key in self.records])
                self.core.begin(self.table, self.refused)
            elif isinstance(event, Got):
                self._store(event)
            else:
                assert isinstance(event, Turn)
                self._speak()
            event = self.core.next_event()

    def _store(self, event: Got) -> None:
        self.got += 1
        held = self.records.get(event.key, b"")
        if event.value > held:
            self.records[event.key] = event.value
            self._names[name_of(event.key)] = event.key
            self.table.set(name_of(event.key), digest(event.key, event.value))
        else:
            self.useless += 1
            if event.value < held and not event.is_answer:
                self.core.answer(event.key)

    def _speak(self) -> None:
        core = self.core
        names = core.owed(3)
        while names:
            key = self._names[names[0]]
            if not core.offer(key, self.records[key]):
                break
            names = core.owed(3)
        core.speak()


class Meeting:
    """Carries bytes between two ends; counts them."""

    def __init__(self, opener: End, other: End) -> None:
        self.ends = (opener, other)
        self.bytes = 0
        self.messages = 0

    def run(self, chunk: int = 0, cut: int = 1 << 60) -> bool:
        """Until it ends, or ``cut`` bytes were carried; whether both are through."""
        speaking, hearing = self.ends
        while True:
            data = speaking.core.data_to_send()
            if speaking.core.finished:
                hearing.core.receive_end()
                return True
            self.messages += 1
            step = chunk or len(data)
            for start in range(0, len(data), step):
                part = data[start : start + step]
                if self.bytes + len(part) > cut:
                    return False
                self.bytes += len(part)
                hearing.core.receive_data(part)
                hearing.handle()
            speaking, hearing = hearing, speaking


def meet(ours: dict, theirs: dict, **options) -> Meeting:
    meeting = Meeting(End(ours, True, **options), End(theirs, False, **options))
    assert meeting.run()
    return meeting
