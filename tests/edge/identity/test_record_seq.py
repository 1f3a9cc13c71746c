"""The number of our own record: it rises, whatever the clock does."""

from edge.errors import LocalError
from edge.identity import record_seq
from edge.system import files, log
from tests import kit, scratch

NOW_MS = 1_800_000_000_000


def test_it_follows_a_good_clock_in_nanoseconds():
    assert record_seq.after(0, NOW_MS) == NOW_MS * 1000000
    assert record_seq.after(NOW_MS * 1000000, NOW_MS + 1) == (NOW_MS + 1) * 1000000


def test_it_rises_without_a_clock():
    stored = record_seq.after(0, NOW_MS)
    for wrong_ms in (0, 5, NOW_MS, NOW_MS - 365 * 86_400_000):
        following = record_seq.after(stored, wrong_ms)
        assert following == stored + 1
        stored = following
    assert record_seq.after(0, 0) == 1


def test_a_clock_gone_mad_leaves_room_to_rise():
    mad = record_seq.after(0, 1 << 62)
    assert mad == (1 << 63) - 1
    assert record_seq.after(mad, 1 << 62) == mad + 1
    assert record_seq.after((1 << 64) - 1, NOW_MS) == (1 << 64) - 1


def test_it_rises_across_restarts():
    with scratch.Folder() as folder:
        path = folder + "/seq"
        last = 0
        for _ in range(5):
            seq = record_seq.next_seq(path)
            assert seq > last and files.read(path) == str(seq).encode()
            last = seq
        scratch.put(path, str(1 << 63).encode())
        assert record_seq.next_seq(path) == (1 << 63) + 1


def test_a_damaged_file_is_told_of_and_replaced():
    lines = []
    log.set_sink(lambda *line: lines.append(line))
    try:
        with scratch.Folder() as folder:
            path = folder + "/seq"
            for damaged in (b"12x", b"\xff\xfe", b"1" * 21, b"-5"):
                scratch.put(path, damaged)
                assert record_seq.next_seq(path) > 0
    finally:
        log.set_sink()
    assert len(lines) == 4 and "seq" in lines[0][2]


def test_no_number_is_given_out_that_is_not_kept():
    with scratch.Folder() as folder:
        kit.raises(LocalError, record_seq.next_seq, folder + "/none/seq")


if __name__ == "__main__":
    kit.run(globals())
