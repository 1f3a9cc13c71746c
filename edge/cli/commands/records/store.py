"""`edge store`: the stores that records are in, and the care they need."""

import json
import sys

from edge.cli import EXIT_FAILED, EXIT_OK, UsageError, session
from edge.cli.screen import Screen, counted

SUMMARY = """\
Show how the stores are doing that records are in, or take care of them:

  show             how many records, how much room, how the flash wears, what is known of the time
  check            read everything that is kept here and tell what is damaged
  repair           the same, and move what is good away from damaged places
  export [PREFIX]  print all records that are kept here, with their signatures, one JSON line each
  import [FILE]    take records that were exported; old and forged ones are refused
  remove NAME      forget a record here; others keep theirs
  forget-time      believe the clock again, after it was ahead for a while"""
EXAMPLES = """\
  edge store                           how it is doing
  edge store check                     exit code 1 if something is damaged
  edge store export > records.jsonl
  edge store import records.jsonl --data other
  edge store --json | jq .time
"""

_ACTIONS = ("show", "check", "repair", "export", "import", "remove", "forget-time")
_NAMED = ("export", "import", "remove")
_LINE_BYTES_MAX = 16384  # of a record
_BATCH_BYTES = 49152  # of lines handed over at once


def add_arguments(parser) -> None:
    parser.add_argument("action", nargs="?", choices=_ACTIONS, default="show")
    parser.add_argument("name", metavar="NAME", nargs="?", help="what to remove, the prefix to "
                        "export, or the file to import (default: standard input)")  # fmt: skip


def run(options, screen: Screen) -> int:
    action, name = options.action, options.name
    if (action == "remove" and name is None) or (name is not None and action not in _NAMED):
        raise UsageError("edge store remove NAME: 'edge ls' lists the names")
    if action == "import":
        return _import(options, screen)
    if action == "export":
        session.ask(options, screen, {"do": "export", "prefix": name or "/"}, _print_record)
        return EXIT_OK
    requests: dict[str, dict] = {
        "show": {"do": "store"},
        "check": {"do": "check"},
        "repair": {"do": "check", "repair": True},
        "remove": {"do": "remove", "name": name},
        "forget-time": {"do": "forget_time"},
    }
    damaged = [0]

    def show(event: dict) -> None:
        damaged.append(event.get("damaged", 0))
        screen.result(event, _TEXTS[event["event"]](event))

    session.ask(options, screen, requests[action], show)
    return EXIT_FAILED if damaged[-1] else EXIT_OK


def _print_record(event: dict) -> None:
    """Always JSON: it is to be read by ``import``."""
    print(json.dumps({name: event[name] for name in ("name", "key", "bundle")}), flush=True)


def _import(options, screen: Screen) -> int:
    counts = {"new": 0, "known": 0, "refused": 0}

    def show(event: dict) -> None:
        if "refused" in event:  # forged, ended, or older than what is here
            screen.warning(f"{event['name']}: {event['refused']}")
        counts["refused" if "refused" in event else "new" if event["new"] else "known"] += 1

    for batch in _batches(options.name):
        session.ask(options, screen, {"do": "take", "records": batch}, show)
        screen.progress(f"{sum(counts.values())} records ...")
    screen.clear_progress()
    total = sum(counts.values())
    screen.result({"event": "imported", **counts}, f"{counted(total, 'record')}: {counts['new']} "
                  f"new, {counts['known']} known, {counts['refused']} refused")  # fmt: skip
    return EXIT_OK


def _batches(name: str | None):
    """Rows of records, as many as fit a request."""
    rows: list[list[str]] = []
    room = _BATCH_BYTES
    for number, line in enumerate(_lines(name), 1):
        if rows and len(line) > room:
            yield rows
            rows, room = [], _BATCH_BYTES
        rows.append(_row(number, line))
        room -= len(line)
    if rows:
        yield rows


def _row(number: int, line: bytes) -> list[str]:
    try:
        record = json.loads(line)
        return [str(record["key"]), str(record["bundle"])]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"line {number} is no exported record") from None


def _lines(name: str | None):
    """The lines of a file, or of standard input."""
    try:
        source = sys.stdin.buffer if name in (None, "-") else open(name, "rb")  # noqa: SIM115
        with source:
            while line := source.readline(_LINE_BYTES_MAX):
                yield line
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None


def _status(event: dict) -> str:
    lines: list[str] = []
    for name, value in event.items():
        if name != "event":
            _add(lines, "", name, value)
    return "\n".join(lines)


def _add(lines: list[str], indent: str, name: str, value) -> None:
    """``name`` and what it is, one a line, parts of it below."""
    label = name.replace("_", " ")
    if isinstance(value, list):
        for part in value:
            _add(lines, indent, label, part)
    elif isinstance(value, dict):
        lines.append(f"{indent}{label} {value.get('store', '')}".rstrip())
        for inner, part in value.items():
            if inner != "store":
                _add(lines, indent + "  ", inner, part)
    else:
        lines.append(f"{indent}{label.ljust(24 - len(indent))}  {value}")


_TEXTS = {
    "store": _status,
    "file": lambda event: (
        f"{event['file']}  {counted(event['records'], 'record')}, {event['live']} in use"
        + (f", {counted(event['damaged'], 'place')} damaged" if event["damaged"] else "")
    ),
    "repaired": lambda event: f"{counted(event['files'], 'file')} with damage cleaned",
    "checked": lambda event: f"{counted(event['records'], 'record')}, {event['damaged']} damaged",
    "removed": lambda event: f"{event['name']}  no more",
    "time": lambda event: "the clock is believed again",
}
