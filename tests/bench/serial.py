"""libp2p over serial lines beside Reticulum (Serial, KISS) and the rate of the line."""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import asdict, dataclass, field

from tests.bench import serial_floor as floor
from tests.bench.programs import machine
from tests.bench.results import MISSED, OK, UNJUDGED, number
from tests.bench.routing import columns
from tests.bench.serial_lines import LINES, RIVALS, Effort, Found, Line, Setting, measure
from tests.interop.peers import build
from tools import FAILED, USAGE, say
from tools import OK as DONE

METHOD = """\
how it is measured:
  The line is a process of its own between two ptys, paced by the clock at the rate that the
  programs set, with faults by seed; what raw bytes through it take is measured first.  At each end
  is one program, at a higher priority where that is allowed.  The payload limit is what a line with
  one start and one stop bit carries: baud / 10 bytes a second.
  Goodput of libp2p is that of one stream, with Noise and yamux, from its first byte written to its
  last byte read, all checked; of Reticulum a Resource, its own reliable transfer, not compressed.
  A ping is 32 bytes there and back: libp2p ping on a stream that is open; of Reticulum a packet on
  a link and its proof.  Its line time is that of all bytes which the line carried meanwhile, both
  ways.  "Beside" is while a stream, or Resource, takes all it can get.
  Set-up is all bytes on the line from the dial until both ends have identified each other; of
  Reticulum an announce and a link.  "Back" is from the moment at which a port that was pulled for a
  second is there again to the next byte of the same stream; of Reticulum, the next proof.
  A transfer of Reticulum is given {rival:g} s, in which the line would carry it twice.

examples:
  python3 -m tools bench serial                            everything; some 17 minutes
  python3 -m tools bench serial --quick                    one seed, fewer lines; a minute
  python3 -m tools bench serial --lines clean,bursts --only edge
  python3 -m tools bench serial --json

exit codes: 0 all targets reached, 1 a target was missed, 2 bad command line
"""
QUICK_LINES = ("clean", "ber1e-4", "bursts", "921600", "unlimited", "replug")
FULL = Effort(seeds=3, rival_seeds=3, bulk_s=8, slow_bulk_s=20, pings=15, rival_s=10,
              rival_lines=tuple(line.key for line in LINES), replugs=3)  # fmt: skip
QUICK = Effort(seeds=1, rival_seeds=1, bulk_s=3, slow_bulk_s=6, pings=6, rival_s=4,
               rival_lines=("clean",), replugs=1)  # fmt: skip


@dataclass(frozen=True)
class Target:
    line: str
    value: str
    bound: float
    unit: str
    more: bool = False  # more is better

    def title(self, lines: dict[str, Line]) -> str:
        return f"{TITLES[self.value]}, {lines[self.line].title}"

    def text(self) -> str:
        return f"{'>=' if self.more else '<='} {self.bound:g} {self.unit}".strip()


TITLES = {
    "share": "goodput", "mb_s": "goodput", "ping_ratio": "ping",
    "beside": "ping beside a stream", "resume": "back after a replug",
    "set_up_there": "set-up, dialer sends", "set_up_back": "set-up, listener sends",
}  # fmt: skip
TARGETS = (
    Target("clean", "share", 93, "% of the limit", True),
    Target("ber1e-4", "share", 75, "% of the limit", True),
    Target("ber5e-4", "share", 45, "% of the limit", True),
    Target("bursts", "share", 80, "% of the limit", True),
    Target("921600", "share", 90, "% of the limit", True),
    Target("9600", "share", 85, "% of the limit", True),
    Target("unlimited", "mb_s", 8, "MB/s", True),
    Target("clean", "ping_ratio", 1.3, "x its line time"),
    Target("clean", "beside", 100, "ms"),
    Target("clean", "set_up_there", 900, "B"),
    Target("clean", "set_up_back", 900, "B"),
    Target("replug", "resume", 0.3, "s"),
)


def main(argv: list[str]) -> int:
    asked = parse(argv)
    if isinstance(asked, int):
        return asked
    lines, rivals, effort = asked.lines, asked.rivals, QUICK if asked.quick else FULL
    began, report = time.monotonic(), Report(lines, rivals, effort, machine())
    rivals = [rival for rival in rivals if rival == "edge" or built(report, rival)]
    report.floor = floor.measure(asked.quick)
    say(report.floor_text())
    try:
        asyncio.run(measure_all(report, rivals))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    report.where["load at the end"] = machine()["load"]
    report.took_s = round(time.monotonic() - began)
    print(json.dumps(report.as_dict(), indent=1) if asked.json else report.text())
    return FAILED if report.missed() else DONE


def parse(argv: list[str]) -> argparse.Namespace | int:
    """What is asked for; an exit code if that is nothing."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tools bench serial", description=__doc__,
        epilog=METHOD.format(rival=FULL.rival_s),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    parser.add_argument("--quick", action="store_true", help="one seed, fewer and shorter streams")
    parser.add_argument("--only", metavar="RIVALS", default=",".join(RIVALS),
                        help="some of " + ",".join(RIVALS))  # fmt: skip
    parser.add_argument("--lines", metavar="LINES",
                        help="some of " + ",".join(line.key for line in LINES))  # fmt: skip
    asked = parser.parse_args(argv)
    known = {line.key: line for line in LINES}
    keys = asked.lines.split(",") if asked.lines else QUICK_LINES if asked.quick else list(known)
    asked.rivals = asked.only.split(",")
    for name in [key for key in keys if key not in known]:
        say(f"no line {name!r}; there are: {', '.join(known)}")
        return USAGE
    for name in [rival for rival in asked.rivals if rival not in RIVALS]:
        say(f"nothing called {name!r} is measured; there are: {', '.join(RIVALS)}")
        return USAGE
    asked.lines = [known[key] for key in keys]
    return asked


def built(report: "Report", rival: str) -> bool:
    try:
        build.build("reticulum", log=say)
    except (build.Missing, RuntimeError) as reason:
        say(f"{rival} is left out: {reason}")
        report.notes.append(f"{rival} is left out: {' '.join(str(reason).split())[:300]}")
        return False
    return True


async def measure_all(report: "Report", rivals: list[str]) -> None:
    """libp2p alone; then both interfaces of Reticulum at the same time, which mostly wait."""
    effort = report.effort
    for line in report.lines:
        for seed in range(1, effort.seeds + 1):
            if "edge" in rivals:
                await measure_one(report, line, "edge", seed)
        others = [rival for rival in rivals if rival != "edge" and line.key in effort.rival_lines]
        seeds = effort.rival_seeds if line.faults else 1
        for seed in range(1, seeds + 1):
            runs = [measure_one(report, line, rival, seed) for rival in others]
            await asyncio.gather(*runs)


async def measure_one(report: "Report", line: Line, rival: str, seed: int) -> None:
    began = time.monotonic()
    found = await measure(Setting(rival, line, report.effort), seed)
    if "goodput" in found.values:
        found.values["mb_s"] = found.values["goodput"] / 1e6
        if line.limit:
            found.values["share"] = found.values["goodput"] / line.limit * 100
    report.add(line, rival, found)
    said = [f"{name} {number(value)}" for name, value in found.values.items() if name in SAID]
    said += found.failures
    say(f"{line.title}: {rival}, seed {seed}, {time.monotonic() - began:.0f} s: {', '.join(said)}")


SAID = ("goodput", "share", "ping", "beside", "resume", "connect_s")


@dataclass
class Report:
    """What came of it, for people and for programs."""

    lines: list[Line]
    rivals: list[str]
    effort: Effort
    where: dict[str, str]
    floor: dict = field(default_factory=dict)
    samples: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)
    runs: dict[tuple[str, str], int] = field(default_factory=dict)
    failures: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    took_s: int = 0

    def add(self, line: Line, rival: str, found: Found) -> None:
        cell = (line.key, rival)
        self.runs[cell] = self.runs.get(cell, 0) + 1
        for name, value in found.values.items():
            self.samples.setdefault((*cell, name), []).append(value)
        self.failures.setdefault(cell, []).extend(found.failures)

    def median(self, line: str, rival: str, name: str) -> float | None:
        samples = self.samples.get((line, rival, name))
        return statistics.median(samples) if samples else None

    def verdict(self, target: Target) -> str:
        cell = (target.line, "edge")
        value = self.median(*cell, target.value)
        if cell not in self.runs:
            return UNJUDGED
        if value is None or len(self.samples[*cell, target.value]) < self.runs[cell]:
            return MISSED  # in one of the runs it did not come that far
        return OK if (value >= target.bound if target.more else value <= target.bound) else MISSED

    def missed(self) -> list[str]:
        lines = {line.key: line for line in LINES}
        return [target.title(lines) for target in TARGETS if self.verdict(target) == MISSED]

    def as_dict(self) -> dict:
        rows = []
        for line, rival in self.runs:
            found = {name: values for (*cell, name), values in self.samples.items()
                     if cell == [line, rival]}  # fmt: skip
            medians = {name: statistics.median(values) for name, values in found.items()}
            rows.append({"line": line, "rival": rival, "medians": medians, "samples": found,
                         "failures": self.failures[line, rival]})  # fmt: skip
        targets = [{"line": target.line, "value": target.value, "target": target.text(),
                    "found": self.median(target.line, "edge", target.value),
                    "verdict": self.verdict(target)} for target in TARGETS]  # fmt: skip
        return {
            "machine": self.where, "seconds": self.took_s, "effort": asdict(self.effort),
            "floor": self.floor, "rows": rows, "targets": targets, "notes": self.notes,
            "missed": self.missed(),
        }  # fmt: skip

    # -- for people

    def floor_text(self) -> str:
        found = self.floor
        return (
            f"the line itself: {found['share']:.2%} of 11,520 B/s at 115200, an echo "
            f"{found['echo_ms']:.2f} ms beyond its line time;\n"
            f"without a rate {found['unpaced_mb_s']:.0f} MB/s, an echo "
            f"{found['unpaced_echo_ms']:.2f} ms, {found['lost']} bytes lost"
        )

    def text(self) -> str:
        about = "\n".join(f"{name:16} {text}" for name, text in self.where.items())
        missed = self.missed()
        verdict = "MISSED: " + "; ".join(missed) if missed else "every target judged is reached"
        parts = [about, self.floor_text(), self.goodput(), self.pings(), self.starts(),
                 self.judged(), *self.notes, self.failed(),
                 f"{self.took_s / 60:.1f} minutes; {verdict}"]  # fmt: skip
        return "\n\n".join(part for part in parts if part)

    def goodput(self) -> str:
        shares = [f"{rival}, {unit}" for rival in self.rivals for unit in ("B/s", "%")]
        table = [["goodput", "limit, B/s", *shares]]
        for line in self.lines:
            row = [line.title, number(line.limit) if line.baud else "-"]
            for rival in self.rivals:
                row += [self._cell(line, rival, name) for name in ("goodput", "share")]
            if not line.is_pulled:
                table.append(row)
        return columns(table)

    def pings(self) -> str:
        heads = ["ping, ms", *self.rivals, "edge / line time"]
        table = [[*heads, *[f"{rival} beside a stream" for rival in self.rivals]]]
        for line in self.lines:
            if not line.is_pulled:
                row = [line.title, *[self._cell(line, rival, "ping") for rival in self.rivals]]
                row += [self._cell(line, "edge", "ping_ratio")]
                table.append([*row, *[self._cell(line, name, "beside") for name in self.rivals]])
        return columns(table)

    def starts(self) -> str:
        table = [["set-up, bytes each way", *self.rivals]]
        for line in self.lines:
            row = [line.title]
            for rival in self.rivals:
                ways = [self._cell(line, rival, "set_up_" + way) for way in ("there", "back")]
                row.append(" + ".join(ways) if ways[0] != "-" else "-")
            table.append(row)
        for line in [line for line in self.lines if line.is_pulled]:
            back = [self._cell(line, rival, "resume") for rival in self.rivals]
            table.append([f"back after a replug, {line.title.split(',')[0]}, s", *back])
        return columns(table)

    def judged(self) -> str:
        lines = {line.key: line for line in LINES}
        table = [["target", "", "found", "verdict"]]
        for target in TARGETS:
            found = number(self.median(target.line, "edge", target.value)) or "-"
            table.append([target.title(lines), target.text(), found, self.verdict(target)])
        return columns(table)

    def failed(self) -> str:
        told = []
        for (line, rival), failures in self.failures.items():
            if failures:
                text = "; ".join(dict.fromkeys(failures))
                told.append(f"{line}, {rival}, {self.runs[line, rival]} runs: {text}")
        return "\n".join(told)

    def _cell(self, line: Line, rival: str, name: str) -> str:
        value = self.median(line.key, rival, name)
        if value is not None:
            return number(value)
        has_none = not line.baud and name in ("share", "ping_ratio")
        return "failed" if self.failures.get((line.key, rival)) and not has_none else "-"
