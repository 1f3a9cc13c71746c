"""The toolbox: `python3 -m tools VERB`.  A verb is a file; this one holds what they share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

# Exit codes of every verb.
OK = 0
FAILED = 1  # the thing asked for was done, and its answer is no
USAGE = 2  # the command line makes no sense (argparse uses the same number)
MISSING = 3  # this machine lacks something; the message says what to install


class Missing(Exception):
    """This machine lacks something a verb needs; the text says what to do about it."""


def cache() -> Path:
    """Where downloads and built test peers are kept between runs, outside of the tree."""
    chosen = os.environ.get("LIBP2P_EDGE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "libp2p-edge"


def say(text: str) -> None:
    """One line about what is going on; on stderr, so that a verb's output can be piped."""
    print("tools: " + text, file=sys.stderr, flush=True)


def parser_of(verb: str, purpose: str | None, examples: str) -> argparse.ArgumentParser:
    """A command line parser that shows every verb's help in the same way."""
    return argparse.ArgumentParser(
        prog="python3 -m tools " + verb,
        description=purpose,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
