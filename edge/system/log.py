"""What the program says about itself, one line at a time.

    _log = Log("swarm")
    _log.debug("dialing {}", peer_id)     formatted only if debug is shown

Levels: debug < info < warn < error. The sink gets one printable ASCII line of bounded length,
whatever was logged; what a peer chose goes through errors.printable before, to be short as well.
"""

import sys

from edge.errors import printable
from edge.system import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = ("debug", "info", "warn", "error")
_LINE_MAX = const(500)  # characters


def _to_stderr(level: str, name: str, text: str) -> None:
    sys.stderr.write(f"{level} {name}: {text}\n")


_level = 2
_sink: "Callable[[str, str, str], None]" = _to_stderr


def set_level(level: str) -> None:
    """Show ``level`` and what is worse."""
    global _level
    _level = LEVELS.index(level)


def set_sink(sink: "Callable[[str, str, str], None] | None" = None) -> None:
    """Send every line to ``sink(level, name, text)``; None means standard error again."""
    global _sink
    _sink = sink or _to_stderr


class Log:
    """The voice of one room; texts are templates of str.format."""

    def __init__(self, name: str) -> None:
        self.name = name

    def debug(self, text: str, *args: object) -> None:
        if _level < 1:
            self._say(0, text, args)

    def info(self, text: str, *args: object) -> None:
        if _level < 2:
            self._say(1, text, args)

    def warn(self, text: str, *args: object) -> None:
        if _level < 3:
            self._say(2, text, args)

    def error(self, text: str, *args: object) -> None:
        self._say(3, text, args)

    def _say(self, level: int, text: str, args: tuple) -> None:
        """Never raises: a closed terminal or a bad template must not stop a node."""
        try:
            if args:
                text = text.format(*args)
        except Exception as error:
            text = f"{text} ({error!r})"
        try:
            _sink(LEVELS[level], self.name, printable(text, _LINE_MAX))
        except Exception:
            pass
