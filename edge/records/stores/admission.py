"""Who may put what: the checks that every store that holds records makes, in one place.

    put -- lengths -- judge: valid? -- judge: better than the held one? -- bounds -- stored

What is held is judged again whenever it is read: it may have ended since.
"""

from edge.errors import LimitError, LocalError, RemoteError, printable
from edge.records import KEY_BYTES_MAX
from edge.records.stores import VALUE_BYTES_MAX
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SAME = 0  # what is held is that record
OLDER_AGE = 1  # the same record, but it has been on its way longer: its bytes replace the held ones
NEWER = 2

_log = Log("records")


def check_key(key: bytes) -> bytes:
    """``key``; LocalError if it cannot be one."""
    if not 0 < len(key) <= KEY_BYTES_MAX:
        raise LocalError("a key has 1 to {} bytes, not {}".format(KEY_BYTES_MAX, len(key)))
    return key


def check(judge: "Any", key: bytes, value: bytes) -> None:
    """RemoteError if ``value`` is none for ``key``, LimitError if it is too long."""
    check_key(key)
    if len(value) > VALUE_BYTES_MAX:
        raise LimitError(
            "a record has at most {} bytes, not {}".format(VALUE_BYTES_MAX, len(value))
        )
    judge.check(key, value)


def compare(judge: "Any", key: bytes, value: bytes, held: "bytes | None") -> int:
    """What ``value``, valid, is beside ``held``, valid too if any.  RemoteError: an old record."""
    if held is None or judge.is_newer(key, value, held):
        return NEWER
    if value == held:
        return SAME
    ends, held_ends = judge.lifetime_ms(key, value), judge.lifetime_ms(key, held)
    return OLDER_AGE if None not in (ends, held_ends) and ends < held_ends else SAME


def current(judge: "Any", key: bytes, value: bytes, held_ms: int) -> "bytes | None":
    """``value`` after ``held_ms`` in the store; None, and said so, once it is invalid."""
    try:
        value = judge.aged(key, value, held_ms)
        judge.check(key, value)
        return value
    except RemoteError as error:
        _log.info("dropped what was held for {}: {}", printable(key), error)
        return None


def lasts(judge: "Any", key: bytes, value: bytes, held_ms: int) -> bool:
    """Whether ``value``, valid when it came, has time left; signatures are not looked at again."""
    left = judge.lifetime_ms(key, value)
    return left is None or left > held_ms
