"""`python3 -m tools fuzz`: throw garbage at every parser until something breaks."""

from pathlib import Path

from tools import BUILD, FAILED, OK, USAGE, parser_of, say, venv

EXAMPLES = """\
examples:
  python3 -m tools fuzz                         every target, 10 seconds each
  python3 -m tools fuzz noise yamux --seconds 3600 --seed 7
  python3 -m tools fuzz --list
  python3 -m tools fuzz yamux --input build/fuzz/yamux-0123456789ab     one input again

An input that breaks a target is made small, printed, and saved in build/fuzz/; moved into
tests/fuzz/corpus/<target>/ it is tried in every run from then on.
exit codes: 0 nothing found, 1 a target broke, 2 bad command line, 3 something is missing here
"""


def main(argv: list[str]) -> int:
    parser = parser_of("fuzz", __doc__, EXAMPLES)
    parser.add_argument("names", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--seconds", type=float, default=10, help="for each target (10)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds try other inputs (0)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="feed this once, and stop")
    parser.add_argument("--list", action="store_true", help="name the targets and stop")
    asked = parser.parse_args(argv)
    venv.enter("dev")
    from tests.fuzz import engine

    known = engine.targets()
    if asked.list:
        print("\n".join(known))
        return OK
    unknown = [name for name in asked.names if name not in known]
    if unknown or (asked.input and len(asked.names) != 1):
        say(f"no target {unknown[0]}; see --list" if unknown else "--input wants one TARGET")
        return USAGE
    if asked.input:
        said, trace = engine.attempt(known[asked.names[0]], asked.input.read_bytes())
        print(trace or said or "accepted")
        return FAILED if trace else OK
    broken = 0
    for name in asked.names or known:
        count, finding = engine.fuzz(name, known[name], asked.seed, asked.seconds)
        print(f"{name}: {count} inputs, {'BROKEN' if finding else 'ok'}", flush=True)
        if finding:
            broken += 1
            print(f"{finding.trace}\n{finding.data!r}\nsaved: {finding.save(BUILD / 'fuzz')}")
    return FAILED if broken else OK
