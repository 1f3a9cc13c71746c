"""`edge log`: what the boards at the other ends of cables print besides."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen

SUMMARY = """\
Show what the board at the other end of a cable has printed between the frames: boot messages,
errors, a REPL.  Only what can be printed: colours and control codes of the board are left out."""
EXAMPLES = """\
  edge log                             the last of it, of every cable
  edge log -f                          and what follows, until Ctrl-C
  edge log ttyUSB0 -f                  of one port
"""


def add_arguments(parser) -> None:
    parser.add_argument("port", metavar="PORT", nargs="?", help="of this cable alone")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what follows")


def run(options, screen: Screen) -> int:
    ports: list[str] = []

    def show(event: dict) -> None:
        if event["address"] not in ports:
            ports.append(event["address"])
        name = f"{screen.paint('dim', event['address'])}  " if len(ports) > 1 else ""
        screen.result(event, name + event["text"])

    request = {"do": "log", "follow": options.follow, "port": options.port}
    session.ask_running(options, request, show)
    if not ports:
        screen.notice("nothing was printed there since this node has the port")
    return EXIT_OK
