"""Two ends of a meeting: both have the best of both, at a price that goes with what differs."""

from edge.errors import LinkError, LocalError, RemoteError
from edge.records.sync import ROOM_BYTES_MIN, message
from edge.records.sync.message import Entry
from edge.records.sync.reconciliation import FRUITLESS_MAX, Met, Reconciliation, common
from edge.records.sync.table import Table, name_of, row_of
from edge.system import MICROPYTHON
from edge.wire import varint
from tests import kit
from tests.edge.records.sync.meeting import (
    PREFIX,
    End,
    Meeting,
    best_of,
    meet,
    random_record,
    random_records,
    record,
)
from tests.edge.records.sync.vectors import MESSAGES, OPENER, OTHER, ROOM_BYTES

MANY = 60 if MICROPYTHON else 1000


def test_the_same_records_cost_next_to_nothing() -> None:
    ours = random_records(kit.Rng(3), MANY)
    meeting = meet(ours, dict(ours))
    assert meeting.bytes < 60 and meeting.messages == 3
    assert meet({}, {}).bytes < 60


def test_what_differs_is_all_that_is_paid_for() -> None:
    rng = kit.Rng(4)
    ours = random_records(rng, MANY)
    for count in (1, 4):
        theirs = dict(ours)
        size = 0
        for _ in range(count):
            key, value = random_record(rng)
            theirs[key] = value
            size += len(key) + len(value)
        wanted = best_of(ours, theirs)
        meeting = meet(ours, theirs)
        assert ours == theirs == wanted
        assert meeting.bytes - size < 700 * count
        assert meeting.ends[0].got + meeting.ends[1].got == count


def test_the_better_one_of_two_wins_on_both_sides() -> None:
    ours = {PREFIX + b"a": record(2, b"x"), PREFIX + b"b": record(1, b"x"), PREFIX + b"c": b"\1"}
    theirs = {PREFIX + b"a": record(1, b"x"), PREFIX + b"b": record(2, b"x"), PREFIX + b"d": b"\1"}
    wanted = best_of(ours, theirs)
    meet(ours, theirs)
    assert ours == theirs == wanted
    assert len(wanted) == 4


def test_any_chunking_is_the_same() -> None:
    rng = kit.Rng(5)
    base = random_records(rng, 20)
    for chunk in (1, 7, 100):
        ours, theirs = dict(base), dict(base)
        ours.update(random_records(rng, 5))
        theirs.update(random_records(rng, 5))
        wanted = best_of(ours, theirs)
        meeting = Meeting(End(ours, True), End(theirs, False))
        assert meeting.run(chunk)
        assert ours == theirs == wanted


def test_a_cut_anywhere_loses_nothing_and_the_next_meeting_goes_on() -> None:
    rng = kit.Rng(6)
    ours, theirs = random_records(rng, 12), random_records(rng, 12)
    wanted = best_of(ours, theirs)
    for cut in range(0, 1200, 170 if MICROPYTHON else 17):
        a, b = dict(ours), dict(theirs)
        meeting = Meeting(End(a, True), End(b, False))
        through = meeting.run(30, cut)
        for end in [end for end in meeting.ends if not (through or end.core.finished)]:
            kit.raises(LinkError, end.core.receive_end)
        for before, after in ((ours, a), (theirs, b)):
            assert [key for key in before if after[key] < before[key]] == []
        meet(a, b)
        assert a == b == wanted


def test_little_room_takes_more_messages() -> None:
    rng = kit.Rng(7)
    base = random_records(rng, 10)
    ours, theirs = dict(base), dict(base)
    for number in range(4):
        ours[PREFIX + b"%d" % number] = record(1, rng.bytes(700))
    theirs[PREFIX + b"long"] = record(1, rng.bytes(3000))
    wanted = best_of(ours, theirs)
    big, small = End(ours, True, room=65536), End(theirs, False, room=ROOM_BYTES_MIN)
    assert Meeting(big, small).run()
    assert ours == theirs == wanted
    ours[PREFIX + b"longer"] = record(1, rng.bytes(3000))
    assert Meeting(End(ours, True, room=65536), End(theirs, False, room=ROOM_BYTES_MIN)).run()
    assert PREFIX + b"longer" not in theirs  # it fits into no message that this one takes


def test_only_what_both_follow() -> None:
    assert common([b"/edge/"], [b"/edge/a", b"/pk/"]) == [b"/edge/a"]
    assert common([b""], [b"/b", b"/a", b"/a/b"]) == [b"/a", b"/b"]
    assert common([b"/a", b"/a/b"], [b"/a"]) == [b"/a"]
    assert common([b"/a"], [b"/b"]) == []
    ours, theirs = {b"/a/1": b"\1", b"/b/1": b"\1"}, {b"/a/2": b"\1", b"/b/2": b"\1"}
    assert Meeting(End(ours, True, [b"/a/"]), End(theirs, False, [b"/"])).run()
    assert sorted(ours) == [b"/a/1", b"/a/2", b"/b/1"]
    assert sorted(theirs) == [b"/a/1", b"/a/2", b"/b/2"]
    assert Meeting(End(ours, True, [b"/a/"]), End(theirs, False, [b"/b/"])).run()


def test_the_vector() -> None:
    opener = End(dict(OPENER), True, room=ROOM_BYTES)
    meeting = Meeting(opener, End(dict(OTHER), False, room=ROOM_BYTES))
    said = []
    speaking, hearing = meeting.ends
    while not speaking.core.finished:
        data = bytes(speaking.core.data_to_send())
        said.append(data.hex())
        hearing.core.receive_data(data)
        hearing.handle()
        speaking, hearing = hearing, speaking
    assert said == MESSAGES
    assert meeting.ends[0].records == meeting.ends[1].records


# -- peers that do otherwise


def heard(*messages) -> Reconciliation:
    """The other end, to which an opener has said these."""
    core = Reconciliation([PREFIX], False)
    table = Table([row_of(PREFIX + b"%d" % n, bytes([n]) * 32) for n in range(20)])
    for said in messages:
        core.receive_data(varint.frame(said))
        event = core.next_event()
        while event:
            if isinstance(event, Met):
                core.begin(table)
            event = core.next_event()
        core.speak()
        core.data_to_send()
    return core


HELLO = message.encode_hello([PREFIX], 4096)
WHOLE = message.encode_ranges([message.fingerprint_range(b"", bytes(16))])


def test_what_an_opener_may_not_say() -> None:
    entry = message.encode_entry(Entry(PREFIX + b"0", b"x", False))
    foreign = message.encode_entry(Entry(b"/pk/x", b"x", False))
    for said in (
        (b"",), (WHOLE,), (HELLO, HELLO), (HELLO + WHOLE,), (HELLO + entry,),
        (HELLO + message.encode_wants(bytes(16)),), (HELLO, foreign), (HELLO, b"\xff"),
    ):  # fmt: skip
        kit.raises(RemoteError, heard, *said)
    core = heard(HELLO)
    kit.raises(RemoteError, core.receive_data, b"\xff\xff\xff\x7f")
    kit.raises(LocalError, core.receive_data, b"")


def test_who_does_not_wait_for_an_answer() -> None:
    core = Reconciliation([PREFIX], False)
    kit.raises(RemoteError, core.receive_data, varint.frame(HELLO) + b"\x00")


def test_work_for_a_liar_is_bounded() -> None:
    """Fingerprints that never fit, records wanted again and again, ranges that overlap."""
    error = kit.raises(RemoteError, heard, HELLO, *([WHOLE] * (FRUITLESS_MAX + 2)))
    assert "without end" in str(error)
    wants = message.encode_wants(name_of(PREFIX + b"3") * 50)
    assert "wanted" in str(kit.raises(RemoteError, heard, HELLO, *([wants] * 4)))
    heard(HELLO, message.encode_wants(bytes(1600)))  # names of nothing
    core = heard(HELLO)
    core._pending = [(b"\x10", b""), (b"", b"\x20"), (b"\x30", b"\x40")]
    core.receive_data(varint.frame(WHOLE))
    core.speak()
    assert message.decode(core.data_to_send()[2:]).ranges  # in order, whatever was pending


def test_what_was_refused_is_not_sent_again() -> None:
    key, value = PREFIX + b"a", record(1, b"x")
    ours, theirs = {PREFIX + b"b": b"\1"}, {key: value}
    for is_opener in (True, False):
        one, other = End(dict(ours), is_opener), End(dict(theirs), not is_opener)
        one.refused = {row_of(key, name_of(value) * 2): 0}
        ends = (one, other) if is_opener else (other, one)
        assert Meeting(*ends).run()
        assert one.got == 0 and len(other.records) == 2


if __name__ == "__main__":
    kit.run(globals())
