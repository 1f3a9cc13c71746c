"""`python3 -m tools mpy`: fetch MicroPython, run tests or scripts of the shared core on it."""

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import FAILED, OK, ROOT, USAGE, parser_of, say, sources, venv
from tools.chip import micropython

if TYPE_CHECKING:
    from tests.micropython.run import Board

EXAMPLES = """\
examples:
  python3 -m tools mpy path                  fetch MicroPython if need be, print where it is
  python3 -m tools mpy test                  run every shared test on it
  python3 -m tools mpy test tests/edge/wire  run the tests of a folder
  python3 -m tools mpy test tests/edge/wire/test_varint.py
  python3 -m tools mpy --debug test FILE     keep asserts and line numbers, in a larger heap
  python3 -m tools mpy run SCRIPT.py ARGS    run a script where `import edge` finds the .mpy files

exit codes: 0 all passed, 1 a test failed, 2 bad command line, 3 something is missing here
environment: MICROPYTHON names another binary, LIBP2P_EDGE_CACHE another place for the fetched one
"""


def main(argv: list[str]) -> int:
    parser = parser_of("mpy", __doc__, EXAMPLES)
    parser.add_argument("--debug", action="store_true", help="keep asserts and line numbers")
    parser.add_argument("what", choices=["path", "test", "run"])
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    asked = parser.parse_args(argv)
    if asked.what == "path":
        print(micropython.find())
        return OK
    if asked.what == "run" and not asked.arguments:
        say("name the script to run")
        return USAGE
    venv.enter("dev")
    from tests.micropython.run import Board

    with tempfile.TemporaryDirectory(prefix="edge-mpy-") as folder:
        board = Board(Path(folder), asked.debug)
        if asked.what == "test":
            return _test(board, asked.arguments)
        script = str(Path(asked.arguments[0]).resolve())
        command = [board.program, "-X", "heapsize=" + board.heap, script, *asked.arguments[1:]]
        return subprocess.run(command, env={"MICROPYPATH": f"{folder}:.frozen"}).returncode


def _test(board: "Board", arguments: list[str]) -> int:
    tests = _chosen(arguments)
    if not tests:
        say("no shared test there: " + " ".join(arguments))
        return USAGE
    failed = 0
    for test in tests:
        passed, text = board.run(test)
        failed += not passed
        last = text.splitlines()[-1] if passed else "FAILED\n" + text
        print(f"{sources.relative(test)}: {last}", flush=True)
    print(f"{len(tests) - failed} files passed, {failed} failed")
    return FAILED if failed else OK


def _chosen(arguments: list[str]) -> list[Path]:
    """The shared tests in the files and folders named; all of them if none is."""
    places = [Path(argument).resolve() for argument in arguments] or [ROOT]
    return [
        test
        for test in sources.shared_tests()
        if any(test == place or place in test.parents for place in places)
    ]
