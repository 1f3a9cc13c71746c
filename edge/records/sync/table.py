"""The set two nodes compare: a row for each record, in the order of the rows.

    row     name (16 bytes)                  digest (16 bytes)
            of sha256(key)                   of what its judge calls the record

    range   [lower, upper) of names; a bound is the beginning of a name, b"" as upper the end

A row replaces an earlier one of the same name: there is one best record of a key.
"""

from edge.system import const, primitives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME_BYTES = 16
ROW_BYTES = 32
FINGERPRINT_BYTES = 16
_NAME = const(16)
_ROW = const(32)


def name_of(key: bytes) -> bytes:
    return primitives.sha256(key)[:_NAME]


def row_of(key: bytes, digest: bytes) -> bytes:
    return name_of(key) + digest[:_NAME]


class Table:
    """Rows, 32 bytes each and nothing else."""

    __slots__ = ("_rows",)

    def __init__(self, rows: "list[bytes] | None" = None) -> None:
        """Of ``rows`` in any order, each name at most once."""
        self._rows = bytearray(b"".join(sorted(rows or [])))

    def __len__(self) -> int:
        return len(self._rows) // _ROW

    def find(self, bound: bytes) -> int:
        """Where the first row lies whose name is not before ``bound``."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.name(middle) < bound:
                low = middle + 1
            else:
                high = middle
        return low

    def span(self, lower: bytes, upper: bytes) -> "tuple[int, int]":
        """The rows of a range: the first and the one behind the last."""
        return self.find(lower), self.find(upper) if upper else len(self)

    def name(self, index: int) -> bytes:
        return bytes(self._rows[index * _ROW : index * _ROW + _NAME])

    def digest(self, name: bytes) -> "bytes | None":
        """The digest in the row of that name, if there is one."""
        index = self.find(name)
        if index == len(self) or self.name(index) != name:
            return None
        return bytes(self._rows[index * _ROW + _NAME : (index + 1) * _ROW])

    def set(self, name: bytes, digest: "bytes | None") -> None:
        """Make ``digest`` the one of ``name``; None: there is no such record any more."""
        index = self.find(name)
        there = index < len(self) and self.name(index) == name
        row = name + digest[:_NAME] if digest else b""
        self._rows[index * _ROW : (index + there) * _ROW] = row

    def rows(self, start: int, stop: int) -> bytes:
        return bytes(self._rows[start * _ROW : stop * _ROW])

    def fingerprint(self, start: int, stop: int) -> bytes:
        """Of those rows.  A hash over them all: sums of hashes can be made to cancel out."""
        rows: Any = memoryview(self._rows)[start * _ROW : stop * _ROW]
        return primitives.sha256(rows)[:FINGERPRINT_BYTES]

    def bound(self, index: int) -> bytes:
        """The shortest one between the row at ``index`` and the one before it."""
        before, name = self.name(index - 1), self.name(index)
        size = 1
        while size < _NAME and before[:size] == name[:size]:
            size += 1
        return name[:size]
