"""What the user sees: colours, tables and progress on a terminal, plain or JSON lines in a pipe.

Results go to standard output, everything else (notices, progress, errors) to standard error, so
that a pipe carries results only.
"""

import os
import select
import sys

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_WIDTH_DEFAULT = 100  # columns, where nobody can be asked


class Screen:
    """Two streams and how to write on them."""

    def __init__(self, as_json: bool = False, colour: bool | None = None) -> None:
        self.as_json = as_json
        self.is_terminal = sys.stdout.isatty() and not as_json
        self._colour_out = _wants_colour(sys.stdout) if colour is None else colour
        self._colour_error = _wants_colour(sys.stderr) if colour is None else colour
        self._progress_shown = False
        self._patient = True
        self._dropped = 0

    def never_wait(self) -> None:
        """From now on a line nobody takes is dropped: a node must not stand still for a pager."""
        self._patient = False

    def paint(self, style: str, text: str) -> str:
        return _paint(style, text) if self._colour_out and not self.as_json else text

    def result(self, event: dict, text: str | None = None) -> None:
        """One result: ``event`` as a JSON line or ``text`` for people (None: nothing to read)."""
        if self.as_json:
            import json

            text = json.dumps(event, separators=(",", ":"))
        if text is not None:
            self._print(text)

    def table(self, headers: tuple[str, ...], rows: list[tuple]) -> None:
        """Columns for people; ``rows`` hold text.  The last column is never cut."""
        if not rows:
            return
        widths = [len(header) for header in headers]
        for row in rows:
            widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
        if self.is_terminal:
            self._print(self.paint("bold", _columns(headers, widths)))
        for row in rows:
            self._print(_columns(row, widths))

    def notice(self, text: str) -> None:
        """Something worth knowing that is no result."""
        self._note(text)

    def warning(self, text: str) -> None:
        self._note(self._mark("yellow", "warning: ") + text)

    def error(self, text: str) -> None:
        self._note(self._mark("red", "error: ") + text)

    def log(self, level: str, name: str, text: str) -> None:
        """A sink for edge.system.log."""
        style = {"warn": "yellow", "error": "red"}.get(level, "dim")
        word = "warning" if level == "warn" else level
        self._note(self._mark(style, f"{word}: ") + (text if name == "edge" else f"{name}: {text}"))

    def progress(self, text: str) -> None:
        """A line that the next one replaces; only a terminal sees it."""
        if sys.stderr.isatty() and not self.as_json:
            self._write_error("\r\x1b[K" + text[: width() - 1])
            self._progress_shown = True

    def clear_progress(self) -> None:
        if self._progress_shown:
            self._write_error("\r\x1b[K")
            self._progress_shown = False

    def _mark(self, style: str, text: str) -> str:
        return _paint(style, text) if self._colour_error else text

    def _print(self, text: str) -> None:
        self.clear_progress()
        if not self._patient and not _takes_more(sys.stdout):
            self._dropped += 1
            return
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self.notice(f"{dropped} lines were dropped while nobody read them")
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:
            pass  # a full disk behind a redirection is no reason to stop

    def _note(self, text: str) -> None:
        self.clear_progress()
        if self._patient or _takes_more(sys.stderr):
            self._write_error(text + "\n")

    def _write_error(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            pass


def width() -> int:
    """Columns of the terminal."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH_DEFAULT
    except (OSError, ValueError):
        return _WIDTH_DEFAULT


def duration(milliseconds: float) -> str:
    """A time span as people say it: 0.42 ms, 1.3 s, 5 min, 3 h, 12 d."""
    if milliseconds < 1000:
        return f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, size_s, until_s in (("min", 60, 7200), ("h", 3600, 172800)):
        if seconds < until_s:
            return f"{seconds / size_s:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def counted(number: int, what: str) -> str:
    """``1 peer``, ``2 peers``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _columns(cells, widths) -> str:
    return "  ".join([cell.ljust(size) for cell, size in zip(cells, widths, strict=True)]).rstrip()


def _paint(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _wants_colour(stream) -> bool:
    """Terminals do, unless https://no-color.org or a dumb one says otherwise."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _takes_more(stream) -> bool:
    """Whether a line can be written to ``stream`` without waiting for its reader."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True  # a regular file, or something poll does not know
