"""`edge get`: read what somebody said."""

import base64
import sys

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen

SUMMARY = """\
Print the value of a record: this node's own (a path), or anybody's (/edge/PEER/PATH, where PEER may
be the last letters of a known peer's id; /ipns/PEER, /pk/PEER).  What is not here is asked for on
the LAN and in the DHT.  Only what its owner has signed, and what is valid now, is printed."""
EXAMPLES = """\
  edge get sensors/1                           this node's
  edge get /edge/12D3KooW.../sensors/1         another's
  edge get /edge/x7Gq4w/firmware > firmware.bin     bytes as they are, in a pipe
  edge get sensors/1 --all --json | jq .version
"""


def add_arguments(parser) -> None:
    parser.add_argument("name", metavar="NAME", help="whose value")
    parser.add_argument("--all", action="store_true", help="every valid record that can be found, "
                        "the best first")  # fmt: skip
    parser.add_argument("-t", "--timeout", type=float, default=10.0, metavar="SECONDS",
                        help="how long to search (default: 10)")  # fmt: skip


def run(options, screen: Screen) -> int:
    timeout_s = session.within("--timeout", options.timeout, 0, 3600)
    request = {"do": "get", "name": options.name, "all": options.all,
               "timeout_ms": max(1, round(timeout_s * 1000))}  # fmt: skip

    def show(event: dict) -> None:
        if screen.as_json:
            screen.result(with_text(event))
        elif sys.stdout.isatty() or options.all:
            screen.result(event, shown(event))
        else:
            sys.stdout.buffer.write(base64.b64decode(event["value"]))
            sys.stdout.buffer.flush()

    screen.progress("asking ...")
    session.ask(options, screen, request, show)
    screen.clear_progress()
    return EXIT_OK


def with_text(event: dict) -> dict:
    """``event`` with its value as text, too, where it is one."""
    if "value" not in event:
        return event
    try:
        return {**event, "text": base64.b64decode(event["value"]).decode()}
    except UnicodeDecodeError:
        return event


def shown(event: dict) -> str:
    """A value on a line of a terminal: nothing in it can do harm there."""
    data = base64.b64decode(event["value"])
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"{len(data)} bytes: {data[:32].hex()}{'..' if len(data) > 32 else ''}"
    return "".join([letter if letter.isprintable() else "?" for letter in text.rstrip("\n")])
