"""Peer routing: found at scale in a simulation by seed, found on a real LAN, and how quietly."""

import argparse
import asyncio
import dataclasses
import json
import os
import statistics
import time

from edge.routing.kad import PROFILES
from tests.bench import lan
from tests.bench.programs import machine
from tests.bench.results import MISSED, OK, UNJUDGED, number
from tests.interop.peers import build
from tests.sim import scenario
from tests.sim.scenario import Plan
from tools import FAILED, USAGE, say
from tools import OK as DONE

METHOD = """\
how it is measured:
  The simulation runs the real KadRouting, lookups, tables and server of every node in one process,
  on a virtual clock and links with delay and loss (tests/sim/README.md says what is real).  A seed
  gives the same numbers again.  An operation succeeds if it gives the right peer with its true
  address and with no false one.  The LAN is network namespaces on a bridge and the real `edge run`;
  it needs root.

examples:
  python3 -m tools bench routing                    everything; about half an hour
  python3 -m tools bench routing --quick            small networks, a short look at the LAN
  python3 -m tools bench routing --nodes 100 --seed 7 --no-lan
  python3 -m tools bench routing --no-simulation --json

exit codes: 0 all targets reached, 1 a target was missed, 2 bad command line
"""
SIZES = (10, 100, 1000, 10_000)
QUICK_SIZES = (10, 100)
JOINING = 1000  # of a larger network; the others are given their tables
OWN_NETWORK_MAX = 1000  # up to this size every scenario has a network of its own
MINUTE_MS = 60_000
ONE_BY_ONE_S = 1
LANGUAGES = ("edge", "py", "js", "go")
FINDING = ("find_peer", "find_providers", "get_closest")
IDLE = ("messages", "bytes", "packets", "wakeups")
CLASSES = ("mdns", "tcp", "udp", "ground")
# Figures of the LAN: key, title, bound (at most), unit.
LAN_ROWS = (
    ("cold_3", "3 nodes at once, from exec to mutual discovery", 1, "s"),
    ("cold_10", "10 nodes one by one, from exec to mutual discovery", 1, "s"),
    ("cold_10_ready", "10 nodes at once, from listening to mutual discovery", 1, "s"),
    ("cold_10_exec", "  from exec: ten Pythons start on the same processors", None, "s"),
    ("probe_mdns", "key probe by mDNS answered", 150, "ms"),
    ("probe_all", "  all routings asked", None, "ms"),
    ("rss", "RSS of a LAN node that knows 100 peers", 40, "MB"),
    ("contacts", "  contacts in its two kad tables", None, ""),
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools bench routing", description=__doc__, epilog=METHOD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    parser.add_argument("--quick", action="store_true", help="10 and 100 nodes, a minute of quiet")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation (default: 1)")
    parser.add_argument("--nodes", metavar="N,N", help="sizes of the simulated networks")
    parser.add_argument("--scenarios", metavar="NAMES", default=",".join(scenario.SCENARIOS),
                        help="some of " + ",".join(scenario.SCENARIOS))  # fmt: skip
    parser.add_argument("--profile", choices=tuple(PROFILES), default="kad-edge",
                        help="of the simulated network (default: kad-edge)")  # fmt: skip
    parser.add_argument("--no-simulation", action="store_true", help="the LAN only")
    parser.add_argument("--no-lan", action="store_true", help="the simulation only")
    parser.add_argument("--only", metavar="LANGS", default=",".join(LANGUAGES),
                        help="of the quiet LAN, some of " + ",".join(LANGUAGES))  # fmt: skip
    asked = parser.parse_args(argv)
    default = QUICK_SIZES if asked.quick else SIZES
    try:
        sizes = [int(word) for word in asked.nodes.split(",")] if asked.nodes else list(default)
        wrong = check(sizes, asked.scenarios.split(","), asked.only.split(","))
    except ValueError:
        wrong = f"--nodes is a list of numbers, not {asked.nodes!r}"
    if wrong:
        say(wrong)
        return USAGE
    began, report = time.monotonic(), Report(asked.seed)
    if not asked.no_simulation:
        plans = [plan_for(size, asked.seed, asked.quick) for size in sizes]
        profile = PROFILES[asked.profile]
        simulate(report, [dataclasses.replace(plan, profile=profile) for plan in plans],
                 asked.scenarios.split(","))  # fmt: skip
    if not asked.no_lan:
        asyncio.run(lan_figures(report, asked.only.split(","), asked.quick))
    report.took_s = round(time.monotonic() - began)
    print(json.dumps(report.as_dict(), indent=1) if asked.json else report.text())
    return FAILED if report.missed() else DONE


def check(sizes: list[int], scenarios: list[str], langs: list[str]) -> str:
    """What is wrong with what was asked for, or nothing."""
    if min(sizes) < 5:
        return "a network has at least 5 nodes"
    for asked, known in ((scenarios, scenario.SCENARIOS), (langs, LANGUAGES)):
        for name in asked:
            if name not in known:
                return f"nothing called {name!r} is measured; there are: {', '.join(known)}"
    return ""


class Report:
    """What came of it, for people and for programs."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.took_s = 0
        self.machine = machine()
        self.simulated: list[dict] = []
        self.lan: dict[str, float] = {}
        self.quiet: dict[str, dict] = {}
        self.notes: list[str] = []

    def as_dict(self) -> dict:
        return {
            "machine": self.machine, "seed": self.seed, "seconds": self.took_s,
            "simulation": self.simulated, "lan": self.lan, "quiet": self.quiet,
            "notes": self.notes, "missed": self.missed(),
        }  # fmt: skip

    def missed(self) -> list[str]:
        found = []
        for run in self.simulated:
            for kind in FINDING:
                if run["operations"][kind]["rate"] < run["bar"]:
                    found.append(f"{kind}, {run['size']} nodes, {run['scenario']}")
        for key, title, bound, _ in LAN_ROWS:
            if bound is not None and self.lan.get(key, 0) > bound:
                found.append(title.strip())
        for rival in self.rivals():
            if total(self.quiet["edge"]) >= total(self.quiet[rival]):
                found.append(f"idle packets below {rival}'s")
        return found

    def rivals(self) -> list[str]:
        return [lang for lang in self.quiet if lang != "edge"] if "edge" in self.quiet else []

    def text(self) -> str:
        parts = ["\n".join(f"{name:16} {text}" for name, text in self.machine.items())]
        if self.simulated:
            profile = self.simulated[0]["profile"]
            parts += [f"{profile}, seed {self.seed}", columns(self.lookups()), columns(self.idle())]
        if self.lan:
            parts.append(columns(self.lan_lines()))
        if self.quiet:
            parts.append(columns(self.quiet_lines()))
        missed = self.missed()
        verdict = "MISSED: " + "; ".join(missed) if missed else "every target judged is reached"
        notes = "\n".join(self.notes)
        parts += [notes] if notes else []
        return "\n\n".join([*parts, f"{self.took_s / 60:.1f} minutes; {verdict}"])

    def lookups(self) -> list[list[str]]:
        """Success in percent; the rest is of find_peer and find_providers together."""
        heads = "nodes scenario peer providers closest bar false hops most log2 requests most"
        lines = [[*heads.split(), "in vain", "s", "verdict"]]
        for run in self.simulated:
            ops = run["operations"]
            two = [ops["find_peer"], ops["find_providers"]]
            rates = [ops[kind]["rate"] for kind in FINDING]
            lines.append([
                f"{run['size']:,}", run["scenario"], *map(percent, rates),
                percent(run["bar"]), str(sum(ops[kind]["false_answers"] for kind in FINDING)),
                number(middle(two, "hops")), number(max(op["hops_worst"] for op in two)),
                number(run["log2"]), number(middle(two, "requests")),
                number(max(op["requests_worst"] for op in two)),
                number(middle(two, "in_vain")), number(middle(two, "ms") / 1000),
                MISSED if min(rates) < run["bar"] else OK,
            ])  # fmt: skip
        return lines

    def idle(self) -> list[list[str]]:
        lines = [
            ["idle, per node and hour", "messages", "bytes", "packets", "wake-ups", "contacts"]
        ]
        for run in self.simulated:
            if "idle" in run:
                idle = run["idle"]
                lines.append([f"{run['size']:,} nodes", *[f"{idle[key]:,}" for key in IDLE],
                              number(run["table"])])  # fmt: skip
        return lines

    def lan_lines(self) -> list[list[str]]:
        lines = [["on a LAN, medians", "", "target", "verdict"]]
        for key, title, bound, unit in LAN_ROWS:
            value = self.lan.get(key)
            verdict = "" if bound is None else UNJUDGED if value is None else ""
            if bound is not None and value is not None:
                verdict = OK if value <= bound else MISSED
            target = "" if bound is None else f"<= {bound:g} {unit}"
            lines.append([title, number(value, " " + unit), target, verdict])
        return lines

    def quiet_lines(self) -> list[list[str]]:
        lines = [["a quiet LAN, a node sends per minute", *CLASSES, "packets", "bytes", "of edge"]]
        ours = total(self.quiet["edge"]) if "edge" in self.quiet else None
        for lang, classes in self.quiet.items():
            packets = [
                number(classes.get(name, (0, 0))[0]) for name in ("mdns", "tcp", "udp", "ground")
            ]
            size = sum(entry[1] for name, entry in classes.items() if name != "ground")
            ratio = number(total(classes) / ours, "x") if ours else ""
            lines.append([lang, *packets, number(total(classes)), f"{size:,.0f}", ratio])
        return lines


def total(classes: dict) -> float:
    """Packets of the node itself; what the kernels say to each other is the same for all."""
    return sum(entry[0] for name, entry in classes.items() if name != "ground")


def middle(records: list[dict], key: str) -> float:
    return statistics.fmean(record[key] for record in records)


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def columns(lines: list[list[str]]) -> str:
    """Lines of words as a table, the first column to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        text.append("  ".join([line[0].ljust(widths[0]), *cells[1:]]).rstrip())
    text.insert(1, "-" * max(len(line) for line in text))
    return "\n".join(text)


# -- the two halves


def simulate(report: "Report", plans: list[Plan], scenarios: list[str]) -> None:
    for plan in plans:
        if plan.size <= OWN_NETWORK_MAX:
            report.simulated += [scenario.run(plan, name, say) for name in scenarios]
        else:
            report.simulated += scenario.run_each(plan, scenarios, say)
            report.notes.append(
                f"{plan.size:,} nodes: {plan.given:,} had the tables of nodes that have been there "
                f"for long, {plan.size - plan.given:,} joined; attackers turned at one moment."
            )


def plan_for(size: int, seed: int, quick: bool) -> Plan:
    """A large network is watched for a shorter time, and asked no less."""
    if size <= OWN_NETWORK_MAX:
        return Plan(size, seed, 200 if quick else 400)
    return Plan(size, seed, 400, size - JOINING, 5 * MINUTE_MS, 0, 10 * MINUTE_MS)


async def lan_figures(report: "Report", langs: list[str], quick: bool) -> None:
    if os.geteuid() != 0:
        report.notes.append("The LAN was left out: network namespaces need root.")
        return
    rounds = 1 if quick else 5
    await cold_starts(report, rounds)
    probes = await lan.key_probe(9 if quick else 30)
    for name, values in probes.items():
        if values:
            report.lan["probe_" + name] = statistics.median(values)
    report.lan.update(await lan.memory())
    settle_s, watch_s = (30, 60) if quick else (180, 300)
    known = [lang for lang in langs if built(report, lang)]

    def failed(lang: str, error: Exception) -> None:
        report.notes.append(f"{lang} failed on the quiet LAN: {' '.join(str(error).split())[:300]}")

    report.quiet = await lan.quiet(known, settle_s, watch_s, failed)


async def cold_starts(report: "Report", rounds: int) -> None:
    """The medians of all pairs of all rounds."""
    taken: dict[str, list[float]] = {}
    for turn in range(rounds):
        for key, hosts, apart_s in (("3", 3, 0), ("10", 10, ONE_BY_ONE_S), ("10_at_once", 10, 0)):
            for since, values in (await lan.cold_start(hosts, apart_s)).items():
                taken.setdefault(f"{key}_{since}", []).extend(values)
        say(f"cold starts, round {turn + 1} of {rounds}")
    rows = (("cold_3", "3_exec"), ("cold_10", "10_exec"), ("cold_10_ready", "10_at_once_ready"),
            ("cold_10_exec", "10_at_once_exec"))  # fmt: skip
    for key, name in rows:
        report.lan[key] = statistics.median(taken[name])


def built(report: "Report", lang: str) -> bool:
    try:
        build.build(lang, log=say)
    except (build.Missing, RuntimeError) as reason:
        report.notes.append(f"{lang} is left out: {' '.join(str(reason).split())[:300]}")
        return False
    return True
