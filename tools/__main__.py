"""`python3 -m tools VERB`: finds the verb's file and hands it the rest of the command line.

Kept to what any Python 3 can parse, so that an old one gets a sentence and not a SyntaxError.
"""

import importlib
import os
import shutil
import sys

VERBS = (
    ("run", "run a node: makes .venv, installs, starts `edge run`"),
    ("test", "install what the tests need and run them"),
    ("check", "style, types, architecture, dialect, duplication, sizes"),
    ("bench", "measure, side by side with other implementations"),
    ("fuzz", "throw garbage at every parser"),
    ("firmware", "compile what a chip loads into build/"),
    ("mpy", "fetch MicroPython, run tests or scripts on it"),
)
OLDEST = (3, 11)


def usage() -> str:
    lines = ["usage: python3 -m tools VERB [ARGUMENTS]", ""]
    lines += ["  %-9s %s" % verb for verb in VERBS]
    lines += ["", "`python3 -m tools VERB --help` shows each verb's arguments and examples."]
    return "\n".join(lines)


def require_python() -> None:
    """Go on under a Python that is new enough, if this one is not and another is installed."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which("python3.%d" % minor)
        if newer:
            os.execv(newer, [newer, "-m", "tools"] + sys.argv[1:])
    sys.exit(
        "tools: needs Python 3.11 or newer, and %s is %d.%d.\n"
        "       Debian 12, Raspberry Pi OS 12 and later have one; on macOS: brew install python3."
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )


def main() -> int:
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in ("", "-h", "--help", "help"):
        print(usage())
        return 0 if asked else 2
    if asked not in [verb for verb, _ in VERBS]:
        print("tools: there is no verb %r\n\n%s" % (asked, usage()), file=sys.stderr)
        return 2
    require_python()
    import tools

    try:
        code: int = importlib.import_module("tools." + asked).main(sys.argv[2:])
        return code
    except tools.Missing as missing:
        tools.say(str(missing))
        return tools.MISSING
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
