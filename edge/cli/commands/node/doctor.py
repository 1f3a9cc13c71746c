"""`edge doctor`: what works on this machine, and what to do about what does not."""

from edge.cli import EXIT_FAILED, EXIT_OK
from edge.cli.data_dir import DataDir
from edge.cli.machine.checks import CHECKS
from edge.cli.screen import Screen
from edge.errors import printable

SUMMARY = "Check what a node needs from this machine.  Changes nothing; fails if a check fails."
EXAMPLES = """\
  edge doctor                   look at everything
  edge doctor --json            the same for a program: one finding a line
"""

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_arguments(parser) -> None:
    parser.set_defaults(check=None)


def run(options, screen: Screen) -> int:
    data = DataDir(options.data)
    levels = []
    for name, check in CHECKS:
        screen.progress(f"checking {name} ...")
        for level, text, advice in check(data):
            levels.append(level)
            _show(screen, name, level, printable(text, 200), advice)
    bad = levels.count("fail")
    if not screen.as_json:
        screen.result({}, _verdict(bad, levels.count("warn")))
    return EXIT_FAILED if bad else EXIT_OK


def _show(screen: Screen, name: str, level: str, text: str, advice: str) -> None:
    event = {"event": "check", "name": name, "level": level, "text": text, "advice": advice}
    line = f"{screen.paint(_STYLES[level], level.ljust(4))}  {name.ljust(8)}  {text}"
    if advice:
        line += "\n" + " " * 16 + screen.paint("bold", "-> ") + advice.replace("\n", " ")
    screen.result(event, line)


def _verdict(failed: int, warned: int) -> str:
    if failed:
        return f"{failed} of these keep a node from working as it should"
    return "all a node needs is here" + (f"; {warned} could be better" if warned else "")
