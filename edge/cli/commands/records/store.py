"""`edge store`: the stores that records are in, and the care they need."""

from edge.cli import EXIT_OK, UsageError, session
from edge.cli.screen import Screen

SUMMARY = """\
Show how the stores are doing that records are in, or take care of them:

  show             how many records, how much room, how the flash wears, what is known of the time
  remove NAME      forget a record here; others keep theirs
  forget-time      believe the clock again, after it was ahead for a while"""
EXAMPLES = """\
  edge store                           how it is doing
  edge store remove sensors/1
  edge store --json | jq .time
"""

_ACTIONS = ("show", "remove", "forget-time")


def add_arguments(parser) -> None:
    parser.add_argument("action", nargs="?", choices=_ACTIONS, default="show")
    parser.add_argument("name", metavar="NAME", nargs="?", help="what to remove")


def run(options, screen: Screen) -> int:
    if (options.action == "remove") != (options.name is not None):
        raise UsageError("edge store remove NAME: 'edge ls' lists the names")
    request = {"show": {"do": "store"}, "remove": {"do": "remove", "name": options.name},
               "forget-time": {"do": "forget_time"}}[options.action]  # fmt: skip

    def show(event: dict) -> None:
        screen.result(event, _TEXTS[event["event"]](event))

    session.ask(options, screen, request, show)
    return EXIT_OK


def _status(event: dict) -> str:
    lines: list[str] = []
    for name, value in event.items():
        if name != "event":
            _add(lines, "", name, value)
    return "\n".join(lines)


def _add(lines: list[str], indent: str, name: str, value) -> None:
    """``name`` and what it is, one a line, parts of it below."""
    label = name.replace("_", " ")
    if not isinstance(value, dict):
        lines.append(f"{indent}{label.ljust(24 - len(indent))}  {value}")
        return
    lines.append(f"{indent}{label}")
    for inner, part in value.items():
        _add(lines, indent + "  ", inner, part)


_TEXTS = {
    "store": _status,
    "removed": lambda event: f"{event['name']}  no more",
    "time": lambda event: "the clock is believed again",
}
