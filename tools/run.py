"""`python3 -m tools run`: make .venv, install, and run a node."""

import os
import sys

from tools import parser_of, venv

EXAMPLES = """\
examples:
  python3 -m tools run                                      a node with the defaults
  python3 -m tools run --listen /ip4/127.0.0.1/tcp/4001     whatever `edge run` understands
  .venv/bin/edge run --help                                 what that is, once .venv is there

exit codes: those of `edge run`; 3 something is missing here
"""


def main(argv: list[str]) -> int:
    parser = parser_of("run", __doc__, EXAMPLES)
    if argv[:1] in (["-h"], ["--help"]):
        parser.parse_args(argv)
    venv.enter()
    os.execv(sys.executable, [sys.executable, "-m", "edge", "run", *argv])
