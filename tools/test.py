"""`python3 -m tools test`: install what the tests need, then run them."""

import os
import subprocess
import sys

from tools import ROOT, parser_of, venv

EXAMPLES = """\
examples:
  python3 -m tools test                          everything
  python3 -m tools test --fast                   what takes seconds: no interop, no benchmarks
  python3 -m tools test tests/edge/wire          one folder
  python3 -m tools test -- -k multiaddr -x -vv   whatever pytest understands, after --

A test that needs a tool this machine lacks (go, cargo, node, root ...) is skipped and says so;
with CI=true in the environment it fails.
exit codes: 0 all passed, 1 a test failed, 2 bad command line, 3 something is missing here
"""


def main(argv: list[str]) -> int:
    parser = parser_of("test", __doc__, EXAMPLES)
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--fast", action="store_true", help="leave the slow tests out")
    pace.add_argument("--slow", action="store_true", help="the slow tests only")
    parser.add_argument("pytest", nargs="*", metavar="...", help="tests, or pytest's own arguments")
    asked = parser.parse_args(argv)
    venv.enter("dev")
    chosen = ["-m", "not slow"] if asked.fast else ["-m", "slow"] if asked.slow else []
    command = [sys.executable, "-m", "pytest", *chosen, *asked.pytest]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}).returncode
