"""`edge routing`: how this node finds peers, and how well."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, duration

SUMMARY = """\
Show whom the running node asks for peers and keys, in this order, and how each of them is doing:
what is in its tables, who of them has answered, when they were last refreshed."""
EXAMPLES = """\
  edge routing                         a few lines for each routing
  edge routing --peers                 and who is in its tables
  edge routing --json | jq 'select(.name == "kad-lan")'
"""


def add_arguments(parser) -> None:
    parser.add_argument("--peers", action="store_true", help="show who is in the tables, too")


def run(options, screen: Screen) -> int:
    def show(event: dict) -> None:
        screen.result(event, "\n".join(_lines(screen, event)))

    session.ask_running(options, {"do": "routing", "peers": options.peers}, show)
    return EXIT_OK


def _lines(screen: Screen, event: dict) -> list[str]:
    if event["event"] == "joined":
        lines = [
            ("asks", ", ".join(event["asks"]) or "nobody"),
            ("knows", f"{event['peers']} peers, {event['connections']} connections"),
            ("provides", f"{event['provided']} keys"),
        ]
        if event["impossible"]:
            lines.append(("not here", ", ".join(event["impossible"])))
    else:
        lines = [(name.replace("_", " "), _text(name, value)) for name, value in event.items()
                 if name not in ("event", "name")]  # fmt: skip
    name = event.get("name", "joined")
    head = screen.paint("bold", name.ljust(10))
    shown = []
    for what, text in lines or [("", "no more to say")]:
        shown.append(f"{head}  {what.ljust(12)}  {text}")
        head = " " * 10
    return shown


def _text(name: str, value) -> str:
    """A value that a routing tells of itself, as people say it."""
    if value is None:
        return "never"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join([f"{key} {_text(key, inner)}" for key, inner in value.items()]) or "-"
    if isinstance(value, list):
        return ", ".join([_text("", inner) for inner in value]) or "-"
    if name.endswith("_ms"):
        return duration(value)
    return str(value)
