"""`edge ls`: which records are here."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, duration

SUMMARY = """\
List the records that are here: this node's own and those it keeps for others.  PREFIX is how a
name begins: a path of this node's own, or /edge/PEER/..."""
EXAMPLES = """\
  edge ls                              all
  edge ls sensors/                     this node's sensors
  edge ls /edge/12D3KooW...            those of one peer
  edge ls --json | jq -r .name
"""

_HEADERS = ("NAME", "VERSION", "BYTES", "SCHEME", "HOLDS")


def add_arguments(parser) -> None:
    parser.add_argument("prefix", metavar="PREFIX", nargs="?", default="/", help="default: all")


def run(options, screen: Screen) -> int:
    rows: list[tuple] = []

    def show(event: dict) -> None:
        if screen.as_json:
            screen.result(event)
        elif event["event"] == "record":
            rows.append(_row(event))
        else:
            screen.table(_HEADERS, rows)
            if not rows:
                screen.notice("no records here")
            elif not event["complete"]:
                screen.notice("there are more: name a longer prefix")

    session.ask(options, screen, {"do": "ls", "prefix": options.prefix}, show)
    return EXIT_OK


def _row(event: dict) -> tuple:
    left = event["lifetime_ms"]
    holds = "until the next" if left is None else duration(left)
    version = str(event.get("version", "-"))
    return event["name"], version, str(event["bytes"]), event.get("scheme", "-"), holds
