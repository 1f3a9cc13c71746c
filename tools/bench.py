"""`python3 -m tools bench`: measurements, each a file of tests/bench/ with a `main(argv)`."""

import argparse
import ast
import importlib

from tools import OK, ROOT, USAGE, parser_of, say, venv

FOLDER = ROOT / "tests" / "bench"
DEFAULT = "swarm"
EXAMPLES = """\
examples:
  python3 -m tools bench                  the table: edge, py-, js- and go-libp2p side by side
  python3 -m tools bench routing          peer routing: at scale by simulation, and on a real LAN
  python3 -m tools bench records          the record store, SQLite, an fsync loop; bytes on a disk
  python3 -m tools bench serial           serial lines, beside Reticulum
  python3 -m tools bench --list           which measurements there are
  python3 -m tools bench --quick          the arguments of the default one need not name it
  python3 -m tools bench swarm --help     the arguments of one of them

exit codes: 0 done, 1 a target was missed, 2 bad command line, 3 something is missing here
"""


def main(argv: list[str]) -> int:
    parser = parser_of("bench", __doc__, EXAMPLES)
    parser.add_argument("--list", action="store_true", help="name the measurements and stop")
    parser.add_argument("name", nargs="?", default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    own = argv[:1] in ([], ["-h"], ["--help"], ["--list"]) or not argv[0].startswith("-")
    asked = parser.parse_args(argv if own else [DEFAULT, *argv])
    known = measurements()
    if asked.list:
        for name, purpose in known.items():
            print(f"{name:12} {purpose}")
        return OK
    if asked.name not in known:
        say(f"no measurement {asked.name!r}; there are: {', '.join(known) or 'none yet'}")
        return USAGE
    venv.enter("dev")
    return int(importlib.import_module("tests.bench." + asked.name).main(asked.arguments) or OK)


def measurements() -> dict[str, str]:
    """Name and purpose of each file of tests/bench/ that has a main()."""
    found = {}
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").split("\n")[0]
    return found
