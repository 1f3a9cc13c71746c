"""`edge serial ls`: the serial ports of this machine."""

from edge.cli import EXIT_OK
from edge.cli.screen import Screen
from edge.errors import printable

SUMMARY = """\
List the serial ports of this machine: the name of each that stays when it is unplugged or the
machine starts again, what it is, and which programs hold it.  Only one program can have a port."""
EXAMPLES = """\
  edge serial ls                       a table
  edge serial ls --json                for programs: the USB ids, the driver, who holds it
  edge run --serial NAME               with a name from the second column
"""

_HEADERS = ("PORT", "NAME THAT STAYS", "DRIVER", "WHAT IT IS", "HELD BY")
_TEXT_MAX = 80


def add_arguments(parser) -> None:
    parser.add_argument("action", nargs="?", choices=("ls",), default="ls")


def run(options, screen: Screen) -> int:
    from edge.cli.machine.ports import Machine

    found = Machine().ports()
    for port in found:
        screen.result({"event": "port", **port._asdict(), "held_by": _holders(port)})
    screen.table(_HEADERS, [_row(port) for port in found] if not screen.as_json else [])
    if not found:
        screen.notice(
            "no serial port here: plug in a USB adapter, or turn the UART of the board on"
        )
    return EXIT_OK


def _holders(port) -> list[dict]:
    return [holder._asdict() for holder in port.held_by]


def _row(port) -> tuple:
    what = " ".join([port.vendor, port.product]).strip()
    holders = ", ".join([str(holder) for holder in port.held_by]) or "nobody"
    if not port.is_permitted:
        holders += f" (for the group {port.group})"
    cells = (port.path, port.by_id or "-", port.driver or "-", what or "-", holders)
    return tuple([printable(cell, _TEXT_MAX) for cell in cells])
