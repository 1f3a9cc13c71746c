"""`edge put`: say what something is, signed by this node."""

import base64
import sys
from datetime import UTC, datetime

from edge.cli import EXIT_OK, UsageError, session
from edge.cli.screen import Screen, duration

SUMMARY = """\
Say that NAME is VALUE, signed by this node's key.  NAME is a path such as sensors/1: the name is
then /edge/<this peer>/sensors/1, and nobody else can write there.  The record is kept here, through
power cuts, and whoever asks for it gets it: peers on the LAN, and through the DHT.

The first record of a name asks around for earlier ones, which takes a second; later ones do not.
A record holds for ever, or as long as an option says, until a later one takes its place."""
EXAMPLES = """\
  edge put sensors/1 21.5              the latest reading
  edge put config/site --file site.json
  journalctl -n1 | edge put log --file -
  edge put door open --ttl 90s         90 s from now, by clocks that need not know the date
  edge put offer 12 --until 2027-01-31T12:00:00Z
  edge put config/fw v2 --chain        each record names the one before: history cannot be forged
  edge put alarm on --fresh 12D3KooW...:3   while that beacon has not gone on by 3 beats
"""

_UNITS = {"ms": 1, "s": 1000, "min": 60000, "m": 60000, "h": 3600000, "d": 86400000}
_NS_MAX = 10**19  # as edge.cli.actions.records has it
_FILE_BYTES_MAX = 65536  # that are read; what a record holds is for the node to say


def add_arguments(parser) -> None:
    parser.add_argument("name", metavar="NAME", help="a path of this node's own")
    parser.add_argument("value", metavar="VALUE", nargs="?", help="text")
    parser.add_argument("--file", metavar="FILE", help="the value is what is in FILE (-: standard "
                        "input)")  # fmt: skip
    rule = parser.add_argument_group("how long it holds (default: for ever)")
    rule.add_argument("--ttl", metavar="TIME", help="so long from now: 90s, 5min, 12h, 7d")
    rule.add_argument("--from", dest="start", metavar="DATE", help="not before, such as 2027-01-31 "
                      "or 2027-01-31T12:00:00Z; local time if it does not say")  # fmt: skip
    rule.add_argument("--until", metavar="DATE", help="no longer than that")
    rule.add_argument("--chain", action="store_true", help="until the next one, which names it")
    rule.add_argument("--fresh", metavar="PEER[:N]", help="while the beacon of PEER has not gone "
                      "on by more than N beats (default: 1)")  # fmt: skip
    parser.add_argument("--sync", action="store_true", help="return once everybody who is to keep "
                        "it has it")  # fmt: skip


def run(options, screen: Screen) -> int:
    value = base64.b64encode(_value(options)).decode()
    request = {"do": "put", "name": options.name, "value": value, "sync": options.sync}

    def show(event: dict) -> None:
        name = screen.paint("bold", event["name"])
        screen.result(event, f"{name}  version {event['version']}, {event['bytes']} bytes, "
                      f"{duration(event['took_ms'])}")  # fmt: skip

    session.ask(options, screen, {**request, **_rule(options)}, show)
    return EXIT_OK


def _value(options) -> bytes:
    if (options.value is None) == (options.file is None):
        raise UsageError("give a value, or a file with --file; --file - reads standard input")
    if options.value is not None:
        return options.value.encode("utf-8", "surrogateescape")
    try:
        if options.file == "-":
            return sys.stdin.buffer.read(_FILE_BYTES_MAX)
        with open(options.file, "rb") as source:
            return source.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise UsageError(f"cannot read {options.file}: {error.strerror}") from None


def _rule(options) -> dict:
    dated = options.start is not None or options.until is not None
    chosen = [options.ttl is not None, dated, options.chain, options.fresh is not None]
    if sum(chosen) > 1:
        raise UsageError(
            "a record holds by one rule: --ttl, --from and --until, --chain or --fresh"
        )
    if options.ttl is not None:
        return {"ttl_ms": time_span(options.ttl)}
    if options.chain:
        return {"chain": True}
    if options.fresh is not None:
        peer, _, beats = options.fresh.partition(":")
        if beats and not beats.isdecimal():
            raise UsageError(f"--fresh PEER:N, where N is a number of beats, not {beats}")
        return {"fresh": session.peer(peer), "behind_max": int(beats or 1)}
    if not dated:
        return {}
    return {"from_ns": moment(options.start), "until_ns": moment(options.until)}


def time_span(text: str) -> int:
    """Milliseconds that ``text`` such as 90s means."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    try:
        span = float(number) * _UNITS[text[len(number) :]]
    except (ValueError, KeyError):
        span = 0.0
    if not 1 <= span <= 1e14:
        raise UsageError(f"{text} is no time span: give it as 500ms, 90s, 5min, 12h or 7d")
    return round(span)


def moment(text: str | None) -> int:
    """Nanoseconds since 1970; 0 for None."""
    if text is None:
        return 0
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.astimezone()
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text} is no date: give it as 2027-01-31T12:00:00Z") from None
    if since.total_seconds() <= 0:
        raise UsageError(f"{text} is before 1970")
    ns = ((since.days * 86400 + since.seconds) * 1000000 + since.microseconds) * 1000
    if ns > _NS_MAX:
        raise UsageError(f"{text} is after the year 2286; a record holds for ever if nothing says")
    return ns
