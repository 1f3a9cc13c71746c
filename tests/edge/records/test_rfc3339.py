"""Times as text: every digit counts, and what is no time is refused."""

from edge.errors import LocalError, RemoteError
from edge.records import rfc3339
from tests import kit

SECOND = 1000000000

MOMENTS = (  # each as `date -u -d @SECONDS` says
    (0, b"1970-01-01T00:00:00"),
    (951782399, b"2000-02-28T23:59:59"),
    (951782400, b"2000-02-29T00:00:00"),
    (1709164800, b"2024-02-29T00:00:00"),
    (4107542400, b"2100-03-01T00:00:00"),
    (4847861823, b"2123-08-16T12:17:03"),
    (253402300799, b"9999-12-31T23:59:59"),
)


def test_moments():
    for seconds, text in MOMENTS:
        assert rfc3339.parse(text + b"Z") == seconds * SECOND
        for digits, nanoseconds in ((b".000000001", 1), (b".999999999", 999999999)):
            moment = seconds * SECOND + nanoseconds
            assert rfc3339.parse(text + digits + b"Z") == moment
            assert rfc3339.text(moment) == text + digits + b"Z"
        assert rfc3339.text(seconds * SECOND) == text + b".000000000Z"


def test_as_many_digits_as_there_are():
    for digits, nanoseconds in ((b".5", 500000000), (b".694052", 694052000), (b".10", 100000000)):
        assert rfc3339.parse(b"1970-01-01T00:00:00" + digits + b"Z") == nanoseconds


def test_before_1970():
    assert rfc3339.parse(b"1969-12-31T23:59:59.999999999Z") == -1
    assert rfc3339.parse(b"0001-01-01T00:00:00Z") == -62135596800 * SECOND
    assert rfc3339.parse(b"0000-02-29T00:00:00Z") == -62162121600 * SECOND


def test_clocks_elsewhere():
    assert rfc3339.parse(b"1970-01-01T02:00:00+02:00") == 0
    assert rfc3339.parse(b"1969-12-31T18:30:00.5-05:30") == SECOND // 2
    assert rfc3339.parse(b"1970-01-01T00:00:00-00:00") == 0


def test_what_is_no_time():
    good = "2026-11-22T19:00:00.5Z"
    wrong = ["", "Z", good[:-1], good + "Z", good + " ", " " + good, good[:19], good[:20]]
    for old, new in (
        ("2026", "26"), ("2026", "-026"), ("2026", "+2026"), ("2026", "02026"), ("11-", "13-"),
        ("11-", "00-"), ("-22", "-31"), ("-22", "-00"), ("-22", "- 1"), ("T", "t"), ("T", " "),
        ("Z", "z"), ("T19", "T24"), (":00:", ":60:"), (":00.", ":60."), (".5", "."), (".5", ","),
        (".5", ".1234567890"), (".5", ".-5"), (".5", ".5 "), ("Z", "+24:00"), ("Z", "+01:60"),
        ("Z", "+0100"), ("Z", "+1:00"), ("Z", "01:00"), ("Z", "UTC"), ("-", "/"), (":", "."),
        ("2026", "20\u00b26"), ("11-22", "02-29"), ("19", "1\u0669"),
    ):  # fmt: skip
        wrong.append(good.replace(old, new))
    for text in wrong:
        kit.raises(RemoteError, rfc3339.parse, text.encode())
    kit.raises(RemoteError, rfc3339.parse, b"\xff" + good.encode()[1:])
    kit.raises(RemoteError, rfc3339.parse, good.encode() * 1000)


def test_every_cut():
    text = b"2026-11-22T19:00:00.123456789+01:00"
    assert rfc3339.parse(text)
    for size in range(len(text)):
        kit.raises(RemoteError, rfc3339.parse, text[:size])


def test_moments_that_have_no_text():
    kit.raises(LocalError, rfc3339.text, -1)
    kit.raises(LocalError, rfc3339.text, 253402300800 * SECOND)


if __name__ == "__main__":
    kit.run(globals())
