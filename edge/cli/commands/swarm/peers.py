"""`edge peers`: whom this node knows."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, duration

SUMMARY = """\
List the peers this node knows, connected ones first.  Without a running node: those it remembers
and those that answer on the LAN within a few seconds."""
EXAMPLES = """\
  edge peers                           a table
  edge peers --follow                  and then what happens to them, until Ctrl-C
  edge peers --json | jq .peer_id      for programs
"""

_HEADERS = ("PEER", "STATE", "SINCE", "AGENT", "ADDRESS")


def add_arguments(parser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what happens")


def run(options, screen: Screen) -> int:
    rows: list[tuple] = []

    def show(event: dict) -> None:
        if screen.as_json:
            screen.result(event)
        elif event["event"] == "peer":
            rows.append(_row(event))
        elif event["event"] == "listed":
            screen.table(_HEADERS, rows)
            if not rows:
                screen.notice("no peers yet")
        else:
            _follow(screen, event)

    session.ask(options, screen, {"do": "peers", "follow": options.follow}, show)
    return EXIT_OK


def _row(event: dict) -> tuple:
    if event["connected"]:
        state = event["direction"]
        since = duration(event["since_ms"])
        address = event["address"]
    else:
        state, since = "known", "-"
        address = next(iter(event["addresses"]), "-")
    return event["peer_id"], state, since, event.get("agent_version") or "-", address


def _follow(screen: Screen, event: dict) -> None:
    from edge.cli.events import STYLES, sentence

    name = screen.paint(STYLES[event["event"]], event["event"].ljust(12))
    screen.result(event, f"{name}  {sentence(event)}")
