"""Tables of rows: order, ranges, fingerprints, bounds."""

from edge.records.sync.table import NAME_BYTES, ROW_BYTES, Table, name_of, row_of
from edge.system import primitives
from tests import kit


def rows(count: int) -> list:
    made = []
    for number in range(count):
        key = b"/edge/%d" % number
        made.append(row_of(key, primitives.sha256(b"%d" % number)))
    return made


def test_a_row_is_half_a_hash_of_the_key_and_half_a_digest() -> None:
    row = row_of(b"/edge/x", bytes(range(32)))
    assert len(row) == ROW_BYTES
    assert row == primitives.sha256(b"/edge/x")[:16] + bytes(range(16))


def test_rows_lie_in_order_however_they_came() -> None:
    made = rows(40)
    one = Table(made)
    other = Table()
    for row in made:
        other.set(row[:NAME_BYTES], row[NAME_BYTES:])
    assert len(one) == len(other) == 40
    assert one.rows(0, 40) == other.rows(0, 40) == b"".join(sorted(made))
    assert one.fingerprint(0, 40) == primitives.sha256(b"".join(sorted(made)))[:16]
    assert one.fingerprint(3, 9) != one.fingerprint(3, 10)


def test_a_name_has_one_row() -> None:
    table = Table(rows(10))
    name = name_of(b"/edge/3")
    table.set(name, b"\xff" * 32)
    assert (len(table), table.digest(name)) == (10, b"\xff" * 16)
    table.set(name, None)
    table.set(name, None)
    assert (len(table), table.digest(name)) == (9, None)
    assert table.digest(bytes(16)) is None and table.digest(b"\xff" * 16) is None


def test_ranges_are_cut_at_bounds() -> None:
    table = Table(rows(50))
    for index in range(1, 50):
        bound = table.bound(index)
        assert table.name(index - 1) < bound <= table.name(index)
        assert table.find(bound) == index
        assert bound[:-1] <= table.name(index - 1)
        assert table.span(b"", bound) == (0, index)
        assert table.span(bound, b"") == (index, 50)
    assert Table().span(b"", b"") == (0, 0)


if __name__ == "__main__":
    kit.run(globals())
