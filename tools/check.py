"""`python3 -m tools check`: what the source is held to without being run."""

import subprocess
import sys
import time
from collections.abc import Callable

from tools import FAILED, OK, ROOT, USAGE, parser_of, say, sources, venv

EXAMPLES = """\
what is checked:
  style         ruff: rules and layout, with the numbers of pyproject.toml
  types         mypy
  architecture  order of the rooms, doors, sizes of functions and files
  dialect       what MicroPython lacks or does otherwise
  duplication   the same lines in two places
  sizes         .mpy files, modules imported, memory of an idle node

examples:
  python3 -m tools check               all of it
  python3 -m tools check style types   some of it
  python3 -m tools check --fix         let ruff mend what it can first

exit codes: 0 nothing to say, 1 something is wrong, 2 bad command line, 3 something is missing here
"""


def style() -> list[str]:
    wrong = _ran("ruff", "check", "--quiet", "--output-format=concise", ".")
    return wrong + _ran("ruff", "format", "--quiet", "--check", "--output-format=concise", ".")


def types() -> list[str]:
    return _ran("mypy", "--no-error-summary")


def architecture() -> list[str]:
    return _ran("pytest", "-q", "--no-header", "--tb=short", "tests/test_architecture.py")


def dialect() -> list[str]:
    return _ran("pytest", "-q", "--no-header", "--tb=short", "tests/test_dialect.py")


def duplication() -> list[str]:
    from tools.rules.duplication import repeats

    files = sources.python_files("edge", "transports", "tools")
    return repeats({sources.relative(path): path for path in files})


def sizes() -> list[str]:
    from tools.rules import sizes

    measured = (
        sizes.chip_files,
        sizes.chip_heap,
        sizes.node_modules,
        sizes.node_memory,
    )
    wrong = []
    for measure in measured:
        try:
            wrong += measure()
        except (ValueError, RuntimeError) as cannot:
            wrong.append(str(cannot))
    return wrong


CHECKS: dict[str, Callable[[], list[str]]] = {
    check.__name__: check for check in (style, types, architecture, dialect, duplication, sizes)
}


def main(argv: list[str]) -> int:
    parser = parser_of("check", __doc__, EXAMPLES)
    parser.add_argument("what", nargs="*", metavar="WHAT", help="default: all")
    parser.add_argument("--fix", action="store_true", help="let ruff mend what it can")
    asked = parser.parse_args(argv)
    unknown = [name for name in asked.what if name not in CHECKS]
    if unknown:
        say(f"nothing called {unknown[0]} is checked; there are: {', '.join(CHECKS)}")
        return USAGE
    venv.enter("dev")
    if asked.fix:
        _ran("ruff", "check", "--quiet", "--fix", ".")
        _ran("ruff", "format", "--quiet", ".")
    failed = False
    for name in asked.what or CHECKS:
        began = time.monotonic()
        wrong = CHECKS[name]()
        failed = failed or bool(wrong)
        print("\n".join(wrong + [f"{name}: {'WRONG' if wrong else 'ok'}"]), end=" ")
        print(f"({time.monotonic() - began:.1f} s)", flush=True)
    return FAILED if failed else OK


def _ran(module: str, *arguments: str) -> list[str]:
    """What ``python -m module`` printed, if it was not content."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines() if done.returncode else []
