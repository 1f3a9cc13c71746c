"""`edge routing`: how this node finds peers, and how well."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, counted, duration

SUMMARY = """\
Show whom the running node asks for peers and keys, in this order, and how each of them is doing:
what is in its tables, how its searches went, when it looked around last."""
EXAMPLES = """\
  edge routing                         a few lines for each routing
  edge routing --peers                 and who is in its tables
  edge routing --json | jq 'select(.name == "kad-lan")'
"""

# What kad tells of itself, as sentences: the values they need, the word before them, the text.
_SENTENCES = (
    (("mode", "protocol"), "takes part", "as {mode}, {protocol}"),
    (("contacts", "spares"), "contacts", "{contacts}, {spares} in reserve"),
    (("last_refresh_ms",), "refreshed", "{last_refresh_ms}"),
    (("network_size", "replication"), "network", "about {network_size}, {replication} keep a key"),
    (("searches", "requests", "failures"), "searches",
     "{searches}, with {requests} requests, {failures} of them failed"),
    (("last_search_ms",), "last search", "{last_search_ms}"),
    (("providers_kept", "values_kept"), "keeps", "{providers_kept} keys, {values_kept} values"),
)  # fmt: skip


def add_arguments(parser) -> None:
    parser.add_argument("--peers", action="store_true", help="show who is in the tables, too")


def run(options, screen: Screen) -> int:
    def show(event: dict) -> None:
        name = event.get("name", "joined")
        head = screen.paint("bold", name.ljust(10))
        lines = []
        for what, text in _rows(event) or [("", "nothing to tell")]:
            lines.append(f"{head}  {what.ljust(12)}  {text}")
            head = " " * 10
        screen.result(event, "\n".join(lines))

    session.ask_running(options, {"do": "routing", "peers": options.peers}, show)
    return EXIT_OK


def _rows(event: dict) -> list[tuple[str, str]]:
    """What it is about, and the text."""
    if event["event"] == "joined":
        rows = [
            ("asks", ", ".join(event["asks"]) or "nobody"),
            ("knows", f"{counted(event['peers'], 'peer')}, {event['connections']} connected"),
            ("provides", counted(event["provided"], "key")),
        ]
        if event["impossible"]:
            rows.append(("not here", f"{', '.join(event['impossible'])} ('edge doctor' says why)"))
        return rows
    rest = {name: value for name, value in event.items() if name not in ("event", "name")}
    rows = []
    for names, what, text in _SENTENCES:
        if all(name in rest for name in names):
            values = {name: _text(name, rest.pop(name)) for name in names}
            rows.append((what, text.format(**values)))
    tables = [rest.pop(name) for name in list(rest) if _is_table(rest[name])]
    rows += [(name.replace("_", " "), _text(name, value)) for name, value in rest.items()]
    return rows + [("", _contact(row)) for table in tables for row in table]


def _is_table(value) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _contact(row: dict) -> str:
    """Somebody in a table."""
    if "peer_id" not in row:
        return _text("", row)
    parts = [row["peer_id"]]
    if "bits" in row:
        parts.append(f"{row['bits']} bits".rjust(8))
    if row.get("answered_ms") is not None:
        parts.append(f"answered {_text('_ms', row['answered_ms'])}".ljust(19))
    if row.get("failures"):
        parts.append(f"{row['failures']} failures")
    return "  ".join([*parts, session.where(row)])


def _text(name: str, value) -> str:
    """A value that a routing tells of itself, as people say it."""
    if value is None:
        return "never" if name.endswith("_ms") else "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join([f"{key} {_text(key, inner)}" for key, inner in value.items()]) or "-"
    if isinstance(value, list):
        return ", ".join([_text("", inner) for inner in value]) or "-"
    if name.endswith("_ms"):
        return duration(value) + " ago"
    return str(value)
