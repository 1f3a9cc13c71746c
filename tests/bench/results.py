"""What was measured, what was to be reached, and the one table that shows both."""

import statistics
from dataclasses import dataclass

LANGUAGES = ("edge", "py", "js", "go", "rust")
RATIOS = ("py", "js", "go")  # edge divided by these
OK, MISSED, UNJUDGED = "ok", "MISSED", "not judged"


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    bound: float | None = None  # what edge is to reach; None: only told
    unit: str = ""  # of the bound
    more: bool = False  # more is better
    rival: str = ""  # the bound is so many times what this one does
    ratios: bool = True

    def target(self) -> str:
        if self.bound is None:
            return ""
        unit = f"x {self.rival}" if self.rival else self.unit
        return f"{'>=' if self.more else '<='} {self.bound:g} {unit}".strip()


ROWS = (
    Row("rss", "idle RSS, MB", 30, "MB"),
    Row("pss", "idle PSS, MB"),
    Row("mdns_rss", "idle RSS with mDNS, MB", 36, "MB"),
    Row("mdns_pss", "idle PSS with mDNS, MB"),
    Row("ready", "ready to listen, s", 0.3, "s"),
    Row("mdns_ready", "ready to listen with mDNS, s"),
    Row("modules", "modules imported", 280),
    Row("churn", "new connections per second", 5, "/s", True, "js"),
    Row("churn_cpu", "  processor time of both ends, ms each"),
    Row("upload", "one stream, sending, MB/s", 2, "MB/s", True, "js"),
    Row("download", "one stream, receiving, MB/s", 2, "MB/s", True, "js"),
    Row("stream_cpu", "  processor time of both ends, s/GB"),
    Row("connection", "RSS per idle connection at 500, kB", 25, "kB"),
    Row("dialer_sends", "idle, dialer sends, B/min", 120, "B/min"),
    Row("listener_sends", "idle, listener sends, B/min", 120, "B/min"),
    Row("growth", "RSS after 2,400 connections, % more", 10, "%", ratios=False),
)


class Results:
    """Samples and reasons, by row and language."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, str], list[float]] = {}
        self.reasons: dict[tuple[str, str], str] = {}
        self.notes: list[str] = []

    def add(self, key: str, lang: str, value: float) -> None:
        self.samples.setdefault((key, lang), []).append(value)

    def fail(self, keys: tuple[str, ...], lang: str, reason: str) -> None:
        for key in keys:
            self.reasons.setdefault((key, lang), reason)

    def median(self, key: str, lang: str) -> float | None:
        samples = self.samples.get((key, lang))
        return statistics.median(samples) if samples else None

    def limit(self, row: Row) -> float | None:
        """The number that edge is held to; None if there is none, or nothing to take it from."""
        if row.bound is None or not row.rival:
            return row.bound
        rival = self.median(row.key, row.rival)
        return rival and row.bound * rival

    def verdict(self, row: Row) -> str:
        if row.bound is None:
            return ""
        value, limit = self.median(row.key, "edge"), self.limit(row)
        if value is None:
            return MISSED if ("failed:" in self.reasons.get((row.key, "edge"), "")) else UNJUDGED
        if limit is None:
            return UNJUDGED
        return OK if (value >= limit if row.more else value <= limit) else MISSED

    def missed(self) -> list[str]:
        return [row.title for row in ROWS if self.verdict(row) == MISSED]

    def as_dict(self, row: Row) -> dict:
        """One row for a program to read."""
        value, limit = self.median(row.key, "edge"), self.limit(row)
        return {
            "key": row.key,
            "title": row.title.strip(),
            "target": row.target(),
            "limit": limit,
            "of_target": value / limit if value is not None and limit else None,
            "verdict": self.verdict(row),
            "ratios": {lang: self.ratio(row, lang) for lang in RATIOS},
            "values": {lang: self._value(row.key, lang) for lang in LANGUAGES},
        }

    def _value(self, key: str, lang: str) -> dict:
        samples = self.samples.get((key, lang))
        if not samples:
            return {"missing": self.reasons.get((key, lang), "not asked for")}
        return {"median": statistics.median(samples), "samples": samples}

    def ratio(self, row: Row, lang: str) -> float | None:
        ours, theirs = self.median(row.key, "edge"), self.median(row.key, lang)
        return ours / theirs if row.ratios and ours is not None and theirs else None

    # -- for people

    def table(self) -> str:
        heads = ["", *LANGUAGES, *[f"edge/{lang}" for lang in RATIOS]]
        lines = [[*heads, "target", "of target", "verdict"]]
        marks: dict[str, str] = {}
        for row in ROWS:
            told = self.as_dict(row)
            cells = [self._cell(row.key, lang, marks) for lang in LANGUAGES]
            cells += [number(told["ratios"][lang], "x") for lang in RATIOS]
            cells += [told["target"], number(told["of_target"], "x"), told["verdict"]]
            lines.append([row.title, *cells])
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        for line in lines:
            line[:] = [line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]
        text = ["  ".join(line) for line in lines]
        text.insert(1, "-" * max(len(line) for line in text))
        text += ["", "Medians; the spread is half of what lies between the least and the most."]
        text += [f"({mark}) {reason}" for reason, mark in marks.items()]
        return "\n".join(line.rstrip() for line in text + self.notes)

    def _cell(self, key: str, lang: str, marks: dict[str, str]) -> str:
        samples = self.samples.get((key, lang))
        if not samples:
            reason = self.reasons.get((key, lang))
            if not reason:
                return "-"
            return f"({marks.setdefault(reason, chr(ord('a') + len(marks)))})"
        median = statistics.median(samples)
        if len(samples) < 2 or not median:
            return number(median)
        spread = (max(samples) - min(samples)) / 2 / abs(median)
        return f"{number(median)} ±{spread:.0%}"


def number(value: float | None, unit: str = "") -> str:
    """Three digits that count."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if value == round(value) and not unit:
        digits = 0
    return f"{value:,.{digits}f}{unit}"
