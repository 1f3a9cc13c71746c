"""Any flipped bit of any file loses at most the record it is in, which is said."""

from edge.errors import EdgeError
from edge.records.flash import recovery
from edge.system import MICROPYTHON
from tests import kit
from tests.edge.records.flash.cut_medium import CutMedium
from tests.edge.records.flash.harness import History, contents, opened, work

STEP = 23 if MICROPYTHON else 2  # bytes from one flipped bit to the next


def written(has_hint: bool) -> "tuple[dict, History]":
    medium, history = CutMedium(), History(40)
    log = opened(medium)
    work(log, history, 1)
    if has_hint:
        recovery.write_hint(log)
    return medium.after("kept", 1), history


def flipped(files: dict, name: str, place: int, bit: int) -> dict:
    bad = dict(files)
    data = bytearray(files[name])
    data[place] ^= 1 << bit
    bad[name] = bytes(data)
    return bad


def check_one(files: dict, history: History) -> int:
    """Open, read all; how many keys are not what they were."""
    log = opened(CutMedium(files))
    expected = history.state(history.issued)
    ever: dict = {}
    for key, value in history.operations:
        ever.setdefault(key, []).append(value)
    lost = 0
    for key in ever:
        record = log.find(key)[1]
        value = record.value if record else None
        if value != expected.get(key):
            lost += 1
            assert value is None or value in ever[key], key
    assert lost <= 1
    assert lost == 0 or log.damaged + log.torn == 1
    found = contents(log)
    log.put(b"/new", b"value", log.stamp + 1, log.find(b"/new"))
    log.sync()
    found[b"/new"] = b"value"
    assert contents(opened(log.medium)) == found or log.damaged
    return lost


def test_every_bit_of_every_file():
    for has_hint in (True, False):
        files, history = written(has_hint)
        lost = count = 0
        for name in sorted(files):
            for place in range(0, len(files[name]), STEP):
                lost += check_one(flipped(files, name, place, count * 5 % 8), history)
                count += 1
        assert lost > 0
        assert count > 50


def test_a_lost_piece_in_the_middle_loses_what_was_there_alone():
    files, history = written(False)
    name = sorted(files)[0]
    for start in range(0, len(files[name]) - 60, 61):
        bad = dict(files)
        bad[name] = files[name][:start] + bytes(60) + files[name][start + 60 :]
        log = opened(CutMedium(bad))
        expected = history.state(history.issued)
        lost = [key for key in expected if log.find(key)[1] is None]
        assert len(lost) <= 4
        assert log.damaged <= 2


def test_a_value_that_looks_like_records_is_none():
    """Bytes of real records inside of a value are not found when what is around is damaged."""
    files, _ = written(False)
    inner = b"".join([files[name] for name in sorted(files)])[:2000]
    medium = CutMedium()
    log = opened(medium)
    log.put(b"/bait", inner, 1, log.find(b"/bait"))
    log.put(b"/next", b"x", 2, log.find(b"/next"))
    log.sync()
    whole = medium.after("kept", 1)
    for name in whole:
        for place in range(min(30, len(whole[name]))):
            log = opened(CutMedium(flipped(whole, name, place, place % 8)))
            keys = set(contents(log))
            assert not keys - {b"/bait", b"/next"}


def test_repair_leaves_nothing_damaged():
    files, _ = written(False)
    name = sorted(files)[1]
    log = opened(CutMedium(flipped(files, name, 30, 3)))
    assert log.damaged
    before = contents(log)
    for segment in list(log.segments):
        if [True for _, _, record in log.scan(segment) if record is None]:
            log.clean(segment)
    assert contents(log) == before
    again = opened(log.medium)
    assert contents(again) == before and not again.damaged


def test_garbage_files_are_no_records():
    rng = kit.Rng(9)
    for size in (0, 1, 12, 13, 14, 100, 1000):
        medium = CutMedium({
            "0000000112345678.beg": rng.bytes(size), "0000000212345678.seg": b"\xe5" * size,
            "00000000.hint": rng.bytes(size), "other": b"file", "0000000x12345678.seg": b"x",
            "000000011234567.seg": b"", "zzzzzzzz.hint": b"",
        })  # fmt: skip
        try:
            log = opened(medium)
        except EdgeError as error:
            raise AssertionError(str(error))
        assert contents(log) == {}
        log.put(b"/k", b"v", 1, log.find(b"/k"))
        log.sync()
        assert contents(opened(medium)) == {b"/k": b"v"}


if __name__ == "__main__":
    kit.run(globals())
