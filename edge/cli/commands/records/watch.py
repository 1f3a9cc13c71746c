"""`edge watch`: records as they change."""

from edge.cli import EXIT_OK, session
from edge.cli.commands.records.get import shown, with_text
from edge.cli.screen import Screen

SUMMARY = """\
Show each record whose best value becomes another one in the running node, until Ctrl-C.  PREFIX is
how a name begins: a path of this node's own, or /edge/PEER/..."""
EXAMPLES = """\
  edge watch                           all that changes here
  edge watch sensors/                  this node's sensors
  edge watch --json | jq -r .text
"""


def add_arguments(parser) -> None:
    parser.add_argument("prefix", metavar="PREFIX", nargs="?", default="/", help="default: all")


def run(options, screen: Screen) -> int:
    def show(event: dict) -> None:
        if event["event"] == "watching":
            screen.result(event)
        elif event["event"] == "removed":
            screen.result(event, f"{screen.paint('dim', event['name'])}  no more")
        else:
            screen.result(
                with_text(event), f"{screen.paint('bold', event['name'])}  {shown(event)}"
            )

    session.ask_running(options, {"do": "watch", "prefix": options.prefix}, show)
    return EXIT_OK
