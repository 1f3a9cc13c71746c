"""base58 and the other alphabets: vectors, and digits that do not fit."""

from edge.errors import RemoteError
from edge.wire import base58, multibase
from tests import kit
from tests.vectors import multibase as vectors

# draft-msporny-base58
BASE58 = (
    (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
    (b"\0\0\x28\x7f\xb4\xcd", "11233QC4"),
    (b"", ""),
    (b"\0", "1"),
    (b"\0\0\0", "111"),
)


def test_base58():
    for data, text in BASE58:
        assert base58.encode(data) == text
        assert base58.decode(text) == data


def test_base58_refuses_what_looks_alike():
    for text in ("0", "O", "I", "l", "1 1", "abc-", "\u0661", "2NEpo7TZRRrLZSi2U\n"):
        kit.raises(RemoteError, base58.decode, text)


def test_vectors():
    for row in vectors.WRITTEN:
        for text in row[1:]:
            assert multibase.encode(text[0], row[0]) == text
            assert multibase.decode(text) == row[0]
    for data, text in vectors.READ:
        assert multibase.decode(text) == data


def test_refused():
    for text in vectors.REFUSED:
        kit.raises(RemoteError, multibase.decode, text)


def test_round_trips():
    rng = kit.Rng(3)
    for size in range(40):
        data = bytes(rng.below(3)) + rng.bytes(size)
        for code in "fbkzmu":
            assert multibase.decode(multibase.encode(code, data)) == data


if __name__ == "__main__":
    kit.run(globals())
