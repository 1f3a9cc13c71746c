"""What the log costs the flash, and how long that lasts: an estimate that says what it assumes.

    erases = bytes written / bytes erased at once + syncs + files made and removed

as every sync and every change of a name ends a block of its own in littlefs (1.03 erases measured
for one small record), and ends a page and a journal entry elsewhere.  Wear is taken to be levelled
over all of the flash, which littlefs and the controllers of cards and disks do.
"""

from edge.records.flash import Flash

_YEAR_MS = 31557600000
_MEASURED_MS = 60000  # of use, before a life is told


class Wear:
    """Counts; ``put`` are bytes of keys and values, ``written`` all bytes that were appended."""

    def __init__(self, flash: Flash) -> None:
        self.flash = flash
        self.put = 0
        self.written = 0
        self.syncs = 0
        self.names = 0
        self.since = 0  # on the store's clock, the counts began

    def counts(self) -> "list[int]":
        return [self.put, self.written, self.syncs, self.names, self.since]

    def load(self, counts: "list[int]") -> None:
        self.put, self.written, self.syncs, self.names, self.since = counts

    def erases(self) -> int:
        return self.written // self.flash.erase_bytes + self.syncs + self.names

    def status(self, now: int) -> dict:
        """As plain values; ``now``: on the store's clock."""
        erases, years, used_ms = self.erases(), None, now - self.since
        if erases and used_ms >= _MEASURED_MS:
            lasts = self.flash.bytes // self.flash.erase_bytes * self.flash.cycles
            years = lasts / erases * used_ms / _YEAR_MS
        return {
            "bytes_put": self.put,
            "bytes_written": self.written,
            "amplification": round(self.written / self.put, 3) if self.put else None,
            "syncs": self.syncs,
            "erases_estimated": erases,
            "life_years_estimated": years,
        }
