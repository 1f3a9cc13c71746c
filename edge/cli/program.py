"""From a command line to an exit code: finds the verb, hands it its options, explains failures."""

import argparse
import importlib
import io
import os
import sys

from edge.cli import (
    COMMANDS,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    UsageError,
)
from edge.cli.screen import Screen, width
from edge.errors import EdgeError, LocalError, printable
from edge.system import log

_LINE_MAX = 500  # characters of an error

_EXIT_CODES = """\
exit codes:
  0    done
  1    the peer, the network or this machine said no
  2    the command line or the configuration is wrong
  130  interrupted by Ctrl-C
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the verb that ``arguments`` name and return the exit code."""
    _mend_streams()
    screen = Screen()
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        if len(arguments) > 1 and arguments[0] == "help":
            arguments = [arguments[1], "--help"]
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            screen.result({}, _overview(screen))
            return EXIT_OK if arguments else EXIT_USAGE
        if arguments[0] == "--version":
            from edge.swarm.protocols.identify import AGENT_VERSION

            screen.result({}, "edge " + AGENT_VERSION.partition("/")[2])
            return EXIT_OK
        command = _command(arguments[0])
        options = _parser(arguments[0], command).parse_args(arguments[1:])
        screen = Screen(options.json, options.colour)
        log.set_level(options.log_level)
        log.set_sink(screen.log)
        return command.run(options, screen)
    except EdgeError as error:
        return _explain(error, screen)
    except KeyboardInterrupt:
        screen.clear_progress()
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our pipe has seen enough; nothing may be flushed at exit any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _mend_streams() -> None:
    """Streams that are closed swallow, and those that cannot show a letter escape it."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # until the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _command(name: str):
    """The module of one verb; UsageError if there is none."""
    rooms = {known: room for known, room, _ in COMMANDS}
    if name in rooms:
        return importlib.import_module(f"edge.cli.commands.{rooms[name]}.{name}")
    if name.startswith("-"):
        raise UsageError(f"the command comes first, then {printable(name)}: edge run {name}")
    from edge.config import nearest

    raise UsageError(
        f"there is no command {printable(name)}\n"
        f"did you mean 'edge {nearest(name, [*rooms])}'?  'edge --help' lists them all"
    )


def _parser(name: str, command) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edge " + name,
        description=command.SUMMARY,
        epilog="examples:\n" + command.EXAMPLES + "\n" + _EXIT_CODES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    common = parser.add_argument_group("options of every command")
    common.add_argument("--data", metavar="DIR", help="data directory (default: $EDGE_DATA, "
                        "else libp2p-edge in the XDG state directory)")  # fmt: skip
    common.add_argument("--json", action="store_true", help="print one JSON object a line")
    common.add_argument("--colour", "--color", action=argparse.BooleanOptionalAction, default=None,
                        help="colours (default: on a terminal without NO_COLOR)")  # fmt: skip
    common.add_argument("--log-level", choices=("debug", "info", "warn", "error"), default="warn",
                        help="what to log on standard error (default: warn)")  # fmt: skip
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Told its width, argparse does not load shutil and three compressors to ask for it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(width(), 100))


def _overview(screen: Screen) -> str:
    lines = ["usage: edge COMMAND [OPTIONS]", "", "A libp2p node for small computers.", ""]
    lines += [f"  {screen.paint('bold', name.ljust(9))} {about}" for name, _, about in COMMANDS]
    lines += [
        "",
        "examples:",
        "  edge run                      start a node; it finds its peers on the LAN by itself",
        "  edge peers                    whom it has found",
        "  edge ping 12D3KooW...         how far away one is",
        "  edge providers temperature    who has what is called so",
        "  edge put sensors/1 21.5       say something, signed, for others to 'edge get'",
        "",
        "'edge COMMAND --help' tells more.",
    ]
    return "\n".join(lines)


def _explain(error: EdgeError, screen: Screen) -> int:
    """Print whose fault it was and what to do; the first line says what, the others help."""
    text = str(error) or type(error).__name__
    lines = text.split("\n")
    if not isinstance(error, LocalError):  # a peer may have had a word in it
        lines = [printable(line, _LINE_MAX) for line in lines]
    if screen.as_json:
        screen.result({"event": "error", "fault": type(error).__name__, "error": text})
    screen.error("\n       ".join(lines))
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
