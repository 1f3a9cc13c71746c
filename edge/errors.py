"""What can go wrong and whose fault it is, which says what to do about it.

LocalError   we misused an interface       raise to the caller
RemoteError  the peer broke a protocol     close the smallest thing it came on
LinkError    the medium failed             back off, try another address
LimitError   one of our bounds was reached refuse this one, stay alive

One base each: MicroPython has no multiple inheritance from native classes.
"""


class EdgeError(Exception):
    """Anything this package raises on purpose."""


class LocalError(EdgeError):
    """The caller asked for something an interface forbids, or this machine cannot give it."""


class RemoteError(EdgeError):
    """The peer's bytes break a protocol."""


class LinkError(EdgeError):
    """The medium failed: refused, unplugged, timed out, gone."""


class LimitError(EdgeError):
    """One of our own bounds says no."""


def printable(text: object, limit: int = 64) -> str:
    """``text`` cut to ``limit`` characters, everything that could move a terminal shown as ``?``.

    A peer chooses its strings; escape sequences, line feeds and right-to-left marks stay out of
    logs and tables.  ASCII only, so that a serial console can show it.
    """
    shown = "".join([c if " " <= c <= "~" else "?" for c in str(text)[: limit + 1]])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."
