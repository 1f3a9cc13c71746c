"""What was found of one key: valid values, no two of the same record, the best first."""

from edge.errors import EdgeError, printable
from edge.records.stores import admission
from edge.system import MICROPYTHON
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VALUES_MAX = 4 if MICROPYTHON else 64  # the worst are forgotten

_log = Log("records")


class Ranked:
    def __init__(self, judge: "Any", key: bytes) -> None:
        self._judge = judge
        self._key = key
        self.values: list = []
        self.refused = 0

    def add(self, value: bytes, source: str) -> bool:
        """Whether ``value``, told by ``source``, is valid; the log says why not."""
        try:
            admission.check(self._judge, self._key, value)
            place, is_same = self._place(value)
        except EdgeError as error:
            self.refused += 1
            _log.debug(
                "{} from {}: {}", printable(self._key), printable(source), printable(error, 200)
            )
            return False
        if not is_same:
            self.values.insert(place, value)
            self.values = self.values[:VALUES_MAX]
        elif self._is_older(value, self.values[place]):
            self.values[place] = value
        return True

    def _place(self, value: bytes) -> "tuple[int, bool]":
        """Where ``value`` belongs, and whether the same record is there."""
        for place, other in enumerate(self.values):
            order = self._judge.compare(self._key, value, other)
            if order >= 0:
                return place, not order
        return len(self.values), False

    def _is_older(self, value: bytes, held: bytes) -> bool:
        """Whether it has been on its way for longer: who told of ``held`` forgot some of it."""
        left = self._judge.lifetime_ms(self._key, value)
        most = self._judge.lifetime_ms(self._key, held)
        return left is not None and most is not None and left < most
