"""`python3 -m tools test`: install what the tests need, then run them.

Tests on a virtual clock take minutes of a processor and do not mind when they get it: they run
beside the others, which mostly wait, and yield to them.  So does a soak in real time, which takes
ten minutes but hardly any processor; it does not yield.
"""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from typing import Any

from tools import OK, ROOT, parser_of, venv

# Run at the same time as the rest, and how far they stand back.
BESIDE = {
    (
        "tests/sim",
        "tests/transports/serial/virtual",
        "tests/transports/serial/soak/test_virtual_cpython.py",
    ): 15,
    ("tests/transports/serial/soak/test_ptys_cpython.py",): 0,
}
NO_TESTS = 5  # pytest: nothing that was chosen is there

EXAMPLES = """\
examples:
  python3 -m tools test                          everything
  python3 -m tools test --fast                   what takes seconds: no interop, no benchmarks
  python3 -m tools test tests/edge/wire          one folder
  python3 -m tools test -- -k multiaddr -x -vv   whatever pytest understands, after --

A test that needs a tool this machine lacks (go, cargo, node, root ...) is skipped and says so;
with CI=true in the environment it fails.
A run of everything shows the tests of a virtual clock (tests/sim) and the soaks at the end.
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
    if any((ROOT / word.split("::")[0]).exists() for word in asked.pytest):
        return pytest(*chosen, *asked.pytest).wait()
    with contextlib.ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in BESIDE]
        started = [
            pytest(*chosen, *asked.pytest, *paths, "-p", "no:cacheprovider",
                   stdout=output, preexec_fn=functools.partial(os.nice, nice))
            for (paths, nice), output in zip(BESIDE.items(), outputs, strict=True)
        ]  # fmt: skip
        skipped = [f"--ignore={path}" for paths in BESIDE for path in paths]
        codes = [pytest(*chosen, *asked.pytest, *skipped).wait()]
        codes += [process.wait() for process in started]
        for output in outputs:
            output.seek(0)
            print(output.read(), end="", flush=True)
    failed = [code for code in codes if code not in (OK, NO_TESTS)]
    return failed[0] if failed else min(codes)


def pytest(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, **options)
