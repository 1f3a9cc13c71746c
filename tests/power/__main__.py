"""`python3 -m tests.power`: cuts the power of a guest that writes records, as often as asked."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.power import rig


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.power", description=__doc__)
    parser.add_argument("--cuts", type=int, default=200, help="how often (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is by chance (default: 1)")
    parser.add_argument("--guests", type=int, default=2, help="side by side (default: 2)")
    parser.add_argument("--mutant", choices=("no sync",), default="", help="break the store so")
    asked = parser.parse_args()
    cuts = rig.run(asked.cuts, asked.seed, asked.guests, asked.mutant)
    print(json.dumps(asdict(cuts), indent=1))
    return 1 if cuts.problems else 0


if __name__ == "__main__":
    sys.exit(main())
