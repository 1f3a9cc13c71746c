"""The swarm: edge beside py-, js-, go- and rust-libp2p, in one table with what is to be reached."""

import argparse
import asyncio
import dataclasses
import json
import signal
import time

from tests.bench import idle, load
from tests.bench.programs import machine, runtime
from tests.bench.results import LANGUAGES, ROWS
from tests.bench.rounds import FAILURES, Effort, Run
from tests.interop.peers import build
from tools import FAILED, OK, USAGE, say

METHOD = """\
how it is measured:
  Each implementation is a program of its own, built for release, with TCP, Noise, yamux, identify
  and ping only, and talks to a second process of the same implementation over the loopback.  They
  take turns, A B C A B C, and nothing is pinned to a core.  Memory, start, modules and idle traffic
  of edge are those of `edge run`; connections and streams those of tests/interop/peers/edge.
  Idle traffic is what the kernel counted on the socket (TCP payload, each way).

examples:
  python3 -m tools bench                       about ten minutes, plus building the peers once
  python3 -m tools bench --quick               about three
  python3 -m tools bench --only edge,js --json

exit codes: 0 all targets reached, 1 a target was missed, 2 bad command line
"""
FULL = Effort(
    quick=False, start_rounds=5, mdns_rounds=2, warm_up_s=5, warm_up_streams=4, turn_s=2,
    load_rounds=5, memory_rounds=2, connections=500, closes=2400, traffic_s=180,
)  # fmt: skip
QUICK = Effort(
    quick=True, start_rounds=2, mdns_rounds=1, warm_up_s=1, warm_up_streams=1, turn_s=0.5,
    load_rounds=3, memory_rounds=1, connections=500, closes=2400, traffic_s=60,
)  # fmt: skip
MEASUREMENTS = (
    idle.memory, idle.mdns, idle.modules, load.throughput, load.churn, load.connections,
    load.growth, idle.traffic,
)  # fmt: skip


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools bench swarm", description=__doc__, epilog=METHOD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 60 s of idle traffic")
    parser.add_argument("--only", metavar="LANGS", default=",".join(LANGUAGES),
                        help="some of " + ",".join(LANGUAGES))  # fmt: skip
    parser.add_argument("--idle", metavar="SECONDS", type=float,
                        help="how long idle connections are watched")  # fmt: skip
    asked = parser.parse_args(argv)
    langs = asked.only.split(",")
    unknown = [lang for lang in langs if lang not in LANGUAGES]
    if unknown:
        say(f"nothing called {unknown[0]!r} is measured; there are: {', '.join(LANGUAGES)}")
        return USAGE
    effort = QUICK if asked.quick else FULL
    if asked.idle:
        effort = dataclasses.replace(effort, traffic_s=asked.idle)
    run = Run([], effort)
    run.langs = [lang for lang in LANGUAGES if lang in langs and built(run, lang)]
    began, where = time.monotonic(), machine()
    try:
        asyncio.run(measure(run))
    except asyncio.CancelledError:  # SIGTERM; what was started is stopped
        raise KeyboardInterrupt from None
    where["load at the end"] = machine()["load"]
    report(run, where, time.monotonic() - began, asked.json)
    return FAILED if run.results.missed() else OK


def built(run: Run, lang: str) -> bool:
    """Whether there is a program of ``lang``, built now if need be."""
    try:
        build.build(lang, log=say)
    except (build.Missing, RuntimeError) as reason:
        text = " ".join(str(reason).split())
        say(f"{lang} is left out: {text}")
        run.leave_out(tuple(row.key for row in ROWS), [lang], f"no {lang}: {text[:300]}")
        return False
    return True


async def measure(run: Run) -> None:
    cancel = asyncio.current_task().cancel  # type: ignore[union-attr]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, cancel)
    for lang in run.langs:  # also fills the caches of files and of compiled modules
        try:
            async with await idle.start_idle(lang) as program:
                run.versions[lang] = f"{program.ready['agent']}, {runtime(lang)}"
        except FAILURES as error:
            run.versions[lang] = str(error)
    for measurement in MEASUREMENTS:
        await measurement(run)


def report(run: Run, where: dict[str, str], took_s: float, as_json: bool) -> None:
    results = run.results
    missed = results.missed()
    if as_json:
        told = {
            "machine": where, "versions": run.versions, "effort": dataclasses.asdict(run.effort),
            "seconds": round(took_s), "rows": [results.as_dict(row) for row in ROWS],
            "notes": results.notes, "missed": missed,
        }  # fmt: skip
        print(json.dumps(told, indent=1))
        return
    print("\n".join(f"{name:16} {text}" for name, text in {**where, **run.versions}.items()))
    if run.effort.quick:
        print(f"quick: fewer rounds; idle connections were watched for {run.effort.traffic_s:g} s,")
        print("       too short for some keepalives; numbers to quote come from a full run")
    print(f"\n{results.table()}\n")
    print(f"{took_s / 60:.1f} minutes; " + verdict(missed))


def verdict(missed: list[str]) -> str:
    return "MISSED: " + "; ".join(missed) if missed else "every target that was judged is reached"
