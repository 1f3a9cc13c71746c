"""Reads all that is live in a log, while others write and clean."""

from edge.errors import LinkError
from edge.records.flash.log import Log
from edge.system import MICROPYTHON, aio, const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEP_RECORDS = const(8) if MICROPYTHON else 256  # read before others have their turn


class Walk:
    """Every live record, segment by segment, while others write and clean."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._number = -1
        self._records: Any = ()
        self._count = 0

    async def next(self):
        """The next record; None at the end.  One that is moved meanwhile may come twice."""
        self._count += 1
        if self._count % _STEP_RECORDS == 0:
            await aio.sleep_ms(0)
        while True:
            record = self._in_segment()
            if record:
                return record
            later = [found for found in self._log.segments if found.number > self._number]
            if not later:
                return None
            self._number = later[0].number
            self._records = self._log.live_of(later[0])

    def _in_segment(self):
        try:
            for _, record in self._records:
                return record
        except LinkError:
            if self._number in [found.number for found in self._log.segments]:
                raise
        return None  # at its end, or cleaned meanwhile: what was live of it is in a later one
