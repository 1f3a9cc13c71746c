"""Tier: one of several stores that are used as one, and what it has not got yet.

ask() -- it fails --> not asked for a second, two, four ..; asked again, and told when it works
push() -> behind: keys to hand on, at most BEHIND_MAX; more are found by comparing
"""

from edge.errors import LimitError, LinkError, LocalError, RemoteError, printable
from edge.records import UnkeptError
from edge.system import MICROPYTHON, aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BEHIND_MAX = 32 if MICROPYTHON else 1024  # keys in a queue
RETRY_MS = 1000  # until a store that failed is asked again, doubled each time ..
RETRY_MS_MAX = 300000

_log = Log("records")


class Tier:
    """A store, how it is doing, and what it has not got yet."""

    def __init__(self, store: "Any", place: int) -> None:
        self.store = store
        self.place = place  # 0 is the nearest
        self.error = ""  # why it is not asked now
        self.refused = 0  # records it would not have
        self.behind: list[bytes] = []  # keys to hand on
        self.in_hand = 0  # keys that are being handed on
        self.removals: set[bytes] = set()  # keys that it is to forget
        self.overflowed = False  # more keys than these are behind
        self.compare_at: int | None = None  # when to compare it with the near store
        self.lock = aio.Lock()  # handing on or removing
        self.changed = aio.Signal()
        self._failures = 0
        self._retry_at = 0

    def is_up(self) -> bool:
        return not self.error or clock.monotonic_ms() >= self._retry_at

    def retry_ms(self) -> int:
        """Until it may be asked again."""
        return max(0, self._retry_at - clock.monotonic_ms()) if self.error else 0

    async def ask(self, question: "Any", timeout_ms: int = 0) -> "Any":
        """The answer; LinkError if it failed, of whatever kind that was."""
        try:
            answer = await (aio.wait_for_ms(question, timeout_ms) if timeout_ms else question)
        except UnkeptError:
            self._works()
            raise
        except (LinkError, LocalError, aio.TimeoutError) as error:
            self._failed(str(error) or "no answer in time")
            raise LinkError("{}: {}".format(self.store.name, self.error))
        except (RemoteError, LimitError):
            self._works()
            raise
        self._works()
        return answer

    def _failed(self, why: str) -> None:
        if not self.error:
            _log.info("{} is not asked for now: {}", self.store.name, printable(why, 200))
        self.error = printable(why, 200)
        wait_ms = min(RETRY_MS * 2**self._failures, RETRY_MS_MAX)
        self._retry_at = clock.monotonic_ms() + wait_ms
        self._failures = min(self._failures + 1, 16)
        self.changed.fire()

    def _works(self) -> None:
        if self.error:
            _log.info("{} answers again", self.store.name)
        self.error = ""
        self._failures = 0

    def push(self, key: bytes) -> None:
        """It has not got the best of ``key``."""
        if key not in self.behind:
            if len(self.behind) < BEHIND_MAX:
                self.behind.append(key)
            else:
                self.overflowed = True
                self.compare_at = clock.monotonic_ms()
        self.changed.fire()

    def status(self) -> dict:
        found = dict(self.store.status())
        found["store"] = self.store.name
        found["failing"] = self.error
        found["behind"] = len(self.behind) + len(self.removals) + self.in_hand
        is_due = self.compare_at is not None and self.compare_at <= clock.monotonic_ms()
        found["compared"] = not is_due  # or there may be more behind
        found["refused"] = self.refused
        return found
